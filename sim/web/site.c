#include "sim/web/site.h"

#include "base/list.h"
#include "io/web.h"
#include "sim/cm/cm.h"
#include "sim/web/drip.h"
#include "sim/web/tcp_site.h"
#include "sim/web/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER_ANSWERED_MS 3600000

static const struct web_limits limits = {
	.header_bytes = 16384,
	.body_bytes = 4 << 20,
	.connections = 20000,
	.head_ms = 10000,
	.body_ms = 20000,
	.idle_ms = 60000,
	.stream_bytes = 1 << 20,
	.socket_bytes = 256 << 20,
	.message_bytes = 16 << 20,
};

struct site {
	struct loop *loop;
	struct sim *sim;
	struct web_server *servers[SITE_CMS_MAX], *plain, *content[SIM_CDN_MAX];
	struct tcp_site *tcp; /* NULL: none */
	unsigned cms;
	char names[SITE_CMS_MAX][80];
	const char *endpoints[SITE_CMS_MAX];
	struct directory directory;
	struct list lines;   /* struct line */
	struct list waiting; /* struct waiting */
};

/* A client's WebSocket and the machine behind it. In site.lines. */
struct line {
	struct list node;
	struct site *site;
	struct web_socket *socket;
	struct cm *cm;
	struct loop_timer *timer;
};

/* A page whose answer comes late. In site.waiting. */
struct waiting {
	struct list node;
	struct site *site;
	struct web_request *request;
	struct answer answer;
	struct loop_timer *timer;
};

/* ---- connection managers ---- */

static void line_free(struct line *l)
{
	list_remove(&l->node);
	loop_timer_free(l->timer);
	cm_free(l->cm);
	free(l);
}

/* Sends what is due and sleeps until the next moment. */
static void pump(struct line *l)
{
	uint64_t now_ms = loop_now_ms(l->site->loop);
	struct cm_act a;

	cm_tick(l->cm, now_ms);
	while (l->socket && cm_next(l->cm, now_ms, &a)) {
		if (a.kind == CM_SEND)
			web_socket_send(l->socket, a.p, a.n, true);
		else
			web_socket_close(l->socket, WEB_CLOSE_NORMAL, a.why);
	}
	loop_timer_at(l->timer, cm_due(l->cm));
}

/* Another connection made this one have something to say: in the loop's next turn. */
static void woken(void *ctx)
{
	struct line *l = ctx;
	loop_timer_at(l->timer, loop_now_ms(l->site->loop));
}

static void on_timer(void *ctx) { pump(ctx); }

static void on_message(void *ctx, struct web_socket *s, const void *p, size_t n, bool binary)
{
	struct line *l = ctx;
	(void)s;
	if (!binary)
		return;
	cm_feed(l->cm, loop_now_ms(l->site->loop), p, n);
	pump(l);
}

static void on_close(void *ctx, struct web_socket *s, int code, const char *why)
{
	struct line *l = ctx;
	(void)s;
	(void)code;
	(void)why;
	l->socket = NULL;
	line_free(l);
}

static void on_open(void *ctx, struct web_socket *s)
{
	(void)s;
	pump(ctx);
}

static void upgrade(struct site *s, struct web_request *r)
{
	struct effect e = sim_count(s->sim, REQUEST_CONNECT);

	if (e.http || strcmp(web_view(r)->path, "/cmsocket/") != 0) {
		web_reply(r, e.http ? (int)e.http : 404, NULL, "", 0);
		return;
	}
	struct line *l = calloc(1, sizeof(*l));
	if (!l) {
		web_reply(r, 503, NULL, "", 0);
		return;
	}
	list_append(&s->lines, &l->node);
	l->site = s;
	l->cm = cm_new(s->sim, e, loop_now_ms(s->loop));
	if (!l->cm || loop_timer_new(s->loop, on_timer, l, &l->timer) != RC_OK) {
		web_reply(r, 503, NULL, "", 0);
		line_free(l);
		return;
	}
	cm_peer(l->cm, web_view(r)->peer);
	cm_on_wake(l->cm, woken, l);
	log_info(s->sim->log, "client connected conn=%u peer=%s tls=%d", s->sim->last_conn, web_view(r)->peer,
		web_view(r)->tls);
	l->socket = web_accept(r, NULL,
		&(struct web_socket_on){ .ctx = l, .open = on_open, .message = on_message, .close = on_close });
	if (!l->socket) {
		line_free(l);
		return;
	}
	loop_timer_at(l->timer, loop_now_ms(s->loop));
}

