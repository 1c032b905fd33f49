#include "control/hub/inbox.h"
#include "base/log.h"
#include "control/control.h"
#include "control/engine/effects.h"
#include "control/engine/outcome.h"
#include "control/fleet/agents.h"
#include "control/fleet/bots.h"
#include "control/fleet/fence.h"
#include "control/fleet/reports.h"
#include "control/hub/deal.h"
#include "control/hub/lanes.h"
#include "control/writer.h"
#include "io/clock.h"

#include <stdio.h>
#include <string.h>

/* A message on its way to the writer: encoded again, so that it outlives the tunnel's buffers. */
struct letter {
	struct write write;
	struct hub *hub;
	char agent_id[ID_MAX];
	int64_t epoch, session;
	unsigned type;
	struct buf payload;
	bool stale, allowed;
	bool late;            /* the agent has a newer connection: nothing was done */
	char task_id[ID_MAX]; /* RESULT, EFFECT_BEGIN: whom the answer is for */
	uint32_t attempt;
	char ticket[ARRIVALS_TICKET];
	int64_t wal_pos; /* EVENT */
	int64_t id;      /* LANE_COOL */
};

static struct letter *letter_of(struct write *w)
{
	return (struct letter *)(void *)((char *)w - offsetof(struct letter, write));
}

static void letter_free(struct letter *l)
{
	explicit_bzero(l->ticket, sizeof(l->ticket));
	buf_done(&l->payload);
	free(l);
}

static enum rc deliver(struct write *w, struct tx *tx)
{
	struct letter *l = letter_of(w);
	struct tunnel_msg m;

	tx->actor = arena_fmt(tx->arena, "agent:%s", l->agent_id);
	enum rc rc = tunnel_msg_decode(l->type, l->payload.p, l->payload.n, tx->arena, &m, tx->fault);
	bool current = false;
	if (rc == RC_OK)
		rc = tx->actor ? fence_check(tx, l->agent_id, l->session, &current) : RC_NOMEM;
	l->late = rc == RC_OK && !current;
	if (rc != RC_OK || l->late)
		return rc;
	switch (l->type) { /* a number: most messages are not for the writer */
	case TUNNEL_MSG_ACCEPT:
		return outcome_accept(tx, l->agent_id, &m.accept);
	case TUNNEL_MSG_REJECT:
		return outcome_reject(tx, l->agent_id, &m.reject);
	case TUNNEL_MSG_PROGRESS:
		return outcome_progress(tx, l->agent_id, &m.progress);
	case TUNNEL_MSG_EVENT:
		return reports_take(tx, l->agent_id, &m.event);
	case TUNNEL_MSG_EFFECT_BEGIN:
		return effects_begin(tx, l->agent_id, &m.effect_begin, &l->allowed);
	case TUNNEL_MSG_PUBLISH_ASK:
		return arrivals_ticket(tx, l->agent_id, &m.publish_ask, &l->allowed, l->ticket);
	case TUNNEL_MSG_LANE_COOL:
		return lanes_hub_cool(tx, &m.lane_cool);
	case TUNNEL_MSG_RESULT:
		return outcome_result(tx, l->agent_id, &m.result, &l->stale);
	case TUNNEL_MSG_HEARTBEAT:
		rc = outcome_renew(tx, l->agent_id);
		return rc == RC_OK ? agents_seen(tx, l->agent_id, m.heartbeat.load) : rc;
	default:
		return RC_INTERNAL;
	}
}

static void answer_result(const struct letter *l, struct tunnel_msg *m)
{
	const struct tunnel_msg_task task = { l->task_id, l->attempt };

	m->type = l->stale ? TUNNEL_MSG_STALE : TUNNEL_MSG_RESULT_ACK;
	if (l->stale)
		m->stale = task;
	else
		m->result_ack = task;
}

static void answer_effect(const struct letter *l, struct tunnel_msg *m)
{
	const struct tunnel_msg_effect task = { l->task_id, l->attempt, NULL };

	m->type = l->allowed ? TUNNEL_MSG_EFFECT_OK : TUNNEL_MSG_EFFECT_DENY;
	if (l->allowed)
		m->effect_ok = task;
	else
		m->effect_deny = task;
}

static void answer_publish(const struct letter *l, struct tunnel_msg *m)
{
	const struct tunnel_msg_ticket ticket = { l->task_id, l->attempt, l->allowed ? l->ticket : NULL };

	m->type = l->allowed ? TUNNEL_MSG_PUBLISH_OK : TUNNEL_MSG_PUBLISH_DENY;
	if (l->allowed)
		m->publish_ok = ticket;
	else
		m->publish_deny = ticket;
}

