#include "agent/keeper.h"

#include "io/failpoint.h"

#include <stddef.h>

#define BATCH 256

struct keeper {
	struct loop *loop;
	struct pool *pool;
	struct journal *journal; /* the pool's one thread's */
	size_t pending;          /* the loop's */
};

static struct keeper_job *job_of(struct pool_job *job)
{
	return (struct keeper_job *)(void *)((char *)job - offsetof(struct keeper_job, job));
}

static void come_back(struct loop_job *back)
{
	struct keeper_job *k = (struct keeper_job *)(void *)((char *)back - offsetof(struct keeper_job, back));
	k->keeper->pending--;
	k->done(k);
}

/* All but the syncing. */
static void perform(struct journal *j, struct keeper_job *k)
{
	switch (k->what) {
	case KEEPER_PUT:
		k->rc = journal_put(j, k->kind, k->key, k->body.p, k->body.n, &k->fault);
		break;
	case KEEPER_DROP:
		journal_drop(j, k->key);
		break;
	case KEEPER_READ:
		k->rc = journal_read(j, k->key, &k->body, &k->fault);
		break;
	case KEEPER_SYNC:
		break;
	}
}

static void run(void *worker, struct pool_job **jobs, size_t n)
{
	struct keeper *k = worker;
	struct fault f = { 0 };
	bool must_sync = false;

	for (size_t i = 0; i < n; i++) {
		struct keeper_job *one = job_of(jobs[i]);
		one->rc = RC_OK;
		perform(k->journal, one);
		must_sync = must_sync || one->what == KEEPER_PUT || one->what == KEEPER_SYNC;
	}
	if (must_sync)
		FAILPOINT("journal.before_sync");
	enum rc rc = must_sync || journal_is_slack(k->journal) ? journal_sync(k->journal, &f) : RC_OK;
	if (must_sync)
		FAILPOINT("journal.after_sync");
	for (size_t i = 0; i < n; i++) {
		struct keeper_job *one = job_of(jobs[i]);
		if (rc != RC_OK && one->rc == RC_OK && (one->what == KEEPER_PUT || one->what == KEEPER_SYNC)) {
			one->rc = rc;
			one->fault = f;
		}
		loop_post(k->loop, &one->back);
	}
}

static enum rc enter(void *ctx, void **ret_worker, struct fault *f)
{
	(void)f;
	*ret_worker = ctx;
	return RC_OK;
}

enum rc keeper_new(struct loop *l, struct journal *take_journal, struct keeper **ret_keeper, struct fault *f)
{
	auto_of(journal) struct journal *j = take_journal;
	auto_of(keeper) struct keeper *k = calloc(1, sizeof(*k));
	if (!k)
		return RC_NOMEM;
	k->loop = l;
	const struct pool_conf conf = { .name = "journal",
		.threads = 1,
		.batch_max = BATCH,
		.queue_max = UINT32_MAX,
		.ctx = k,
		.enter = enter,
		.run = run };
	enum rc rc = pool_new(&conf, &k->pool, f);
	if (rc != RC_OK)
		return rc;
	k->journal = take(j);
	*ret_keeper = take(k);
	return RC_OK;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	pool_free(k->pool);
	/* Drops that no put followed; what fails here is told once more after the next start. */
	enum rc rc = k->journal ? journal_sync(k->journal, NULL) : RC_OK;
	(void)rc;
	journal_free(k->journal);
	free(k);
}

void keeper_push(struct keeper *k, struct keeper_job *job)
{
	job->keeper = k;
	job->fault = (struct fault){ 0 };
	job->back.run = come_back;
	k->pending++;
	if (pool_push(k->pool, &job->job) == RC_OK)
		return;
	job->rc = RC_OVERLOADED; /* only while it ends */
	loop_post(k->loop, &job->back);
}

size_t keeper_pending(const struct keeper *k) { return k->pending; }
