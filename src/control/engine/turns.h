/*
 * turns: in which order queued tasks get their turn. Tenants take turns by their weights (deficit round robin, a task costs 1). A
 * tenant's jobs stand by priority, one level more for each JOB_AGE_MS of age (job_priority); those of one level take turns, a
 * task each. Of a job the tasks go in the order they were made. What was used up of a turn stands in the rows, so that the next
 * look goes on where this one ended. On the writer's thread, within one transaction.
 *
 * A look costs by what it hands out, not by what waits: jobs and tasks are found one by one by an index.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"

#define TURNS_TENANTS 256 /* of one look: those that were served longest ago */
#define TURNS_JOBS    64  /* of one tenant and priority that take turns: the oldest */
#define TURNS_TASKS   16  /* read at once of a job */

/* Is there another task of its account that must be over first? DOUBT: one of the same action of which nobody knows what became. */
enum turns_busy { TURNS_FREE, TURNS_HELD, TURNS_DOUBT };

/* A task that may have its turn. Texts are in the arena. */
struct turns_task {
	const char *id, *account_id, *region_id, *login; /* account_id and login NULL: none */
	int64_t created_at, not_before, look_at;
	bool probe;
	bool held;     /* an agent has the account, or it is for one agent alone */
	uint32_t busy; /* enum turns_busy, as it was when this was read */
	uint32_t moving;
	const char *agent_id; /* who has it, or had it last; NULL: nobody */
	const char *state;    /* of the account */
	const char *labels;   /* of the account, JSON */
	const char *egress_kind, *egress_region;
	const char *owner; /* what it was made for (control/owners); NULL: nobody's but its job's */
};

struct turns_job {
	const char *id, *action, *stop_reason, *tenant_id;
	const char *payload, *trace_id, *traceparent,
		*secret; /* payload NULL: not read yet; dispatch does when it needs them */
	uint32_t priority, max_parallel, running;
	int64_t created_at, turn, deadline;
	int order, offline; /* enum job_order, enum job_offline */
	bool dry_run, paused;
	/* Its tasks, as far as they were read: */
	uint32_t level;
	struct field_list tasks;
	size_t at;
	bool short_of, over, dirty; /* the last page was read; has nothing more; its turn is to be written */
};

struct turns_tenant;
struct turns {
	struct tx *tx;
	struct turns_tenant *tenants;
	size_t n, at;
	int64_t turn;
};

must_check enum rc turns_open(struct turns *t, struct tx *tx);

/* The next task and its job; *ret_job NULL: there is none. */
must_check enum rc turns_next(struct turns *t, struct turns_job **ret_job, const struct turns_task **ret_task);

/* The task that turns_next gave was handed out; if this is not said, the turn is still to be had. */
void turns_took(struct turns *t, struct turns_job *j);

/* Writes down what was used up. */
must_check enum rc turns_close(struct turns *t);
