#include "control/audit/later.h"
#include "base/log.h"
#include "control/access/audit.h"
#include "control/audit/refusals.h"
#include "control/control.h"
#include "control/http/route.h"
#include "control/writer.h"

#include <stdlib.h>
#include <string.h>

struct later {
	struct write write;
	struct later_on on;
	struct arena arena;
	struct audit_new what;
	const char *actor, *tenant_id, *session_id, *peer, *user_agent, *request_id, *trace_id;
};

static struct later *later_of(struct write *w)
{
	return (struct later *)(void *)((char *)w - offsetof(struct later, write));
}

/* A copy; a text that there was no memory for makes `*bad` true. */
static const char *copy(struct arena *a, const char *s, bool *bad)
{
	const char *own = s ? arena_str(a, s) : NULL;
	*bad |= s && !own;
	return own;
}

struct later *later_new(const struct call *c, const struct audit_new *n)
{
	struct later *l = calloc(1, sizeof(*l));
	bool bad = false;

	if (!l)
		return NULL;
	struct arena *a = &l->arena;
	l->what = (struct audit_new){ .action = copy(a, n->action, &bad),
		.resource = copy(a, n->resource, &bad),
		.words = copy(a, n->words, &bad),
		.outcome = copy(a, n->outcome, &bad) };
	l->actor = copy(a, n->actor ? n->actor : c->tx.actor, &bad);
	l->tenant_id = copy(a, n->tenant_id ? n->tenant_id : c->tx.tenant_id, &bad);
	l->session_id = copy(a, c->tx.session_id, &bad);
	l->peer = copy(a, c->tx.peer, &bad);
	l->user_agent = copy(a, c->tx.user_agent, &bad);
	l->request_id = copy(a, c->tx.request_id, &bad);
	l->trace_id = copy(a, c->tx.trace_id, &bad);
	if (!bad)
		return l;
	later_free(l);
	return NULL;
}

void later_free(struct later *l)
{
	if (!l)
		return;
	arena_done(&l->arena);
	free(l);
}

static enum rc run(struct write *w, struct tx *tx)
{
	const struct later *l = later_of(w);

	tx->actor = l->actor;
	tx->tenant_id = l->tenant_id;
	tx->session_id = l->session_id;
	tx->peer = l->peer;
	tx->user_agent = l->user_agent;
	tx->request_id = l->request_id;
	tx->trace_id = l->trace_id;
	return audit_write(tx, &l->what);
}

static void on_written(struct write *w)
{
	struct later *l = later_of(w);

	if (w->rc != RC_OK)
		log_warn(w->control->log, "an audit record was not written: %s", w->fault.text);
	if (l->on.done)
		l->on.done(l->on.ctx, w->rc, w->fault.text);
	later_free(l);
}

enum rc later_push(struct control *c, struct later *l, const struct later_on *on)
{
	l->on = on ? *on : (struct later_on){ 0 };
	l->write = (struct write){ .control = c, .run = run, .done = on_written };
	return writer_push(&l->write);
}

void later_refused(struct control *c, struct later *l)
{
	const char *caller = arena_fmt(&l->arena, "%s %s", l->actor ? l->actor : "", l->peer ? l->peer : "");

	if (!caller || !c->refusals || !refusals_admit(c->refusals, caller, loop_now_ms(c->loop) + 1) ||
		later_push(c, l, NULL) != RC_OK)
		later_free(l);
}
