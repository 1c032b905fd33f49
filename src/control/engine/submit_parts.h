/*
 * submit_parts: what the files of submit share, and nobody else. A job is first planned, by reading and checking alone, and then
 * stored: so what is wrong with it is found before anything was written. It stands on what control/engine/submit.h declares,
 * which is included before it.
 */
#pragma once

#include "control/tx.h"
#include "model/action.h"

struct field_reader;
struct principal;
struct submit_job;
struct submit_retry;

struct submit_target {
	const char *account_id, *region_id; /* NULL: none; any */
	bool enabled;                       /* else its task fails at once */
	const char *task_id;                /* the failed one that is tried again */
	bool resolved;                      /* of which a person said that it was not done */
};

struct submit_plan {
	struct tx *tx;
	struct field_reader *reader; /* for problems; NULL: there can be none */
	const struct principal *who; /* whose scopes count; NULL: they were looked at before */
	const struct action *action;
	const char *payload;   /* JSON, with its secret members */
	const char *region_id; /* NULL: as the account says */
	const char *parent, *schedule_id, *owner;
	const char *created_by;    /* NULL: who acts */
	const char *tenant_id;     /* whose accounts its targets are; NULL: of who acts */
	struct job_rules rules;    /* of a retry: those of the parent stand */
	struct task_policy policy; /* as it was asked for */
	int64_t not_before;
	uint32_t priority;
	bool dry_run, quiet;
	struct submit_target *targets; /* in the arena */
	size_t n;
	/* Of submit_store: */
	const char *id, *secret;
	const char *task_id; /* the last */
	struct task_policy asked;
	bool quota_held; /* quotas have something reserved for it */
};

/* The targets of a plan; problems go to its reader. */
must_check enum rc submit_targets_none(struct submit_plan *p); /* one task, of no account */
must_check enum rc submit_targets_named(struct submit_plan *p, const struct field_list *ids);
must_check enum rc submit_targets_selected(struct submit_plan *p, const struct submit_job *in);
must_check enum rc submit_targets_failed(
	struct submit_plan *p, const char *job_id, const struct submit_retry *which);

/* Takes out what the caller's narrowed grants do not let through; of those that were named, each is a problem. None left: RC_DENIED. */
must_check enum rc submit_targets_held(struct submit_plan *p, bool named);

/* The tasks that are tried again are no dead letters any more. */
must_check enum rc submit_targets_redriven(struct submit_plan *p);

/*
 * What quotas have to say to it (engine/submit_reserve). Before anything is written: who submits by the clock goes on in the same
 * transaction when it is refused.
 */
must_check enum rc submit_reserve(struct submit_plan *p, uint32_t queued, bool over);

/* The job with its tasks, events and audit row. */
must_check enum rc submit_store(struct submit_plan *p);
