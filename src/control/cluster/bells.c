#include "control/cluster/bells.h"
#include "base/log.h"
#include "base/map.h"
#include "base/metric.h"
#include "contract/queue.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/tx.h"

#include <stdio.h>

#define RUNG_MAX   4  /* kinds of bells that one batch rings */
#define RELAY_MAX  64 /* bells that one heartbeat rings again */
#define REGION_MAX (QUEUE_TOPIC_MAX - 8)

_Static_assert(CONTROL_EPOCH_MAX <= QUEUE_LOG_MAX, "bells are numbered by the event log");

struct bells {
	struct control *control;
	queue_heard *heard;
	struct queue_ear *ear;
	struct map regions; /* struct region: loop's */
	struct rung {
		char topic[QUEUE_TOPIC_MAX];
		int64_t seq;
	} rung[RUNG_MAX]; /* the writer's */
	size_t n;
	bool away, closed; /* the loop's */
};

struct region {
	char topic[QUEUE_TOPIC_MAX];
	struct queue_ear *ear;
};

enum rc bells_new(struct control *c, queue_heard *heard, struct bells **ret, struct fault *f)
{
	auto_of(bells) struct bells *b = calloc(1, sizeof(*b));
	if (!b)
		return RC_NOMEM;
	b->control = c;
	b->heard = heard;
	enum rc rc = queue_listen(c->queue, "all.", heard, c, &b->ear, f);
	if (rc == RC_OK)
		*ret = take(b);
	return rc;
}

void bells_close(struct bells *b)
{
	struct map_walk w = map_walk(&b->regions);

	b->closed = true;
	for (struct region *r; (r = map_next(&w));) {
		map_take(&b->regions, r->topic);
		queue_unlisten(b->control->queue, r->ear);
		free(r);
	}
	queue_unlisten(b->control->queue, take(b->ear));
}

void bells_free(struct bells *b)
{
	if (!b)
		return;
	bells_close(b);
	map_done(&b->regions);
	free(b);
}

void bells_region(struct bells *b, const char *region_id)
{
	char topic[QUEUE_TOPIC_MAX];
	struct fault f = { 0 };

	if (b->closed || strlen(region_id) >= REGION_MAX)
		return;
	snprintf(topic, sizeof(topic), "region.%s", region_id);
	if (map_get(&b->regions, topic))
		return;
	struct region *r = calloc(1, sizeof(*r));
	if (!r)
		return;
	memcpy(r->topic, topic, sizeof(topic));
	if (map_put(&b->regions, r->topic, r) != RC_OK) {
		free(r);
		return;
	}
	if (queue_listen(b->control->queue, r->topic, b->heard, b->control, &r->ear, &f) == RC_OK)
		return;
	log_warn(b->control->log, "no ear for the bells of region=%s, the scan finds its work: %s", region_id,
		f.text);
	map_take(&b->regions, r->topic);
	free(r);
}

static void add(struct bells *b, bool rings, const char *topic)
{
	if (rings)
		snprintf(b->rung[b->n++].topic, QUEUE_TOPIC_MAX, "%s", topic);
}

static void list_topics(struct bells *b, const struct tx *told)
{
	char work[QUEUE_TOPIC_MAX] = "all.work";

	b->n = 0;
	if (*told->ring_in && strlen(told->ring_in) < REGION_MAX)
		snprintf(work, sizeof(work), "region.%s", told->ring_in);
	add(b, told->appended, "all.events");
	add(b, told->ring, work);
	add(b, told->cancels, "all.cancels");
	add(b, told->bots, "all.accounts");
}

enum rc bells_note(struct tx *told)
{
	static const struct store_query note = { .sql = "INSERT INTO outbox (topic, seq, sent, rung_at) VALUES "
							"($1, 1, 0, $2) ON CONFLICT (topic) DO UPDATE "
							"SET seq = outbox.seq + 1, rung_at = $2 RETURNING seq" };
	struct bells *b = told->control->bells;
	enum rc rc = RC_OK;

	list_topics(b, told);
	for (size_t i = 0; rc == RC_OK && i < b->n; i++) {
		auto_rows struct store_rows *r = NULL;
		b->rung[i].seq = 0;
		if (!told->control->queue->impl->far)
			continue;
		rc = store_one(told->db, &note, STORE_ARGS(store_text(b->rung[i].topic), store_int(told->now_ms)),
			&r, told->fault);
		if (rc == RC_OK)
			b->rung[i].seq = store_col_int(r, 0);
	}
	return rc;
}

static void ring(struct control *c, const char *topic, int64_t seq)
{
	const struct queue_bell bell = { topic, c->epoch, seq };
	struct fault f = { 0 };

	if (queue_ring(c->queue, &bell, &f) != RC_OK)
		log_warn(c->log, "the bell %s did not ring, the next scan will find the work: %s", topic, f.text);
}

void bells_ring(struct control *c, const struct tx *told)
{
	(void)told; /* what it has to tell was listed by bells_note */
	for (size_t i = 0; i < c->bells->n; i++)
		ring(c, c->bells->rung[i].topic, c->bells->rung[i].seq);
	c->bells->n = 0;
}

static enum rc relay_one(struct tx *tx, const struct rung *r)
{
	static const struct store_query mark = {
		.sql = "UPDATE outbox SET sent = $2 WHERE topic = $1 AND sent < $2"
	};
	int64_t kept = queue_kept(tx->control->queue, r->topic);

	if (kept < r->seq)
		ring(tx->control, r->topic, r->seq);
	return kept ? store_do(tx->db, &mark, STORE_ARGS(store_text(r->topic), store_int(kept)), tx->fault) : RC_OK;
}

enum rc bells_relay(struct tx *tx)
{
	static const struct store_query late = {
		.sql = "SELECT topic, seq FROM outbox WHERE sent < seq ORDER BY rung_at LIMIT $1"
	};
	struct rung *all = arena_take(tx->arena, RELAY_MAX * sizeof(*all));
	auto_rows struct store_rows *r = NULL;
	bool held = false, row = false;
	size_t n = 0;

	if (!tx->control->queue->impl->far)
		return RC_OK;
	enum rc rc = all ? singletons_hold(tx, "relay", &held) : RC_NOMEM;
	if (rc != RC_OK || !held)
		return rc;
	rc = store_run(tx->db, &late, STORE_ARGS(store_int(RELAY_MAX)), &r, tx->fault);
	while (rc == RC_OK && n < RELAY_MAX && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		snprintf(all[n].topic, sizeof(all[n].topic), "%s", store_col_text(r, 0));
		all[n++].seq = store_col_int(r, 1);
	}
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = relay_one(tx, &all[i]);
	return rc;
}

bool bells_come(struct bells *b)
{
	struct control *c = b->control;
	bool away = !queue_is_up(c->queue);

	if (away != b->away)
		log_warn(c->log, away ? "the queue is away: bells wait for it, and work is found by the scan"
				      : "the queue is there");
	b->away = away;
	metric_set(c->metrics, METRIC_QUEUE_UP, NULL, !away);
	return !away && c->queue->impl->far;
}
