#include "control/pki/trust.h"
#include "base/log.h"
#include "control/pki/authorities.h"
#include "control/reader.h"
#include "control/writer.h"
#include "io/loop.h"
#include "io/web.h"

#include <string.h>

struct trust {
	struct control *control;
	struct loop_timer *timer;
	struct write write; /* the first authority */
	struct read read;
	bool busy, made;
	enum rc rc;
	struct buf seen, now; /* what the listener believes; what was read */
};

static void again(struct trust *t, uint64_t in_ms)
{
	loop_timer_at(t->timer, loop_now_ms(t->control->loop) + in_ms);
}

static enum rc make_first(struct write *w, struct tx *tx)
{
	(void)w;
	return authorities_first(tx);
}

static void on_made(struct write *w)
{
	struct trust *t = (struct trust *)(void *)((char *)w - offsetof(struct trust, write));

	t->busy = false;
	t->made = w->rc == RC_OK;
	if (!t->made)
		log_warn(t->control->log, "no certificate authority yet: %s", w->fault.text);
	again(t, t->made ? 0 : TRUST_MS);
}

static void look(struct read *r, struct tx *tx)
{
	struct trust *t = (struct trust *)(void *)((char *)r - offsetof(struct trust, read));

	t->now.n = 0;
	t->rc = authorities_trusted(tx, &t->now);
}

static void apply(struct trust *t)
{
	struct web_trust *trusted = NULL;
	struct fault f = { 0 };
	struct buf before = t->seen;

	if (t->now.n == before.n && (t->now.n == 0 || !memcmp(t->now.p, before.p, before.n)))
		return;
	enum rc rc = web_trust_new(buf_text(&t->now), &trusted, &f);
	if (rc != RC_OK) {
		log_error(t->control->log, "clients' certificates are believed as before: %s", f.text);
		return;
	}
	web_server_trust(t->control->server, trusted);
	t->seen = t->now;
	t->now = before;
	log_info(t->control->log, "certificate authorities trusted bytes=%zu", t->seen.n);
}

static void on_looked(struct read *r)
{
	struct trust *t = (struct trust *)(void *)((char *)r - offsetof(struct trust, read));

	t->busy = false;
	if (t->rc == RC_OK)
		apply(t);
	again(t, TRUST_MS);
}

static void on_time(void *ctx)
{
	struct trust *t = ctx;

	if (t->busy)
		return;
	if (!t->made) {
		t->write = (struct write){ .control = t->control, .run = make_first, .done = on_made };
		t->busy = writer_push(&t->write) == RC_OK;
	} else {
		t->read = (struct read){ .control = t->control, .run = look, .done = on_looked };
		t->busy = reader_push(&t->read) == RC_OK;
	}
	if (!t->busy)
		again(t, TRUST_MS);
}

enum rc trust_new(struct control *c, struct trust **ret, struct fault *f)
{
	*ret = NULL;
	if (c->conf->agent_certs == CONTROL_CERTS_OFF)
		return RC_OK;
	if (!c->conf->tls_cert)
		return fault_set(f, RC_INVALID,
			"server.agent_certs needs TLS: set server.tls_cert and server.tls_key, or agent_certs to "
			"off");
	auto_of(trust) struct trust *t = calloc(1, sizeof(*t));
	if (!t)
		return RC_NOMEM;
	t->control = c;
	enum rc rc = loop_timer_new(c->loop, on_time, t, &t->timer);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for certificate authorities");
	again(t, 0);
	*ret = take(t);
	return RC_OK;
}

void trust_free(struct trust *t)
{
	if (!t)
		return;
	loop_timer_free(t->timer);
	buf_done(&t->seen);
	buf_done(&t->now);
	free(t);
}
