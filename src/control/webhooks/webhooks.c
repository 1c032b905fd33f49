#include "control/webhooks/webhooks.h"
#include "base/log.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/reader.h"
#include "control/webhooks/webhook_calls.h"
#include "control/webhooks/webhook_fill.h"
#include "control/webhooks/webhook_post.h"
#include "control/webhooks/webhook_rules.h"

#include <stdatomic.h>

#define TICK_MS 500

struct webhooks {
	struct control *control;
	struct webhook_rules rules;
	struct pool *senders;
	struct loop_timer *tick;
	struct loop_job bell;
	_Atomic bool woken; /* `bell` is posted and has not run yet */
	_Atomic bool stop;
	struct read look;
	struct write work;
	bool looking, working, again;
	bool any;      /* there are endpoints: new events are worth a look */
	size_t flying; /* calls that are claimed and not settled */
	/* What the look at the database and the work said; set on their threads, read when they are done. */
	bool some, some_due, more, held;
	bool recovered; /* since the role is this instance's */
	bool idle;      /* nothing was on its way when the work began: what counts as being sent is not */
	size_t room;
	struct webhook_call *claimed;
};

static void go_on(struct webhooks *h);

/* --- calls */

static struct webhook_call *call_of_write(struct write *w)
{
	return (struct webhook_call *)(void *)((char *)w - offsetof(struct webhook_call, write));
}

static enum rc settle(struct write *w, struct tx *tx) { return webhook_calls_settle(tx, call_of_write(w)); }

static void land(struct webhook_call *c)
{
	struct webhooks *h = c->hooks;

	h->flying--;
	webhook_calls_free(c);
	go_on(h);
}

static void on_settled(struct write *w)
{
	struct webhook_call *c = call_of_write(w);

	if (w->rc != RC_OK)
		log_error(w->control->log, "webhook delivery %s not written down, it is sent again: %s", c->id,
			*w->fault.text ? w->fault.text : rc_title(w->rc));
	land(c);
}

static void on_sent(struct loop_job *job)
{
	struct webhook_call *c = (struct webhook_call *)(void *)((char *)job - offsetof(struct webhook_call, back));

	c->write = (struct write){ .control = c->hooks->control, .run = settle, .done = on_settled };
	if (atomic_load(&c->hooks->stop) || writer_push(&c->write) != RC_OK)
		land(c); /* it is claimed, and the next run finds it */
}

static void send_them(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	for (size_t i = 0; i < n; i++) {
		struct webhook_call *c =
			(struct webhook_call *)(void *)((char *)jobs[i] - offsetof(struct webhook_call, job));
		if (!atomic_load(&c->hooks->stop) && !webhook_post(c, &c->hooks->rules, &c->hooks->stop))
			log_debug(c->hooks->control->log, "webhook delivery %s was stopped", c->id);
		c->back.run = on_sent;
		loop_post(c->hooks->control->loop, &c->back);
	}
}

/* --- work: events into deliveries, deliveries into calls */

static enum rc do_work(struct webhooks *h, struct tx *tx)
{
	enum rc rc = singletons_hold(tx, "webhooks", &h->held);

	if (rc != RC_OK || !h->held)
		return rc;
	if (!h->recovered || h->idle)
		rc = webhook_calls_recover(tx, h->idle ? "" : h->control->instance_id);
	if (rc == RC_OK)
		rc = webhook_fill(tx, &h->more);
	return rc == RC_OK && h->room > 0 ? webhook_calls_claim(tx, h->room, &h->claimed) : rc;
}

static enum rc work(struct write *w, struct tx *tx)
{
	struct webhooks *h = (struct webhooks *)(void *)((char *)w - offsetof(struct webhooks, work));

	h->more = h->held = false;
	h->claimed = NULL;
	return do_work(h, tx);
}

/* The threads come with the first delivery. */
static bool has_senders(struct webhooks *h)
{
	const struct pool_conf conf = { .name = "webhook",
		.threads = WEBHOOK_RULES_THREADS,
		.batch_max = 1,
		.queue_max = WEBHOOK_RULES_THREADS,
		.run = send_them };
	struct fault f = { 0 };

	if (!h->senders && pool_new(&conf, &h->senders, &f) != RC_OK)
		log_error(h->control->log, "no threads for webhooks: %s", f.text);
	return h->senders != NULL;
}

static void launch(struct webhooks *h, struct webhook_call *list, bool good)
{
	good = good && list && has_senders(h);
	for (struct webhook_call *c = list, *next; c; c = next) {
		next = c->next;
		c->hooks = h;
		if (good && pool_push(h->senders, &c->job) == RC_OK)
			h->flying++;
		else
			webhook_calls_free(c);
	}
}

