#include "agent/runs.h"

#include "agent/actions/actions.h"
#include "agent/sessions.h"
#include "agent/task.h"
#include "agent/uplink_run.h"
#include "agent/work.h"
#include "base/log.h"
#include "base/map.h"
#include "io/clock.h"
#include "model/action.h"

#include <stdio.h>
#include <string.h>

#define FULL_BYTES  (1u << 20) /* waiting to be sent: results wait in the journal */
#define RETRY_MS    1000       /* between two tries to write to a disk that fails */
#define LATE_MAX_MS 600000
#define SUSPECT_MS  10000 /* a task that just came, or is just coming, may be missing from a list made before */
#define SUSPECTS    256 /* tasks that the control plane believes are here and are not; the rest at the next list */

struct suspect {
	char task_id[SESSIONS_ID_MAX];
	uint32_t attempt;
};

struct runs {
	struct runs_conf conf;
	struct list all;   /* work.node */
	struct map by_key; /* key → struct work */
	size_t busy;       /* not WORK_ENDED */
	int64_t clock_ms;  /* the control plane's clock when this agent's loop showed 0 */
	bool stopping, reading;
	struct loop_timer *retry;   /* of the journal */
	struct loop_timer *suspect; /* of the list below */
	struct suspect suspects[SUSPECTS];
	size_t suspects_n;
};

static void tell_more(struct runs *rs);
static void cancel(struct work *w);

static void send(struct runs *rs, const struct tunnel_msg *m)
{
	enum rc rc = uplink_run_send(rs->conf.uplink, m);
	if (rc != RC_OK && rc != RC_AWAY)
		log_warn(rs->conf.log, "%s not sent: %s", tunnel_msg_name(m->type), rc_title(rc));
}

static void give_credit(struct runs *rs)
{
	size_t ended = map_count(&rs->by_key) - rs->busy;
	size_t room = rs->busy < rs->conf.tasks && ended < RUNS_TASKS_LEAD ? rs->conf.tasks - rs->busy : 0;

	uplink_run_figures(rs->conf.uplink, (uint32_t)(rs->busy * 100 / rs->conf.tasks), (uint32_t)rs->busy,
		(uint32_t)sessions_online(rs->conf.sessions));
	if (!rs->stopping)
		uplink_run_credit(rs->conf.uplink, (uint32_t)room);
}

/* ---- forgetting ---- */

static void on_dropped(struct keeper_job *job) { free(job); }

static void drop_record(struct runs *rs, const char *key)
{
	struct keeper_job *job = calloc(1, sizeof(*job));
	if (!job)
		return; /* it is told once more after a restart, and acknowledged again */
	job->what = KEEPER_DROP;
	job->done = on_dropped;
	snprintf(job->key, sizeof(job->key), "%s", key);
	keeper_push(rs->conf.keeper, job);
}

static void forget(struct work *w)
{
	struct runs *rs = w->runs;
	drop_record(rs, w->key);
	map_take(&rs->by_key, w->key);
	work_free(w);
}

/* The control plane does not want it any more. */
static void forsake(struct work *w)
{
	w->forsaken = true;
	if (w->state == WORK_ENDED && !w->reading)
		forget(w);
	else
		cancel(w);
}

/* ---- telling ---- */

static bool sent_result(struct work *w, const struct tunnel_msg_result *m)
{
	enum rc rc = uplink_run_send(
		w->runs->conf.uplink, &(struct tunnel_msg){ .type = TUNNEL_MSG_RESULT, .result = *m });
	if (rc == RC_OVERLOADED || rc == RC_AWAY)
		return false;
	if (rc != RC_OK)
		log_error(w->runs->conf.log, "result not sent task=%s attempt=%u: %s", w->task.task_id,
			w->task.attempt, rc_title(rc));
	w->sent = true;
	work_slim(w);
	return true;
}

