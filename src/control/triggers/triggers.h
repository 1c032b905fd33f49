/*
 * triggers: what is to be done when something changes at a title: a job, or an endpoint is told. product.md 5.8.9. On the writer's thread.
 *
 * The event log is the source: an event that a trigger wants becomes a row of trigger_fires, unique for trigger and build, in the transaction
 * in which the log is read on; and the job or the delivery is made in the transaction in which the row says that it was fired. So a build
 * fires once, over restarts, however many control planes look, and whichever source tells of it again.
 */
#pragma once

#include "control/tx.h"

#define TRIGGERS_MAX     1000 /* of a tenant */
#define TRIGGERS_PAGE    500  /* events of one look */
#define TRIGGERS_AT_ONCE 50   /* fires of one look */
#define TRIGGERS_LAG     1000 /* positions without an event of titles, after which the log's place is noted */
#define TRIGGERS_KEEP_MS \
	(90 * (int64_t)86400000) /* a fire that is over is known for so long: longer than the log */

struct trigger;
struct trigger_fire;

/* The log is read on, what is due is done, what was done is looked after. One control plane at a time (singleton "triggers"). */
must_check enum rc triggers_scan(struct tx *tx);

/* What it would do for this payload: the job as it would be submitted, or what an endpoint would be told. In the arena. */
must_check enum rc triggers_would(
	struct tx *tx, const struct trigger *t, const char *payload, const char **ret_json);
