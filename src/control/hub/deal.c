#include "control/hub/deal.h"
#include "base/log.h"
#include "control/cluster/bells.h"
#include "control/control.h"
#include "control/engine/dispatch.h"
#include "control/fleet/fence.h"
#include "control/hub/peer.h"
#include "control/reader.h"
#include "control/writer.h"
#include "io/clock.h"
#include "model/action.h"

#define OFFERS_MAX  256 /* agents that are offered in one transaction */
#define CANCELS_MAX 10000
#define CANCEL_MS   10000 /* how long an agent may take to stop a task */

/* An offer as it was made: the agent may have gone, or come anew, when the grants are there. */
struct offered {
	int64_t epoch, session;
	bool late; /* the agent has a newer connection */
	char agent_id[ID_MAX], region_id[ID_MAX];
	char *actions;
	uint32_t credit;
};

struct deal {
	struct write write;
	struct hub *hub;
	struct arena arena; /* holds the grants */
	struct dispatch_grant *grants;
	size_t grants_n, n;
	bool more;
	struct offered offers[];
};

static void deal_free(struct deal *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->offers[i].actions);
	arena_done(&d->arena);
	free(d);
}

static void keep_grant(struct arena *a, const struct dispatch_grant *g, struct dispatch_grant *to)
{
	*to = *g;
	to->task_id = arena_str(a, g->task_id);
	to->job_id = arena_str(a, g->job_id);
	to->nonce = arena_str(a, g->nonce);
	to->action = arena_str(a, g->action);
	to->account_id = arena_str(a, g->account_id);
	to->login = arena_str(a, g->login);
	to->payload = arena_str(a, g->payload);
	to->sealed = arena_str(a, g->sealed);
	to->trace_id = arena_str(a, g->trace_id);
	to->traceparent = arena_str(a, g->traceparent);
	to->intent = arena_str(a, g->intent);
}

/* An agent that has gone to another control plane is not ours to give work to. */
static enum rc fence(struct deal *d, struct tx *tx, const struct dispatch_grant *g, size_t n)
{
	size_t last = SIZE_MAX;
	bool current = true, all = true;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n; last = g[i++].offer) {
		struct offered *o = &d->offers[g[i].offer];
		if (g[i].offer == last)
			continue;
		rc = fence_check(tx, o->agent_id, o->session, &current);
		o->late = !current;
		all &= current;
	}
	return rc == RC_OK && !all ? fault_set(tx->fault, RC_CONFLICT, "agents have gone elsewhere") : rc;
}

static enum rc lease(struct write *w, struct tx *tx)
{
	struct deal *d = (struct deal *)(void *)((char *)w - offsetof(struct deal, write));
	struct dispatch_offer *offers = arena_take(tx->arena, d->n * sizeof(*offers));
	struct field_list got = { 0 };

	if (!offers)
		return RC_NOMEM;
	for (size_t i = 0; i < d->n; i++)
		offers[i] = (struct dispatch_offer){ d->offers[i].agent_id, d->offers[i].region_id,
			d->offers[i].actions, d->offers[i].credit };
	enum rc rc = dispatch_lease(tx, offers, d->n, &got, &d->more);
	if (rc != RC_OK)
		return rc;
	const struct dispatch_grant *g = got.at;
	rc = fence(d, tx, g, got.n);
	if (rc != RC_OK)
		return rc;
	d->grants = arena_take(&d->arena, (got.n + 1) * sizeof(*d->grants));
	if (!d->grants)
		return RC_NOMEM;
	for (size_t i = 0; i < got.n; i++)
		keep_grant(&d->arena, &g[i], &d->grants[i]);
	d->grants_n = got.n;
	return RC_OK;
}

static void dispatch(struct hub *h, const struct offered *o, const struct dispatch_grant *g)
{
	struct peer *p = peer_of(h, o->agent_id);

	if (!p || p->epoch != o->epoch || !g->decl)
		return; /* it came anew meanwhile: its HELLO or the lease tells that the task is lost */
	char trace[DEAL_TRACE];
	deal_trace(h->control, g, trace);
	const struct tunnel_msg m = { .type = TUNNEL_MSG_DISPATCH,
		.dispatch = {
			.task_id = g->task_id,
			.job_id = g->job_id,
			.nonce = g->nonce,
			.action = g->action,
			.attempt = g->attempt,
			.account_id = g->account_id,
			.login = g->login,
			.payload = g->payload,
			.timeout_ms = g->decl->timeout_s * 1000,
			.not_after_ms = clock_wall_ms() + h->control->conf->lease_ms,
			.class = task_class_words[g->decl->class],
			.trace_id = g->trace_id,
			.traceparent = *trace ? trace : NULL,
			.sealed = g->sealed,
			.probe = g->probe,
			.dry_run = g->dry_run,
			.intent_ms = g->intent_ms,
			.intent = g->intent,
		} };
	peer_send(p, &m);
}

