/* Runs that share: servers with other runs, bandwidth, a cache in the local network, one pipeline for several depots. */
#include "agent/content/pipeline.h"
#include "tests/unit/agent/cdn_rig.h"

#include <unistd.h>

/* Chunks of three depots in one run: each by its own depot's path, token and key, side by side. */
struct many_of {
	struct manifest m;
	uint8_t key[32];
};

static void add_depot(
	struct many_of *to, struct cdn_of *of, const struct content_manifest *m, struct cdn_want *all, size_t *n)
{
	struct buf plain = { 0 };
	uint32_t number = of->depot; /* of the run */

	CHECK(cdn_manifest(&task, m, NULL, NULL, &plain, NULL) == RC_OK);
	CHECK(manifest_read(plain.p, plain.n, &arena, &to->m, NULL) == RC_OK);
	CHECK(content_key(&task, m->depot, m->app, to->key, NULL) == RC_OK);
	buf_done(&plain);
	*of = (struct cdn_of){ m->app, m->depot, to->key };
	for (uint32_t i = 0; i < to->m.files_n; i++)
		for (uint32_t k = 0; k < to->m.files[i].chunks_n; k++) {
			const struct manifest_chunk *c = &to->m.files[i].chunks[k];
			all[(*n)++] = (struct cdn_want){ c->sha, c->adler, c->size, c->packed, number };
		}
}

struct seen {
	const struct cdn_want *all;
	atomic_uint put, bad, here[3];
};

static bool see(void *ctx, size_t i, const void *plain, size_t n)
{
	struct seen *s = ctx;
	uint8_t sha[20];

	SHA1(plain, n, sha);
	s->bad += memcmp(sha, s->all[i].sha, 20) != 0;
	s->here[s->all[i].of]++;
	s->put++;
	return true;
}

static void several_depots(void)
{
	static struct many_of depots[3];
	static struct cdn_want all[200];
	const struct content_manifest m[3] = { { .app = APP, .depot = DEPOT, .gid = 77 },
		{ .app = 481, .depot = 501, .gid = 78 }, { .app = 482, .depot = 502, .gid = 79 } };
	struct cdn_of of[3] = { { .depot = 0 }, { .depot = 1 }, { .depot = 2 } };
	struct seen s = { .all = all };
	struct cdn_stats stats = { 0 };
	size_t n = 0, first[3];

	faults(NULL);
	for (unsigned i = 0; i < 3; i++) {
		add_depot(&depots[i], &of[i], &m[i], all, &n);
		first[i] = n;
	}
	/* One chunk of each in turn, as files of an app's depots stand side by side. */
	for (size_t i = 0; i + 1 < n; i += 2) {
		struct cdn_want one = all[i];
		all[i] = all[n - 1 - i];
		all[n - 1 - i] = one;
	}
	tokens_asked = 0;
	fresh(); /* no token is kept */
	const struct cdn_run r = {
		.task = &task, .of = of, .want = all, .n = n, .put = see, .ctx = &s, .stats = &stats
	};
	CHECK(cdn_chunks(&r, NULL) == RC_OK && s.put == n && s.bad == 0);
	CHECK(s.here[0] == first[0] && s.here[1] == first[1] - first[0] && s.here[2] == n - first[1]);
	CHECK(tokens_asked >= 1 && tokens_asked <= SERVERS); /* for the one depot that wants them */
}

/* Without `put` what comes is counted, and thrown away. */
static void thrown_away(void)
{
	struct keep k = { 0 };

	faults(NULL);
	struct got g = fetch_how(&k, (struct cdn_run){ 0 });
	CHECK(g.rc == RC_OK && k.n == 0 && g.stats.bytes_network == packed_all && g.stats.bytes_plain == 0);
}

static void paced(void)
{
	struct pace *p = NULL;
	struct pace_job *j = NULL;
	struct keep k = { 0 };

	faults(NULL);
	CHECK(pace_new(&p, NULL) == RC_OK &&
		pace_join(p, &(struct pace_share){ .job_bps = packed_all * 8 * 2 }, &j, NULL) == RC_OK);
	uint64_t began = clock_mono_ms();
	struct got g = fetch_how(&k, (struct cdn_run){ .put = put, .pace = j });
	printf("half a second's worth of bytes took %llu ms\n", (unsigned long long)(clock_mono_ms() - began));
	CHECK(g.rc == RC_OK && g.once);
	pace_leave(j);
	pace_free(p);
}

