/*
 * twins: requests with the same Idempotency-Key as one that is being worked on. They are held back until that one has its
 * answer, and then get the same; who waits longer than TWINS_WAIT_MS is told 409 idempotency_in_progress. So a burst of
 * repeats takes no place in the writer's queue. Loop thread.
 */
#pragma once

#include "control/http/exchange.h"

#define TWINS_WAIT_MS 5000

struct twins;

/*
 * `go` begins the work on a request that was held back: its twin's answer is stored by then, or, when the twin failed, the
 * writer lets one of those that follow have the effect. `refuse` answers 409.
 */
must_check enum rc twins_new(struct control *c, void (*go)(struct exchange *x), void (*refuse)(struct exchange *x),
	struct twins **ret_twins);
void twins_free(struct twins *t);
OWN_DEFINE(twins)

/* A request with a key has come. False: it is held back, go or refuse follows. True: work on it, and call twins_leave after. */
bool twins_enter(struct twins *t, struct exchange *x);
void twins_leave(struct twins *t, struct exchange *x); /* also for a request that never entered */