/* Connections whose agents have newer ones. */
static bool drop_late(struct deal *d)
{
	bool any = false;

	for (size_t i = 0; i < d->n; i++) {
		struct peer *p = d->offers[i].late ? peer_at(d->hub, d->offers[i].epoch) : NULL;
		any |= p != NULL;
		if (p)
			peer_supersede(p);
	}
	return any;
}

static void on_leased(struct write *w)
{
	struct deal *d = (struct deal *)(void *)((char *)w - offsetof(struct deal, write));
	struct hub *h = d->hub;

	h->dealing = false;
	bool late = drop_late(d);
	if (w->rc != RC_OK)
		log_line(h->control->log, late ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "no work handed out: %s",
			w->fault.text);
	/* The agent has it by the database, perhaps, and has not heard of it: its next HELLO tells. */
	for (size_t i = 0; w->unknown && i < d->grants_n; i++)
		peer_redial(h, d->offers[d->grants[i].offer].agent_id, "its leases are uncertain");
	for (size_t i = 0; w->rc == RC_OK && i < d->grants_n; i++)
		dispatch(h, &d->offers[d->grants[i].offer], &d->grants[i]);
	bool again = h->deal_again || late || (w->rc == RC_OK && d->more);
	deal_free(d);
	if (again)
		deal_tasks(h);
}

static bool make_offer(const struct peer *p, uint32_t credit, struct offered *o)
{
	*o = (struct offered){ .epoch = p->epoch, .session = p->session, .credit = credit };
	memcpy(o->agent_id, p->id, sizeof(o->agent_id));
	memcpy(o->region_id, p->region_id, sizeof(o->region_id));
	o->actions = strdup(p->actions);
	return o->actions != NULL;
}

void deal_tasks(struct hub *h)
{
	h->deal_again = h->dealing;
	if (h->dealing)
		return;
	size_t room = h->peers_n < OFFERS_MAX ? h->peers_n : OFFERS_MAX;
	struct deal *d = calloc(1, sizeof(*d) + room * sizeof(d->offers[0]));
	if (!d)
		return;
	d->hub = h;
	d->write = (struct write){ .control = h->control, .run = lease, .done = on_leased };
	bool ok = true;
	list_each (at, next, &h->peers) {
		struct peer *p = list_of(at, struct peer, all);
		uint32_t credit = p->up && !p->draining ? tunnel_credit(&p->tunnel) : 0;
		if (credit)
			bells_region(h->control->bells, p->region_id);
		if (credit && d->n < room)
			ok = make_offer(p, credit, &d->offers[d->n++]) && ok;
	}
	h->dealing = ok && d->n > 0 && writer_push(&d->write) == RC_OK;
	if (!h->dealing)
		deal_free(d);
}

/* Tasks with their agents, read for the loop: those to be canceled, or all that agents hold. */
struct survey {
	struct read read;
	struct hub *hub;
	bool reconcile;
	struct arena arena;
	struct survey_row {
		const char *task_id, *agent_id;
		uint32_t attempt;
	} * rows;
	size_t n;
	struct field_list tunes; /* struct download_tune */
	bool ok;
};

