#include "main/service.h"
#include "base/log.h"
#include "control/control.h"
#include "control/writer.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/notify.h"
#include "main/reload.h"
#include "main/signals.h"

#include <stdatomic.h>

#define AGAIN_MS 200 /* after the writer had no room */
#define BUSY_MS  10

struct service {
	struct service_conf conf;
	struct signals *signals;
	struct reload *reload;
	struct loop_job apply;
	_Atomic bool applying;
	struct loop_timer *watchdog; /* NULL: nobody watches */
	uint32_t every_ms;
	struct write ping;
	bool pinging;
};

void service_begin(void) { signals_block(); }
void service_limits(const struct conf *c, struct web_limits *to) { reload_limits(c, to); }
void service_webhooks(const struct conf *c, struct webhooks_conf *to)
{
	*to = (struct webhooks_conf){
		.plan = c->webhooks.retry_s,
		.allow_private = c->webhooks.allow_private,
		.ports = c->webhooks.ports,
		.ca_file = c->webhooks.ca_file,
		.timeout_ms = c->webhooks.timeout_ms,
		.parallel = c->webhooks.parallel,
		.keep_ms = (int64_t)c->webhooks.keep_hours * 3600000,
		.overlap_ms = (int64_t)c->webhooks.overlap_hours * 3600000,
	};
}

void service_audit(const struct conf *c, struct audit_conf *to)
{
	*to = (struct audit_conf){
		.checkpoint_records = c->audit.checkpoint_records,
		.checkpoint_ms = c->audit.checkpoint_s * 1000,
		.keep_ms = (int64_t)c->audit.keep_days * 86400000,
		.legal_hold = c->audit.legal_hold,
		.file = c->audit.anchor_file,
		.syslog = c->audit.anchor_syslog,
		.url = c->audit.anchor_url,
	};
}

int service_listener(void) { return notify_listener("footplate"); }

/* --- the watchdog */

static enum rc run_ping(struct write *w, struct tx *tx)
{
	(void)w;
	(void)tx;
	return RC_OK;
}

/* Whether the write succeeded does not matter: a database that is away is not mended by our restart. */
static void on_pinged(struct write *w)
{
	struct service *s = (struct service *)(void *)((char *)w - offsetof(struct service, ping));
	s->pinging = false;
	notify_say("WATCHDOG=1");
}

static void on_watchdog(void *ctx)
{
	struct service *s = ctx;
	uint32_t next = s->every_ms;

	if (!s->pinging) {
		s->ping = (struct write){ .control = s->conf.control, .run = run_ping, .done = on_pinged };
		s->pinging = writer_push(&s->ping) == RC_OK;
		if (!s->pinging)
			next = AGAIN_MS;
	}
	loop_timer_at(s->watchdog, loop_now_ms(s->conf.control->loop) + next);
}

static enum rc watch(struct service *s)
{
	uint32_t within = notify_watchdog_ms();

	if (!within)
		return RC_OK;
	s->every_ms = within / 3 ? within / 3 : 1;
	enum rc rc = loop_timer_new(s->conf.control->loop, on_watchdog, s, &s->watchdog);
	if (rc == RC_OK)
		loop_timer_at(s->watchdog, loop_now_ms(s->conf.control->loop));
	return rc;
}

/* --- the reload */

static void on_apply(struct loop_job *job)
{
	struct service *s = (struct service *)(void *)((char *)job - offsetof(struct service, apply));
	reload_apply(s->reload, s->conf.control->server);
	notify_say("READY=1");
	atomic_store(&s->applying, false);
}

/* On the thread of the signals, which waits for disks. */
static void on_hangup(void *ctx)
{
	struct service *s = ctx;

	while (atomic_load(&s->applying)) /* of the signal before */
		clock_sleep_ms(BUSY_MS);
	notify_reloading();
	if (!reload_read(s->reload)) {
		notify_say("READY=1");
		return;
	}
	atomic_store(&s->applying, true);
	loop_post(s->conf.control->loop, &s->apply);
}

static void on_stop(void *ctx)
{
	struct service *s = ctx;
	s->conf.stop(s->conf.ctx);
}

enum rc service_new(const struct service_conf *conf, struct service **ret_service, struct fault *f)
{
	struct service *s = calloc(1, sizeof(*s));

	if (!s)
		return RC_NOMEM;
	s->conf = *conf;
	s->apply.run = on_apply;
	const struct reload_conf how = { conf->argc, conf->argv, conf->conf, conf->log, conf->control_conf,
		conf->limits };
	enum rc rc = reload_new(&how, &s->reload, f);
	if (rc == RC_OK)
		rc = watch(s);
	if (rc == RC_OK)
		rc = signals_watch(on_stop, on_hangup, s, &s->signals, f);
	if (rc != RC_OK) {
		service_free(s);
		return rc;
	}
	*ret_service = s;
	return RC_OK;
}

void service_ready(struct service *s, const char *url)
{
	log_info(s->conf.log, "ready url=%s data=%s", url, s->conf.conf->data.dir);
	notify_say("READY=1\nSTATUS=serves %s", url);
}

void service_stopping(struct service *s)
{
	(void)s;
	notify_say("STOPPING=1\nSTATUS=stops: what is in flight gets its answer");
}

void service_stop(struct service *s)
{
	if (!s)
		return;
	signals_free(take(s->signals));
	loop_timer_free(take(s->watchdog));
}

void service_free(struct service *s)
{
	if (!s)
		return;
	service_stop(s);
	reload_free(s->reload);
	free(s);
}