/* ---- pages ---- */

static void reply(struct site *s, struct web_request *r, struct answer *a)
{
	struct web_header headers[ASK_HEADERS_MAX + 2] = { { "content-type", a->type ? a->type : "text/plain" } };

	for (unsigned i = 0; i < a->headers_n; i++)
		headers[i + 1] = (struct web_header){ a->headers[i].name, a->headers[i].value };
	if (a->cut)
		web_cut(r, a->body.p, a->body.n);
	else if (a->drip_ms)
		drip_begin(s->loop, r, headers, &a->body, a->drip_ms);
	else
		web_reply(r, a->status, headers, a->body.p, a->body.n);
	answer_done(a);
}

static void waited(void *ctx)
{
	struct waiting *w = ctx;
	list_remove(&w->node);
	reply(w->site, w->request, &w->answer);
	loop_timer_free(w->timer);
	free(w);
}

struct deed {
	const struct directory_answer *what;
	uint64_t now_ms;
};

static void act_on(struct cm *c, void *ctx)
{
	const struct deed *d = ctx;
	if (d->what->act == DIRECTORY_KICK)
		cm_kick(c, d->now_ms, d->what->eresult);
	else if (d->what->act == DIRECTORY_CUT)
		cm_cut(c);
	else
		cm_freeze(c);
}

/* One after the other: the loop's next turn closes those that are to be closed. */
static void act_on_all(struct site *s, const struct directory_answer *a)
{
	struct deed deed = { a, loop_now_ms(s->loop) };
	if (a->act == DIRECTORY_NOTHING)
		return;
	list_each (at, after, &s->lines) {
		struct line *l = list_of(at, struct line, node);
		act_on(l->cm, &deed);
		loop_timer_at(l->timer, deed.now_ms);
	}
	if (s->tcp)
		tcp_site_each(s->tcp, act_on, &deed);
}

static void on_request(void *ctx, struct web_request *r)
{
	struct site *s = ctx;
	const struct web_view *v = web_view(r);
	struct answer a = { 0 };

	if (v->upgrade) {
		upgrade(s, r);
		return;
	}
	struct directory_answer did = visit(&s->directory, r, &a);
	act_on_all(s, &did);
	uint32_t wait_ms = a.drop ? NEVER_ANSWERED_MS : a.latency_ms;
	struct waiting *w = wait_ms ? calloc(1, sizeof(*w)) : NULL;
	if (!w || loop_timer_new(s->loop, waited, w, &w->timer) != RC_OK) {
		free(w);
		reply(s, r, &a);
		return;
	}
	w->site = s;
	w->request = r;
	w->answer = a;
	list_append(&s->waiting, &w->node);
	loop_timer_at(w->timer, loop_now_ms(s->loop) + wait_ms);
}

static void on_refused(void *ctx, const char *peer, int status, const char *why)
{
	struct site *s = ctx;
	log_warn(s->sim->log, "page refused peer=%s status=%d why=\"%s\"", peer, status, why);
}

/* ---- the whole ---- */

