/*
 * roster: the agents as the placement of a task or an account sees them, and the rules; read once for a round of work and kept up by
 * whoever hands out. On the writer's thread, or a reader's.
 */
#pragma once

#include "control/tx.h"
#include "model/placement.h"

#define ROSTER_MAX 4096 /* agents */

struct roster {
	struct placement_agent *agents; /* sorted by id */
	struct placement_verdict *verdicts;
	size_t n;
	struct placement_rules rules;
};

/* The agents that are connected; with `all`, those that are not, too. In the arena. */
must_check enum rc roster_load(struct tx *tx, bool all, struct roster *ret);

/* Its row; NULL when it is none of them. */
struct placement_agent *roster_find(const struct roster *r, const char *agent_id);

bool roster_is_download(const char *action); /* NULL: no */

/* Downloads that those who are connected take at once; 0: nobody is. */
must_check enum rc roster_downloads(struct tx *tx, int64_t *ret);

/* Which agent; roster.verdicts tell of the others until the next call. */
void roster_choose(const struct roster *r, const struct placement_task *t, struct placement *ret);

/* {"agentId":…,"rule":…,"reasons":[…]}: who was chosen and why, in words; after roster_choose. In the arena; NULL without memory. */
const char *roster_tell(
	struct arena *a, const struct roster *r, const struct placement_task *t, const struct placement *p);