static void on_read(struct keeper_job *job)
{
	struct work *w = list_of(job, struct work, kept);
	struct runs *rs = w->runs;
	struct arena a = { .limit = 2 * (size_t)TUNNEL_MSG_MAX };
	struct tunnel_msg m;

	rs->reading = w->reading = false;
	if (w->forsaken) {
		forget(w);
	} else if (job->rc != RC_OK ||
		   tunnel_msg_decode(TUNNEL_MSG_RESULT, job->body.p, job->body.n, &a, &m, &job->fault) != RC_OK) {
		log_error(rs->conf.log, "result not read task=%s attempt=%u: %s", w->task.task_id, w->task.attempt,
			job->fault.text);
		w->sent = true; /* not again on this connection */
	} else {
		bool sent = sent_result(w, &m.result);
		(void)sent; /* else the next drain or connection brings it up again */
	}
	if (!w->forsaken)
		buf_done(&w->kept.body);
	arena_done(&a);
	tell_more(rs);
}

static void read_result(struct work *w)
{
	w->reading = w->runs->reading = true;
	w->kept.what = KEEPER_READ;
	w->kept.done = on_read;
	snprintf(w->kept.key, sizeof(w->kept.key), "%s", w->key);
	w->kept.body.n = 0;
	keeper_push(w->runs->conf.keeper, &w->kept);
}

/* Tells results in their order, as far as there is room; one at a time is read from the journal. */
static void tell_more(struct runs *rs)
{
	if (!uplink_run_is_up(rs->conf.uplink) || rs->reading)
		return;
	list_each (at, next, &rs->all) {
		struct work *w = list_of(at, struct work, node);
		if (w->state != WORK_ENDED || w->sent)
			continue;
		if (uplink_run_waiting(rs->conf.uplink) > FULL_BYTES)
			return;
		if (!w->outcome.nonce) {
			read_result(w);
			return;
		}
		if (!sent_result(w, &w->outcome))
			return;
	}
}

/* ---- ending ---- */

static void start_next(struct runs *rs, const char *account_id);

static void on_kept(struct keeper_job *job)
{
	struct work *w = list_of(job, struct work, kept);
	struct runs *rs = w->runs;

	if (job->rc != RC_OK && !rs->stopping) {
		log_error(rs->conf.log, "result not kept task=%s attempt=%u: %s", w->task.task_id, w->task.attempt,
			job->fault.text);
		loop_timer_at(rs->retry, loop_now_ms(rs->conf.loop) + RETRY_MS);
		return;
	}
	buf_done(&w->kept.body);
	w->state = WORK_ENDED;
	rs->busy--;
	if (w->forsaken)
		forget(w);
	else if (!uplink_run_is_up(rs->conf.uplink))
		work_slim(w);
	tell_more(rs);
	give_credit(rs);
}

/* The journal holds what it could not write, and writes it with the next sync. */
static void on_retry(void *ctx)
{
	struct runs *rs = ctx;
	list_each (at, next, &rs->all) {
		struct work *w = list_of(at, struct work, node);
		if (w->state == WORK_KEPT && w->kept.rc != RC_OK) {
			w->kept.what = w->kept.rc == RC_NOMEM ? KEEPER_PUT : KEEPER_SYNC;
			w->kept.rc = RC_OK;
			keeper_push(rs->conf.keeper, &w->kept);
		}
	}
}

static void keep(struct work *w)
{
	const struct tunnel_msg m = { .type = TUNNEL_MSG_RESULT, .result = w->outcome };

	work_span_end(w);
	w->state = WORK_KEPT;
	w->kept.what = KEEPER_PUT;
	w->kept.kind = WORK_RESULT;
	w->kept.done = on_kept;
	snprintf(w->kept.key, sizeof(w->kept.key), "%s", w->key);
	tunnel_msg_encode(&m, &w->kept.body);
	keeper_push(w->runs->conf.keeper, &w->kept);
}

static void on_run(struct loop_job *job)
{
	struct work *w = list_of(job, struct work, back);
	struct runs *rs = w->runs;
	char account_id[SESSIONS_ID_MAX] = "";

	if (w->account_id)
		snprintf(account_id, sizeof(account_id), "%s", w->account_id);
	work_judge(w);
	keep(w);
	if (*account_id)
		start_next(rs, account_id);
}

/* ---- running ---- */

void runs_run(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	for (size_t i = 0; i < n; i++)
		work_run(list_of(jobs[i], struct work, job));
}

