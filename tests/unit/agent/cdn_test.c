/*
 * Content servers as our client meets them: those of steamsim on sockets, with the faults of each. What Steam says over a session is said by
 * the same simulated Steam, without the session: `ask_steam` is the test's own.
 */
#include "agent/actions/ask.h"
#include "agent/content/cdn.h"
#include "agent/content/pace.h"
#include "io/clock.h"
#include "io/loop.h"
#include "proto/steam/depot.pb-c.h"
#include "sim/cdn/cdn.h"
#include "sim/load.h"
#include "sim/web/site.h"
#include "sim/web/tls_files.h"
#include "tests/unit/check.h"
#include "wire/steam/manifest_names.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SERVERS 5
#define DEPOT   500
#define APP     480

static void no_line(void *to, const char *line, size_t n) { (void)to, (void)line, (void)n; }
static const struct log quiet = { .level = LOG_LEVEL_ERROR, .now_ms = clock_wall_ms, .write = no_line };
static struct sim sim = { .log = &quiet, .heartbeat_s = 9, .part_bytes = 100000, .cell_id = 1, .poll_ms = 100 };
static struct site *site;
static struct loop *loop;
static pthread_t loop_thread;
static char tmp[] = "/tmp/cdn_test_XXXXXX";
static atomic_uint tokens_asked, codes_asked, keys_asked, servers_asked;
static bool no_tokens;

/* ---- Steam, without a session ---- */

static enum rc answer(struct ask *q, struct arena *a, const struct buf *b)
{
	return pb_unpack(q->out, b->p, b->n, a, &q->got, NULL);
}

static int32_t say_code(struct ask *q, struct buf *to)
{
	const CContentServerDirectoryGetManifestRequestCodeRequest *m = (const void *)q->in;
	CContentServerDirectoryGetManifestRequestCodeResponse out =
		CCONTENT_SERVER_DIRECTORY__GET_MANIFEST_REQUEST_CODE__RESPONSE__INIT;
	const struct cdn_ask ask = { .app = m->app_id,
		.depot = m->depot_id,
		.manifest = m->manifest_id,
		.branch = m->app_branch,
		.now_s = sim_time(&sim) };

	codes_asked++;
	int32_t eresult = cdn_request_code(sim.cdn, &ask, &out.manifest_request_code);
	out.has_manifest_request_code = 1;
	pb_pack(to, &out.base);
	return eresult;
}

static int32_t say_token(struct ask *q, struct buf *to)
{
	const CContentServerDirectoryGetCDNAuthTokenRequest *m = (const void *)q->in;
	CContentServerDirectoryGetCDNAuthTokenResponse out =
		CCONTENT_SERVER_DIRECTORY__GET_CDNAUTH_TOKEN__RESPONSE__INIT;
	const struct cdn_ask ask = {
		.app = m->app_id, .depot = m->depot_id, .host = m->host_name, .now_s = sim_time(&sim)
	};
	struct buf token = { 0 };

	tokens_asked++;
	if (no_tokens)
		return 15;
	int32_t eresult = cdn_auth_token(sim.cdn, &ask, &token, &out.expiration_time);
	out.has_expiration_time = 1;
	out.token = (char *)buf_text(&token);
	pb_pack(to, &out.base);
	buf_done(&token);
	return eresult;
}

static int32_t say_key(struct ask *q, struct buf *to)
{
	const CMsgClientGetDepotDecryptionKey *m = (const void *)q->in;
	CMsgClientGetDepotDecryptionKeyResponse out = CMSG_CLIENT_GET_DEPOT_DECRYPTION_KEY_RESPONSE__INIT;
	const struct cdn_ask ask = { .app = m->app_id, .depot = m->depot_id };
	uint8_t key[32];

	keys_asked++;
	out.has_eresult = 1;
	out.eresult = cdn_depot_key(sim.cdn, &ask, key);
	out.has_depot_encryption_key = out.eresult == 1;
	out.depot_encryption_key = (ProtobufCBinaryData){ sizeof(key), key };
	pb_pack(to, &out.base);
	return 1;
}