/* After the commit: results and events are acknowledged, to whatever connection the agent has now. */
static void answer(const struct letter *l, struct peer *p)
{
	struct tunnel_msg m = { 0 };

	switch (l->type) { /* a number: most messages have no answer */
	case TUNNEL_MSG_RESULT:
		answer_result(l, &m);
		break;
	case TUNNEL_MSG_EVENT:
		m = (struct tunnel_msg){ .type = TUNNEL_MSG_ACK, .ack = { l->wal_pos } };
		break;
	case TUNNEL_MSG_EFFECT_BEGIN:
		answer_effect(l, &m);
		break;
	case TUNNEL_MSG_PUBLISH_ASK:
		answer_publish(l, &m);
		break;
	case TUNNEL_MSG_LANE_COOL:
		m = (struct tunnel_msg){ .type = TUNNEL_MSG_LANE_COOLED, .lane_cooled = { l->id } };
		break;
	default:
		return;
	}
	peer_send(p, &m);
}

/* Not acknowledged: the agent keeps it and says it again after its next connection. A heartbeat comes again anyway. */
static void not_kept(const struct letter *l, const struct write *w)
{
	log_error(l->hub->control->log, "%s of an agent not kept agent=%s: %s", tunnel_msg_name(l->type),
		l->agent_id, w->fault.text);
	if (rc_retry(w->rc) && l->type != TUNNEL_MSG_HEARTBEAT)
		peer_redial(l->hub, l->agent_id, "what the agent said could not be kept; it says it again");
}

static void on_delivered(struct write *w)
{
	struct letter *l = letter_of(w);
	struct peer *p = peer_of(l->hub, l->agent_id);

	if (p && l->type == TUNNEL_MSG_HEARTBEAT)
		p->renewing = false;
	if (p && l->type == TUNNEL_MSG_PROGRESS && p->epoch == l->epoch)
		p->progress--;
	if (w->rc == RC_OK && l->late) {
		struct peer *old = peer_at(l->hub, l->epoch);
		if (old)
			peer_supersede(old);
	} else if (w->rc == RC_DENIED)
		peer_drop(l->hub, l->agent_id, "the agent was revoked");
	else if (w->rc != RC_OK)
		not_kept(l, w);
	else if (p)
		answer(l, p);
	letter_free(l);
}

static void post(struct peer *p, const struct tunnel_msg *m)
{
	struct letter *l = calloc(1, sizeof(*l));

	if (l) {
		*l = (struct letter){ .hub = p->hub, .epoch = p->epoch, .session = p->session, .type = m->type };
		l->write = (struct write){ .control = p->hub->control, .run = deliver, .done = on_delivered };
		snprintf(l->agent_id, sizeof(l->agent_id), "%s", p->id);
		tunnel_msg_encode(m, &l->payload);
		if (m->type == TUNNEL_MSG_EVENT)
			l->wal_pos = m->event.wal_pos;
		if (m->type == TUNNEL_MSG_LANE_COOL)
			l->id = m->lane_cool.id;
		if (m->type == TUNNEL_MSG_EFFECT_BEGIN) {
			l->attempt = m->effect_begin.attempt;
			snprintf(l->task_id, sizeof(l->task_id), "%s", m->effect_begin.task_id);
		}
		if (m->type == TUNNEL_MSG_PUBLISH_ASK) {
			l->attempt = m->publish_ask.attempt;
			snprintf(l->task_id, sizeof(l->task_id), "%s", m->publish_ask.task_id);
		}
		if (m->type == TUNNEL_MSG_RESULT) {
			l->attempt = m->result.attempt;
			snprintf(l->task_id, sizeof(l->task_id), "%s", m->result.task_id);
		}
	}
	if (l && !l->payload.bad && writer_push(&l->write) == RC_OK)
		return;
	if (l)
		letter_free(l);
	/* What is lost here the agent repeats: so it has to come anew. */
	tunnel_close(&p->tunnel, 1013, "overloaded");
}

/* No agent may fill the writer's queue with what nobody needs: the others' results wait there too. */
static void post_progress(struct peer *p, const struct tunnel_msg *m)
{
	if (p->progress >= INBOX_PROGRESS_MAX) {
		tunnel_close(&p->tunnel, TUNNEL_LINK_TOO_BIG, "more PROGRESS came than can be kept");
		return;
	}
	p->progress++;
	post(p, m);
}

