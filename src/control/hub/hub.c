#include "control/hub/hub.h"
#include "base/log.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/hub/deal.h"
#include "control/hub/inbox.h"
#include "control/hub/lanes.h"
#include "control/hub/push.h"
#include "io/clock.h"
#include "io/web.h"

#include <stdio.h>
#include <string.h>

#define AWAY_MIN_MS \
	200 /* agents that are sent away come back after this, and up to AWAY_EACH_MS for each of them more */
#define AWAY_EACH_MS 2
#define AWAY_MAX_MS  5000
#define TICK_MS      250
#define SCAN_MS      500   /* between two looks for tasks whose time has come, and for what agents are to be told */
#define RECONCILE_MS 60000 /* between two full comparisons with each agent */

static void count_agents(struct hub *h, const char *region_id)
{
	char labels[METRIC_LABELS_MAX];
	int64_t n = 0;

	list_each (at, next, &h->peers) {
		const struct peer *p = list_of(at, struct peer, all);
		n += p->up && !strcmp(p->region_id, region_id);
	}
	snprintf(labels, sizeof(labels), "%s\nconnected", region_id);
	metric_set(h->control->metrics, METRIC_AGENTS, labels, n);
}

static void count_frame(const struct hub *h, const char *dir, unsigned type)
{
	char labels[METRIC_LABELS_MAX];
	const char *name = tunnel_msg_name(type);

	snprintf(labels, sizeof(labels), "%s\n%s", dir, name ? name : "_other");
	metric_add(h->control->metrics, METRIC_TUNNEL_FRAMES, labels, 1);
}

static void come_up(struct peer *p)
{
	struct hub *h = p->hub;
	struct peer *old = peer_of(h, p->id);

	if (old && old != p) {
		old->up = false;
		lanes_hub_gone(old);
		map_take(&h->agents, old->id);
		peer_supersede(old);
	}
	p->up = map_put(&h->agents, p->id, p) == RC_OK;
	peer_watch(p);
	log_info(h->control->log, "agent connected agent=%s region=%s", p->id, p->region_id);
	count_agents(h, p->region_id);
	deal_wake(h);
	push_wake(h);
}

static void go_down(struct peer *p, int code, const char *why)
{
	struct hub *h = p->hub;
	char label[64];

	if (p->ended)
		return;
	p->ended = true;
	peer_unwatch(p);
	snprintf(p->why, sizeof(p->why), "%s", why ? why : "");
	if (code >= 4400) {
		snprintf(label, sizeof(label), "%d", code);
		metric_add(h->control->metrics, METRIC_TUNNEL_REJECTED, label, 1);
		log_warn(h->control->log, "tunnel closed agent=%s code=%d: %s", p->id, code, p->why);
		peer_breach(p, code);
	}
	if (!p->up)
		return;
	p->up = false;
	lanes_hub_gone(p);
	map_take(&h->agents, p->id);
	log_info(h->control->log, "agent disconnected agent=%s: %s", p->id, p->why);
	count_agents(h, p->region_id);
	inbox_gone(p);
}

/* Does one act. */
static void act(struct peer *p, const struct tunnel_act *a)
{
	switch (a->kind) {
	case TUNNEL_SEND:
		count_frame(p->hub, "out", a->n > 1 ? a->p[1] : 0);
		if (!web_socket_send(p->socket, a->p, a->n, true))
			tunnel_close(&p->tunnel, TUNNEL_LINK_TIMEOUT, "the agent reads too slowly");
		break;
	case TUNNEL_HELLO:
		inbox_hello(p, &a->msg->hello);
		break;
	case TUNNEL_UP:
		come_up(p);
		break;
	case TUNNEL_MESSAGE:
		count_frame(p->hub, "in", a->msg->type);
		p->heard_ms = loop_now_ms(p->hub->control->loop);
		inbox_message(p, a->msg);
		break;
	case TUNNEL_CLOSE:
		go_down(p, a->code, a->why);
		web_socket_close(p->socket, a->code, p->why);
		break;
	}
}

