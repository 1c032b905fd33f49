/*
 * queue: a bell. The database is the truth about what waits; a ring only wakes whoever hands work out, so a lost ring is
 * found by the next scan, and a doubled one finds the work already taken. It carries no work and needs no transaction.
 *
 * A topic is a region's id; "" is for work that any region may do. Any thread may ring; `heard` is called on a thread of the
 * driver's choice and must return at once (post to a loop).
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#define QUEUE_TOPIC_MAX 64

struct queue;
struct queue_ear;

typedef void queue_heard(void *ctx, const char *topic);

struct queue_impl {
	const char *name; /* as the configuration spells it */
	enum rc (*ring)(struct queue *q, const char *topic, struct fault *f);
	enum rc (*listen)(
		struct queue *q, queue_heard *heard, void *ctx, struct queue_ear **ret_ear, struct fault *f);
	void (*unlisten)(struct queue *q, struct queue_ear *ear);
	void (*free)(struct queue *q);
};

struct queue {
	const struct queue_impl *impl;
};

/* Wakes every listener. RC_AWAY when the broker cannot be reached: the scan will find the work. */
must_check static inline enum rc queue_ring(struct queue *q, const char *topic, struct fault *f)
{
	return q->impl->ring(q, topic, f);
}

must_check static inline enum rc queue_listen(
	struct queue *q, queue_heard *heard, void *ctx, struct queue_ear **ret_ear, struct fault *f)
{
	return q->impl->listen(q, heard, ctx, ret_ear, f);
}

/* When it returns, `heard` is not running and will not be called again. */
static inline void queue_unlisten(struct queue *q, struct queue_ear *ear)
{
	if (ear)
		q->impl->unlisten(q, ear);
}

static inline void queue_free(struct queue *q)
{
	if (q)
		q->impl->free(q);
}
OWN_DEFINE(queue)