void inbox_message(struct peer *p, const struct tunnel_msg *m)
{
	switch ((unsigned)m->type) {
	case TUNNEL_MSG_PROGRESS:
		post_progress(p, m);
		break;
	case TUNNEL_MSG_ACCEPT:
	case TUNNEL_MSG_REJECT:
	case TUNNEL_MSG_EVENT:
	case TUNNEL_MSG_EFFECT_BEGIN:
	case TUNNEL_MSG_LANE_COOL:
	case TUNNEL_MSG_PUBLISH_ASK:
	case TUNNEL_MSG_RESULT:
		post(p, m);
		break;
	case TUNNEL_MSG_HEARTBEAT:
		if (!p->renewing)
			post(p, m);
		p->renewing = true;
		break;
	case TUNNEL_MSG_LANE_ASK:
		lanes_hub_ask(p, &m->lane_ask);
		break;
	case TUNNEL_MSG_LANE_DROP:
		lanes_hub_drop(p, m->lane_drop.id);
		break;
	case TUNNEL_MSG_CREDIT:
		deal_wake(p->hub);
		break;
	case TUNNEL_MSG_GOAWAY:
		p->draining = true;
		log_info(p->hub->control->log, "agent goes away agent=%s: %s", p->id,
			m->goaway.reason ? m->goaway.reason : "");
		break;
	case TUNNEL_MSG_ERROR:
		log_warn(p->hub->control->log, "agent reports agent=%s: %s", p->id,
			m->error.detail ? m->error.detail : "");
		break;
	default: /* the machine lets nothing else through */
		break;
	}
}

/* A HELLO on its way to the writer and back. */
struct visit {
	struct write write;
	struct hub *hub;
	int64_t epoch;
	struct buf payload; /* the HELLO */
	struct tunnel_auth_talk talk;
	uint8_t sig[TUNNEL_AUTH_SIG], public[TUNNEL_AUTH_KEY];
	int64_t session;
	char agent_id[ID_MAX], region_id[ID_MAX], peer[64];
	char cert[PEER_CERT_MAX], cert_serial[PEER_CERT_MAX];
	struct arena arena; /* holds `cancel` */
	struct field_list cancel;
	char *actions;
};

static struct visit *visit_of(struct write *w)
{
	return (struct visit *)(void *)((char *)w - offsetof(struct visit, write));
}

static void visit_free(struct visit *v)
{
	free(v->actions);
	buf_done(&v->payload);
	arena_done(&v->arena);
	free(v);
}

/* Keeps the list beyond the transaction's arena. */
static enum rc keep_cancel(struct visit *v, const struct field_list *from)
{
	const struct tunnel_msg_task *t = from->at;
	struct tunnel_msg_task *to = arena_take(&v->arena, (from->n + 1) * sizeof(*to));

	for (size_t i = 0; to && i < from->n; i++)
		to[i] = (struct tunnel_msg_task){ arena_str(&v->arena, t[i].task_id), t[i].attempt };
	v->cancel = (struct field_list){ to, from->n };
	return to ? RC_OK : RC_NOMEM;
}

static enum rc admit(struct write *w, struct tx *tx)
{
	struct visit *v = visit_of(w);
	struct field_list cancel = { 0 };
	struct tunnel_msg m;

	tx->actor = arena_fmt(tx->arena, "agent:%s", v->agent_id);
	v->talk.agent_id = v->agent_id;
	enum rc rc = tunnel_msg_decode(TUNNEL_MSG_HELLO, v->payload.p, v->payload.n, tx->arena, &m, tx->fault);
	if (rc == RC_OK)
		rc = agents_key(tx, v->agent_id, v->public, v->region_id);
	if (rc == RC_OK && !tunnel_auth_is_hello(&v->talk, v->public, v->sig))
		return fault_set(tx->fault, RC_DENIED, "the HELLO is not signed by this agent");
	if (rc == RC_OK)
		rc = agents_showed(tx, v->agent_id, v->cert, v->cert_serial);
	if (rc == RC_OK)
		rc = agents_connected(tx, v->agent_id, &m.hello, v->epoch, &v->session);
	if (rc == RC_OK)
		rc = outcome_reconcile(tx, v->agent_id, &m.hello.inflight, &cancel);
	if (rc == RC_OK)
		rc = bots_welcome(tx, v->agent_id);
	return rc == RC_OK ? keep_cancel(v, &cancel) : rc;
}

static void turn_away(struct peer *p, enum rc rc)
{
	if (rc == RC_CONFLICT)
		tunnel_refuse(&p->tunnel, TUNNEL_LINK_SUPERSEDED, "the agent has a newer connection");
	else if (rc == RC_DENIED || rc == RC_MISSING)
		tunnel_refuse(&p->tunnel, TUNNEL_LINK_SCOPE, "not an agent of this control plane");
	else
		tunnel_refuse(&p->tunnel, rc_retry(rc) ? TUNNEL_LINK_INTERNAL : TUNNEL_LINK_SCOPE, "try again");
}