static enum rc serve(struct site *s, const struct site_conf *conf, uint16_t port, bool tls, struct web_server **ret,
	struct fault *f)
{
	return web_server_new(s->loop,
		&(struct web_server_conf){
			.host = conf->host,
			.port = port,
			.tls_cert = tls ? conf->tls_cert : NULL,
			.tls_key = tls ? conf->tls_key : NULL,
			.limits = limits,
			.ctx = s,
			.on_request = on_request,
			.on_refused = on_refused,
		},
		ret, f);
}

static void name_content(struct site *s, const char *host, const struct web_server *server)
{
	struct sim *sim = s->sim;
	snprintf(sim->cdn_hosts[sim->cdn_hosts_n++], sizeof(sim->cdn_hosts[0]), "%s:%u", host,
		web_server_port(server));
}

/* The plain server, and others like it: each is a content server of its own. */
static enum rc serve_content(struct site *s, const struct site_conf *conf, struct fault *f)
{
	s->sim->cdn_hosts_n = 0;
	name_content(s, conf->host, s->plain);
	for (unsigned i = 1; i < conf->content && i < SIM_CDN_MAX; i++) {
		enum rc rc = serve(s, conf, 0, false, &s->content[i], f);
		if (rc != RC_OK)
			return rc;
		name_content(s, conf->host, s->content[i]);
	}
	return RC_OK;
}

enum rc site_new(struct loop *l, const struct site_conf *conf, struct site **ret_site, struct fault *f)
{
	if (conf->cms == 0 || conf->cms > SITE_CMS_MAX)
		return fault_set(
			f, RC_INVALID, "%u connection managers: there are 1 to %d", conf->cms, SITE_CMS_MAX);
	auto_of(site) struct site *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(f, RC_NOMEM, "no memory for the servers");
	list_init(&s->lines);
	list_init(&s->waiting);
	s->loop = l;
	s->sim = conf->sim;
	for (s->cms = 0; s->cms < conf->cms; s->cms++) {
		unsigned i = s->cms;
		enum rc rc = serve(s, conf, i ? 0 : conf->port, true, &s->servers[i], f);
		if (rc != RC_OK)
			return rc;
		snprintf(s->names[i], sizeof(s->names[i]), "%s:%u", conf->host, web_server_port(s->servers[i]));
		s->endpoints[i] = s->names[i];
	}
	if (conf->plain_port >= 0) {
		enum rc rc = serve(s, conf, (uint16_t)conf->plain_port, false, &s->plain, f);
		if (rc != RC_OK)
			return rc;
	}
	enum rc rc = s->plain ? serve_content(s, conf, f) : RC_OK;
	if (rc != RC_OK)
		return rc;
	s->directory = (struct directory){ .sim = s->sim, .endpoints = s->endpoints, .endpoints_n = s->cms };
	if (conf->tcp) {
		rc = tcp_site_new(
			l, &(struct tcp_site_conf){ s->sim, conf->host, conf->tcp, conf->tcp_key }, &s->tcp, f);
		if (rc != RC_OK)
			return rc;
		s->directory.tcp = tcp_site_endpoints(s->tcp, &s->directory.tcp_n);
	}
	*ret_site = take(s);
	return RC_OK;
}

void site_free(struct site *s)
{
	if (!s)
		return;
	list_each (at, after, &s->waiting) {
		waited(list_of(at, struct waiting, node));
	}
	/* A server closes its sockets, and their on_close frees the lines. */
	for (unsigned i = 0; i < SITE_CMS_MAX; i++)
		web_server_free(s->servers[i]);
	web_server_free(s->plain);
	for (unsigned i = 0; i < SIM_CDN_MAX; i++)
		web_server_free(s->content[i]);
	tcp_site_free(s->tcp);
	list_each (at, after, &s->lines) {
		line_free(list_of(at, struct line, node));
	}
	free(s);
}

uint16_t site_port(const struct site *s, unsigned cm) { return web_server_port(s->servers[cm]); }
uint16_t site_plain_port(const struct site *s) { return s->plain ? web_server_port(s->plain) : 0; }
