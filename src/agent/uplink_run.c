#include "agent/uplink_run.h"

#include "agent/badge.h"
#include "base/arena.h"
#include "base/hush.h"
#include "base/log.h"
#include "flow/tunnel_link.h"
#include "flow/uplink.h"
#include "io/clock.h"
#include "io/failpoint.h"
#include "io/loop.h"
#include "io/web.h"
#include "wire/tunnel_frame.h"
#include "wire/tunnel_msg.h"

#include <string.h>

#define FULL_BYTES   (128u << 10) /* queued in the socket: the machine is not asked for more until that is gone */
#define SOCKET_BYTES (4u << 20)
#define CONNECT_MS   10000

/* What the socket's callbacks are given: it lives until the socket is closed, which may be after its owner's end. */
struct line {
	struct uplink_run *run; /* NULL: gone */
};

struct uplink_run {
	struct uplink_run_conf conf;
	struct line *line;
	struct loop_timer *timer; /* of the machine, or of the next dial */
	struct loop_timer *lease; /* of `silent` */
	uint64_t renewed_ms;      /* as the machine's; outlives the connection */
	uint32_t term_ms;         /* two thirds of a lease; 0: there was no WELCOME yet */
	bool told;                /* `silent` was */
	struct badge *badge;      /* NULL: plain */
	struct web_socket *socket;
	bool open; /* the socket is; machine is alive */
	bool up;   /* between `up` and `down` */
	bool busy; /* inside pump */
	bool leaving;
	struct uplink machine;
	unsigned failures;
	uint32_t retry_after_ms;
};

static uint64_t now_of(const struct uplink_run *r) { return loop_now_ms(r->conf.loop); }

static void hello(struct uplink_run *r)
{
	struct arena a = { 0 };
	struct tunnel_msg_hello m = { 0 };

	r->conf.on.hello(r->conf.on.ctx, &m, &a);
	uplink_hello(&r->machine, now_of(r), &m);
	arena_done(&a);
}

/* For calls from outside: the next turn of the loop goes on. So no callback comes from within a send. */
static void pump_soon(struct uplink_run *r)
{
	if (r->open && !r->busy)
		loop_timer_at(r->timer, now_of(r));
}

/* ---- how long the leases last ---- */

static uint64_t lease_end(const struct uplink_run *r) { return r->renewed_ms + r->term_ms; }

static void watch_lease(struct uplink_run *r, uint32_t lease_ms)
{
	r->term_ms = (uint32_t)((uint64_t)lease_ms * 2 / 3);
	r->renewed_ms = r->machine.renewed_ms;
	r->told = false;
	loop_timer_at(r->lease, lease_end(r));
}

/* The timer is not moved at each word that comes: it looks when it fires. */
static void on_lease(void *ctx)
{
	struct uplink_run *r = ctx;

	if (now_of(r) < lease_end(r)) {
		loop_timer_at(r->lease, lease_end(r));
		return;
	}
	r->told = true;
	r->conf.on.silent(r->conf.on.ctx);
	if (!r->open)
		return;
	/* What was given up comes back with the next WELCOME. */
	uplink_close(&r->machine, TUNNEL_LINK_TIMEOUT, "the leases could not be renewed");
	pump_soon(r);
}

/* Words that waited while this process stood still are old: a lease that ended meanwhile is over, whatever they say. */
static void hear(struct uplink_run *r)
{
	if (r->up && !r->told && now_of(r) >= lease_end(r))
		on_lease(r);
}

static void act(struct uplink_run *r, const struct uplink_act *a)
{
	switch (a->kind) {
	case UPLINK_SEND:
		(void)web_socket_send(r->socket, a->p, a->n, true); /* full: it closes and says so */
		break;
	case UPLINK_ASKED:
		hello(r);
		break;
	case UPLINK_UP:
		r->up = true;
		r->failures = 0;
		r->retry_after_ms = 0;
		log_info(r->conf.log, "control plane connected session=%s", a->msg->welcome.session_id);
		watch_lease(r, a->msg->welcome.lease_ms);
		r->conf.on.up(r->conf.on.ctx, &a->msg->welcome);
		break;
	case UPLINK_MESSAGE:
		if (a->msg->type == TUNNEL_MSG_GOAWAY)
			r->retry_after_ms = a->msg->goaway.retry_after_ms;
		r->conf.on.message(r->conf.on.ctx, a->msg);
		break;
	case UPLINK_CLOSE:
		if (!r->leaving)
			log_warn(r->conf.log, "control plane left code=%d: %s", a->code, a->why);
		web_socket_close(r->socket, a->code, a->why);
		break;
	}
}

