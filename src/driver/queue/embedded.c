#include "driver/queue/embedded.h"
#include "base/list.h"

#include <pthread.h>
#include <stdio.h>

struct queue_ear {
	struct list all; /* embedded.ears */
	char topic[QUEUE_TOPIC_MAX];
	queue_heard *heard;
	void *ctx;
};

struct embedded {
	struct queue base;
	pthread_mutex_t lock;
	struct list ears;
};

static enum rc ring(struct queue *base, const struct queue_bell *b, struct fault *f)
{
	struct embedded *q = (struct embedded *)base;
	(void)f;

	pthread_mutex_lock(&q->lock);
	list_each (at, next, &q->ears) {
		struct queue_ear *ear = list_of(at, struct queue_ear, all);
		if (queue_hears(ear->topic, b->topic))
			ear->heard(ear->ctx, b->topic);
	}
	pthread_mutex_unlock(&q->lock);
	return RC_OK;
}

static enum rc listen_to(struct queue *base, const char *topic, queue_heard *heard, void *ctx,
	struct queue_ear **ret_ear, struct fault *f)
{
	struct embedded *q = (struct embedded *)base;
	struct queue_ear *ear = malloc(sizeof(*ear));
	(void)f;

	if (!ear)
		return RC_NOMEM;
	*ear = (struct queue_ear){ .heard = heard, .ctx = ctx };
	snprintf(ear->topic, sizeof(ear->topic), "%s", topic);
	pthread_mutex_lock(&q->lock);
	list_append(&q->ears, &ear->all);
	pthread_mutex_unlock(&q->lock);
	*ret_ear = ear;
	return RC_OK;
}

static void unlisten(struct queue *base, struct queue_ear *ear)
{
	struct embedded *q = (struct embedded *)base;
	pthread_mutex_lock(&q->lock);
	list_remove(&ear->all);
	pthread_mutex_unlock(&q->lock);
	free(ear);
}

/* Nothing is numbered here: who hears has heard when `ring` returns. */
static int64_t kept(struct queue *base, const char *topic)
{
	(void)base;
	(void)topic;
	return 0;
}

static bool is_up(struct queue *base)
{
	(void)base;
	return true;
}

static void free_queue(struct queue *base)
{
	struct embedded *q = (struct embedded *)base;
	list_each (at, next, &q->ears)
		free(list_of(at, struct queue_ear, all));
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static const struct queue_impl impl = {
	.name = "embedded",
	.ring = ring,
	.listen = listen_to,
	.unlisten = unlisten,
	.kept = kept,
	.is_up = is_up,
	.free = free_queue,
};

enum rc embedded_queue_new(struct queue **ret_queue)
{
	struct embedded *q = calloc(1, sizeof(*q));
	if (!q)
		return RC_NOMEM;
	q->base.impl = &impl;
	pthread_mutex_init(&q->lock, NULL);
	list_init(&q->ears);
	*ret_queue = &q->base;
	return RC_OK;
}
