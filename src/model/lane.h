/*
 * lane: what Steam lets us do how often: token buckets with pauses. One bucket per lane and key (an egress, an account, a
 * session, a Web API key). The arithmetic of one bucket, and the table of lanes (model/lanes.def). Pure; moments are
 * milliseconds of the owner's clock. product.md 5.4.4.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

enum lane {
#define LANE(id, name, key, every_ms, burst, cool_ms, cool_max_ms, where, doc) LANE_##id,
#include "model/lanes.def"
#undef LANE
	LANE_COUNT,
};

enum lane_key { LANE_EGRESS, LANE_ACCOUNT, LANE_SESSION, LANE_API_KEY };

/* Who keeps the bucket: the control plane, durably; or the agent that has the one session it is about. */
enum lane_where { LANE_CONTROL, LANE_AGENT };

enum lane_priority { LANE_INTERACTIVE, LANE_DELIVERY, LANE_JOB, LANE_POLL, LANE_PREFETCH };

struct lane_kind {
	const char *name; /* "cm.login" */
	enum lane_key key;
	uint32_t every_ms; /* one token comes back in */
	uint32_t burst;    /* tokens of a full bucket */
	uint32_t cool_ms,
		cool_max_ms; /* a pause: the first, and what doubling ends at; the same: it does not double */
	enum lane_where where;
	const char *doc;
};
extern const struct lane_kind lane_kinds[LANE_COUNT];
enum lane lane_find(const char *name); /* LANE_COUNT: none */

extern const char *const lane_key_words[]; /* egress, account, session, api_key; ends in NULL */

/*
 * Other limits, as the configuration says them: "cm.login=2000,store.redeem=1000/5,cm.connect=100/5/2000": a token each so
 * many milliseconds, burst, pause. kinds has LANE_COUNT rows. Gentler is always lawful; what is faster than the table
 * needs `unsafe`: it is for a simulated Steam. 0 milliseconds: no limit. RC_INVALID with the words.
 */
must_check enum rc lane_override(struct lane_kind *kinds, const char *text, bool unsafe, struct fault *f);

/*
 * One bucket. The moment at which it is full again says how many tokens there are; each that is missing is every_us of
 * waiting. every_us 0: no limit (but pauses count).
 */
struct lane_bucket {
	uint64_t every_us; /* now: throttling doubles it for a day, then it comes back (R4) */
	uint64_t base_us;  /* as configured */
	uint32_t burst;
	int64_t full_ms;
	int64_t cool_until_ms;
	uint32_t cools; /* pauses in a row */
	int64_t slowed_ms; /* when every_us was raised last, later moved on by the hours that brought it back; 0: it is base_us */
};

#define LANE_SLOW_MAX    16       /* every_us is at most so many times base_us */
#define LANE_SLOW_MS     86400000 /* how long before it comes back */
#define LANE_AGE_MS      30000    /* waiting for so long is worth one class */
#define LANE_COOL_MAX_MS 86400000 /* of a pause that somebody asks for */

struct lane_bucket lane_full(const struct lane_kind *kind);
/* When n tokens are there; <= now: now. INT64_MAX: never, it does not hold so many. */
int64_t lane_free_at(const struct lane_bucket *b, uint32_t n, int64_t now_ms);
/* Takes them. Only when lane_free_at says so. */
void lane_take(struct lane_bucket *b, uint32_t n, int64_t now_ms);
/* Whole tokens there now. */
uint32_t lane_tokens(const struct lane_bucket *b, int64_t now_ms);
/*
 * Steam throttled: pauses (for_ms 0: by the kind's rule, doubling), and halves the refill for a day (R4). Told again while it
 * pauses, it is the same throttling: the pause gets longer if that is asked, and nothing else changes.
 */
void lane_cool(struct lane_bucket *b, const struct lane_kind *kind, uint32_t for_ms, int64_t now_ms);
/* A call went well: the pauses begin anew, the refill comes back by a tenth an hour after a day. */
void lane_ease(struct lane_bucket *b, int64_t now_ms);
/* Another base and burst. The tokens that are there stay, as far as they fit; none is added. */
void lane_tune(struct lane_bucket *b, uint64_t base_us, uint32_t burst, int64_t now_ms);

/* Who goes first among those who wait: the smaller. Each LANE_AGE_MS of waiting is worth a class. (R3) */
uint32_t lane_rank(enum lane_priority p, int64_t waited_ms);
