#include "control/cluster/cluster.h"
#include "base/id.h"
#include "base/log.h"
#include "control/cluster/bells.h"
#include "control/cluster/instances.h"
#include "control/control.h"
#include "control/events/feed.h"
#include "control/hub/deal.h"
#include "control/hub/hub.h"
#include "control/hub/push.h"
#include "control/webhooks/webhooks.h"
#include "control/writer.h"
#include "io/clock.h"

struct cluster {
	struct control *control;
	struct loop_timer *beat, *poll;
	bool beating, left, others;
	unsigned polls;
};

struct beat {
	struct write write;
	int64_t others;
	bool leaves, lost;
};

void cluster_name(struct control *c)
{
	uint8_t random[ID_RANDOM];

	_Static_assert(sizeof(c->instance_id) == ID_MAX, "an id must fit");
	clock_random(random, sizeof(random));
	id_make(c->instance_id, "ins", clock_wall_ms(), random);
}

static struct beat *beat_of(struct write *w)
{
	return (struct beat *)(void *)((char *)w - offsetof(struct beat, write));
}

static enum rc run_beat(struct write *w, struct tx *tx)
{
	struct beat *b = beat_of(w);

	if (b->leaves)
		return instances_leave(tx);
	enum rc rc = instances_beat(tx, &b->others, &b->lost);
	return rc == RC_OK ? bells_relay(tx) : rc;
}

static void on_beaten(struct write *w)
{
	struct beat *b = beat_of(w);
	struct control *c = w->control;
	struct cluster *l = c->cluster;

	l->beating = false;
	if (w->rc != RC_OK) {
		log_warn(c->log, "the control plane's %s was not kept: %s", b->leaves ? "leave" : "heartbeat",
			*w->fault.text ? w->fault.text : rc_title(w->rc));
	} else if (!b->leaves && l->others != (b->others > 0)) {
		l->others = b->others > 0;
		atomic_store(&c->others, l->others);
		log_info(c->log, "control planes beside this one n=%d", (int)b->others);
	}
	if (w->rc == RC_OK && b->lost) {
		log_warn(c->log, "this control plane was taken for dead: its agents come anew");
		hub_renew_all(c->hub);
	}
	free(b);
}

static bool push_beat(struct cluster *l, bool leaves)
{
	struct beat *b = calloc(1, sizeof(*b));
	if (!b)
		return false;
	b->leaves = leaves;
	b->write = (struct write){ .control = l->control, .run = run_beat, .done = on_beaten };
	if (writer_push(&b->write) == RC_OK)
		return true;
	free(b);
	return false;
}

static void on_beat(void *ctx)
{
	struct cluster *l = ctx;

	if (!l->beating && !l->left)
		l->beating = push_beat(l, false);
	loop_timer_at(l->beat, loop_now_ms(l->control->loop) + INSTANCES_BEAT_MS);
}

/* Any thread. */
static void on_heard(void *ctx, const char *topic)
{
	struct control *c = ctx;
	bool any = !*topic || topic[strlen(topic) - 1] == '.'; /* some may have been missed */

	if (any || !strcmp(topic, "all.events")) {
		feed_wake(c->feed);
		webhooks_wake(c->webhooks);
	}
	if (any || !strcmp(topic, "all.work") || !strncmp(topic, "region.", 7))
		deal_wake(c->hub);
	if (any || !strcmp(topic, "all.cancels"))
		deal_wake_cancels(c->hub);
	if (any || !strcmp(topic, "all.accounts"))
		push_wake(c->hub);
}

/* What others wrote is looked for, also when a bell would tell of it: only less often. */
static void on_poll(void *ctx)
{
	struct cluster *l = ctx;
	struct control *c = l->control;
	bool bells = bells_come(c->bells);

	if (l->others && (!bells || l->polls % CLUSTER_SLOW == 0)) {
		feed_wake(c->feed);
		deal_wake_cancels(c->hub);
	}
	l->polls++;
	loop_timer_at(l->poll, loop_now_ms(c->loop) + CLUSTER_POLL_MS);
}

enum rc cluster_new(struct control *c, bool others, struct cluster **ret, struct fault *f)
{
	auto_of(cluster) struct cluster *l = calloc(1, sizeof(*l));
	if (!l)
		return RC_NOMEM;
	l->control = c;
	l->others = others;
	atomic_store(&c->others, others);
	enum rc rc = loop_timer_new(c->loop, on_beat, l, &l->beat);
	if (rc == RC_OK)
		rc = loop_timer_new(c->loop, on_poll, l, &l->poll);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for the heartbeat");
	rc = bells_new(c, on_heard, &c->bells, f);
	if (rc != RC_OK)
		return rc;
	loop_timer_at(l->beat, loop_now_ms(c->loop) + INSTANCES_BEAT_MS);
	loop_timer_at(l->poll, loop_now_ms(c->loop) + CLUSTER_POLL_MS);
	*ret = take(l);
	return RC_OK;
}

void cluster_free(struct cluster *l)
{
	if (!l)
		return;
	loop_timer_free(l->beat);
	loop_timer_free(l->poll);
	free(l);
}

bool cluster_alone(const struct cluster *l) { return !l->others; }

void cluster_leave(struct cluster *l)
{
	l->left = true;
	if (!push_beat(l, true))
		log_warn(l->control->log, "roles not given up, others take them when they lapse");
}
