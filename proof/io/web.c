/* web, at the level of messages: what a server is asked and answers, streams, and WebSockets of both ends. */
#include "io/web.h"
#include "io/loop.h"
#include "io/web_url.h"
#include "proof/net.h"
#include "proof/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE_US (3 * SIM_SECOND) /* what the other end may take to answer a close */
#define LOST     1006

struct web_server {
	struct net_door door;
	struct web_server_conf conf;
	struct machine *m;
	bool draining;
	size_t open;
};

struct web_request {
	struct web_view view;
	const struct net_note *note;
	struct net_note *own; /* the note's copy: the note is its connection's */
	struct net_end *end;  /* NULL: the client is gone */
	struct web_server *server;
	void *owner;
};

struct web_stream {
	struct net_end *end;
	struct web_server *server;
	struct web_stream_on on;
	size_t max;
	bool closing;
};

struct web_socket {
	struct net_end *end;
	struct web_socket_on on;
	struct web_server *server; /* NULL: it was dialled */
	struct loop *loop;
	struct loop_timer *timer; /* of the dial, then of the close */
	size_t max;
	bool open, closing, closed;
	int code;
	char why[128];
	struct loop_job job;
};

/* ---- requests ---- */

static struct net_note *steal(const struct net_note *n)
{
	struct net_note *own = net_note_new(n->kind);
	struct net_note *from = (struct net_note *)n;

	*own = *from;
	own->next = NULL;
	from->method = from->path = from->query = from->text = NULL;
	from->fields_n = 0;
	from->body = (struct buf){ 0 };
	return own;
}

static void request_got(void *ctx, struct net_end *e, const struct net_note *n)
{
	(void)ctx, (void)e, (void)n; /* a client says one thing on a connection */
}

static void request_lost(void *ctx, struct net_end *e, const char *why)
{
	struct web_request *r = ctx;
	(void)e, (void)why;
	r->server->open--;
	r->end = NULL;
}

static void come(void *ctx, struct net_end *e, const struct net_note *ask)
{
	struct web_server *s = ctx;
	struct web_request *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->own = steal(ask);
	r->server = s;
	r->end = e;
	e->on = (struct net_on){ .ctx = r, .got = request_got, .lost = request_lost };
	s->open++;
	r->view = (struct web_view){ .method = r->own->method,
		.path = r->own->path,
		.query = r->own->query ? r->own->query : "",
		.body = buf_text(&r->own->body),
		.body_n = r->own->body.n,
		.peer = e->other->m->name,
		.upgrade = r->own->upgrade,
		.protocols = r->own->text };
	s->conf.on_request(s->conf.ctx, r);
}

const struct web_view *web_view(const struct web_request *r) { return &r->view; }
const char *web_header(const struct web_request *r, const char *name) { return net_note_get(r->own, name); }
bool web_gone(const struct web_request *r) { return !r->end; }
void web_request_set(struct web_request *r, void *owner) { r->owner = owner; }
void *web_request_get(const struct web_request *r) { return r->owner; }

/* Its owner goes: news that are under way are nobody's. */
static void detach(struct net_end *e) { e->on = (struct net_on){ 0 }; }

static void request_free(struct web_request *r)
{
	net_note_free(r->own);
	free(r);
}

static struct net_note *answer(int status, const struct web_header *headers, const void *body, size_t n)
{
	struct net_note *note = net_note_new(NET_REPLY);
	note->code = status;
	for (; headers && headers->name; headers++)
		net_note_field(note, headers->name, headers->value);
	buf_put(&note->body, body, n);
	return note;
}

void web_reply(struct web_request *r, int status, const struct web_header *headers, const void *body, size_t n)
{
	if (r->end) {
		net_send(r->end, answer(status, headers, body, n));
		net_close(r->end);
		detach(r->end);
		r->server->open--;
	}
	request_free(r);
}

void web_cut(struct web_request *r, const void *p, size_t n)
{
	(void)p, (void)n;
	if (r->end) {
		net_abort(r->end);
		detach(r->end);
		r->server->open--;
	}
	request_free(r);
}

/* ---- the server ---- */

enum rc web_server_new(
	struct loop *l, const struct web_server_conf *conf, struct web_server **ret_server, struct fault *f)
{
	struct web_server *s = calloc(1, sizeof(*s));
	(void)f;

	if (!s)
		return RC_NOMEM;
	s->conf = *conf;
	s->m = sim_me();
	s->door = (struct net_door){ l, s, come };
	s->m->door = &s->door;
	*ret_server = s;
	return RC_OK;
}

