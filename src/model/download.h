/*
 * download: what a download IS: its states and lawful moves, whose turn it is, and which downloads are for the same content. Pure.
 * product.md 5.9.2, 5.9.5.
 */
#pragma once

#include "base/rc.h"
#include "model/action_download.h"

#include <stdbool.h>
#include <stdint.h>

enum download_state {
	DOWNLOAD_QUEUED,      /* a row that waits for its turn, for `reason`; not before not_before */
	DOWNLOAD_ADMITTED,    /* quota reserved, slot taken, account chosen, task made; no agent has it yet */
	DOWNLOAD_RESOLVING,   /* an agent asks what there is to fetch */
	DOWNLOAD_ATTACHED,    /* another fetches the same content: its end is this one's; holds nothing */
	DOWNLOAD_ALLOCATING,  /* an agent reserves room on its disk */
	DOWNLOAD_DOWNLOADING, /* chunks */
	DOWNLOAD_VERIFYING,
	DOWNLOAD_PACKAGING,
	DOWNLOAD_PUBLISHING,
	DOWNLOAD_PAUSED,    /* no slot; what it reserved is kept for DOWNLOAD_PAUSE_KEEP_MS */
	DOWNLOAD_CANCELING, /* the agent was asked to stop; it has the slot until it did */
	DOWNLOAD_READY,     /* over: to be had until expires_at */
	DOWNLOAD_EXPIRED,   /* over: its artifact is not to be had any more */
	DOWNLOAD_CANCELED,  /* over */
	DOWNLOAD_FAILED,    /* over, until somebody has it tried again */
	DOWNLOAD_STATES
};

extern const char *const download_words[]; /* as the API and the database spell them; end in NULL */

/* What a queued one waits for. */
enum download_reason {
	DOWNLOAD_FOR_CONCURRENCY, /* its turn, and a slot: of the key, of the tenant, of all */
	DOWNLOAD_FOR_QUOTA,       /* bytes of a day or a month */
	DOWNLOAD_FOR_BUDGET,      /* Steam throttled */
	DOWNLOAD_FOR_ACCOUNT,     /* an account with a session */
	DOWNLOAD_FOR_DISK,        /* room in the store, or on an agent's disk */
	DOWNLOAD_FOR_DEPENDENCY,  /* the one that fetched the same content failed, or the store was not there */
	DOWNLOAD_REASONS
};
extern const char *const download_reason_words[];

/* The four states that simple clients know: queued, running, success, failed. */
const char *download_phase(enum download_state s);

static inline bool download_is_over(enum download_state s) { return s >= DOWNLOAD_READY; }

/* Has it a task, and so a slot? */
bool download_is_running(enum download_state s);

/* RC_CONFLICT when the move is not lawful; *s is then untouched. A move to where it is, is lawful for none. */
must_check enum rc download_move(enum download_state *s, enum download_state to);

#define DOWNLOAD_PAUSE_KEEP_MS 86400000 /* what a paused one reserved is given back after so long */

/* ---- whose turn it is ---- */

#define DOWNLOAD_PRIORITY_MAX 9
#define DOWNLOAD_AGE_MS \
	60000 /* one that has waited so long stands where one of the next priority stands that is new */

/* Within a tenant the least goes first. It does not change while one waits: so it can stand in an index. */
static inline int64_t download_rank(uint32_t priority, int64_t created_ms)
{
	return created_ms - (int64_t)priority * DOWNLOAD_AGE_MS;
}

/*
 * Tenants share the slots by their weights (stride scheduling): each has a pass, the tenant with the least is served, and its pass
 * grows by DOWNLOAD_STRIDE / weight. One that had nothing to wait for begins at the pass of who was served last: nobody saves up.
 */
#define DOWNLOAD_STRIDE 1000000

struct download_flow {
	const char *tenant_id, *maker; /* those that one maker has waiting, of one tenant */
	int64_t pass, weight;          /* of the tenant */
	int64_t rank;                  /* of its first */
	bool blocked;                  /* none of it can go now */
};

/* The flow whose first is next; -1: none can go. Ties go by tenant, then by maker. */
int download_next(const struct download_flow *f, size_t n, int64_t served);

/* The pass of a tenant that was served. `served` is the pass of who was served before. */
int64_t download_pass(int64_t pass, int64_t weight, int64_t served);

/* ---- the same content ---- */

#define DOWNLOAD_KEY_TEXT_MAX 65536

struct download_account {
	int mode;       /* enum download_account_mode */
	const char *id; /* DOWNLOAD_BY_ID */
};
enum download_account_mode { DOWNLOAD_BY_ANONYMOUS, DOWNLOAD_BY_AUTO, DOWNLOAD_BY_ID };
extern const char *const download_account_words[];

/*
 * What decides the content, as one text: two downloads whose texts are the same get the same. The account is in it, since it decides what
 * may be had; a branch's password is not, and one that has a password shares with nobody: `alone` (its id) is then in the text. In
 * `ret`, to be hashed by the caller.
 */
struct buf;
void download_key(
	const struct action_download *d, const struct download_account *by, const char *alone, struct buf *ret);

/* ---- what is left of it ---- */

/* What to reserve of a quota for so many bytes: what failing servers may cost besides (5 %), and 1 MiB. */
static inline int64_t download_reserve(int64_t bytes) { return bytes + bytes / 20 + 1048576; }

#define DOWNLOAD_ROOM_FILE 2048 /* of each file: its heads in a package, its line in the listing */

/* What it may take in the store: its files, the package of them, 5 % of both, and 1 MiB. */
static inline int64_t download_room(int64_t bytes, int64_t files, bool packed)
{
	return download_reserve(packed ? 2 * bytes : bytes) + files * DOWNLOAD_ROOM_FILE;
}

/* The most bytes of files that so much room is enough for, however few files that are. */
static inline int64_t download_room_bytes(int64_t room, bool packed)
{
	int64_t left = room > 1048576 ? room - 1048576 : 0;
	int64_t bytes = left / 21 * 20 + (left % 21 < 20 ? left % 21 : 19);
	return packed ? bytes / 2 : bytes;
}

/* Days and months of UTC, by a growing number; and when the one that holds this moment is over. */
enum download_window { DOWNLOAD_DAY, DOWNLOAD_MONTH };
int64_t download_period(enum download_window w, int64_t now_ms);
int64_t download_period_end(enum download_window w, int64_t now_ms);

/* A failure's code as metrics have it: one of 5.9.2, of the engine's, or "other". */
const char *download_failure(const char *code);

/* Is another attempt worth it, with another account or without? Codes of 5.9.2. */
bool download_wants_licence(const char *code); /* an account that owns it could have it */