static void start(struct work *w)
{
	struct runs *rs = w->runs;

	w->state = WORK_RUNS;
	w->loop = rs->conf.loop;
	w->back.run = on_run;
	w->run = (struct action_task){ .sessions = rs->conf.sessions,
		.lanes = rs->conf.lanes,
		.shops = rs->conf.shops,
		.work = w,
		.scope = &w->scope,
		.arena = &w->arena,
		.account_id = w->account_id,
		.reads = w->decl->class == TASK_READ,
		.deadline_ms = w->deadline_ms };
	fetching_lend(rs->conf.fetching, &w->run);
	if (pool_push(rs->conf.workers, &w->job) == RC_OK)
		return;
	w->rc = fault_set(&w->fault, RC_OVERLOADED, "the agent's workers are busy");
	loop_post(rs->conf.loop, &w->back);
}

static bool account_is_taken(const struct runs *rs, const char *account_id)
{
	list_each (at, next, &rs->all) {
		const struct work *w = list_of(at, struct work, node);
		if (w->state == WORK_RUNS && w->account_id && !strcmp(w->account_id, account_id))
			return true;
	}
	return false;
}

static void start_next(struct runs *rs, const char *account_id)
{
	list_each (at, next, &rs->all) {
		struct work *w = list_of(at, struct work, node);
		if (w->state == WORK_WAITS && !strcmp(w->account_id, account_id)) {
			start(w);
			return;
		}
	}
}

static void cancel(struct work *w)
{
	w->canceled = true;
	if (w->state == WORK_RUNS)
		call_cancel(&w->scope);
	if (w->state != WORK_WAITS)
		return;
	w->rc = RC_CANCELED;
	work_judge(w);
	keep(w);
}

/* ---- taking ---- */

/*
 * Is the moment over on the control plane's clock, which ran on since its WELCOME? Nothing lies about as long as LATE_MAX_MS on a tunnel:
 * such a difference says that its clock was set.
 */
static bool is_late(const struct runs *rs, int64_t moment_ms)
{
	int64_t late = rs->clock_ms + (int64_t)loop_now_ms(rs->conf.loop) - moment_ms;
	return late > 0 && late < LATE_MAX_MS;
}

/* Why the agent does not take it; NULL: it does. */
static const char *objection(const struct runs *rs, const struct tunnel_msg_dispatch *m)
{
	const struct action *decl = action_find(m->action);

	if (rs->stopping)
		return "draining";
	if (!decl || !actions_find(m->action))
		return "unknown_action";
	if (strcmp(m->class, task_class_words[decl->class]) != 0)
		return "class_mismatch";
	bool lacks =
		m->account_id ? strlen(m->account_id) >= SESSIONS_ID_MAX : decl->target == ACTION_TARGET_ACCOUNT;
	if (decl->target != ACTION_TARGET_NONE && lacks)
		return "no_account";
	if (m->not_after_ms && is_late(rs, m->not_after_ms))
		return "expired";
	return rs->busy >= rs->conf.tasks ? "capacity" : NULL;
}

static void reject(struct runs *rs, const struct tunnel_msg_dispatch *m, const char *why)
{
	log_warn(rs->conf.log, "task rejected task=%s attempt=%u reason=%s", m->task_id, m->attempt, why);
	send(rs, &(struct tunnel_msg){ .type = TUNNEL_MSG_REJECT,
			 .reject = { .task_id = m->task_id, .attempt = m->attempt, .reason = why } });
	give_credit(rs);
}

static void again(struct work *w)
{
	if (w->state == WORK_ENDED && w->sent && !w->reading) {
		w->sent = false;
		tell_more(w->runs);
	} else if (w->state != WORK_ENDED) {
		send(w->runs, &(struct tunnel_msg){ .type = TUNNEL_MSG_ACCEPT, .accept = w->task });
	}
	give_credit(w->runs);
}

