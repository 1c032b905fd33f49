#include "control/artifacts/cleaner.h"
#include "base/log.h"
#include "control/artifacts/storage.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/sweep.h"
#include "control/writer.h"
#include "io/clock.h"
#include "io/contents.h"
#include "io/loop.h"
#include "io/pool.h"

#include <stdlib.h>

struct cleaner {
	struct control *control;
	struct loop_timer *timer;
	struct write write;
	bool looking, held;
	bool awaited; /* a download waits for room */
	int64_t gone;
	bool told, told_full; /* the last word about the disk */
	struct storage_disk disk;
	/* The sweep, and counting, on their thread while `sweeping`. */
	struct pool *thread;
	struct pool_job job;
	struct loop_job back;
	bool sweeping, wanted;
	bool sweeps; /* or it only counts */
	uint64_t sweep_at_ms, count_at_ms, took_ms;
	int64_t began_ms;       /* wall clock; of the last count */
	uint64_t bytes;         /* that it found */
	bool counted, counting; /* it is to be written down; the look under way does that */
	int64_t grace_ms;
	enum rc rc;
	struct fault fault;
	struct contents_swept swept;
};

static struct cleaner *of_write(struct write *w)
{
	return (struct cleaner *)(void *)((char *)w - offsetof(struct cleaner, write));
}

static bool is_counted(const struct cleaner *k)
{
	return atomic_load(&k->control->storage_bytes) != STORAGE_NOT_COUNTED;
}

/* A store that is full, or has no room for what waits, gives up sooner what nobody uses. */
static int64_t grace_of(const struct cleaner *k)
{
	int64_t ms = (int64_t)k->control->conf->artifacts->grace_s * 1000;

	return (k->disk.full || k->awaited) && is_counted(k) && ms > CLEANER_FULL_MS ? CLEANER_FULL_MS : ms;
}

static enum rc look(struct write *w, struct tx *tx)
{
	struct cleaner *k = of_write(w);
	enum rc rc = singletons_hold(tx, "artifacts", &k->held);

	k->gone = 0;
	if (rc != RC_OK || !k->held)
		return rc;
	if (k->counting)
		rc = storage_counted(tx, k->bytes, k->began_ms);
	if (rc == RC_OK)
		rc = storage_awaited(tx, &k->awaited);
	if (rc == RC_OK)
		rc = cleaner_steps(tx, grace_of(k), &k->gone);
	if (rc == RC_OK && is_counted(k) && (!k->told || k->disk.full != k->told_full))
		rc = storage_tell(tx, &k->disk);
	return rc;
}

/* Counting takes as long as there are files: no more than a twentieth of the time is spent with it. Every control plane counts. */
static void sweep_if(struct cleaner *k)
{
	const bool counts = k->control->conf->artifacts->max_bytes > 0;
	uint64_t now = loop_now_ms(k->control->loop);
	bool sweeps = k->held && (k->wanted || now >= k->sweep_at_ms);

	if (!k->thread || k->sweeping || !(sweeps || (counts && now >= k->count_at_ms)))
		return;
	k->sweeps = sweeps;
	k->grace_ms = grace_of(k);
	k->sweeping = pool_push(k->thread, &k->job) == RC_OK;
	if (!k->sweeping || !sweeps)
		return;
	k->wanted = false;
	k->sweep_at_ms = now + CLEANER_SWEEP_MS;
}

static void on_looked(struct write *w)
{
	struct cleaner *k = of_write(w);

	k->looking = false;
	if (w->rc != RC_OK) {
		log_error(w->control->log, "what was fetched not cleaned up: %s", w->fault.text);
		return;
	}
	k->counted &= !(k->counting && k->held);
	k->told = k->held && is_counted(k);
	k->told_full = k->disk.full;
	k->wanted |= k->gone > 0;
	if (k->gone > 0)
		log_info(w->control->log, "contents gone n=%lld", (long long)k->gone);
	sweep_if(k);
}

static void work(struct cleaner *k)
{
	const struct artifacts_conf *conf = k->control->conf->artifacts;
	uint64_t bytes = 0, began = clock_mono_ms();

	k->rc = RC_OK;
	k->swept = (struct contents_swept){ 0 };
	if (k->sweeps)
		k->rc = contents_sweep(conf->dir, clock_wall_ms() - k->grace_ms, &k->swept, &k->fault);
	k->began_ms = clock_wall_ms();
	if (k->rc == RC_OK && conf->max_bytes)
		k->rc = contents_measure(conf->dir, &bytes, &k->fault);
	if (k->rc == RC_OK)
		atomic_store(&k->control->storage_bytes, bytes);
	k->bytes = bytes;
	k->took_ms = clock_mono_ms() - began;
}

static void run(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	for (size_t i = 0; i < n; i++) {
		struct cleaner *k = (struct cleaner *)(void *)((char *)jobs[i] - offsetof(struct cleaner, job));
		work(k);
		loop_post(k->control->loop, &k->back);
	}
}

static void on_swept(struct loop_job *job)
{
	struct cleaner *k = (struct cleaner *)(void *)((char *)job - offsetof(struct cleaner, back));

	k->sweeping = false;
	k->count_at_ms = loop_now_ms(k->control->loop) + 20 * k->took_ms;
	storage_look(k->control, &k->disk);
	if (k->rc != RC_OK)
		log_error(k->control->log, "the store was not swept: %s", k->fault.text);
	else if (k->swept.blobs)
		log_info(k->control->log, "the store was swept blobs=%llu bytes=%llu",
			(unsigned long long)k->swept.blobs, (unsigned long long)k->swept.bytes);
	k->wanted |= k->rc == RC_OK && k->swept.more;
	k->counted = k->rc == RC_OK && k->control->conf->artifacts->max_bytes > 0;
	if (k->counted) /* room is not to wait for the next look */
		loop_timer_at(k->timer, loop_now_ms(k->control->loop));
}

static void on_time(void *ctx)
{
	struct cleaner *k = ctx;

	loop_timer_at(k->timer, loop_now_ms(k->control->loop) + CLEANER_MS);
	if (k->looking)
		return;
	storage_look(k->control, &k->disk);
	k->counting = k->counted && !k->sweeping;
	k->write = (struct write){ .control = k->control, .run = look, .done = on_looked };
	k->looking = writer_push(&k->write) == RC_OK;
}

enum rc cleaner_new(struct control *c, struct cleaner **ret, struct fault *f)
{
	const struct pool_conf conf = {
		.name = "cleaner", .threads = 1, .batch_max = 1, .queue_max = 1, .run = run
	};
	auto_of(cleaner) struct cleaner *k = calloc(1, sizeof(*k));

	if (!k)
		return RC_NOMEM;
	k->control = c;
	k->back.run = on_swept;
	enum rc rc = pool_new(&conf, &k->thread, f);
	if (rc == RC_OK)
		rc = loop_timer_new(c->loop, on_time, k, &k->timer);
	if (rc != RC_OK)
		return rc;
	if (c->conf->artifacts->max_bytes)
		atomic_store(&c->storage_bytes, STORAGE_NOT_COUNTED);
	storage_look(c, &k->disk);
	loop_timer_at(k->timer, loop_now_ms(c->loop));
	*ret = take(k);
	return RC_OK;
}

void cleaner_stop(struct cleaner *k)
{
	if (k)
		pool_free(take(k->thread));
}

void cleaner_free(struct cleaner *k)
{
	if (!k)
		return;
	cleaner_stop(k);
	loop_timer_free(k->timer);
	free(k);
}
