/*
 * work: one attempt of a task on this agent, from its DISPATCH until the control plane has its result. Made and freed by
 * agent/runs on the loop thread; while it runs, a worker has what stands under "the worker's".
 */
#pragma once

#include "agent/action_run.h"
#include "agent/keeper.h"
#include "base/hush.h"
#include "base/list.h"
#include "io/call.h"
#include "wire/tunnel_msg.h"

enum work_state {
	WORK_WAITS, /* for its account, that another work has */
	WORK_RUNS,  /* with a worker */
	WORK_KEPT,  /* its result is on the way into the journal */
	WORK_ENDED  /* its result is in the journal, until the control plane has it */
};

struct action;
struct runs;
struct task_effect_call;
struct task_ticket_call;
struct tracer;
struct uplink_run;

struct work {
	struct list node; /* runs.all, oldest first */
	struct runs *runs;
	enum work_state state;
	char key[JOURNAL_KEY_MAX + 1]; /* "task attempt": in runs.by_key and in the journal */
	struct tunnel_msg_task task;
	const char *nonce, *account_id, *payload;
	const struct action *decl;
	const struct action_run *action;
	uint64_t taken_ms, deadline_ms;
	struct arena arena; /* of the texts above; until its result has been sent once */
	struct call_scope scope;
	struct hush sealed; /* members of the payload that are secret: a JSON object; wiped when it has run */
	struct uplink_run *uplink;
	struct tracer *tracer;               /* NULL: nobody keeps spans */
	char traceparent[56], parent_id[17]; /* of the attempt's span, and of what is above it */
	uint64_t began_us, effect_us; /* since 1970; of the effect that is under way, 0: none. The worker's */
	char effect_name[96];
	struct keeper *keeper;
	struct keeper_job intent;        /* agent/task: what a crash from now on leaves behind */
	bool intent_busy;                /* it is with the keeper */
	struct task_effect_call *effect; /* the worker that waits for it; NULL: none */
	struct task_ticket_call *ticket; /* the same, for a ticket */
	bool probe, dry_run;             /* of the DISPATCH */
	int64_t intent_ms;
	_Atomic int64_t tuned; /* one more than the bits a second that it was told while it ran; 0: it was not */
	const char *intended;
	bool canceled; /* by the control plane */
	bool forsaken; /* the control plane no longer wants to hear of it */
	bool stopping; /* canceled because the agent stops */
	bool sent;     /* on this connection */
	bool reading;  /* its result is being read from the journal */
	struct keeper_job kept;
	struct tunnel_msg_result outcome; /* from WORK_KEPT on, while arena and result live */

	struct pool_job job; /* the worker's, while it RUNS */
	struct loop_job back;
	struct loop *loop;
	struct action_task run;
	struct buf result;
	enum rc rc;
	struct fault fault;
};

#define WORK_RESULT 1 /* kind of a record in the journal: the payload of a RESULT */

/* NULL without memory. The texts are copied. */
struct work *work_new(const struct tunnel_msg_dispatch *m);
/* One that the journal has from an earlier life; NULL when the key is none or without memory. */
struct work *work_from_journal(const char *key);
void work_free(struct work *w);
void work_slim(struct work *w); /* forgets all but what it is called */

/* The key of an attempt. False: too long. */
bool work_key(const struct tunnel_msg_task *t, char ret[static JOURNAL_KEY_MAX + 1]);

/* The pool's run function: decodes the payload, runs the action, encodes the result, and posts `back`. */
void work_run(struct work *w);

/* The worker: run.result, for an action that writes its result while it makes it (agent/long_result). */
must_check enum rc work_long_new(struct work *w); /* in the arena */
bool work_long_is(const struct work *w);          /* it was begun */
must_check enum rc work_long_end(struct work *w, const void *rest, size_t *ret_n);
void work_long_free(struct work *w);

/* The worker: packs the result (wire/packed) when it is long and gets shorter by it. */
void work_pack(struct work *w);

/* Loop: fills outcome from what the worker left. */
void work_judge(struct work *w);

/* Loop: a span begins below the DISPATCH's traceparent (NULL: none); w->tracer is set. */
void work_span_begin(struct work *w, const char *traceparent);
/* The worker: what is called an effect begins now, and ends with the next one or the run. `what` may go. */
void work_span_effect(struct work *w, const char *what);
/* Loop: the attempt has its outcome. */
void work_span_end(struct work *w);
