/* Content of Epic and GOG from a steamsim in the same process: every byte of every file, also when servers break, refuse and brake. */
#include "agent/agent.h"
#include "agent/content/content.h"
#include "agent/shop_login.h"
#include "agent/shop_web.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/loop.h"
#include "model/action_download.h"
#include "model/chunk_error.h"
#include "sim/load.h"
#include "sim/stores/goods.h"
#include "sim/web/site.h"
#include "sim/web/tls_files.h"
#include "tests/unit/check.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define BIN   "generate=4,6000000,7"
#define JSON  "generate=3,2500000,8"
#define QUEST "generate=5,5000000,9"
#define DLC   "generate=2,1500000,10"

static char tmp[] = "/tmp/footplate-shop-XXXXXX";
static struct sim sim;
static struct log quiet;
static struct agent_shops shops;
static struct arena arena;
static unsigned pauses, pause_ms;

/* ---- what the sources ask of the agent ---- */

enum rc task_lanes(struct action_task *t, const enum lane *lanes, unsigned n, struct fault *f)
{
	(void)t;
	(void)f;
	CHECK(n == 1 && (lanes[0] == LANE_EPIC || lanes[0] == LANE_GOG));
	return RC_OK;
}

void task_pause_for(struct action_task *t, enum lane lane, uint32_t for_ms, const char *reason)
{
	(void)t;
	CHECK(lane == LANE_EPIC || lane == LANE_GOG);
	CHECK_STR(reason, "http_429");
	pauses++;
	pause_ms = for_ms;
}

/* ---- a download ---- */

struct got {
	const struct content_listing *l;
	uint32_t *want;
	struct buf *chunks; /* of each of the listing's */
	pthread_mutex_t lock;
	size_t puts, twice, stop_after;
	_Atomic size_t came;
};

static bool put(void *ctx, size_t i, const void *plain, size_t n)
{
	struct got *g = ctx;

	pthread_mutex_lock(&g->lock);
	struct buf *to = &g->chunks[g->want[i]];
	g->twice += to->n > 0;
	to->n = 0;
	buf_put(to, plain, n);
	g->puts++;
	pthread_mutex_unlock(&g->lock);
	CHECK(n == g->l->chunks[g->want[i]].size);
	return true;
}

static void came(void *ctx, size_t n) { atomic_fetch_add(&((struct got *)ctx)->came, n); }

static bool stop(void *ctx)
{
	struct got *g = ctx;
	pthread_mutex_lock(&g->lock);
	bool stops = g->stop_after && g->puts >= g->stop_after;
	pthread_mutex_unlock(&g->lock);
	return stops;
}

static const struct goods_file *find(const struct goods *g, const char *path)
{
	char slashed[64];

	snprintf(slashed, sizeof(slashed), "%s", path);
	for (char *at = slashed; *at; at++)
		if (*at == '\\')
			*at = '/';
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->at[i].name, slashed))
			return &g->at[i];
	fprintf(stderr, "there is no file %s\n", path);
	exit(1);
}

static void expect_sum(const struct content_file *file, const struct buf *bytes)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	const EVP_MD *md = file->sum.kind == CONTENT_SHA1 ? EVP_sha1() : EVP_md5();

	if (!file->summed)
		return;
	CHECK(EVP_Digest(bytes->p ? bytes->p : (const uint8_t *)"", bytes->n, sum, NULL, md, NULL) == 1);
	CHECK(!memcmp(sum, file->sum.at, file->sum.kind == CONTENT_SHA1 ? 20 : 16));
}

/* The bytes of a file from its chunks. */
static struct buf whole(const struct got *g, const struct content_file *file)
{
	struct buf b = { 0 };

	for (uint32_t i = 0; i < file->pieces_n; i++) {
		const struct content_piece *p = &file->pieces[i];
		const struct buf *c = &g->chunks[p->chunk];
		CHECK(p->at == b.n && (size_t)p->from + p->n <= c->n);
		buf_put(&b, c->p + p->from, p->n);
	}
	CHECK(b.n == file->size && !b.bad);
	return b;
}