static enum rc survey_rows(struct survey *s, struct tx *tx)
{
	static const struct store_query cancels = { .sql = "SELECT t.id, t.agent_id, t.attempt FROM tasks t JOIN "
							   "agents g ON g.id = t.agent_id WHERE t.status IN "
							   "('leased', 'running') AND t.cancel_asked = 1 AND "
							   "g.instance_id = $2 ORDER BY t.agent_id LIMIT "
							   "$1" };
	static const struct store_query held = {
		.sql = "SELECT t.id, t.agent_id, t.attempt FROM tasks t JOIN agents g ON g.id = t.agent_id WHERE "
		       "t.status IN "
		       "('leased', 'running') AND g.instance_id = $2 ORDER BY t.agent_id LIMIT $1"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	s->rows = arena_take(&s->arena, CANCELS_MAX * sizeof(*s->rows));
	enum rc rc = s->rows ? store_run(tx->db, s->reconcile ? &held : &cancels,
				       STORE_ARGS(store_int(CANCELS_MAX), store_text(tx->control->instance_id)), &r,
				       tx->fault)
			     : RC_NOMEM;
	while (rc == RC_OK && s->n < CANCELS_MAX && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		struct survey_row *to = &s->rows[s->n++];
		to->task_id = arena_str(&s->arena, store_col_text(r, 0));
		to->agent_id = arena_str(&s->arena, store_col_text(r, 1));
		to->attempt = (uint32_t)store_col_int(r, 2);
		rc = to->task_id && to->agent_id ? RC_OK : RC_NOMEM;
	}
	return rc;
}

static void run_survey(struct read *r, struct tx *tx)
{
	struct survey *s = (struct survey *)(void *)((char *)r - offsetof(struct survey, read));
	struct tx own = *tx;
	own.arena = &s->arena;
	enum rc rc = survey_rows(s, tx);
	if (rc == RC_OK)
		rc = deal_tunes_read(&own, &s->tunes);
	s->ok = rc == RC_OK;
	if (rc != RC_OK)
		log_warn(tx->control->log, "held tasks not read: %s", tx->fault->text);
}

static void send_cancels(struct survey *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct peer *p = peer_of(s->hub, s->rows[i].agent_id);
		const struct tunnel_msg m = { .type = TUNNEL_MSG_CANCEL,
			.cancel = { s->rows[i].task_id, s->rows[i].attempt, CANCEL_MS } };
		if (p)
			peer_send(p, &m);
	}
}

/* An agent that holds nothing is told so, too. */
static void send_reconciles(struct survey *s)
{
	struct tunnel_msg_task *tasks = arena_take(&s->arena, (s->n + 1) * sizeof(*tasks));

	if (s->n == CANCELS_MAX) { /* not all were read: an agent would drop what is not listed */
		log_warn(s->hub->control->log, "agents not compared: they hold %d tasks or more", CANCELS_MAX);
		return;
	}
	list_each (at, next, &s->hub->peers) {
		struct peer *p = list_of(at, struct peer, all);
		struct tunnel_msg m = { .type = TUNNEL_MSG_RECONCILE };
		size_t n = 0;
		for (size_t i = 0; tasks && i < s->n; i++)
			if (!strcmp(s->rows[i].agent_id, p->id))
				tasks[n++] = (struct tunnel_msg_task){ s->rows[i].task_id, s->rows[i].attempt };
		m.reconcile.tasks = (struct field_list){ tasks, n };
		if (p->up && tasks)
			peer_send(p, &m);
	}
}

static void on_survey(struct read *r)
{
	struct survey *s = (struct survey *)(void *)((char *)r - offsetof(struct survey, read));
	struct hub *h = s->hub;
	bool again = false;

	if (s->ok && s->reconcile)
		send_reconciles(s);
	else if (s->ok)
		send_cancels(s);
	if (s->ok)
		deal_tunes_send(s->hub, &s->tunes);
	if (!s->reconcile) {
		again = h->cancel_again;
		h->canceling = false;
	}
	arena_done(&s->arena);
	free(s);
	if (again)
		deal_cancels(h);
}

static bool survey(struct hub *h, bool reconcile)
{
	struct survey *s = calloc(1, sizeof(*s));
	if (!s)
		return false;
	*s = (struct survey){ .hub = h, .reconcile = reconcile };
	s->read = (struct read){ .control = h->control, .run = run_survey, .done = on_survey };
	if (reader_push(&s->read) == RC_OK)
		return true;
	free(s);
	return false;
}

void deal_cancels(struct hub *h)
{
	h->cancel_again = h->canceling;
	if (!h->canceling)
		h->canceling = survey(h, false);
}

void deal_reconcile(struct hub *h)
{
	if (h->peers_n && !survey(h, true))
		log_warn(h->control->log, "agents not compared: too many questions wait");
}

static void on_bell(struct loop_job *job)
{
	struct hub *h = (struct hub *)(void *)((char *)job - offsetof(struct hub, bell));
	atomic_store(&h->woken, false);
	deal_tasks(h);
}

static void on_cancel_bell(struct loop_job *job)
{
	struct hub *h = (struct hub *)(void *)((char *)job - offsetof(struct hub, cancel_bell));
	atomic_store(&h->cancels_woken, false);
	deal_cancels(h);
}

void deal_wake(struct hub *h)
{
	if (!atomic_exchange(&h->woken, true))
		loop_post(h->control->loop, &h->bell);
}

void deal_wake_cancels(struct hub *h)
{
	if (!atomic_exchange(&h->cancels_woken, true))
		loop_post(h->control->loop, &h->cancel_bell);
}

void deal_init(struct hub *h)
{
	h->bell.run = on_bell;
	h->cancel_bell.run = on_cancel_bell;
}