enum rc ask_steam(struct action_task *t, struct ask *q, struct fault *f)
{
	const char *hosts[SIM_CDN_MAX];
	struct buf b = { 0 };
	int32_t eresult = 1;

	for (unsigned i = 0; i < sim.cdn_hosts_n; i++)
		hosts[i] = sim.cdn_hosts[i];
	if (!q->method)
		eresult = say_key(q, &b);
	else if (strstr(q->method, "GetManifestRequestCode"))
		eresult = say_code(q, &b);
	else if (strstr(q->method, "GetCDNAuthToken"))
		eresult = say_token(q, &b);
	else {
		servers_asked++;
		cdn_servers(hosts, sim.cdn_hosts_n, 1, &b);
	}
	t->eresult = eresult == 1 ? 0 : eresult;
	enum rc rc = eresult == 1 ? answer(q, t->arena, &b) : fault_set(f, RC_REFUSED, "refused");
	buf_done(&b);
	return rc;
}

/* ---- the agent's side ---- */

static struct arena arena;
static struct action_task task;
static struct manifest depot; /* of DEPOT */
static uint8_t key[32];
static struct cdn_want *wants;
static size_t wants_n;
static uint64_t packed_all;

static void fresh(void)
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

static void set_faults(struct loop_job *job)
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
static void sim_is(const char *const *lines, bool lancache)
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
static void faults(const char *const *lines) { sim_is(lines, false); }
#define FAULTS(...) faults((const char *const[]){ __VA_ARGS__, NULL })

struct keep {
	atomic_uint *times; /* of each chunk */
	atomic_uint bad;
	size_t stop_at; /* chunks; 0: never */
	atomic_size_t n;
	size_t fail_at;
};

static bool put(void *ctx, size_t i, const void *plain, size_t n)
{
	struct keep *k = ctx;
	uint8_t sha[20];

	SHA1(plain, n, sha);
	k->bad += memcmp(sha, wants[i].sha, 20) != 0 || n != wants[i].size;
	k->times[i]++;
	return ++k->n != k->fail_at;
}

static bool stop(void *ctx)
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

static struct got fetch_how(struct keep *k, struct cdn_run r)
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

static struct got fetch(void)
{
	struct keep k = { 0 };
	return fetch_how(&k, (struct cdn_run){ .put = put, .stop = stop });
}

static const struct cdn_rate *rate_of(const struct cdn_rate *all, size_t n, unsigned server)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].host, sim.cdn_hosts[server - 1]))
			return &all[i];
	return NULL;
}

static double overhead(const struct got *g) { return (double)g->stats.bytes_network / (double)packed_all; }

/* ---- what is tested ---- */

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
	CHECK(keys_asked == 1 && codes_asked == 1 && servers_asked == 1);
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

static void all_well(void)
{
	faults(NULL);
	struct got g = fetch();
	if (g.rc != RC_OK)
		fprintf(stderr, "%s\n", g.f.text);
	CHECK(g.rc == RC_OK && g.once && g.stats.bytes_network == packed_all && g.stats.tries == wants_n);
	CHECK(g.stats.errors == 0 && g.stats.chunks == wants_n && tokens_asked == 0);
}

