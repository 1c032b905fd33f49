#include "agent/task.h"

#include "agent/lanes.h"
#include "agent/sessions.h"
#include "agent/uplink_run.h"
#include "agent/work.h"
#include "io/clock.h"

#include <stdio.h>
#include <string.h>

#define PAUSE_MS 5000 /* a pause is made durable within, whatever the task's deadline */

/* ---- effects ---- */

/* The worker's question, while it waits for it. */
struct task_effect_call {
	struct call call;
	struct work *work;
	const char *effect;
	bool kept, sent; /* the intent is in the journal; EFFECT_BEGIN was said on this connection */
	uint64_t
		until_ms; /* how long a yes counts: from when it was asked for, because the answer may have lain about */
};

static void end(struct work *w, enum rc rc, const char *why)
{
	struct task_effect_call *e = take(w->effect);
	call_answer(&e->call, rc, why);
}

static void tell_ticket(struct work *w);
static void untell_ticket(struct work *w);

void task_effect_tell(struct work *w)
{
	struct task_effect_call *e = w->effect;

	tell_ticket(w);
	if (!e || !e->kept || e->sent)
		return;
	const struct tunnel_msg m = { .type = TUNNEL_MSG_EFFECT_BEGIN,
		.effect_begin = { .task_id = w->task.task_id, .attempt = w->task.attempt, .effect = e->effect } };
	e->until_ms = clock_mono_ms() + uplink_run_term_ms(w->uplink);
	e->sent =
		uplink_run_send(w->uplink, &m) == RC_OK; /* else the next drain or connection brings it up again */
}

void task_effect_untold(struct work *w)
{
	if (w->effect)
		w->effect->sent = false;
	untell_ticket(w);
}

static void effect_heard(struct work *w, bool ok)
{
	if (!w->effect || !w->effect->sent)
		return;
	if (ok)
		end(w, RC_OK, NULL);
	else
		end(w, RC_CONFLICT, "the control plane has given this task to another attempt");
}

static void on_intent(struct keeper_job *job)
{
	struct work *w = list_of(job, struct work, intent);

	buf_done(&job->body);
	w->intent_busy = false;
	if (!w->effect)
		return;
	if (job->rc != RC_OK) {
		end(w, job->rc, job->fault.text);
		return;
	}
	w->effect->kept = true;
	task_effect_tell(w);
}

static void begin(struct call *call)
{
	struct task_effect_call *e = list_of(call, struct task_effect_call, call);
	struct work *w = e->work;

	if (w->intent_busy) { /* of a question that was given up */
		call_answer(call, RC_OVERLOADED, "the intent before is still on its way to the disk");
		return;
	}
	const struct tunnel_msg unknown = { .type = TUNNEL_MSG_RESULT,
		.result = { .task_id = w->task.task_id,
			.nonce = w->nonce,
			.attempt = w->task.attempt,
			.outcome = TUNNEL_MSG_UNKNOWN,
			.error = { .code = "agent_restarted",
				.detail = "the agent ended while the effect was under way" } } };
	w->effect = e;
	w->intent.what = KEEPER_PUT;
	w->intent.kind = WORK_RESULT;
	w->intent.done = on_intent;
	snprintf(w->intent.key, sizeof(w->intent.key), "%s", w->key);
	tunnel_msg_encode(&unknown, &w->intent.body);
	w->intent_busy = true;
	keeper_push(w->keeper, &w->intent);
}

static void give_up(struct call *call)
{
	struct task_effect_call *e = list_of(call, struct task_effect_call, call);
	enum rc why = call->rc;

	e->work->effect = NULL;
	call_answer(call, why,
		why == RC_TIMEOUT ? "the control plane did not say in time whether the attempt counts" : NULL);
}

enum rc task_effect(struct action_task *t, const char *effect, struct fault *f)
{
	struct task_effect_call e = {
		.call = { .begin = begin, .give_up = give_up, .deadline_ms = t->deadline_ms, .scope = t->scope },
		.work = t->work,
		.effect = effect
	};
	enum rc rc = call_wait(t->work->loop, &e.call, f);

	if (rc == RC_CONFLICT)
		t->code = "attempt_superseded";
	if (rc != RC_OK)
		return rc;
	work_span_effect(t->work, effect);
	if (clock_mono_ms() >= e.until_ms) {
		t->code = "permission_expired";
		return fault_set(f, RC_TIMEOUT,
			"the control plane's yes came too late: the attempt may be another's by now");
	}
	return RC_OK;
}

/* ---- lanes ---- */

/* By which egress the account goes: its lanes' key. */
static enum rc find_egress(struct action_task *t, char ret[static SESSIONS_ID_MAX], struct fault *f)
{
	struct sessions_web way = { 0 };
	struct sessions_call c = { .want = SESSIONS_EGRESS,
		.account_id = t->account_id,
		.deadline_ms = t->deadline_ms,
		.scope = t->scope,
		.web = &way };
	enum rc rc = sessions_do(t->sessions, &c, f);

	snprintf(ret, SESSIONS_ID_MAX, "%s", way.egress_id);
	sessions_web_done(&way);
	return rc;
}

/* The agent's own session has the agent's own egress, whose id is the agent's. */
static const char *key_of(const struct action_task *t, enum lane lane, const char *egress)
{
	return lane_kinds[lane].key == LANE_EGRESS || !t->account_id ? egress : t->account_id;
}

