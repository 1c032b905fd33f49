/*
 * submit: a job becomes a row and its tasks, with event and audit row, in one transaction.
 */
#pragma once

#include "control/engine/job_rules.h"
#include "control/http/route.h"
#include "model/action.h"

struct submit_job {
	const char *action;
	struct field_list targets; /* ids of accounts */
	struct field_list labels;  /* struct field_pair: every account that has them all */
	bool all_accounts;
	const char *payload; /* JSON object; NULL: {} */
	const char *region_id;
	uint32_t priority, max_attempts;
	struct task_policy policy; /* zeroes: as the action says */
	int64_t not_before;        /* 0: at once */
	uint32_t delay_s;
	bool dry_run;
	struct job_rules rules;
};
#define SUBMIT_DELAY_MAX_S 31622400 /* a year */

extern const struct field submit_fields[];

/* Checks and stores it; *ret_id (in the arena) is the new job's. Problems go into c->reader. */
must_check enum rc submit_new(struct call *c, const struct submit_job *in, const char **ret_id);

/* Has the account, whose labels stand in the database as JSON, all of these? */
bool submit_has_labels(struct arena *a, const char *json, const struct field_list *want);

/* A try that is somebody's: a job of one task, whose moves control.owned is told. */
struct submit_try {
	const struct action *action;
	const char *account_id, *owner;    /* account_id NULL: any agent's own session; then these two count: */
	const char *tenant_id, *region_id; /* region_id NULL: any */
	const char *agent_id;              /* account_id NULL: this agent alone; NULL: any */
	const char *payload;               /* JSON, with its secret members */
	const char *created_by;
	int64_t deadline; /* expires when no agent has it by then; 0: none */
	uint32_t priority;
	uint32_t max_attempts; /* 0: as the action says */
	bool quiet; /* one of many: no events, in no list by default, counted by no quota, forgotten an hour after its end */
};
must_check enum rc submit_own(struct tx *tx, const struct submit_try *in, const char **ret_task_id);

/* The checks of submit_new, without its targets: for what is submitted later. */
must_check enum rc submit_check(struct call *c, const struct submit_job *in);

/* May the caller, narrowed as they are, have it done later, when nobody looks at their grants? Such name each account. */
must_check enum rc submit_check_held(struct call *c, const struct submit_job *in);

/* Who submits when nobody asks. Scopes were looked at before. */
struct submit_fire {
	const char *schedule_id, *created_by, *tenant_id;
	struct field_reader *reader;
};
must_check enum rc submit_fired(
	struct tx *tx, const struct submit_fire *by, const struct submit_job *in, const char **ret_id);

/*
 * A new job of those tasks of another that failed, with the same action and payload. RC_CONFLICT: there are none. A task whose
 * outcome is in doubt has not failed.
 */
struct submit_retry {
	int only;                   /* enum submit_only */
	struct field_list task_ids; /* of const char *; none: all */
};
enum submit_only { SUBMIT_FAILED, SUBMIT_NOT_DONE };
must_check enum rc submit_again(
	struct call *c, const char *job_id, const struct submit_retry *which, const char **ret_id);