uint16_t web_server_port(const struct web_server *s) { return s->conf.port; }
size_t web_server_open(const struct web_server *s) { return s->open; }

void web_server_drain(struct web_server *s)
{
	s->draining = true;
	s->m->door = NULL;
}

void web_server_free(struct web_server *s)
{
	if (!s)
		return;
	s->m->door = NULL;
	free(s);
}

/* ---- streams ---- */

static void stream_over(struct web_stream *s)
{
	s->server->open--;
	detach(s->end);
	if (s->on.close)
		s->on.close(s->on.ctx, s);
	free(s);
}

static void stream_got(void *ctx, struct net_end *e, const struct net_note *n)
{
	if (n->kind != NET_SHUT)
		return;
	net_close(e);
	stream_over(ctx);
}

static void stream_lost(void *ctx, struct net_end *e, const char *why)
{
	(void)e, (void)why;
	stream_over(ctx);
}

static void stream_drained(void *ctx, struct net_end *e)
{
	struct web_stream *s = ctx;
	(void)e;
	if (!s->closing && s->on.drain)
		s->on.drain(s->on.ctx, s);
}

struct web_stream *web_stream(
	struct web_request *r, const struct web_header *headers, const struct web_stream_on *on)
{
	struct web_stream *s = NULL;

	if (r->end) {
		s = calloc(1, sizeof(*s));
		if (!s)
			abort();
		s->end = r->end;
		s->server = r->server;
		s->on = *on;
		s->max = r->server->conf.limits.stream_bytes ? r->server->conf.limits.stream_bytes : 1 << 18;
		s->end->on = (struct net_on){ s, stream_got, stream_drained, stream_lost };
		net_send(s->end, answer(200, headers, NULL, 0));
	}
	request_free(r);
	return s;
}

static void on_stream_shut(void *a, uint64_t b);

void web_stream_close(struct web_stream *s)
{
	if (s->closing)
		return;
	s->closing = true;
	struct net_note *n = net_note_new(NET_SHUT);
	net_send(s->end, n);
	sim_in(SIM_MS, on_stream_shut, s->end, s->end->m->life);
}

struct shut {
	struct loop_job job;
	struct net_end *end;
};

static void run_stream_shut(struct loop_job *job)
{
	struct shut *shut = (struct shut *)(void *)job;
	if (!shut->end->gone) {
		net_close(shut->end);
		stream_over(shut->end->on.ctx);
	}
	free(shut);
}

/* `close` is told on the loop, never from within web_stream_close. */
static void on_stream_shut(void *a, uint64_t b)
{
	struct net_end *e = a;
	if (e->gone || e->m->life != b)
		return;
	struct shut *shut = calloc(1, sizeof(*shut));
	if (!shut)
		abort();
	shut->job.run = run_stream_shut;
	shut->end = e;
	loop_post(e->loop, &shut->job);
}

bool web_stream_write(struct web_stream *s, const void *p, size_t n)
{
	if (s->closing)
		return false;
	if (net_queued(s->end) + n > s->max) {
		web_stream_close(s);
		return false;
	}
	struct net_note *note = net_note_new(NET_BYTES);
	buf_put(&note->body, p, n);
	net_send(s->end, note);
	return true;
}

size_t web_stream_queued(const struct web_stream *s) { return net_queued(s->end); }

/* ---- WebSockets ---- */

static void socket_over(struct web_socket *s, int code, const char *why)
{
	if (s->closed)
		return;
	s->closed = true;
	if (s->server)
		s->server->open--;
	loop_timer_free(s->timer);
	s->timer = NULL;
	if (!s->end->gone)
		net_close(s->end);
	detach(s->end);
	if (s->on.close)
		s->on.close(s->on.ctx, s, code, why ? why : "");
	free(s);
}

static void socket_got(void *ctx, struct net_end *e, const struct net_note *n)
{
	struct web_socket *s = ctx;

	if (n->kind == NET_OPEN && !s->open) {
		s->open = true;
		loop_timer_at(s->timer, UINT64_MAX);
		if (!s->closing && s->on.open)
			s->on.open(s->on.ctx, s);
	} else if (n->kind == NET_BYTES && s->open && !s->closing) {
		s->on.message(s->on.ctx, s, n->body.p, n->body.n, n->binary);
	} else if (n->kind == NET_REPLY) { /* the server does not want it */
		net_close(e);
		socket_over(s, LOST, "the other end refused the WebSocket");
	} else if (n->kind == NET_SHUT) {
		if (!s->closing) {
			struct net_note *back = net_note_new(NET_SHUT);
			back->code = n->code;
			net_send(e, back);
		}
		socket_over(s, s->closing ? s->code : n->code, s->closing ? s->why : n->text);
	}
}

