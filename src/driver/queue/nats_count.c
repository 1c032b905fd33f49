#include "driver/queue/nats_count.h"
#include "io/clock.h"

#include <time.h>

void nats_count_init(struct nats_count *c)
{
	pthread_condattr_t attr;

	*c = (struct nats_count){ 0 };
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->news, &attr);
	pthread_condattr_destroy(&attr);
}

void nats_count_done(struct nats_count *c)
{
	pthread_cond_destroy(&c->news);
	pthread_mutex_destroy(&c->lock);
}

void nats_count_add(struct nats_count *c, int by)
{
	pthread_mutex_lock(&c->lock);
	c->n += by;
	pthread_cond_signal(&c->news);
	pthread_mutex_unlock(&c->lock);
}

int nats_count_await(struct nats_count *c, uint32_t ms)
{
	uint64_t until_us = clock_mono_us() + (uint64_t)ms * 1000;
	const struct timespec until = { (time_t)(until_us / 1000000), (long)(until_us % 1000000) * 1000 };

	pthread_mutex_lock(&c->lock);
	while (c->n > 0)
		if (pthread_cond_timedwait(&c->news, &c->lock, &until) != 0)
			break;
	int left = c->n;
	pthread_mutex_unlock(&c->lock);
	return left;
}