static void compare(const struct got *g, const struct goods *truth)
{
	size_t files = 0;

	for (size_t i = 0; i < g->l->files_n; i++) {
		const struct content_file *file = &g->l->files[i];
		if (file->flags & CONTENT_FOLDER)
			continue;
		struct buf b = whole(g, file);
		const struct goods_file *want = find(truth, file->path);
		CHECK(b.n == want->bytes.n && (b.n == 0 || !memcmp(b.p, want->bytes.p, b.n)));
		CHECK(!(file->flags & CONTENT_EXECUTABLE) == !want->executable);
		expect_sum(file, &b);
		buf_done(&b);
		files++;
	}
	CHECK(files == truth->n);
}

struct result {
	enum rc rc;
	const char *code;
	size_t twice;
	uint32_t tries;
	uint64_t network;
	uint32_t errors[CONTENT_ERRORS];
};

/* Opens, lists, fetches; with `truth` the files must be its. */
static struct result download(
	const struct action_download_source *what, const struct goods *truth, size_t stop_after)
{
	struct action_task t = { .arena = &arena, .shops = &shops, .deadline_ms = clock_mono_ms() + 60000 };
	const struct action_download in = { .source = *what };
	struct content_source *s = NULL;
	struct content_listing l = { 0 };
	struct got g = { .l = &l, .stop_after = stop_after, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct content_figures figures = { 0 };
	struct fault f = { 0 };

	enum rc rc = content_store_find(what->kind)->open(&t, &in, &s, &f);
	if (rc == RC_OK)
		rc = s->impl->list(s, &arena, &l, &f);
	g.chunks = calloc(l.chunks_n + 1, sizeof(*g.chunks));
	g.want = calloc(l.chunks_n + 1, sizeof(*g.want));
	for (size_t i = 0; i < l.chunks_n; i++)
		g.want[i] = (uint32_t)i;
	const struct content_run r = { .listing = &l,
		.want = g.want,
		.n = l.chunks_n,
		.concurrency = 4,
		.put = put,
		.came = came,
		.stop = stop,
		.ctx = &g };
	if (rc == RC_OK)
		rc = s->impl->fetch(s, &r, &f);
	if (rc == RC_OK && truth)
		compare(&g, truth);
	if (s) {
		s->impl->figures(s, &figures);
		CHECK(figures.bytes_network == g.came);
	}
	if (rc != RC_OK)
		printf("%s: %s (%s)\n", what->kind, f.text, t.code ? t.code : "");
	for (size_t i = 0; i < l.chunks_n; i++)
		buf_done(&g.chunks[i]);
	free(g.chunks);
	free(g.want);
	content_source_free(s);
	http_call_free(t.http);
	struct result all = { rc, t.code, g.twice, figures.tries, figures.bytes_network, { 0 } };
	memcpy(all.errors, figures.errors, sizeof(all.errors));
	return all;
}

/* ---- what is downloaded ---- */

static const struct action_download_source epic = { .kind = "epic", .app_name = "SimGame" },
					   epic_whole = { .kind = "epic", .app_name = "ns1:item1:SimGame" },
					   epic_json = { .kind = "epic", .app_name = "OldGame" },
					   gog = { .kind = "gog", .product_id = "77" },
					   with_dlc = { .kind = "gog", .product_id = "77", .all_dlc = true },
					   installer = { .kind = "gog",
						   .product_id = "77",
						   .kind_of = "installer",
						   .os = "linux" };

static struct goods truth_of(const char *words, unsigned build)
{
	struct goods_line line;
	struct goods g;
	char text[128];

	snprintf(text, sizeof(text), "epic x %s", words);
	CHECK(goods_line_read(text, &line, NULL) == RC_OK && goods_make(&line, build, &g, NULL) == RC_OK);
	return g;
}

/* The next request of this kind; more: and those after it. */
static void fail_next(enum request r, const char *more, const char *effect)
{
	char line[128];

	snprintf(line, sizeof(line), "%s@%llu%s:%s", faults_request_name(r),
		(unsigned long long)sim.ledger.requests[r] + 2, more, effect);
	CHECK(faults_add(&sim.faults, line, NULL) == RC_OK);
}

static void all_well(void)
{
	struct goods bin = truth_of(BIN, 0), json = truth_of(JSON, 0), quest = truth_of(QUEST, 0);

	CHECK(download(&epic, &bin, 0).rc == RC_OK);
	CHECK(download(&epic_whole, &bin, 0).rc == RC_OK);
	CHECK(download(&epic_json, &json, 0).rc == RC_OK);
	struct result r = download(&gog, &quest, 0);
	CHECK(r.rc == RC_OK && r.tries == 0 && r.twice == 0);
	CHECK(download(&installer, NULL, 0).rc == RC_OK);
	goods_done(&bin);
	goods_done(&json);
	goods_done(&quest);
}

/* With allDlc come those that the login has, from addresses of their own; without it, none. */
static void dlc(void)
{
	struct goods quest = truth_of(QUEST, 0), more = truth_of(DLC, 0), all = { .n = quest.n + more.n };
	char name[80];

	all.at = calloc(all.n, sizeof(*all.at));
	CHECK(all.at);
	memcpy(all.at, quest.at, quest.n * sizeof(*quest.at));
	memcpy(all.at + quest.n, more.at, more.n * sizeof(*more.at));
	for (size_t i = quest.n; i < all.n; i++) {
		snprintf(name, sizeof(name), "90/%s", all.at[i].name);
		snprintf(all.at[i].name, sizeof(all.at[i].name), "%.63s", name);
	}
	CHECK(download(&with_dlc, &all, 0).rc == RC_OK);
	CHECK(download(&gog, &quest, 0).rc == RC_OK);
	/* The addresses of all are renewed when they are over. */
	fail_next(REQUEST_GOG_FILE, "", "http=403");
	sim.faults.at[sim.faults.n - 1].spans[0].first += 4; /* past the manifests */
	CHECK(download(&with_dlc, &all, 0).rc == RC_OK);
	faults_clear(&sim.faults);
	free(all.at);
	goods_done(&quest);
	goods_done(&more);
}

static struct shop_login *log_in(const char *name, const char *url, const struct hush *access)
{
	static const struct hush secret = { (uint8_t *)(uintptr_t) "sss", 3 },
				 refresh = { (uint8_t *)(uintptr_t) "rrr", 3 };
	static const uint8_t key[SHOP_TOKEN_KEY];
	const struct shop_login_conf conf = { .name = name,
		.url = url,
		.dir = tmp,
		.secret = key,
		.log = &quiet,
		.form = *name == 'e' ? SHOP_TOKEN_EPIC : SHOP_TOKEN_GOG,
		.client_id = "ccc",
		.client_secret = &secret,
		.refresh = &refresh,
		.access = access };
	struct shop_login *l = NULL;
	struct fault f = { 0 };

	CHECK(shop_login_new(&conf, &l, &f) == RC_OK);
	return l;
}

/* The tokens of the configuration are over: the download renews them, and goes on. Then the logins themselves are over. */
static void renewed(void)
{
	struct goods bin = truth_of(BIN, 0), quest = truth_of(QUEST, 0);
	const struct agent_shops kept = shops;
	char epic_url[200], gog_url[200];
	struct fault f = { 0 };

	snprintf(epic_url, sizeof(epic_url), "%s/account/api/oauth/token", shops.epic_launcher_url);
	snprintf(gog_url, sizeof(gog_url), "%s/token", shops.gog_api_url);
	CHECK(sim_shops_line(&sim, "epic token=new refresh=rrr client=ccc secret=sss", &f) == RC_OK);
	CHECK(sim_shops_line(&sim, "gog token=new refresh=rrr client=ccc secret=sss", &f) == RC_OK);
	CHECK_STR(download(&epic, NULL, 0).code, "access_denied");
	shops.epic = log_in("epic", epic_url, &shops.epic_token);
	shops.gog = log_in("gog", gog_url, &shops.gog_token);
	CHECK(download(&epic, &bin, 0).rc == RC_OK);
	CHECK(download(&gog, &quest, 0).rc == RC_OK);
	CHECK(download(&installer, NULL, 0).rc == RC_OK);
	CHECK(sim_shops_line(&sim, "epic token=eee refresh=another client=ccc secret=sss", &f) == RC_OK);
	CHECK(sim_shops_line(&sim, "gog token=ggg refresh=another client=ccc secret=sss", &f) == RC_OK);
	CHECK_STR(download(&epic, NULL, 0).code, "login_required");
	CHECK_STR(download(&gog, NULL, 0).code, "login_required");
	shop_login_free(shops.epic);
	shop_login_free(shops.gog);
	shops = kept;
	goods_done(&bin);
	goods_done(&quest);
}

static void broken(void)
{
	struct goods bin = truth_of(BIN, 0), quest = truth_of(QUEST, 0);
	static const char *const effects[] = { "cdn_corrupt", "cdn_truncate", "http=503", "retry_after=1",
		"cm_drop" };
	static const enum chunk_error why[] = { CHUNK_ERROR_BAD_HASH, CHUNK_ERROR_CONNECT, CHUNK_ERROR_5XX,
		CHUNK_ERROR_429, CHUNK_ERROR_CONNECT };

	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
		fail_next(REQUEST_EPIC_FILE, "", effects[i]);
		struct result r = download(&epic, &bin, 0);
		CHECK(r.rc == RC_OK && r.tries == 1 && r.twice == 0);
		if (r.errors[why[i]] != 1)
			for (int k = 0; k < CHUNK_ERROR_KINDS; k++)
				printf("%s: %s %u\n", effects[i], chunk_error_words[k], r.errors[k]);
		CHECK(r.errors[why[i]] == 1);
		fail_next(REQUEST_GOG_FILE, "", effects[i]);
		sim.faults.at[sim.faults.n - 1]
			.spans[0]
			.first++; /* the repository, the depot's manifest, then chunks */
		sim.faults.at[sim.faults.n - 1].spans[0].last++;
		r = download(&gog, &quest, 0);
		CHECK(r.rc == RC_OK && r.tries == 1 && r.twice == 0);
		CHECK(r.errors[why[i]] == 1);
		faults_clear(&sim.faults);
	}
	/* A way to the chunks that is no longer accepted: another is asked for, once. */
	uint64_t links = sim.ledger.requests[REQUEST_GOG_LINK];
	fail_next(REQUEST_GOG_FILE, "", "http=403");
	sim.faults.at[sim.faults.n - 1].spans[0].first++;
	sim.faults.at[sim.faults.n - 1].spans[0].last++;
	CHECK(download(&gog, &quest, 0).rc == RC_OK && sim.ledger.requests[REQUEST_GOG_LINK] == links + 2);
	faults_clear(&sim.faults);
	goods_done(&bin);
	goods_done(&quest);
}

