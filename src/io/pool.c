#include "io/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define POOL_THREADS_MAX 256
#define POOL_BATCH_MAX   1024

struct pool {
	struct pool_conf conf;
	char name[12];
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t work;  /* something waits, or the pool ends */
	pthread_cond_t begun; /* a thread has entered, or failed to */
	struct pool_job *first, **last;
	size_t waiting;
	bool ending;
	unsigned entered;
	enum rc failed; /* of the first `enter` that failed */
	struct fault fault;
	unsigned running; /* threads to join */
	pthread_t threads[];
};

/* Takes up to batch_max jobs, waiting for one; 0 when the pool ends and nothing waits any more. Called with the lock held. */
static size_t take_batch(struct pool *p, struct pool_job **batch)
{
	while (!p->first && !p->ending)
		pthread_cond_wait(&p->work, &p->lock);

	size_t n = 0;
	while (p->first && n < p->conf.batch_max) {
		batch[n++] = p->first;
		p->first = p->first->next;
	}
	if (!p->first)
		p->last = &p->first;
	p->waiting -= n;
	return n;
}

static void serve(struct pool *p, void *worker)
{
	struct pool_job *batch[POOL_BATCH_MAX];

	pthread_mutex_lock(&p->lock);
	for (size_t n; (n = take_batch(p, batch)) > 0;) {
		pthread_mutex_unlock(&p->lock);
		p->conf.run(worker, batch, n);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
}

static void *thread_main(void *arg)
{
	struct pool *p = arg;
	struct fault f = { 0 };
	void *worker = NULL;

	pthread_setname_np(pthread_self(), p->name);
	enum rc rc = p->conf.enter ? p->conf.enter(p->conf.ctx, &worker, &f) : RC_OK;

	pthread_mutex_lock(&p->lock);
	p->entered++;
	if (rc != RC_OK && p->failed == RC_OK) {
		p->failed = rc;
		p->fault = f;
	}
	pthread_cond_signal(&p->begun);
	pthread_mutex_unlock(&p->lock);

	if (rc != RC_OK)
		return NULL;
	serve(p, worker);
	if (p->conf.leave)
		p->conf.leave(worker);
	return NULL;
}

enum rc pool_new(const struct pool_conf *conf, struct pool **ret_pool, struct fault *f)
{
	if (conf->threads < 1 || conf->threads > POOL_THREADS_MAX || conf->batch_max < 1 ||
		conf->batch_max > POOL_BATCH_MAX)
		return fault_set(f, RC_INVALID,
			"a pool has 1 to %d threads and takes 1 to %d jobs at once, not %u and %u",
			POOL_THREADS_MAX, POOL_BATCH_MAX, conf->threads, conf->batch_max);

	struct pool *fresh = calloc(1, sizeof(*fresh) + conf->threads * sizeof(pthread_t));
	if (!fresh)
		return RC_NOMEM;
	fresh->conf = *conf;
	fresh->last = &fresh->first;
	snprintf(fresh->name, sizeof(fresh->name), "%s", conf->name ? conf->name : "pool");
	fresh->conf.name = fresh->name;
	pthread_mutex_init(&fresh->lock, NULL);
	pthread_cond_init(&fresh->work, NULL);
	pthread_cond_init(&fresh->begun, NULL);

	auto_of(pool) struct pool *p = fresh;
	for (; p->running < conf->threads; p->running++) {
		int e = pthread_create(&p->threads[p->running], NULL, thread_main, p);
		if (e)
			return fault_set(f, RC_LIMIT, "cannot start a thread: %s", strerror(e));
	}
	pthread_mutex_lock(&p->lock);
	while (p->entered < p->running)
		pthread_cond_wait(&p->begun, &p->lock);
	enum rc rc = p->failed;
	pthread_mutex_unlock(&p->lock);
	if (rc != RC_OK) {
		if (f)
			*f = p->fault;
		return rc;
	}
	*ret_pool = take(p);
	return RC_OK;
}

enum rc pool_push(struct pool *p, struct pool_job *job)
{
	pthread_mutex_lock(&p->lock);
	bool full = p->ending || p->waiting >= p->conf.queue_max;
	if (!full) {
		job->next = NULL;
		*p->last = job;
		p->last = &job->next;
		p->waiting++;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return full ? RC_OVERLOADED : RC_OK;
}

size_t pool_waiting(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	size_t n = p->waiting;
	pthread_mutex_unlock(&p->lock);
	return n;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->running; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->begun);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
