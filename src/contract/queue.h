/*
 * queue: bells. The database is the truth about what waits; a bell only wakes whoever looks after it, here and in other control
 * planes. So a lost bell is found by the next scan, a doubled one finds nothing to do, and bells of one topic may melt into one. It
 * carries no work and needs no transaction.
 *
 * A topic is text of letters, digits, '_', '-' and dots ("region.reg_…"), at most QUEUE_TOPIC_MAX - 1 characters. An ear hears the
 * topic it was opened with; one that ends in a dot stands for all that begin with it, "" for all.
 *
 * Any thread may ring. Nothing here waits for a broker: what cannot be sent now is kept, one bell a topic, and sent later.
 * `heard` is called on a thread of the driver's choice and must return at once (post to a loop).
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>
#include <string.h>

#define QUEUE_TOPIC_MAX  64
#define QUEUE_TOPICS_MAX 4096 /* topics that a driver keeps apart; RC_OVERLOADED past it */
#define QUEUE_LOG_MAX    16

struct queue;
struct queue_ear;

/* What is rung. With a number, a repeat of the same bell of the same log within two minutes is the same bell. */
struct queue_bell {
	const char *topic;
	const char *log; /* who numbers: the event log's epoch, at most QUEUE_LOG_MAX - 1 characters; with seq */
	int64_t seq;     /* grows with each bell of the topic; 0: no number */
};

typedef void queue_heard(void *ctx, const char *topic);

struct queue_impl {
	const char *name; /* as the configuration spells it */
	bool far;         /* bells reach other processes */
	enum rc (*ring)(struct queue *q, const struct queue_bell *b, struct fault *f);
	enum rc (*listen)(struct queue *q, const char *topic, queue_heard *heard, void *ctx,
		struct queue_ear **ret_ear, struct fault *f);
	void (*unlisten)(struct queue *q, struct queue_ear *ear);
	int64_t (*kept)(struct queue *q, const char *topic);
	bool (*is_up)(struct queue *q);
	void (*free)(struct queue *q);
};

struct queue {
	const struct queue_impl *impl;
};

/* Wakes every listener, now or when the broker is there again. */
must_check static inline enum rc queue_ring(struct queue *q, const struct queue_bell *b, struct fault *f)
{
	return q->impl->ring(q, b, f);
}

must_check static inline enum rc queue_listen(struct queue *q, const char *topic, queue_heard *heard, void *ctx,
	struct queue_ear **ret_ear, struct fault *f)
{
	return q->impl->listen(q, topic, heard, ctx, ret_ear, f);
}

/* When it returns, `heard` is not running and will not be called again. */
static inline void queue_unlisten(struct queue *q, struct queue_ear *ear)
{
	if (ear)
		q->impl->unlisten(q, ear);
}

/* The highest number of the topic's bells that the broker has; 0: none. */
static inline int64_t queue_kept(struct queue *q, const char *topic) { return q->impl->kept(q, topic); }

/* Is the broker there? */
static inline bool queue_is_up(struct queue *q) { return q->impl->is_up(q); }

static inline void queue_free(struct queue *q)
{
	if (q)
		q->impl->free(q);
}
OWN_DEFINE(queue)

/* Does an ear of this topic hear that one? */
static inline bool queue_hears(const char *ear, const char *topic)
{
	size_t n = strlen(ear);
	return !n || ear[n - 1] == '.' ? !strncmp(ear, topic, n) : !strcmp(ear, topic);
}