static void refused(void)
{
	const struct action_download_source unknown = { .kind = "epic", .app_name = "Nothing" },
					    wild = { .kind = "epic", .app_name = "../x" },
					    none = { .kind = "gog", .product_id = "78" },
					    wild_gog = { .kind = "gog", .product_id = "7/../8" };
	const struct agent_shops kept = shops;

	struct result r = download(&unknown, NULL, 0);
	CHECK(r.rc == RC_DENIED);
	CHECK_STR(r.code, "no_license");
	CHECK(download(&wild, NULL, 0).rc == RC_INVALID && download(&wild_gog, NULL, 0).rc == RC_INVALID);
	CHECK_STR(download(&none, NULL, 0).code, "not_found");
	shops.epic_token = (struct hush){ 0 };
	shops.gog_token = (struct hush){ 0 };
	CHECK_STR(download(&epic, NULL, 0).code, "login_required");
	CHECK_STR(download(&gog, NULL, 0).code, "login_required");
	shops.epic_token = (struct hush){ (uint8_t *)(uintptr_t) "wrong", 5 };
	CHECK_STR(download(&epic, NULL, 0).code, "access_denied");
	shops = kept;

	fail_next(REQUEST_EPIC_ASSETS, "", "retry_after=7");
	sim.faults.at[sim.faults.n - 1].spans[0].first--;
	r = download(&epic, NULL, 0);
	CHECK(r.rc == RC_LIMIT && pauses == 1 && pause_ms == 7000);
	CHECK_STR(r.code, "rate_limited");
	faults_clear(&sim.faults);

	/* Refused again and again: no more than one new way. */
	fail_next(REQUEST_GOG_FILE, "+", "http=403");
	sim.faults.at[sim.faults.n - 1].spans[0].first++;
	r = download(&gog, NULL, 0);
	CHECK(r.rc == RC_DENIED);
	CHECK_STR(r.code, "access_denied");
	faults_clear(&sim.faults);
}

