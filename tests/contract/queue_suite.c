#include "tests/contract/queue_suite.h"

#include "tests/unit/check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define EARS    5
#define RINGERS 4
#define RINGS   500

/* What one ear heard. `alive` is written without a lock on purpose: once unlisten has returned nobody else looks at it. */
struct ear {
	pthread_mutex_t lock;
	pthread_cond_t rung;
	int all, work, region, other;
	char topic[QUEUE_TOPIC_MAX + 1];
	bool alive;
	struct queue_ear *at;
};

static void heard(void *ctx, const char *topic)
{
	struct ear *e = ctx;

	CHECK(e->alive);
	pthread_mutex_lock(&e->lock);
	e->all++;
	if (!strcmp(topic, "work"))
		e->work++;
	else if (!strcmp(topic, "region.reg_eu"))
		e->region++;
	else
		e->other++;
	snprintf(e->topic, sizeof(e->topic), "%s", topic);
	pthread_cond_broadcast(&e->rung);
	pthread_mutex_unlock(&e->lock);
}

static void listen_at(struct queue *q, struct ear *e, const char *topic)
{
	struct fault f = { 0 };
	*e = (struct ear){ .alive = true };
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->rung, NULL);
	CHECK(queue_listen(q, topic, heard, e, &e->at, &f) == RC_OK && e->at);
}

static void listen_with(struct queue *q, struct ear *e) { listen_at(q, e, ""); }

static void unlisten(struct queue *q, struct ear *e)
{
	queue_unlisten(q, e->at);
	e->alive = false;
	pthread_mutex_destroy(&e->lock);
	pthread_cond_destroy(&e->rung);
}

static void ring(struct queue *q, const char *topic)
{
	const struct queue_bell b = { .topic = topic };
	struct fault f = { 0 };
	CHECK(queue_ring(q, &b, &f) == RC_OK);
}

/* Waits until the count is reached. The bound is for a driver that has lost the ring: the test then fails. */
static void wait_for(struct ear *e, const int *count, int least)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 30;
	pthread_mutex_lock(&e->lock);
	while (*count < least)
		CHECK(pthread_cond_timedwait(&e->rung, &e->lock, &until) == 0);
	pthread_mutex_unlock(&e->lock);
}

static void every_ear_is_woken(const struct queue_subject *subject, struct queue *q)
{
	struct ear ears[EARS];
	char longest[QUEUE_TOPIC_MAX + 1];

	ring(q, "region.reg_eu"); /* nobody listens: that is no error */
	for (int i = 0; i < EARS; i++)
		listen_with(q, &ears[i]);
	ring(q, "region.reg_eu");
	ring(q, "work");
	for (int i = 0; i < EARS; i++) {
		wait_for(&ears[i], &ears[i].region, 1);
		wait_for(&ears[i], &ears[i].work, 1);
		CHECK(!subject->exact || ears[i].all == 2);
	}
	memset(longest, 'r', QUEUE_TOPIC_MAX);
	longest[QUEUE_TOPIC_MAX - 1] = 0;
	ring(q, longest);
	wait_for(&ears[2], &ears[2].other, 1);
	CHECK_STR(ears[2].topic, longest);

	/* One goes, the others stay. */
	unlisten(q, &ears[2]);
	ring(q, "region.reg_eu");
	for (int i = 0; i < EARS; i++)
		if (i != 2)
			wait_for(&ears[i], &ears[i].region, 2);
	CHECK(!subject->exact || ears[2].region == 1);
	for (int i = EARS - 1; i >= 0; i--)
		if (i != 2)
			unlisten(q, &ears[i]);
	queue_unlisten(q, NULL);
}

/* An ear hears its topic, or all that begin with it. */
static void each_hears_its_own(struct queue *q)
{
	struct ear one, below, other;

	listen_at(q, &one, "region.reg_us");
	listen_at(q, &below, "region.");
	listen_at(q, &other, "region.reg");
	ring(q, "work");
	ring(q, "region.reg_us");
	wait_for(&one, &one.other, 1);
	ring(q, "region.reg_eu");
	wait_for(&below, &below.region, 1);
	ring(q, "region.reg");
	wait_for(&other, &other.other, 1);
	CHECK_STR(other.topic, "region.reg");
	CHECK(!one.region && !one.work && !below.work && !other.work && !other.region);
	unlisten(q, &one);
	unlisten(q, &below);
	unlisten(q, &other);
}

static void *ring_often(void *arg)
{
	for (int i = 0; i < RINGS; i++)
		ring(arg, i % 2 ? "region.reg_eu" : "work");
	return NULL;
}

static void from_many_threads(const struct queue_subject *subject, struct queue *q)
{
	struct ear ears[EARS];
	pthread_t threads[RINGERS];

	for (int i = 0; i < EARS; i++)
		listen_with(q, &ears[i]);
	for (int i = 0; i < RINGERS; i++)
		CHECK(pthread_create(&threads[i], NULL, ring_often, q) == 0);
	for (int i = 0; i < RINGERS; i++)
		pthread_join(threads[i], NULL);
	ring(q, "last");
	for (int i = 0; i < EARS; i++) {
		wait_for(&ears[i], &ears[i].other, 1);
		CHECK(ears[i].work > 0 && ears[i].region > 0);
		CHECK(!subject->exact ||
			(ears[i].work == RINGERS * RINGS / 2 && ears[i].region == RINGERS * RINGS / 2));
		unlisten(q, &ears[i]);
	}
}

struct stop {
	struct queue *queue;
	atomic_bool over;
};

static void *ring_until(void *arg)
{
	struct stop *s = arg;
	while (!atomic_load(&s->over))
		ring(s->queue, "region.reg_eu");
	return NULL;
}

/* While others ring, ears come and go: once unlisten has returned, the ear is never called (its memory is taken away). */
static void none_is_called_after_unlisten(const struct queue_subject *subject, struct queue *q)
{
	struct stop stop = { .queue = q };
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, ring_until, &stop) == 0);
	for (int round = 0; round < subject->rounds; round++) {
		struct ear *e = malloc(sizeof(*e));
		listen_with(q, e);
		if (round % 3)
			wait_for(e, &e->region, 1);
		unlisten(q, e);
		free(e);
		sched_yield();
	}
	atomic_store(&stop.over, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

void queue_suite(const struct queue_subject *subject)
{
	struct queue *q = subject->open();

	CHECK_STR(q->impl->name, subject->name);
	every_ear_is_woken(subject, q);
	each_hears_its_own(q);
	from_many_threads(subject, q);
	none_is_called_after_unlisten(subject, q);
	queue_free(q);
	queue_free(NULL);
}