/* Does what the machine wants done. What a callback sends, the loop here takes out too. */
static void pump(struct uplink_run *r)
{
	struct uplink_act a;

	if (!r->open)
		return;
	r->busy = true;
	while (r->open && web_socket_queued(r->socket) < FULL_BYTES && uplink_next(&r->machine, &a))
		act(r, &a);
	r->busy = false;
	if (r->open)
		loop_timer_at(r->timer, uplink_due(&r->machine));
}

static void on_open(void *ctx, struct web_socket *socket)
{
	struct uplink_run *r = ((struct line *)ctx)->run;
	struct uplink_conf conf = { 0 };

	(void)socket;
	if (!r)
		return;
	conf.agent_id = r->conf.agent_id;
	memcpy(conf.identity, r->conf.identity, TUNNEL_AUTH_KEY);
	memcpy(conf.control, r->conf.control, TUNNEL_AUTH_KEY);
	clock_random(conf.ephemeral, sizeof(conf.ephemeral));
	clock_random(&conf.seed, sizeof(conf.seed));
	uplink_init(&r->machine, now_of(r), &conf);
	hush_wipe(&conf, sizeof(conf));
	r->open = true;
	pump(r);
}

static void on_message(void *ctx, struct web_socket *socket, const void *p, size_t n, bool binary)
{
	struct uplink_run *r = ((struct line *)ctx)->run;

	(void)socket;
	if (!r || !r->open)
		return;
	hear(r);
	if (binary)
		uplink_feed(&r->machine, now_of(r), p, n);
	else
		uplink_close(&r->machine, TUNNEL_LINK_TAMPER, "the tunnel is binary");
	pump(r);
	if (r->up && !r->told)
		r->renewed_ms = r->machine.renewed_ms;
}

static void on_drain(void *ctx, struct web_socket *socket)
{
	struct uplink_run *r = ((struct line *)ctx)->run;
	(void)socket;
	if (!r)
		return;
	pump(r);
	if (r->up)
		r->conf.on.drain(r->conf.on.ctx);
}

static void plan_dial(struct uplink_run *r, int code)
{
	uint32_t random;
	clock_random(&random, sizeof(random));
	uint32_t wait = uplink_wait_ms(r->failures++, code, r->retry_after_ms, random);
	loop_timer_at(r->timer, now_of(r) + wait);
}

static void on_close(void *ctx, struct web_socket *socket, int code, const char *why)
{
	struct line *l = ctx;
	struct uplink_run *r = l->run;

	(void)socket;
	free(l);
	if (!r)
		return;
	bool was_up = r->up;
	r->line = NULL;
	r->socket = NULL;
	if (r->open) {
		code = r->machine.link.code ? r->machine.link.code : code;
		uplink_done(&r->machine);
	}
	r->open = r->up = false;
	loop_timer_at(r->timer, UINT64_MAX);
	if (was_up)
		r->conf.on.down(r->conf.on.ctx);
	else if (r->badge)
		badge_renew(r->badge);
	if (r->leaving)
		return;
	log_warn(r->conf.log, "control plane not connected code=%d: %s", code, why);
	plan_dial(r, code);
}

static void dial(struct uplink_run *r)
{
	struct fault f = { .text = "no memory" };
	struct line *l = calloc(1, sizeof(*l));
	const struct web_dial how = { .url = r->conf.url,
		.protocol = TUNNEL_AUTH_NAME,
		.tls_ca = r->conf.ca_file,
		.badge = r->badge ? badge_shown(r->badge) : NULL,
		.http_proxy = r->conf.http_proxy,
		.connect_ms = CONNECT_MS,
		.limits = { .socket_bytes = SOCKET_BYTES, .message_bytes = TUNNEL_FRAME_MAX },
		.on = { .ctx = l, .open = on_open, .message = on_message, .drain = on_drain, .close = on_close } };

	if (l && web_dial(r->conf.loop, &how, &r->socket, &f) == RC_OK) {
		l->run = r;
		r->line = l;
		return;
	}
	free(l);
	log_error(r->conf.log, "control plane not dialled: %s", f.text);
	plan_dial(r, 0);
}