/* A cache in the local network: all goes by it, under the servers' own names, and what it tells is counted. */
static void by_cache(void)
{
	struct keep k = { 0 };

	faults(NULL);
	cdn_free(task.cdn);
	const struct cdn_conf conf = {
		.content = task.content, .log = &quiet, .decoders = 2, .lan_host = sim.cdn_hosts[4]
	};
	CHECK(cdn_new(&conf, &task.cdn, NULL) == RC_OK && !cdn_is_cached(task.cdn));
	struct got g = fetch_how(&k, (struct cdn_run){ .put = put });
	CHECK(g.rc == RC_OK && g.once && !cdn_is_cached(task.cdn)); /* it answers no heartbeat */
	CHECK(g.stats.hits == 0 && g.stats.misses == 0);
	sim_is(NULL, true);
	cdn_free(task.cdn);
	const struct cdn_conf again = {
		.content = task.content, .log = &quiet, .decoders = 2, .lan_host = sim.cdn_hosts[4]
	};
	CHECK(cdn_new(&again, &task.cdn, NULL) == RC_OK);
	k = (struct keep){ 0 };
	g = fetch_how(&k, (struct cdn_run){ .put = put });
	CHECK(g.rc == RC_OK && g.once && cdn_is_cached(task.cdn));
	CHECK(g.stats.hits == wants_n && g.stats.misses == 0); /* they were asked for before */
	sim_is(NULL, false);
	cdn_free(task.cdn);
	CHECK(cdn_new(
		      &(struct cdn_conf){
			      .content = task.content, .log = &quiet, .decoders = 2, .lan_host = "192.0.2.1:1" },
		      &task.cdn, NULL) == RC_OK);
	k = (struct keep){ 0 };
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put }).rc == RC_OK &&
		!cdn_is_cached(task.cdn)); /* a public address is none */
	CHECK(!cdn_was_filled(task.cdn, 1, 2));
	cdn_fill(task.cdn, 1, 2);
	CHECK(cdn_was_filled(task.cdn, 1, 2) && !cdn_was_filled(task.cdn, 1, 3));
}

/* Downloads at once share servers, connections and threads. */
static void *one_of_many(void *arg)
{
	struct action_task mine = task;
	struct arena a = { 0 };
	struct cdn_stats stats = { 0 };
	struct keep k = { .times = calloc(wants_n, sizeof(*k.times)) };
	const struct cdn_run r = { .task = &mine,
		.of = &(struct cdn_of){ APP, DEPOT, key },
		.want = wants,
		.n = wants_n,
		.put = put,
		.ctx = &k,
		.stats = &stats };

	mine.arena = &a;
	bool good = cdn_chunks(&r, NULL) == RC_OK && k.bad == 0 && k.n == wants_n;
	free(k.times);
	arena_done(&a);
	*(bool *)arg = good;
	return NULL;
}

static void many(void)
{
	pthread_t threads[4];
	bool good[4] = { false };

	FAULTS("cdn_chunk@3,9,27:cdn_corrupt", "cdn_chunk@40-44:http=503");
	for (unsigned i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, one_of_many, &good[i]) == 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK(good[0] && good[1] && good[2] && good[3]);
}

/* While nothing can be put, no more than the budget is fetched. */
struct dam {
	struct keep k;
	struct cdn_stats stats;
	atomic_bool open;
	enum rc rc;
};

static bool put_behind(void *ctx, size_t i, const void *plain, size_t n)
{
	struct dam *d = ctx;

	while (!d->open)
		usleep(1000);
	return put(&d->k, i, plain, n);
}

static void *run_behind(void *arg)
{
	struct dam *d = arg;
	const struct cdn_run r = { .task = &task,
		.of = &(struct cdn_of){ APP, DEPOT, key },
		.want = wants,
		.n = wants_n,
		.put = put_behind,
		.ctx = d,
		.stats = &d->stats };

	d->rc = cdn_chunks(&r, NULL);
	return NULL;
}

static void budget(void)
{
	struct dam d = { .k.times = calloc(wants_n, sizeof(atomic_uint)) };
	pthread_t thread;
	uint64_t full = PIPELINE_BYTES - (2u << 20);

	CHECK(packed_all > PIPELINE_BYTES + (2u << 20)); /* else it would not be seen */
	faults(NULL);
	CHECK(pthread_create(&thread, NULL, run_behind, &d) == 0);
	while (d.stats.bytes_network < full)
		usleep(1000);
	usleep(300000);
	printf("%llu bytes of %llu wait\n", (unsigned long long)d.stats.bytes_network,
		(unsigned long long)packed_all);
	CHECK(d.stats.bytes_network <= PIPELINE_BYTES && d.k.n == 0);
	d.open = true;
	pthread_join(thread, NULL);
	CHECK(d.rc == RC_OK && d.k.n == wants_n && d.k.bad == 0);
	free(d.k.times);
}

int main(void)
{
	rig_start();
	thrown_away();
	paced();
	by_cache();
	many();
	several_depots();
	budget();
	rig_end();
	return 0;
}
