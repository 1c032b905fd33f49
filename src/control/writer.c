#include "control/writer.h"
#include "base/log.h"
#include "base/metric.h"
#include "control/audit/trail.h"
#include "control/control.h"
#include "io/clock.h"
#include "io/failpoint.h"

#define TELL_MS 1000

struct hand {
	struct control *control;
	struct store_conn *db;
	struct arena arena;
	struct trail trail;
	uint64_t told_ms; /* when the log was told last that nothing is committed; 0: all is well */
	size_t untold;    /* writes since */
	int64_t ahead_ms; /* how far the wall clock was ahead of the monotonic one at the last write; 0: there was none */
};

static enum rc enter(void *ctx, void **ret_worker, struct fault *f)
{
	struct control *c = ctx;
	struct hand *h = calloc(1, sizeof(*h));
	if (!h)
		return RC_NOMEM;
	h->control = c;
	h->arena.wipes = true; /* what requests hold */
	enum rc rc = store_connect(c->store, STORE_WRITE, &h->db, f);
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
	trail_done(&h->trail);
	free(h);
}

static struct write *write_of(struct pool_job *job)
{
	return (struct write *)(void *)((char *)job - offsetof(struct write, job));
}

static void come_back(struct loop_job *job)
{
	struct write *w = (struct write *)(void *)((char *)job - offsetof(struct write, back));
	w->done(w);
}

/* What a clock that was set, and perhaps set back, has dated is in the rows: whoever judges leases by them has to know. */
static int64_t now_ms(struct hand *h)
{
	int64_t wall = clock_wall_ms(), ahead = wall - (int64_t)clock_mono_ms(), moved = ahead - h->ahead_ms;
	int64_t most = h->control->conf->lease_ms / 6;

	if (h->ahead_ms && (moved >= most || moved <= -most))
		atomic_store(&h->control->clock_moved, true);
	h->ahead_ms = ahead;
	return wall;
}

/* Runs one write inside its mark, and notes what must be told after the commit. */
static void run_one(struct hand *h, struct write *w, struct tx *told)
{
	struct tx tx = { .control = h->control,
		.db = h->db,
		.arena = &h->arena,
		.fault = &w->fault,
		.now_ms = now_ms(h),
		.actor = "system",
		.peer = "",
		.trace_id = "",
		.trail = &h->trail };

	arena_reset(&h->arena);
	trail_mark(&h->trail);
	w->rc = store_mark(h->db, &w->fault);
	if (w->rc != RC_OK)
		return;
	w->rc = w->run(w, &tx);
	if (w->rc == RC_OK)
		w->rc = trail_keep(&tx);
	if (w->rc == RC_OK)
		w->rc = store_keep(h->db, &w->fault);
	if (w->rc != RC_OK) {
		trail_undo(&h->trail);
		store_undo(h->db);
		return;
	}
	told->appended |= tx.appended;
	if (tx.ring)
		tx_ring(told, tx.ring_in);
	told->cancels |= tx.cancels;
	told->bots |= tx.bots;
}

/* A database that is away fails every batch: a line a second tells of it, and one of its end. */
static void tell_log(struct hand *h, enum rc rc, size_t n, const struct fault *f)
{
	const struct log *log = h->control->log;
	uint64_t now = clock_mono_ms();

	atomic_store(&h->control->written, (int)rc);
	if (rc == RC_OK && !h->told_ms)
		return;
	if (rc == RC_OK) {
		log_info(log, "writes are committed again");
		h->told_ms = 0;
		return;
	}
	h->untold += n;
	if (h->told_ms && now < h->told_ms + TELL_MS)
		return;
	log_error(log, "%zu writes were not committed: %s", h->untold, f->text);
	h->told_ms = now;
	h->untold = 0;
}

static void run_batch(void *worker, struct pool_job **jobs, size_t n)
{
	struct hand *h = worker;
	struct control *c = h->control;
	struct fault f = { 0 };
	bool unknown = false;
	struct tx told = { .control = c, .db = h->db, .arena = &h->arena, .fault = &f, .now_ms = clock_wall_ms() };

	FAILPOINT("writer.before_begin");
	enum rc rc = store_begin(h->db, &f);
	bool begun = rc == RC_OK;
	trail_begin(&h->trail);
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		run_one(h, write_of(jobs[i]), &told);

	bool tells = told.appended || told.ring || told.cancels || told.bots;
	if (rc == RC_OK && tells)
		rc = c->committing(&told);
	if (rc == RC_OK)
		rc = trail_store(&h->trail, h->db, &f);
	if (rc == RC_OK)
		rc = FAILPOINT_RC("writer.before_commit", &f);
	if (rc != RC_OK && begun)
		store_rollback(h->db);
	uint64_t began = clock_mono_us();
	if (rc == RC_OK) {
		rc = store_commit(h->db, &f);
		unknown = rc == RC_AWAY;
	}
	FAILPOINT("writer.after_commit");
	metric_seen(c->metrics, METRIC_FSYNC_SECONDS, NULL, (double)(clock_mono_us() - began) / 1e6);
	metric_add(c->metrics, METRIC_GROUP_SIZE, NULL, n);
	tell_log(h, rc, n, &f);

	for (size_t i = 0; i < n; i++) {
		struct write *w = write_of(jobs[i]);
		if (rc != RC_OK) {
			w->rc = rc;
			w->fault = f;
			w->unknown = unknown;
		}
		w->back.run = come_back;
		loop_post(c->loop, &w->back);
	}
	if (rc != RC_OK && !unknown)
		return;
	if (h->trail.head.loaded)
		atomic_store(&c->audited, (int64_t)h->trail.head.tree.n);
	if (tells)
		c->committed(c, &told);
}

enum rc writer_push(struct write *w)
{
	w->rc = RC_OK;
	w->unknown = false;
	return w->control->writer ? pool_push(w->control->writer, &w->job)
				  : RC_OVERLOADED; /* none any more at the end */
}

enum rc writer_start(struct control *c, struct fault *f)
{
	const struct pool_conf conf = {
		.name = "writer",
		.threads = 1,
		.batch_max = WRITER_BATCH_MAX,
		.queue_max = WRITER_QUEUE_MAX,
		.ctx = c,
		.enter = enter,
		.run = run_batch,
		.leave = leave,
	};
	return pool_new(&conf, &c->writer, f);
}
