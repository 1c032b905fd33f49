/*
 * meters: the limits of those who call: so many requests a minute, a day, a month, so many at once; and how much each key is used.
 *
 * What may be used is a row (quotas/meter_rows); this control plane spends shares of it (model/meter), in memory, on the thread that
 * performs the request. Only when a share is used up, the request steps aside, the writer leases another, and the request is
 * performed anew. Who has no limits touches no row. A share that is not used goes back within seconds, and when the control plane
 * stops; what a killed one had in hand counts as used, but for its slots, which are free when it is taken for dead.
 *
 * Counts of use are written every METERS_TICK_MS; a killed control plane loses those of that time, and no limit rests on them.
 */
#pragma once

#include "base/list.h"
#include "control/tx.h"
#include "model/meter.h"

#define METERS_TICK_MS  250
#define METERS_ASKS     3   /* subjects of one request: a key, its user, its tenant */
#define METERS_TEXT_MAX 400 /* of a header */

struct exchange;
struct meter_entry;
struct meters;

/* One whose limits count for a request. */
struct meters_ask {
	const char *subject; /* "key:apk_…", "user:usr_…", "tenant:ten_…" */
	struct meter_limits limits;
};

enum meters_state {
	METERS_NONE,  /* not asked yet */
	METERS_IN,    /* let in; holds slots until meters_drop */
	METERS_WAITS, /* a row must be asked: meters_park */
	METERS_OUT,   /* over a limit */
};

/* A request's way through: made by meters_pass, freed by meters_drop. */
struct meters_pass {
	struct exchange *owner;
	enum meters_state state;
	struct meter_entry *held[METERS_ASKS]; /* from meters_enter to meters_drop */
	bool slot[METERS_ASKS];                /* of that one: a slot is to be given back */
	size_t n;
	size_t stuck; /* METERS_WAITS: whose row; METERS_OUT: whose limit */
	enum meter_policy policy;
	enum rc rc; /* the row could not be asked */
	int64_t retry_s;
	char violated[40];                                     /* METERS_OUT: the limit's name */
	char policies[METERS_TEXT_MAX], left[METERS_TEXT_MAX]; /* RateLimit-Policy, RateLimit; "": no limit */
	struct list waiting;                                   /* meter_entry.waiting */
};

must_check enum rc meters_new(
	struct control *c, void (*again)(struct exchange *x), struct meters **ret, struct fault *f);
void meters_free(struct meters *m);
OWN_DEFINE(meters)

/*
 * A request of these comes in. Any thread. All of them let it in, or none has it counted. RC_OK: see p->state, which is not METERS_NONE.
 * A pass that has waited and comes again is not counted twice: it has its answer.
 */
must_check enum rc meters_enter(struct meters *m, const struct meters_ask *asks, size_t n, struct meters_pass *p);

/* Counts a use of a key, for its row and its usage by the hour. Any thread. */
void meters_used(struct meters *m, const char *key_id, const char *address, bool refused);

/* A wrong credential came from the address: 0, or so many seconds that it has to wait (access/failures). Any thread. */
int64_t meters_failed(struct meters *m, const char *address);

/* METERS_WAITS: `again` is called with its owner when its row has been asked; its state is then METERS_IN or METERS_OUT. Loop. */
void meters_park(struct meters *m, struct meters_pass *p);

/* NULL: without memory. Any thread. */
struct meters_pass *meters_pass(struct exchange *owner);

/* The request is over: slots are free again. Takes NULL. Loop. */
void meters_drop(struct meters *m, struct meters_pass *p);

/* Gives all shares back and writes all counts: in the last turns before the writer ends. Loop. */
void meters_stop(struct meters *m);