/* D4: one slow, one that answers 403, one whose bytes are wrong, two that are good. */
static void d4(void)
{
	struct cdn_rate rates[8];

	FAULTS("cdn_chunk@*:server=1,cdn_slow=100", "cdn_chunk@*:server=2,cdn_403",
		"cdn_chunk@*:server=3,cdn_corrupt");
	struct got g = fetch();
	if (g.rc != RC_OK)
		fprintf(stderr, "%s\n", g.f.text);
	CHECK(g.rc == RC_OK && g.once);
	size_t n = cdn_rates(task.cdn, rates, 8);
	const struct cdn_rate *slow = rate_of(rates, n, 1), *denies = rate_of(rates, n, 2),
			      *corrupt = rate_of(rates, n, 3);
	for (size_t i = 0; i < n; i++)
		printf("%s %llu bit/s %u errors\n", rates[i].host, (unsigned long long)rates[i].rate_bps,
			rates[i].errors);
	CHECK(denies && denies->errors > 0 && corrupt && corrupt->errors > 0);
	CHECK(slow && rates[0].rate_bps > slow->rate_bps * 4);
	printf("D4: %.3f times the bytes, %u tries for %zu chunks\n", overhead(&g), g.stats.tries, wants_n);
	/* The corrupt server is asked by what is under way at once, and no more: a chunk for each of its connections at most. */
	CHECK(overhead(&g) <= 1.0 + 8.0 / (double)wants_n + 0.001);
}

static void each_fault(void)
{
	static const char *const first[] = { "cdn_chunk@1-5:cdn_truncate", "cdn_chunk@1-5:cdn_corrupt",
		"cdn_chunk@1-5:retry_after=60", "cdn_chunk@1-5:http=503", "cdn_chunk@1-5:commit_then_reset",
		"cdn_chunk@1-2:cdn_404", "cdn_chunk@1-3:http=500" };

	for (unsigned i = 0; i < sizeof(first) / sizeof(*first); i++) {
		/* One server fails for good, the others are well. */
		char rule[100];
		snprintf(rule, sizeof(rule), "cdn_chunk@*:server=2,%s", strchr(first[i], ':') + 1);
		FAULTS(rule);
		struct got g = fetch();
		if (g.rc != RC_OK || !g.once)
			fprintf(stderr, "%s: %s\n", rule, g.f.text);
		CHECK(g.rc == RC_OK && g.once && g.stats.errors > 0);
	}
}

static void gone(void)
{
	FAULTS("cdn_chunk@*:cdn_404");
	struct got g = fetch();
	CHECK(g.rc == RC_MISSING && !strcmp(task.code, "not_found"));
	FAULTS("cdn_manifest@*:cdn_404");
	const struct content_manifest m = { .app = APP, .depot = DEPOT, .gid = 77 };
	struct buf plain = { 0 };
	CHECK(cdn_manifest(&task, &m, NULL, NULL, &plain, NULL) == RC_MISSING && !strcmp(task.code, "not_found"));
	CHECK(cdn_manifest(&task, &(struct content_manifest){ .app = APP, .depot = DEPOT, .gid = 78 }, NULL, NULL,
		      &plain, NULL) == RC_DENIED);
	CHECK_STR(task.code, "access_denied");
	uint8_t other[32];
	CHECK(content_key(&task, 999, APP, other, NULL) == RC_MISSING && !strcmp(task.code, "not_found"));
	CHECK(content_key(&task, 600, 600, other, NULL) == RC_DENIED && !strcmp(task.code, "no_license"));
	buf_done(&plain);
}

/* A depot whose servers want a token: one is asked for, of each server, and is kept. */
static void tokens(void)
{
	struct buf plain = { 0 };
	const struct content_manifest m = { .app = 481, .depot = 501, .gid = 78 };

	faults(NULL);
	tokens_asked = 0;
	CHECK(cdn_manifest(&task, &m, NULL, NULL, &plain, NULL) == RC_OK && tokens_asked >= 1);
	for (unsigned i = 0; i < 12; i++)
		CHECK(cdn_manifest(&task, &m, NULL, NULL, &plain, NULL) == RC_OK);
	CHECK(tokens_asked <= SERVERS);
	fresh();
	no_tokens = true;
	CHECK(cdn_manifest(&task, &m, NULL, NULL, &plain, NULL) == RC_DENIED);
	CHECK_STR(task.code, "access_denied");
	no_tokens = false;
	buf_done(&plain);
}

/* All servers deny the chunks, and take no token either. */
static void all_deny(void)
{
	FAULTS("cdn_chunk@*:cdn_403");
	tokens_asked = 0;
	struct got g = fetch();
	CHECK(g.rc == RC_DENIED && !strcmp(task.code, "access_denied") && tokens_asked == SERVERS);
}

