#include "io/pool.h"
#include "proof/sim.h"

#include <stdlib.h>

#define BATCH_MAX 1024

struct pool {
	struct pool_conf conf;
	struct pool_job *first, **last;
	size_t waiting;
	bool ending;
	unsigned entered, left;
	enum rc failed;
	struct fault fault;
	struct fiber *maker; /* waits for all to enter, or to leave */
	struct fiber **idle; /* workers that wait for a job */
	size_t idle_n;
};

static void serve(struct pool *p, void *worker)
{
	struct pool_job *batch[BATCH_MAX];

	for (;;) {
		while (!p->first && !p->ending) {
			p->idle[p->idle_n++] = sim.current;
			fiber_wait(UINT64_MAX);
		}
		size_t n = 0;
		while (p->first && n < p->conf.batch_max) {
			batch[n++] = p->first;
			p->first = p->first->next;
		}
		if (!p->first)
			p->last = &p->first;
		if (n == 0)
			return;
		p->waiting -= n;
		p->conf.run(worker, batch, n);
		fiber_yield();
	}
}

static void worker_main(void *arg)
{
	struct pool *p = arg;
	struct fault f = { 0 };
	void *worker = NULL;

	enum rc rc = p->conf.enter ? p->conf.enter(p->conf.ctx, &worker, &f) : RC_OK;
	p->entered++;
	if (rc != RC_OK && p->failed == RC_OK) {
		p->failed = rc;
		p->fault = f;
	}
	fiber_wake(p->maker);
	if (rc == RC_OK) {
		serve(p, worker);
		if (p->conf.leave)
			p->conf.leave(worker);
	}
	p->left++;
	fiber_wake(p->maker);
}

enum rc pool_new(const struct pool_conf *conf, struct pool **ret_pool, struct fault *f)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p || !(p->idle = calloc(conf->threads, sizeof(struct fiber *))))
		abort();
	p->conf = *conf;
	p->last = &p->first;
	for (unsigned i = 0; i < conf->threads; i++)
		fiber_new(sim_me(), worker_main, p);
	p->maker = sim.current;
	while (p->entered < conf->threads)
		fiber_wait(UINT64_MAX);
	p->maker = NULL;
	if (p->failed == RC_OK) {
		*ret_pool = p;
		return RC_OK;
	}
	enum rc rc = p->failed;
	if (f)
		*f = p->fault;
	pool_free(p);
	return rc;
}

enum rc pool_push(struct pool *p, struct pool_job *job)
{
	if (p->ending || p->waiting >= p->conf.queue_max)
		return RC_OVERLOADED;
	job->next = NULL;
	*p->last = job;
	p->last = &job->next;
	p->waiting++;
	if (p->idle_n > 0) {
		size_t at = (size_t)sim_below(p->idle_n);
		struct fiber *chosen = p->idle[at];
		p->idle[at] = p->idle[--p->idle_n];
		fiber_wake(chosen);
	}
	return RC_OK;
}

size_t pool_waiting(struct pool *p) { return p->waiting; }

void pool_free(struct pool *p)
{
	if (!p)
		return;
	p->ending = true;
	while (p->idle_n > 0)
		fiber_wake(p->idle[--p->idle_n]);
	p->maker = sim.current;
	while (p->left < p->conf.threads)
		fiber_wait(UINT64_MAX);
	free(p->idle);
	free(p);
}
