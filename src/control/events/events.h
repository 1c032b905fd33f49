/*
 * events: the log of what happened. A row is written in the transaction of the change; its position is the only cursor of
 * SSE and of the JSON pages. Positions grow by one in the order of the commits.
 */
#pragma once

#include "control/tx.h"

struct event {
	const char *type;                                      /* a row of types.def */
	const char *job_id, *task_id, *account_id, *region_id; /* NULL where there is none */
	const char *resource;                                  /* the thing itself when it is none of these */
	const char *payload;                                   /* a JSON object; NULL: {} */
	const char *tenant_id; /* who may see it; NULL: whose the job or account is, else who acts */
};

must_check enum rc events_add(struct tx *tx, const struct event *e);

#define EVENTS_SWEEP_MAX 20000 /* rows that one sweep deletes: a commit that others wait for stays short */

/* Forgets what is older than control_conf.event_keep_ms, and all but the newest control_conf.event_keep. *ret_more: there is more to forget. */
must_check enum rc events_sweep(struct tx *tx, bool *ret_more);
