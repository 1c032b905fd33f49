#include "control/reader.h"
#include "control/control.h"
#include "io/clock.h"

struct hand {
	struct control *control;
	struct store_conn *db;
	struct arena arena;
};

static enum rc enter(void *ctx, void **ret_worker, struct fault *f)
{
	struct control *c = ctx;
	struct hand *h = calloc(1, sizeof(*h));
	if (!h)
		return RC_NOMEM;
	h->control = c;
	h->arena.wipes = true; /* what requests hold */
	enum rc rc = store_connect(c->store, STORE_READ, &h->db, f);
	if (rc != RC_OK) {
		free(h);
		return rc;
	}
	*ret_worker = h;
	return RC_OK;
}

static void leave(void *worker)
{
	struct hand *h = worker;
	store_disconnect(h->db);
	arena_done(&h->arena);
	free(h);
}

static void come_back(struct loop_job *job)
{
	struct read *r = (struct read *)(void *)((char *)job - offsetof(struct read, back));
	r->done(r);
}

static void run_batch(void *worker, struct pool_job **jobs, size_t n)
{
	struct hand *h = worker;

	for (size_t i = 0; i < n; i++) {
		struct read *r = (struct read *)(void *)((char *)jobs[i] - offsetof(struct read, job));
		struct fault f = { 0 };
		struct tx tx = { .control = h->control,
			.db = h->db,
			.arena = &h->arena,
			.fault = &f,
			.now_ms = clock_wall_ms(),
			.actor = "system",
			.peer = "",
			.trace_id = "" };
		arena_reset(&h->arena);
		r->run(r, &tx);
		r->back.run = come_back;
		loop_post(h->control->loop, &r->back);
	}
}

enum rc reader_push(struct read *r)
{
	return r->control->readers ? pool_push(r->control->readers, &r->job)
				   : RC_OVERLOADED; /* none any more at the end */
}

enum rc reader_push_slow(struct read *r)
{
	return r->control->slow_readers ? pool_push(r->control->slow_readers, &r->job) : RC_OVERLOADED;
}

enum rc reader_start(struct control *c, struct fault *f)
{
	const struct pool_conf conf = {
		.name = "reader",
		.threads = READER_THREADS,
		.batch_max = READER_BATCH_MAX,
		.queue_max = READER_QUEUE_MAX,
		.ctx = c,
		.enter = enter,
		.run = run_batch,
		.leave = leave,
	};
	struct pool_conf slow = conf;
	slow.name = "slow";
	slow.threads = READER_SLOW_THREADS;
	slow.batch_max = 1;
	slow.queue_max = READER_SLOW_QUEUE_MAX;
	enum rc rc = pool_new(&conf, &c->readers, f);
	return rc == RC_OK ? pool_new(&slow, &c->slow_readers, f) : rc;
}