static void on_admitted(struct write *w)
{
	struct visit *v = visit_of(w);
	struct hub *h = v->hub;
	struct peer *p = peer_at(h, v->epoch);

	if (p && w->rc != RC_OK) {
		log_warn(h->control->log, "agent refused agent=%s: %s", v->agent_id,
			*w->fault.text ? w->fault.text : rc_title(w->rc));
		turn_away(p, w->rc);
	} else if (p) {
		char session[ID_MAX];
		uint8_t random[ID_RANDOM];
		clock_random(random, sizeof(random));
		id_make(session, "ses", clock_wall_ms(), random);
		snprintf(p->id, sizeof(p->id), "%s", v->agent_id);
		snprintf(p->region_id, sizeof(p->region_id), "%s", v->region_id);
		p->session = v->session;
		p->ahead_ms = hub_ahead_ms();
		p->actions = take(v->actions);
		const struct tunnel_msg_welcome welcome = { .session_id = session,
			.epoch = v->epoch,
			.cancel = v->cancel,
			.packed = true,
			.lease_ms = h->control->conf->lease_ms,
			.time_ms = clock_wall_ms(),
			.history = h->control->epoch };
		tunnel_admit(&p->tunnel, loop_now_ms(h->control->loop), v->public, &welcome);
	}
	if (p)
		peer_pump(p);
	visit_free(v);
}

static bool keep_actions(struct visit *v, const struct field_list *from)
{
	const char *const *names = from->at;
	struct buf b = { 0 };

	buf_u8(&b, ',');
	for (size_t i = 0; i < from->n; i++) {
		buf_str(&b, names[i]);
		buf_u8(&b, ',');
	}
	v->actions = b.bad ? NULL : strdup(buf_text(&b));
	buf_done(&b);
	return v->actions != NULL;
}

void inbox_hello(struct peer *p, const struct tunnel_msg_hello *m)
{
	struct visit *v = calloc(1, sizeof(*v));
	bool ok = v != NULL;

	if (ok) {
		v->hub = p->hub;
		v->epoch = p->epoch;
		v->talk = p->tunnel.talk;
		memcpy(v->sig, p->tunnel.hello_sig, sizeof(v->sig));
		snprintf(v->agent_id, sizeof(v->agent_id), "%s", m->agent_id);
		memcpy(v->cert, p->cert, sizeof(v->cert));
		memcpy(v->cert_serial, p->cert_serial, sizeof(v->cert_serial));
		v->write = (struct write){ .control = p->hub->control, .run = admit, .done = on_admitted };
		tunnel_msg_encode(&(struct tunnel_msg){ .type = TUNNEL_MSG_HELLO, .hello = *m }, &v->payload);
		ok = !v->payload.bad && keep_actions(v, &m->capabilities) && writer_push(&v->write) == RC_OK;
	}
	if (ok)
		return;
	if (v)
		visit_free(v);
	tunnel_refuse(&p->tunnel, 1013, "overloaded");
}

/* The news that an agent is gone. */
struct farewell {
	struct write write;
	struct hub *hub;
	char agent_id[ID_MAX], why[96];
	int64_t session;
};

static enum rc note_gone(struct write *w, struct tx *tx)
{
	struct farewell *g = (struct farewell *)(void *)((char *)w - offsetof(struct farewell, write));
	enum rc rc = agents_gone(tx, g->agent_id, g->session, g->why);
	return rc == RC_OK ? outcome_gone(tx, g->agent_id) : rc;
}

static void on_gone(struct write *w)
{
	struct farewell *g = (struct farewell *)(void *)((char *)w - offsetof(struct farewell, write));
	if (w->rc != RC_OK)
		log_warn(g->hub->control->log, "agent's leave not noted agent=%s: %s", g->agent_id, w->fault.text);
	free(g);
}

void inbox_gone(struct peer *p)
{
	struct farewell *g = calloc(1, sizeof(*g));
	if (!g)
		return;
	g->hub = p->hub;
	g->session = p->session;
	g->write = (struct write){ .control = p->hub->control, .run = note_gone, .done = on_gone };
	snprintf(g->agent_id, sizeof(g->agent_id), "%s", p->id);
	snprintf(g->why, sizeof(g->why), "%s", p->why);
	if (writer_push(&g->write) != RC_OK)
		free(g);
}