static void stops(void)
{
	struct keep k = { .stop_at = 5 };

	faults(NULL);
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put, .stop = stop }).rc == RC_CANCELED);
	k = (struct keep){ .fail_at = 7 };
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put, .stop = stop }).rc == RC_IO);
}

static bool at_once(void *ctx)
{
	(void)ctx;
	return true;
}

/* While nothing comes at all. */
static void stops_while_silent(void)
{
	struct keep k = { 0 };

	FAULTS("cdn_chunk@*:drop");
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put, .stop = at_once }).rc == RC_CANCELED);
}

static void stalls(void)
{
	struct keep k = { 0 };

	FAULTS("cdn_chunk@*:http=503");
	struct got g = fetch_how(&k, (struct cdn_run){ .put = put, .stall_ms = 300 });
	CHECK(g.rc == RC_TIMEOUT && !strcmp(task.code, "stalled"));
}

/* What a manifest may promise that no server has: never more memory than there is for it. */
static void hostile_promises(void)
{
	struct keep k = { 0 };

	faults(NULL);
	struct cdn_want big = wants[0];
	big.packed = UINT32_MAX;
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put, .want = &big, .n = 1 }).rc == RC_TOO_LARGE &&
		!strcmp(task.code, "integrity"));
	big = wants[0];
	big.size = UINT32_MAX;
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put, .want = &big, .n = 1 }).rc == RC_TOO_LARGE);
	big = wants[0];
	big.packed /= 2; /* more comes than was promised: no byte past it is kept */
	struct got g = fetch_how(&k, (struct cdn_run){ .put = put, .want = &big, .n = 1, .stall_ms = 300 });
	CHECK(g.rc == RC_TIMEOUT && k.n == 0);
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

/* ---- */

static void *run_loop(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void write_world(const char *path)
{
	FILE *w = fopen(path, "w");
	CHECK(w);
	fprintf(w, "change 1\n"
		   "depot 500 app=480 manifest=77 key=auto generate=8,60000000,9 kind=vsz\n"
		   "depot 501 app=481 manifest=78 key=auto generate=2,100000,3 token\n"
		   "depot 600 app=600 manifest=8 key=auto generate=1,100,1 package=61\n");
	CHECK(fclose(w) == 0);
}

int main(void)
{
	struct fault f = { 0 };
	struct tls_files tls;
	char world[100], dir[100];
	const char *const none[] = { NULL };

	CHECK(mkdtemp(tmp));
	snprintf(world, sizeof(world), "%s/world", tmp);
	snprintf(dir, sizeof(dir), "%s/tls", tmp);
	write_world(world);
	CHECK(sim_load(&sim, world, &f) == RC_OK && tls_files_make(dir, none, &tls, &f) == RC_OK);
	CHECK(loop_new(&quiet, &loop, &f) == RC_OK);
	CHECK(site_new(loop,
		      &(struct site_conf){ .sim = &sim,
			      .host = "127.0.0.1",
			      .cms = 1,
			      .plain_port = 0,
			      .content = SERVERS,
			      .tls_cert = tls.cert,
			      .tls_key = tls.key },
		      &site, &f) == RC_OK);
	CHECK(pthread_create(&loop_thread, NULL, run_loop, loop) == 0);
	manifest();
	all_well();
	d4();
	each_fault();
	gone();
	tokens();
	all_deny();
	stops();
	stops_while_silent();
	stalls();
	hostile_promises();
	thrown_away();
	paced();
	by_cache();
	many();
	cdn_free(task.cdn);
	steam_content_free(task.content);
	loop_stop(loop);
	pthread_join(loop_thread, NULL);
	site_free(site);
	loop_free(loop);
	sim_done(&sim);
	arena_done(&arena);
	free(wants);
	snprintf(dir, sizeof(dir), "rm -r %s", tmp);
	CHECK(system(dir) == 0);
	return 0;
}