static void socket_drained(void *ctx, struct net_end *e)
{
	struct web_socket *s = ctx;
	(void)e;
	if (s->open && !s->closing && s->on.drain)
		s->on.drain(s->on.ctx, s);
}

static void socket_lost(void *ctx, struct net_end *e, const char *why)
{
	struct web_socket *s = ctx;
	(void)e;
	socket_over(s, s->closing ? s->code : LOST, s->closing ? s->why : why);
}

/* The dial, or the answer to a close, takes too long. */
static void on_timer(void *ctx)
{
	struct web_socket *s = ctx;
	if (!s->end->gone)
		net_abort(s->end);
	socket_over(s, s->closing ? s->code : LOST, s->closing ? s->why : "timed out");
}

static struct web_socket *socket_new(struct loop *l, const struct web_socket_on *on, size_t max)
{
	struct web_socket *s = calloc(1, sizeof(*s));
	if (!s || loop_timer_new(l, on_timer, s, &s->timer) != RC_OK)
		abort();
	s->loop = l;
	s->on = *on;
	s->max = max;
	return s;
}

struct web_socket *web_accept(struct web_request *r, const char *protocol, const struct web_socket_on *on)
{
	struct web_socket *s = NULL;
	(void)protocol;

	if (r->end) {
		size_t max = r->server->conf.limits.socket_bytes;
		s = socket_new(r->server->door.loop, on, max ? max : 1 << 20);
		s->server = r->server;
		s->end = r->end;
		s->open = true;
		s->end->on = (struct net_on){ s, socket_got, socket_drained, socket_lost };
		net_send(s->end, net_note_new(NET_OPEN));
	}
	request_free(r);
	return s;
}

enum rc web_dial(struct loop *l, const struct web_dial *how, struct web_socket **ret_socket, struct fault *f)
{
	struct web_url url = { 0 };
	enum rc rc = web_url_split(how->url, &url, f);

	if (rc == RC_OK) {
		struct web_socket *s =
			socket_new(l, &how->on, how->limits.socket_bytes ? how->limits.socket_bytes : 1 << 20);
		struct net_note *ask = net_note_new(NET_ASK);
		const struct net_on on = { s, socket_got, socket_drained, socket_lost };
		ask->upgrade = true;
		ask->method = strdup("GET");
		ask->path = strdup(url.path);
		ask->text = how->protocol ? strdup(how->protocol) : NULL;
		s->end = net_dial(sim_me(), url.host, ask, l, &on);
		loop_timer_at(s->timer, loop_now_ms(l) + (how->connect_ms ? how->connect_ms : 20000));
		*ret_socket = s;
	}
	web_url_done(&url);
	return rc;
}

size_t web_socket_queued(const struct web_socket *s) { return net_queued(s->end); }

bool web_socket_send(struct web_socket *s, const void *p, size_t n, bool binary)
{
	if (s->closing)
		return false;
	if (net_queued(s->end) + n > s->max) {
		web_socket_close(s, WEB_CLOSE_SLOW, "the other end does not take what is sent");
		return false;
	}
	struct net_note *note = net_note_new(NET_BYTES);
	note->binary = binary;
	buf_put(&note->body, p, n);
	net_send(s->end, note);
	return true;
}

void web_socket_close(struct web_socket *s, int code, const char *why)
{
	if (s->closing)
		return;
	s->closing = true;
	s->code = code;
	snprintf(s->why, sizeof(s->why), "%s", why ? why : "");
	struct net_note *n = net_note_new(NET_SHUT);
	n->code = code;
	n->text = strdup(s->why);
	net_send(s->end, n);
	loop_timer_at(s->timer, loop_now_ms(s->loop) + CLOSE_US / SIM_MS);
}

/* ---- what needs TLS: there is none in the simulation ---- */

enum rc web_trust_new(const char *pem, struct web_trust **ret_trust, struct fault *f)
{
	(void)pem;
	(void)ret_trust;
	return fault_set(f, RC_INVALID, "there is no TLS here");
}
void web_trust_free(struct web_trust *t) { (void)t; }
void web_server_trust(struct web_server *s, struct web_trust *take_trust)
{
	(void)s;
	(void)take_trust;
}

void web_stream_cut(struct web_stream *s) { web_stream_close(s); }
void web_socket_cut(struct web_socket *s) { web_socket_close(s, WEB_CLOSE_GOING, "cut"); }