static void on_worked(struct write *w)
{
	struct webhooks *h = (struct webhooks *)(void *)((char *)w - offsetof(struct webhooks, work));
	bool good = w->rc == RC_OK;

	h->working = false;
	if (!good)
		log_warn(w->control->log, "webhooks not worked on, tried again: %s",
			*w->fault.text ? w->fault.text : rc_title(w->rc));
	h->recovered = good && h->held;
	launch(h, take(h->claimed), good && !atomic_load(&h->stop));
	if (good && h->held && (h->more || h->again))
		go_on(h);
}

static void go_on(struct webhooks *h)
{
	if (atomic_load(&h->stop) || !h->any)
		return;
	h->again = h->working || h->looking; /* the look ends first: both use what stands here */
	if (h->again)
		return;
	h->room = WEBHOOK_RULES_THREADS - h->flying;
	h->idle = h->flying == 0;
	h->work = (struct write){ .control = h->control, .run = work, .done = on_worked };
	h->working = writer_push(&h->work) == RC_OK;
}

/* --- a look, now and then: without endpoints nothing is written */

static void look(struct read *r, struct tx *tx)
{
	static const struct store_query ask = {
		.sql = "SELECT (SELECT COUNT(*) FROM webhooks), (SELECT COUNT(*) FROM webhooks w WHERE (w.enabled "
		       "= 1 AND w.pos < "
		       "(SELECT MAX(pos) FROM events)) OR EXISTS (SELECT 1 FROM webhook_deliveries d WHERE "
		       "d.webhook_id = w.id AND "
		       "d.status = 'due' AND d.next_at <= $1 AND (w.enabled = 1 OR d.type = '" WEBHOOK_PING
		       "')) OR EXISTS (SELECT 1 "
		       "FROM "
		       "webhook_deliveries s WHERE s.webhook_id = w.id AND s.status = 'sending' AND s.claim <> $2))"
	};
	struct webhooks *h = (struct webhooks *)(void *)((char *)r - offsetof(struct webhooks, look));
	auto_rows struct store_rows *rows = NULL;

	h->some = h->some_due = false;
	const char *mine = h->idle ? "" : h->control->instance_id;
	enum rc rc = store_one(tx->db, &ask, STORE_ARGS(store_int(tx->now_ms), store_text(mine)), &rows, tx->fault);
	if (rc != RC_OK)
		return; /* the next look may tell */
	h->some = store_col_int(rows, 0) > 0;
	h->some_due = store_col_int(rows, 1) > 0;
}

static void on_looked(struct read *r)
{
	struct webhooks *h = (struct webhooks *)(void *)((char *)r - offsetof(struct webhooks, look));

	h->looking = false;
	h->any = h->some;
	if (h->some_due || h->again)
		go_on(h);
}

static void on_tick(void *ctx)
{
	struct webhooks *h = ctx;

	loop_timer_at(h->tick, loop_now_ms(h->control->loop) + TICK_MS);
	if (h->looking || h->working || atomic_load(&h->stop))
		return;
	h->idle = h->flying == 0;
	h->look = (struct read){ .control = h->control, .run = look, .done = on_looked };
	h->looking = reader_push(&h->look) == RC_OK;
}

static void on_bell(struct loop_job *job)
{
	struct webhooks *h = (struct webhooks *)(void *)((char *)job - offsetof(struct webhooks, bell));

	atomic_store(&h->woken, false);
	go_on(h);
}

void webhooks_wake(struct webhooks *h)
{
	if (h && !atomic_exchange(&h->woken, true))
		loop_post(h->control->loop, &h->bell);
}

enum rc webhooks_new(struct control *c, struct webhooks **ret, struct fault *f)
{
	auto_of(webhooks) struct webhooks *h = calloc(1, sizeof(*h));
	if (!h)
		return RC_NOMEM;
	h->control = c;
	h->bell.run = on_bell;
	enum rc rc = webhook_rules_read(c->conf->webhooks, &h->rules, f);
	if (rc != RC_OK)
		return rc;
	rc = loop_timer_new(c->loop, on_tick, h, &h->tick);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for webhooks");
	loop_timer_at(h->tick, loop_now_ms(c->loop) + TICK_MS);
	c->webhook_rules = &h->rules;
	*ret = take(h);
	return RC_OK;
}

void webhooks_stop(struct webhooks *h)
{
	if (!h)
		return;
	atomic_store(&h->stop, true);
	pool_free(take(h->senders));
}

void webhooks_free(struct webhooks *h)
{
	if (!h)
		return;
	webhooks_stop(h);
	loop_timer_free(h->tick);
	free(h);
}

enum rc webhooks_url(const struct control *c, const char *url, struct fault *f)
{
	return http_guard_check(&c->webhook_rules->guard, url, f);
}

enum rc webhooks_sweep(struct tx *tx) { return webhook_calls_sweep(tx); }