static void stops(void)
{
	fail_next(REQUEST_EPIC_FILE, "+", "latency=200");
	struct result r = download(&epic, NULL, 2);
	CHECK(r.rc == RC_CANCELED);
	faults_clear(&sim.faults);
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
	fprintf(w, "change 1\nepic token=eee\ngog token=ggg\n"
		   "epic SimGame item=item1 ns=ns1 " BIN "\nepic OldGame item=item2 ns=ns1 " JSON " json\n"
		   "gog 77 " QUEST " installer\n"
		   "gog 90 " DLC " base=77\ngog 91 generate=2,1000000,11 base=77 hidden\n");
	CHECK(fclose(w) == 0);
}

int main(void)
{
	struct fault f = { 0 };
	struct tls_files tls;
	struct loop *loop;
	struct site *site;
	pthread_t thread;
	char world[100], dir[100], at_epic[100], at_gog[100];
	const char *const none[] = { NULL };

	CHECK(mkdtemp(tmp));
	snprintf(world, sizeof(world), "%s/world", tmp);
	snprintf(dir, sizeof(dir), "%s/tls", tmp);
	write_world(world);
	arena.limit = 512u << 20;
	CHECK(sim_load(&sim, world, &f) == RC_OK && tls_files_make(dir, none, &tls, &f) == RC_OK);
	CHECK(loop_new(&quiet, &loop, &f) == RC_OK);
	const struct site_conf conf = { .sim = &sim,
		.host = "127.0.0.1",
		.cms = 1,
		.plain_port = 0,
		.content = 1,
		.tls_cert = tls.cert,
		.tls_key = tls.key };
	CHECK(site_new(loop, &conf, &site, &f) == RC_OK);
	CHECK(pthread_create(&thread, NULL, run_loop, loop) == 0);
	snprintf(at_epic, sizeof(at_epic), "http://127.0.0.1:%u/epic", site_plain_port(site));
	snprintf(at_gog, sizeof(at_gog), "http://127.0.0.1:%u/gog", site_plain_port(site));
	shops = (struct agent_shops){ .epic_launcher_url = at_epic,
		.epic_catalog_url = at_epic,
		.gog_content_url = at_gog,
		.gog_api_url = at_gog,
		.epic_token = { (uint8_t *)(uintptr_t) "eee", 3 },
		.gog_token = { (uint8_t *)(uintptr_t) "ggg", 3 } };
	all_well();
	dlc();
	renewed();
	broken();
	refused();
	stops();
	loop_stop(loop);
	pthread_join(thread, NULL);
	site_free(site);
	loop_free(loop);
	sim_done(&sim);
	arena_done(&arena);
	snprintf(dir, sizeof(dir), "rm -r %s", tmp);
	CHECK(system(dir) == 0);
	return 0;
}