enum rc task_lanes(struct action_task *t, const enum lane *lanes, unsigned n, struct fault *f)
{
	struct lane_want wants[LANES_WANTS_MAX];
	char egress[SESSIONS_ID_MAX];

	if (n == 0)
		return RC_OK;
	if (n > LANES_WANTS_MAX)
		return fault_set(f, RC_INTERNAL, "a call passes at most %d lanes", LANES_WANTS_MAX);
	enum rc rc = find_egress(t, egress, f);
	if (rc != RC_OK)
		return rc;
	for (unsigned i = 0; i < n; i++)
		wants[i] = (struct lane_want){ .lane = lanes[i], .key = key_of(t, lanes[i], egress) };
	return lanes_take(t->lanes, &(struct lanes_wish){ wants, n, LANE_JOB, t->deadline_ms, t->scope }, f);
}

void task_pause_for(struct action_task *t, enum lane lane, uint32_t for_ms, const char *reason)
{
	char egress[SESSIONS_ID_MAX];
	struct fault f;

	if (find_egress(t, egress, &f) != RC_OK)
		return;
	const struct lane_want want = { .lane = lane, .key = key_of(t, lane, egress) };
	enum rc rc = lanes_pause(t->lanes, &want, for_ms, reason, clock_mono_ms() + PAUSE_MS, NULL);
	(void)rc; /* what is not durable yet is told before any lane is asked for again */
}

void task_pause(struct action_task *t, enum lane lane, const char *reason) { task_pause_for(t, lane, 0, reason); }

/* ---- tickets ---- */

struct task_ticket_call {
	struct call call;
	struct work *work;
	char ticket[TASK_TICKET];
	bool sent;
};

static void tell_ticket(struct work *w)
{
	struct task_ticket_call *k = w->ticket;
	const struct tunnel_msg m = { .type = TUNNEL_MSG_PUBLISH_ASK,
		.publish_ask = { .task_id = w->task.task_id, .attempt = w->task.attempt } };

	if (k && !k->sent)
		k->sent = uplink_run_send(w->uplink, &m) == RC_OK;
}

static void untell_ticket(struct work *w)
{
	if (w->ticket)
		w->ticket->sent = false;
}

static void ticket_heard(struct work *w, const char *ticket)
{
	struct task_ticket_call *k = take(w->ticket);

	if (!k)
		return;
	snprintf(k->ticket, sizeof(k->ticket), "%s", ticket ? ticket : "");
	call_answer(&k->call, ticket ? RC_OK : RC_CONFLICT,
		ticket ? NULL : "the control plane has given this task to another attempt");
}

void task_heard(struct work *w, const struct tunnel_msg *m)
{
	if (!w)
		return;
	if (m->type == TUNNEL_MSG_EFFECT_OK || m->type == TUNNEL_MSG_EFFECT_DENY)
		effect_heard(w, m->type == TUNNEL_MSG_EFFECT_OK);
	else
		ticket_heard(w, m->type == TUNNEL_MSG_PUBLISH_OK ? m->publish_ok.ticket : NULL);
}

static void begin_ticket(struct call *call)
{
	struct task_ticket_call *k = list_of(call, struct task_ticket_call, call);

	k->work->ticket = k;
	tell_ticket(k->work);
}

static void give_up_ticket(struct call *call)
{
	struct task_ticket_call *k = list_of(call, struct task_ticket_call, call);

	k->work->ticket = NULL;
	call_answer(call, call->rc, NULL);
}

enum rc task_ticket(struct action_task *t, char ret[static TASK_TICKET], struct fault *f)
{
	struct task_ticket_call k = { .call = { .begin = begin_ticket,
					      .give_up = give_up_ticket,
					      .deadline_ms = t->deadline_ms,
					      .scope = t->scope },
		.work = t->work };

	enum rc rc = call_wait(t->work->loop, &k.call, f);
	if (rc == RC_OK)
		memcpy(ret, k.ticket, sizeof(k.ticket));
	hush_wipe(k.ticket, sizeof(k.ticket));
	return rc;
}

/* ---- progress ---- */

struct progress_call {
	struct call call;
	struct work *work;
	const char *data;
};

static void begin_progress(struct call *call)
{
	struct progress_call *p = list_of(call, struct progress_call, call);
	const struct tunnel_msg m = { .type = TUNNEL_MSG_PROGRESS,
		.progress = {
			.task_id = p->work->task.task_id, .attempt = p->work->task.attempt, .data = p->data } };

	/* Without a connection, or without room, this one is not told: the next says more. */
	enum rc rc = uplink_run_send(p->work->uplink, &m);
	call_answer(&p->call, p->work->canceled ? RC_CANCELED : rc == RC_NOMEM ? rc : RC_OK, NULL);
}

static void give_up_progress(struct call *call) { call_answer(call, call->rc, NULL); }

enum rc task_progress(struct action_task *t, const char *data, struct fault *f)
{
	struct progress_call p = { .call = { .begin = begin_progress,
					   .give_up = give_up_progress,
					   .deadline_ms = t->deadline_ms,
					   .scope = t->scope },
		.work = t->work,
		.data = data };
	return call_wait(t->work->loop, &p.call, f);
}