static void take_task(struct runs *rs, const struct tunnel_msg_dispatch *m)
{
	char key[JOURNAL_KEY_MAX + 1];
	struct work *known = work_key(&(struct tunnel_msg_task){ m->task_id, m->attempt }, key)
				     ? map_get(&rs->by_key, key)
				     : NULL;

	if (known) {
		again(known);
		return;
	}
	const char *why = objection(rs, m);
	struct fault f = { .text = "out_of_memory" };
	struct work *w = why ? NULL : work_new(m);
	if (w && sessions_open(rs->conf.sessions, m->sealed, &w->sealed, &f) != RC_OK) {
		log_error(rs->conf.log, "task not taken task=%s: %s", m->task_id, f.text);
		work_free(take(w));
		why = "sealed_for_another";
	}
	if (!w || map_put(&rs->by_key, w->key, w) != RC_OK) {
		work_free(w);
		reject(rs, m, why ? why : "out_of_memory");
		return;
	}
	w->runs = rs;
	w->uplink = rs->conf.uplink;
	w->keeper = rs->conf.keeper;
	w->tracer = rs->conf.tracer;
	w->decl = action_find(m->action);
	w->action = actions_find(m->action);
	w->taken_ms = loop_now_ms(rs->conf.loop);
	w->deadline_ms = w->taken_ms + m->timeout_ms;
	if (w->decl->target == ACTION_TARGET_NONE)
		w->account_id = NULL;
	rs->busy++;
	work_span_begin(w, m->traceparent);
	send(rs, &(struct tunnel_msg){ .type = TUNNEL_MSG_ACCEPT, .accept = w->task });
	bool waits = w->account_id && account_is_taken(rs, w->account_id);
	list_append(&rs->all, &w->node);
	if (!waits)
		start(w);
	give_credit(rs);
}

/* ---- what the control plane believes ---- */

static struct work *find(const struct runs *rs, const struct tunnel_msg_task *t)
{
	char key[JOURNAL_KEY_MAX + 1];
	return work_key(t, key) ? map_get(&rs->by_key, key) : NULL;
}

/* Those that are still not here after a while are lost. The nonce is not known here: the control plane takes "" for it. */
static void on_suspects(void *ctx)
{
	struct runs *rs = ctx;

	for (size_t i = 0; i < rs->suspects_n; i++) {
		const struct suspect *s = &rs->suspects[i];
		if (find(rs, &(struct tunnel_msg_task){ s->task_id, s->attempt }))
			continue;
		log_warn(rs->conf.log, "task lost task=%s attempt=%u", s->task_id, s->attempt);
		send(rs, &(struct tunnel_msg){ .type = TUNNEL_MSG_RESULT,
				 .result = { .task_id = s->task_id,
					 .nonce = "",
					 .attempt = s->attempt,
					 .outcome = TUNNEL_MSG_FAILED,
					 .error = { .code = "lost_by_agent",
						 .detail = "the agent does not have this task",
						 .retryable = true } } });
	}
	rs->suspects_n = 0;
}

static bool lists(const struct field_list *l, const struct work *w)
{
	const struct tunnel_msg_task *t = l->at;
	for (size_t i = 0; i < l->n; i++)
		if (t[i].attempt == w->task.attempt && !strcmp(t[i].task_id, w->task.task_id))
			return true;
	return false;
}

static void reconcile(struct runs *rs, const struct field_list *tasks)
{
	const struct tunnel_msg_task *t = tasks->at;
	uint64_t now = loop_now_ms(rs->conf.loop);

	rs->suspects_n = 0;
	for (size_t i = 0; i < tasks->n && rs->suspects_n < SUSPECTS; i++) {
		if (find(rs, &t[i]))
			continue;
		struct suspect *s = &rs->suspects[rs->suspects_n++];
		snprintf(s->task_id, sizeof(s->task_id), "%s", t[i].task_id);
		s->attempt = t[i].attempt;
	}
	if (rs->suspects_n)
		loop_timer_at(rs->suspect, now + SUSPECT_MS);
	list_each (at, next, &rs->all) {
		struct work *w = list_of(at, struct work, node);
		if (now - w->taken_ms >= SUSPECT_MS && !w->forsaken && !lists(tasks, w)) {
			log_warn(rs->conf.log, "task dropped task=%s attempt=%u", w->task.task_id, w->task.attempt);
			forsake(w);
		}
	}
}

