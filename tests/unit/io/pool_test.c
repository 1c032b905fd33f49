#include "io/pool.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

struct work {
	struct pool_job job;
	int number;
};

static atomic_int entered, left, done, biggest;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int order[100], order_n;

static enum rc enter(void *ctx, void **ret_worker, struct fault *f)
{
	int nth = atomic_fetch_add(&entered, 1);
	if (ctx && nth == *(int *)ctx)
		return fault_set(f, RC_AWAY, "the third has no database");
	*ret_worker = malloc(1);
	return RC_OK;
}

static void leave(void *worker)
{
	atomic_fetch_add(&left, 1);
	free(worker);
}

static void run(void *worker, struct pool_job **jobs, size_t n)
{
	CHECK(worker);
	for (size_t i = 0; i < n; i++)
		free(jobs[i]);
	atomic_fetch_add(&done, (int)n);
}

static void run_in_order(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	pthread_mutex_lock(&gate); /* holds the only worker until the test has pushed all */
	for (size_t i = 0; i < n; i++)
		order[order_n++] = ((struct work *)(void *)jobs[i])->number;
	if ((int)n > biggest)
		biggest = (int)n;
	pthread_mutex_unlock(&gate);
}

static void all_jobs_are_run_once(void)
{
	struct pool *p;
	struct fault f = { 0 };
	struct pool_conf conf = { .name = "test",
		.threads = 4,
		.batch_max = 8,
		.queue_max = 1000000,
		.enter = enter,
		.run = run,
		.leave = leave };

	CHECK(pool_new(&conf, &p, &f) == RC_OK);
	for (int i = 0; i < 50000; i++) {
		struct work *w = malloc(sizeof(*w));
		CHECK(pool_push(p, &w->job) == RC_OK);
	}
	pool_free(p); /* runs what waits */
	CHECK(done == 50000 && entered == 4 && left == 4);
}

static void batches_keep_the_order_and_the_queue_its_limit(void)
{
	struct pool *p;
	struct fault f = { 0 };
	struct work w[40];
	struct pool_conf conf = {
		.name = "one", .threads = 1, .batch_max = 16, .queue_max = 32, .run = run_in_order
	};

	CHECK(pool_new(&conf, &p, &f) == RC_OK);
	pthread_mutex_lock(&gate);
	w[0].number = 0;
	CHECK(pool_push(p, &w[0].job) == RC_OK);
	while (pool_waiting(p) > 0) /* until the worker holds it */
		usleep(1000);
	for (int i = 1; i <= 32; i++) {
		w[i].number = i;
		CHECK(pool_push(p, &w[i].job) == RC_OK);
	}
	CHECK(pool_waiting(p) == 32);
	CHECK(pool_push(p, &w[33].job) == RC_OVERLOADED);
	pthread_mutex_unlock(&gate);
	pool_free(p);
	CHECK(order_n == 33 && biggest == 16);
	for (int i = 0; i < 33; i++)
		CHECK(order[i] == i);
}

static void a_worker_that_cannot_begin_fails_the_pool(void)
{
	struct pool *p = NULL;
	struct fault f = { 0 };
	int third = 2;
	struct pool_conf conf = { .name = "bad",
		.threads = 4,
		.batch_max = 1,
		.queue_max = 1,
		.ctx = &third,
		.enter = enter,
		.run = run,
		.leave = leave };

	entered = left = 0;
	CHECK(pool_new(&conf, &p, &f) == RC_AWAY && p == NULL);
	CHECK_STR(f.text, "the third has no database");
	CHECK(entered == 4 && left == 3);
	conf.threads = 0;
	CHECK(pool_new(&conf, &p, &f) == RC_INVALID);
}

int main(void)
{
	all_jobs_are_run_once();
	batches_keep_the_order_and_the_queue_its_limit();
	a_worker_that_cannot_begin_fails_the_pool();
	return 0;
}