static void on_due(void *ctx)
{
	struct peer *p = ctx;
	tunnel_tick(&p->tunnel, loop_now_ms(p->hub->control->loop));
	peer_pump(p);
}

static void on_message(void *ctx, struct web_socket *s, const void *bytes, size_t n, bool binary)
{
	struct peer *p = ctx;
	(void)s;
	if (!binary) {
		tunnel_close(&p->tunnel, TUNNEL_LINK_TAMPER, "the tunnel is binary");
	} else {
		tunnel_feed(&p->tunnel, loop_now_ms(p->hub->control->loop), bytes, n);
	}
	peer_pump(p);
}

static void on_drain(void *ctx, struct web_socket *s)
{
	(void)s;
	peer_pump(ctx);
}

static void on_close(void *ctx, struct web_socket *s, int code, const char *why)
{
	struct peer *p = ctx;
	(void)s;
	(void)code;
	go_down(p, 0, why);
	list_remove(&p->all);
	p->hub->peers_n--;
	loop_timer_free(p->timer);
	tunnel_done(&p->tunnel);
	free(p->actions);
	free(p);
}

static void refuse(struct web_request *r, int status, const char *why)
{
	web_reply(r, status, (const struct web_header[]){ { "content-type", "text/plain; charset=utf-8" }, { 0 } },
		why, strlen(why));
}

const char *const hub_protocols[] = { TUNNEL_AUTH_NAME, NULL };

static bool speaks(const char *protocols) { return protocols && strstr(protocols, TUNNEL_AUTH_NAME) != NULL; }

static enum rc make_peer(struct hub *h, struct peer **ret)
{
	struct tunnel_conf conf = { .time_ms = clock_wall_ms(), .heartbeat_ms = h->control->conf->heartbeat_ms };
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		return RC_NOMEM;
	*p = (struct peer){ .hub = h, .epoch = ++h->epochs, .opened_ms = loop_now_ms(h->control->loop) };
	enum rc rc = loop_timer_new(h->control->loop, on_due, p, &p->timer);
	if (rc != RC_OK) {
		free(p);
		return rc;
	}
	clock_random(conf.nonce, sizeof(conf.nonce));
	clock_random(conf.ephemeral, sizeof(conf.ephemeral));
	memcpy(conf.identity, h->control->secrets.sign_secret, sizeof(conf.identity));
	tunnel_init(&p->tunnel, loop_now_ms(h->control->loop), &conf);
	explicit_bzero(&conf, sizeof(conf));
	*ret = p;
	return RC_OK;
}

int64_t hub_ahead_ms(void) { return clock_wall_ms() - (int64_t)clock_mono_ms(); }

void hub_accept(struct hub *h, struct web_request *r)
{
	const struct web_view *v = web_view(r);
	struct peer *p = NULL;

	if (strcmp(v->path, HUB_PATH) != 0 || !speaks(v->protocols)) {
		refuse(r, 400,
			"the one WebSocket here is " HUB_PATH " with the subprotocol " TUNNEL_AUTH_NAME "\n");
		return;
	}
	if (h->peers_n >= HUB_PEERS_MAX || atomic_load(&h->control->draining) || make_peer(h, &p) != RC_OK) {
		refuse(r, 503, "no room for another agent now; try again later\n");
		return;
	}
	if (v->cert_uri) {
		snprintf(p->cert, sizeof(p->cert), "%s", v->cert_uri);
		snprintf(p->cert_serial, sizeof(p->cert_serial), "%s", v->cert_serial);
	}
	const struct web_socket_on on = { .ctx = p, .message = on_message, .drain = on_drain, .close = on_close };
	list_append(&h->peers, &p->all);
	h->peers_n++;
	p->socket = web_accept(r, TUNNEL_AUTH_NAME, &on);
	if (p->socket)
		peer_pump(p);
	else
		on_close(p, NULL, 1006, "gone during the handshake");
}