bool runs_message(struct runs *rs, const struct tunnel_msg *m)
{
	struct work *w;

	switch ((unsigned)m->type) {
	case TUNNEL_MSG_DISPATCH:
		take_task(rs, &m->dispatch);
		return true;
	case TUNNEL_MSG_RESULT_ACK:
	case TUNNEL_MSG_STALE:
		w = find(rs, m->type == TUNNEL_MSG_STALE ? &m->stale : &m->result_ack);
		if (w)
			forsake(w);
		give_credit(rs);
		return true;
	case TUNNEL_MSG_EFFECT_OK:
	case TUNNEL_MSG_EFFECT_DENY:
	case TUNNEL_MSG_PUBLISH_OK:
	case TUNNEL_MSG_PUBLISH_DENY:
		task_heard(find(rs, &m->result_ack), m); /* they begin as it does */
		return true;
	case TUNNEL_MSG_CANCEL:
		w = find(rs, &(struct tunnel_msg_task){ m->cancel.task_id, m->cancel.attempt });
		if (w)
			cancel(w);
		return true;
	case TUNNEL_MSG_TUNE:
		task_tune(find(rs, &m->result_ack), m->tune.bps);
		return true;
	case TUNNEL_MSG_RECONCILE:
		reconcile(rs, &m->reconcile.tasks);
		return true;
	default:
		return false;
	}
}

void runs_list(struct runs *rs, struct field_list *ret, struct arena *a)
{
	struct tunnel_msg_task *to = arena_take(a, (map_count(&rs->by_key) + 1) * sizeof(*to));
	size_t n = 0;

	list_each (at, next, &rs->all)
		if (to && n < TUNNEL_MSG_TASKS_MAX)
			to[n++] = list_of(at, struct work, node)->task;
	*ret = (struct field_list){ to, n };
}

void runs_up(struct runs *rs, const struct tunnel_msg_welcome *m)
{
	const struct tunnel_msg_task *t = m->cancel.at;

	rs->clock_ms = m->time_ms - (int64_t)loop_now_ms(rs->conf.loop);
	for (size_t i = 0; i < m->cancel.n; i++) {
		struct work *w = find(rs, &t[i]);
		if (w)
			forsake(w);
	}
	runs_drain(rs);
	give_credit(rs);
}

void runs_drain(struct runs *rs)
{
	list_each (at, next, &rs->all)
		task_effect_tell(list_of(at, struct work, node));
	tell_more(rs);
}

void runs_down(struct runs *rs)
{
	list_each (at, next, &rs->all) {
		struct work *w = list_of(at, struct work, node);
		w->sent = false;
		task_effect_untold(w);
		if (w->state == WORK_ENDED && !w->reading)
			work_slim(w);
	}
}

enum rc runs_new(const struct runs_conf *conf, struct runs **ret_runs, struct fault *f)
{
	struct runs *rs = calloc(1, sizeof(*rs));
	if (!rs)
		return RC_NOMEM;
	rs->conf = *conf;
	list_init(&rs->all);
	if (loop_timer_new(conf->loop, on_retry, rs, &rs->retry) != RC_OK ||
		loop_timer_new(conf->loop, on_suspects, rs, &rs->suspect) != RC_OK) {
		runs_free(rs);
		return fault_set(f, RC_NOMEM, "no memory for tasks");
	}
	*ret_runs = rs;
	return RC_OK;
}

void runs_attach(struct runs *rs, struct uplink_run *u) { rs->conf.uplink = u; }

void runs_remember(struct runs *rs, uint8_t kind, const char *key)
{
	struct work *w = kind == WORK_RESULT ? work_from_journal(key) : NULL;

	if (!w)
		return;
	w->runs = rs;
	if (map_put(&rs->by_key, w->key, w) == RC_OK)
		list_append(&rs->all, &w->node);
	else
		work_free(w);
}

void runs_stop(struct runs *rs)
{
	rs->stopping = true;
	list_each (at, next, &rs->all) {
		struct work *w = list_of(at, struct work, node);
		if (w->state == WORK_WAITS || w->state == WORK_RUNS) {
			w->stopping = true;
			cancel(w);
		}
	}
	on_retry(rs);
}

size_t runs_busy(const struct runs *rs) { return rs->busy; }

size_t runs_untold(const struct runs *rs)
{
	size_t n = 0;
	list_each (at, next, &rs->all)
		n += !list_of(at, struct work, node)->sent;
	return n;
}

void runs_free(struct runs *rs)
{
	if (!rs)
		return;
	list_each (at, next, &rs->all)
		work_free(list_of(at, struct work, node));
	map_done(&rs->by_key);
	loop_timer_free(rs->retry);
	loop_timer_free(rs->suspect);
	free(rs);
}
