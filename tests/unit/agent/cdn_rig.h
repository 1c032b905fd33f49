/* cdn_rig: the agent's side of the tests of cdn: its client, the chunks of DEPOT, and a run that puts each and looks at it. One file each. */
#pragma once

#include "agent/content/cdn.h"
#include "agent/content/pace.h"
#include "tests/unit/agent/cdn_steam.h"
#include "wire/steam/manifest_names.h"

#include <openssl/sha.h>

static struct arena arena;
static struct action_task task;
static struct manifest depot; /* of DEPOT */
static uint8_t key[32];
static struct cdn_want *wants;
static size_t wants_n;
static uint64_t packed_all;

static inline void fresh(void)
{
	cdn_free(task.cdn);
	steam_content_free(task.content);
	task = (struct action_task){ .arena = &arena };
	CHECK(steam_content_new(&task.content, NULL) == RC_OK);
	CHECK(cdn_new(&(struct cdn_conf){ .content = task.content, .log = &quiet, .decoders = 2 }, &task.cdn,
		      NULL) == RC_OK);
}

struct on_loop {
	struct loop_job job;
	const char *const *faults;
	bool lancache;
	pthread_mutex_t lock;
	pthread_cond_t news;
	bool done;
};

static inline void set_faults(struct loop_job *job)
{
	struct on_loop *o = list_of(job, struct on_loop, job);
	struct fault f = { 0 };

	faults_clear(&sim.faults);
	sim.lancache = o->lancache;
	sim_forget(&sim);
	for (unsigned i = 0; o->faults && o->faults[i]; i++) {
		if (faults_add(&sim.faults, o->faults[i], &f) != RC_OK)
			fprintf(stderr, "%s\n", f.text);
		CHECK(f.rc == RC_OK);
	}
	pthread_mutex_lock(&o->lock);
	o->done = true;
	pthread_cond_signal(&o->news);
	pthread_mutex_unlock(&o->lock);
}

/* From now on; counts begin anew. */
static inline void sim_is(const char *const *lines, bool lancache)
{
	struct on_loop o = { .job.run = set_faults,
		.lancache = lancache,
		.faults = lines,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.news = PTHREAD_COND_INITIALIZER };

	loop_post(loop, &o.job);
	pthread_mutex_lock(&o.lock);
	while (!o.done)
		pthread_cond_wait(&o.news, &o.lock);
	pthread_mutex_unlock(&o.lock);
	fresh();
}
static inline void faults(const char *const *lines) { sim_is(lines, false); }
#define FAULTS(...) faults((const char *const[]){ __VA_ARGS__, NULL })

struct keep {
	atomic_uint *times; /* of each chunk */
	atomic_uint bad;
	size_t stop_at; /* chunks; 0: never */
	atomic_size_t n;
	size_t fail_at;
};

static inline bool put(void *ctx, size_t i, const void *plain, size_t n)
{
	struct keep *k = ctx;
	uint8_t sha[20];

	SHA1(plain, n, sha);
	k->bad += memcmp(sha, wants[i].sha, 20) != 0 || n != wants[i].size;
	k->times[i]++;
	return ++k->n != k->fail_at;
}

static inline bool stop(void *ctx)
{
	struct keep *k = ctx;
	return k->stop_at && k->n >= k->stop_at;
}

struct got {
	enum rc rc;
	struct fault f;
	struct cdn_stats stats;
	bool once; /* each chunk, and right */
};

static inline struct got fetch_how(struct keep *k, struct cdn_run r)
{
	static struct got g;

	g = (struct got){ 0 };
	k->times = calloc(wants_n, sizeof(*k->times));
	r.task = &task;
	r.of = &(struct cdn_of){ APP, DEPOT, key };
	r.want = r.want ? r.want : wants;
	r.n = r.n ? r.n : wants_n;
	r.ctx = k;
	r.stats = &g.stats;
	g.rc = cdn_chunks(&r, &g.f);
	g.once = k->bad == 0;
	for (size_t i = 0; i < r.n; i++)
		g.once &= k->times[i] == 1;
	free(k->times);
	return g;
}

static inline struct got fetch(void)
{
	struct keep k = { 0 };
	return fetch_how(&k, (struct cdn_run){ .put = put, .stop = stop });
}

/* Reads the manifest of DEPOT: its chunks are `wants`, each once. */
static void manifest(void)
{
	const struct content_manifest m = { .app = APP, .depot = DEPOT, .gid = 77 };
	struct buf plain = { 0 };
	struct fault f = { 0 };

	fresh();
	enum rc rc = cdn_manifest(&task, &m, NULL, NULL, &plain, &f);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(rc == RC_OK && manifest_read(plain.p, plain.n, &arena, &depot, &f) == RC_OK);
	CHECK(content_key(&task, DEPOT, APP, key, &f) == RC_OK && content_key(&task, DEPOT, APP, key, &f) == RC_OK);
	CHECK(keys_asked == 1 && codes_asked == 1 && servers_asked == 1); /* what Steam told is kept */
	CHECK(manifest_names_decrypt(&depot, key, &arena, &f) == RC_OK && depot.files_n == 8);
	CHECK(cdn_manifest(&task, &m, NULL, NULL, &plain, &f) == RC_OK && codes_asked == 1 && servers_asked == 1);
	buf_done(&plain);
	for (uint32_t i = 0; i < depot.files_n; i++)
		wants_n += depot.files[i].chunks_n;
	wants = calloc(wants_n, sizeof(*wants));
	wants_n = 0;
	for (uint32_t i = 0; i < depot.files_n; i++)
		for (uint32_t k = 0; k < depot.files[i].chunks_n; k++) {
			const struct manifest_chunk *c = &depot.files[i].chunks[k];
			bool twice = false;
			for (size_t w = 0; w < wants_n; w++)
				twice |= !memcmp(wants[w].sha, c->sha, 20);
			if (twice)
				continue;
			wants[wants_n++] = (struct cdn_want){ c->sha, c->adler, c->size, c->packed, 0 };
			packed_all += c->packed;
		}
	CHECK(wants_n >= 40);
}

static void rig_start(void)
{
	steam_start();
	manifest();
}

static void rig_end(void)
{
	cdn_free(task.cdn);
	steam_content_free(task.content);
	arena_done(&arena);
	free(wants);
	steam_end();
}