/* They come back spread over some seconds, the more of them there are: not all in the moment in which somebody answers again. */
static void send_away(struct peer *p, int code, const char *reason, const char *why)
{
	struct hub *h = p->hub;
	size_t spread = h->peers_n * AWAY_EACH_MS < AWAY_MAX_MS ? h->peers_n * AWAY_EACH_MS : AWAY_MAX_MS;
	struct tunnel_msg m = { .type = TUNNEL_MSG_GOAWAY, .goaway = { .reason = reason } };
	uint32_t random;

	clock_random(&random, sizeof(random));
	m.goaway.retry_after_ms = AWAY_MIN_MS + random % (uint32_t)(spread + 1);
	if (p->up)
		peer_send(p, &m);
	tunnel_close(&p->tunnel, code, why);
	peer_pump(p);
}

static void send_all_away(struct hub *h, int code, const char *reason, const char *why)
{
	list_each (at, next, &h->peers)
		send_away(list_of(at, struct peer, all), code, reason, why);
}

void hub_close_all(struct hub *h) { send_all_away(h, 1001, "stopping", "the control plane stops"); }

void hub_renew_all(struct hub *h)
{
	send_all_away(h, 1012, "taken_for_dead", "the control plane was taken for dead");
}

/*
 * An agent counts on from the moment that its WELCOME told: when the clock was set since, all work would come too late to it, or be kept
 * too long. Each is held against its own moment: the clock may be set and set back between two looks.
 */
static void mind_clock(struct hub *h)
{
	int64_t ahead = hub_ahead_ms(), most = h->control->conf->lease_ms / 6;
	unsigned n = 0;

	list_each (at, next, &h->peers) {
		struct peer *p = list_of(at, struct peer, all);
		int64_t moved = ahead - p->ahead_ms;
		if (!p->session || (moved < most && moved > -most))
			continue;
		if (n++ == 0)
			log_warn(h->control->log, "the clock was set, agents have to come anew moved_ms=%lld",
				(long long)moved);
		p->ahead_ms = ahead; /* once */
		send_away(p, 1012, "clock_set", "the control plane's clock was set");
	}
}

static void on_tick(void *ctx)
{
	struct hub *h = ctx;
	uint64_t now = loop_now_ms(h->control->loop);

	mind_clock(h);
	if (now >= h->scan_ms) {
		h->scan_ms = now + SCAN_MS;
		deal_tasks(h);
		push_all(h);
	}
	if (now >= h->reconcile_ms) {
		h->reconcile_ms = now + RECONCILE_MS;
		deal_reconcile(h);
	}
	loop_timer_at(h->tick, now + TICK_MS);
}

enum rc hub_new(struct control *c, struct hub **ret_hub, struct fault *f)
{
	auto_of(hub) struct hub *h = calloc(1, sizeof(*h));
	if (!h)
		return RC_NOMEM;
	h->control = c;
	h->act = act;
	deal_init(h);
	push_init(h);
	h->epochs = clock_wall_ms(); /* so that epochs grow over restarts, too */
	list_init(&h->peers);
	enum rc rc = loop_timer_new(c->loop, on_tick, h, &h->tick);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for the hub");
	rc = lanes_hub_new(h, &h->lanes, f);
	if (rc != RC_OK)
		return rc;
	h->reconcile_ms = loop_now_ms(c->loop) + RECONCILE_MS;
	loop_timer_at(h->tick, loop_now_ms(c->loop) + TICK_MS);
	*ret_hub = take(h);
	return RC_OK;
}

void hub_free(struct hub *h)
{
	if (!h)
		return;
	lanes_hub_free(h->lanes);
	map_done(&h->agents);
	loop_timer_free(h->tick);
	free(h);
}
