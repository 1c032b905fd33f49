/*
 * submit: a job becomes a row and its tasks, with event and audit row, in one transaction.
 */
#pragma once

#include "control/engine/job_rules.h"
#include "control/http/route.h"

struct submit_job {
	const char *action;
	struct field_list targets; /* ids of accounts */
	struct field_list labels;  /* struct field_pair: every account that has them all */
	bool all_accounts;
	const char *payload; /* JSON object; NULL: {} */
	const char *region_id;
	uint32_t priority, max_attempts;
	bool dry_run;
	struct job_rules rules;
};

extern const struct field submit_fields[];

/* Checks and stores it; *ret_id (in the arena) is the new job's. Problems go into c->reader. */
must_check enum rc submit_new(struct call *c, const struct submit_job *in, const char **ret_id);

/* Has the account, whose labels stand in the database as JSON, all of these? */
bool submit_has_labels(struct arena *a, const char *json, const struct field_list *want);

/* A try that is somebody's: a job of one task, whose moves control.owned is told. */
struct submit_try {
	const struct action *action;
	const char *account_id, *owner;
	const char *payload; /* JSON, with its secret members */
	const char *created_by;
	uint32_t priority;
};
must_check enum rc submit_own(struct tx *tx, const struct submit_try *in, const char **ret_task_id);

/* A new job of those tasks of another that failed, with the same action and payload. RC_CONFLICT: none failed. */
must_check enum rc submit_retry(struct call *c, const char *job_id, const char **ret_id);
