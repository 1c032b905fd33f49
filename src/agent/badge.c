#include "agent/badge.h"

#include "agent/certificate.h"
#include "agent/errand.h"
#include "base/list.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/loop.h"

#include <stdlib.h>

#define RETRY_MS  5000
#define UNUSED_MS 3600000 /* the control plane uses none: it may be set otherwise some day */

struct badge {
	struct badge_conf conf;
	struct errand errand;
	struct loop_job back;
	enum rc rc;
	struct fault fault;
	struct certificate got, held; /* held: what `shown` points into */
	struct tcp_badge shown;
	struct loop_timer *timer; /* of the next one */
	bool asking, told, ended;
	uint64_t asked_ms; /* when last */
};

static void ask(struct errand *errand)
{
	struct badge *b = list_of(errand, struct badge, errand);
	const struct certificate_ask how = { .server_url = b->conf.server_url,
		.agent_id = b->conf.agent_id,
		.secret = b->conf.secret,
		.ca_file = b->conf.ca_file,
		.http_proxy = b->conf.http_proxy };

	b->fault = (struct fault){ 0 };
	b->rc = certificate_get(&how, &b->got, &b->fault);
	loop_post(b->conf.loop, &b->back);
}

static uint64_t wait_ms(const struct badge *b)
{
	int64_t in_ms = certificate_due_ms(&b->held) - clock_wall_ms();

	if (b->rc == RC_CONFLICT)
		return UNUSED_MS;
	return b->rc != RC_OK || in_ms < RETRY_MS ? RETRY_MS : (uint64_t)in_ms;
}

static void take_it(struct badge *b)
{
	certificate_done(&b->held);
	b->held = b->got;
	b->got.pem = NULL;
	certificate_done(&b->got);
	b->shown = (struct tcp_badge){ b->held.pem, b->held.secret };
	log_info(b->conf.log, "certificate received agent=%s", b->conf.agent_id);
}

static void on_answer(struct loop_job *job)
{
	struct badge *b = list_of(job, struct badge, back);

	b->asking = false;
	if (b->ended)
		return;
	if (b->rc == RC_OK)
		take_it(b);
	else if (b->rc != RC_CONFLICT)
		log_warn(b->conf.log, "no certificate: %s", b->fault.text);
	loop_timer_at(b->timer, loop_now_ms(b->conf.loop) + wait_ms(b));
	if (!b->told)
		b->conf.first(b->conf.ctx);
	b->told = true;
}

static void on_time(void *ctx)
{
	struct badge *b = ctx;

	if (b->asking || b->ended)
		return;
	b->errand.run = ask;
	b->back.run = on_answer;
	b->asked_ms = loop_now_ms(b->conf.loop);
	b->asking = pool_push(b->conf.errands, &b->errand.job) == RC_OK;
	if (!b->asking)
		loop_timer_at(b->timer, loop_now_ms(b->conf.loop) + RETRY_MS);
}

void badge_begin(struct badge *b)
{
	if (b->told)
		b->conf.first(b->conf.ctx);
	else
		on_time(b);
}

void badge_renew(struct badge *b)
{
	if (b->ended || !b->held.pem || loop_now_ms(b->conf.loop) < b->asked_ms + RETRY_MS)
		return;
	on_time(b);
}

void badge_end(struct badge *b)
{
	b->ended = true;
	loop_timer_at(b->timer, UINT64_MAX);
}

const struct tcp_badge *badge_shown(const struct badge *b) { return &b->shown; }

enum rc badge_new(const struct badge_conf *conf, struct badge **ret, struct fault *f)
{
	struct badge *b = calloc(1, sizeof(*b));

	if (!b)
		return RC_NOMEM;
	b->conf = *conf;
	enum rc rc = loop_timer_new(conf->loop, on_time, b, &b->timer);
	if (rc != RC_OK) {
		free(b);
		return fault_set(f, rc, "no timer for certificates");
	}
	*ret = b;
	return RC_OK;
}

void badge_free(struct badge *b)
{
	if (!b)
		return;
	loop_timer_free(b->timer);
	certificate_done(&b->held);
	certificate_done(&b->got);
	free(b);
}
