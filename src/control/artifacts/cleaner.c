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
	int64_t gone;
	bool told_full; /* the last word about the disk */
	struct storage_disk disk;
	/* The sweep, on its thread while it is sweeping. */
	struct pool *thread;
	struct pool_job job;
	struct loop_job back;
	bool sweeping, wanted;
	uint64_t sweep_at_ms;
	enum rc rc;
	struct fault fault;
	struct contents_swept swept;
};

static struct cleaner *of_write(struct write *w)
{
	return (struct cleaner *)(void *)((char *)w - offsetof(struct cleaner, write));
}

static enum rc look(struct write *w, struct tx *tx)
{
	struct cleaner *k = of_write(w);
	enum rc rc = singletons_hold(tx, "artifacts", &k->held);

	k->gone = 0;
	if (rc != RC_OK || !k->held)
		return rc;
	rc = cleaner_steps(tx, &k->gone);
	if (rc == RC_OK && k->disk.full != k->told_full)
		rc = storage_tell(tx, &k->disk);
	return rc;
}

static void sweep_if(struct cleaner *k)
{
	uint64_t now = loop_now_ms(k->control->loop);

	if (!k->thread || k->sweeping || !k->held || !(k->wanted || now >= k->sweep_at_ms))
		return;
	k->sweeping = pool_push(k->thread, &k->job) == RC_OK;
	if (!k->sweeping)
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
	if (k->held)
		k->told_full = k->disk.full;
	k->wanted |= k->gone > 0;
	if (k->gone > 0)
		log_info(w->control->log, "contents gone n=%lld", (long long)k->gone);
	sweep_if(k);
}

static void run(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	for (size_t i = 0; i < n; i++) {
		struct cleaner *k = (struct cleaner *)(void *)((char *)jobs[i] - offsetof(struct cleaner, job));
		const struct artifacts_conf *conf = k->control->conf->artifacts;
		k->rc = contents_sweep(
			conf->dir, clock_wall_ms() - (int64_t)conf->grace_s * 1000, &k->swept, &k->fault);
		loop_post(k->control->loop, &k->back);
	}
}

static void on_swept(struct loop_job *job)
{
	struct cleaner *k = (struct cleaner *)(void *)((char *)job - offsetof(struct cleaner, back));

	k->sweeping = false;
	if (k->rc != RC_OK)
		log_error(k->control->log, "the store was not swept: %s", k->fault.text);
	else if (k->swept.blobs)
		log_info(k->control->log, "the store was swept blobs=%llu bytes=%llu",
			(unsigned long long)k->swept.blobs, (unsigned long long)k->swept.bytes);
	k->wanted |= k->rc == RC_OK && k->swept.more;
}

static void on_time(void *ctx)
{
	struct cleaner *k = ctx;

	loop_timer_at(k->timer, loop_now_ms(k->control->loop) + CLEANER_MS);
	storage_look(k->control, &k->disk);
	if (k->looking)
		return;
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
	loop_timer_at(k->timer, loop_now_ms(c->loop) + CLEANER_MS);
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
