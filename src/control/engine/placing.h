/*
 * placing: the placement of tasks within one round of dispatch: all agents there are, as far as this round has changed them, and which
 * of them have made an offer. On the writer's thread.
 */
#pragma once

#include "control/tx.h"

struct dispatch_offer;
struct roster;
struct turns_job;
struct turns_task;

/* Begins with roster NULL: it is read when the first task is to be placed. */
struct placing {
	struct tx *tx;
	const struct dispatch_offer *offers;
	const uint32_t *room; /* of each offer, now */
	size_t n;
	struct roster *roster;
};

/* Where a task goes. Texts are in the arena. */
struct placing_at {
	size_t offer;         /* whose; placing.n: nobody's who has made one and has room */
	const char *agent_id; /* who is to have it; NULL: nobody can */
	const char *told;     /* with an offer: why, as JSON; see roster_tell */
};

/* Counts the task with the agent that is to have it. */
must_check enum rc placing_choose(
	struct placing *p, const struct turns_job *j, const struct turns_task *t, struct placing_at *ret);