static void on_timer(void *ctx)
{
	struct uplink_run *r = ctx;

	if (r->open) {
		uplink_tick(&r->machine, now_of(r));
		pump(r);
	} else if (!r->socket && !r->leaving) {
		dial(r);
	}
}

/* A certificate, or word that there is none. */
static void dial_now(void *ctx)
{
	struct uplink_run *r = ctx;
	loop_timer_at(r->timer, now_of(r));
}

static enum rc make_badge(struct uplink_run *r, struct fault *f)
{
	const struct badge_conf conf = { .loop = r->conf.loop,
		.errands = r->conf.errands,
		.log = r->conf.log,
		.server_url = r->conf.server_url,
		.ca_file = r->conf.ca_file,
		.http_proxy = r->conf.http_proxy,
		.agent_id = r->conf.agent_id,
		.secret = r->conf.identity,
		.ctx = r,
		.first = dial_now };
	return badge_new(&conf, &r->badge, f);
}

enum rc uplink_run_new(const struct uplink_run_conf *conf, struct uplink_run **ret_run, struct fault *f)
{
	struct uplink_run *r = calloc(1, sizeof(*r));
	if (!r)
		return RC_NOMEM;
	r->conf = *conf;
	if (loop_timer_new(conf->loop, on_timer, r, &r->timer) != RC_OK ||
		loop_timer_new(conf->loop, on_lease, r, &r->lease) != RC_OK) {
		loop_timer_free(r->timer);
		free(r);
		return fault_set(f, RC_NOMEM, "no memory for the connection to the control plane");
	}
	loop_timer_first(
		r->lease); /* before anything that waited is done for an account that is another's by now */
	enum rc rc = strncmp(conf->url, "wss://", 6) != 0 ? RC_OK : make_badge(r, f);
	if (rc != RC_OK) {
		uplink_run_free(r);
		return rc;
	}
	if (r->badge)
		badge_begin(r->badge);
	else
		dial_now(r);
	*ret_run = r;
	return RC_OK;
}

void uplink_run_free(struct uplink_run *r)
{
	if (!r)
		return;
	if (r->open)
		uplink_done(&r->machine);
	if (r->line)
		r->line->run = NULL;
	loop_timer_free(r->timer);
	loop_timer_free(r->lease);
	badge_free(r->badge);
	hush_wipe(r->conf.identity, sizeof(r->conf.identity));
	free(r);
}

uint32_t uplink_run_term_ms(const struct uplink_run *r) { return r->term_ms; }

bool uplink_run_is_up(const struct uplink_run *r) { return r && r->up && !r->machine.link.code; }

enum rc uplink_run_send(struct uplink_run *r, const struct tunnel_msg *m)
{
	if (!uplink_run_is_up(r))
		return RC_AWAY;
	if (m->type == TUNNEL_MSG_RESULT)
		FAILPOINT("uplink.before_result");
	enum rc rc = uplink_send(&r->machine, m);
	pump_soon(r);
	return rc;
}

size_t uplink_run_waiting(const struct uplink_run *r)
{
	return r->open ? tunnel_link_waiting(&r->machine.link) + web_socket_queued(r->socket) : 0;
}

void uplink_run_credit(struct uplink_run *r, uint32_t free_slots)
{
	if (!uplink_run_is_up(r))
		return;
	uplink_credit(&r->machine, free_slots);
	pump_soon(r);
}

void uplink_run_figures(struct uplink_run *r, uint32_t load, uint32_t active, uint32_t sessions)
{
	if (r->open)
		uplink_figures(&r->machine, load, active, sessions);
}

void uplink_run_leave(struct uplink_run *r, const char *reason)
{
	const struct tunnel_msg m = { .type = TUNNEL_MSG_GOAWAY, .goaway = { .reason = reason } };
	enum rc said = uplink_run_send(r, &m);

	(void)said; /* who is not connected need not say goodbye */
	r->leaving = true;
	if (r->badge)
		badge_end(r->badge);
	if (r->open) {
		uplink_close(&r->machine, WEB_CLOSE_GOING, reason);
		pump_soon(r);
	} else if (r->socket) {
		web_socket_close(r->socket, WEB_CLOSE_GOING, reason);
	}
}

bool uplink_run_is_gone(const struct uplink_run *r) { return r->leaving && !r->socket; }
