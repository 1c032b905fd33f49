/*
 * Downloads of a whole installation: steamsim, `footplate serve` and its own agent. Many want the same and it is transferred once; a key's
 * slots hold; what is slow can be canceled, and its slot is free; what is paused, or whose server is killed, goes on where it was; and what
 * was sent is charged once.
 *
 *      DOWNLOADS_SAME   how many want the same (default 100)
 *      DOWNLOADS_FEW    how many a key with two slots has (default 12; 50)
 *      DOWNLOADS_KILLS  how often the server is killed (default 1; 5)
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define APP     770
#define DEPOT   770
#define FEW_MAX 50
#define TENANTS 5
#define FLIGHT  16      /* chunks that were asked for and not kept when an agent ended */
#define CHUNK   1048576 /* bytes of a chunk at most */
#define PART    16384   /* bytes after which a slow server pauses */
#define MOST    "1000000000"
#define BIG     8 /* MiB */
#define GID(n)  (9000 + (n))
#define ITEM(n) (5000 + (n))

enum item { ITEM_SAME = 100, ITEM_SLOW, ITEM_NEXT, ITEM_PAUSED, ITEM_KILLED, ITEM_TUNED, ITEM_BROKEN };

struct client {
	struct rig rig;
	char id[64];
};

static struct rig r;
static unsigned few;

static unsigned setting(const char *name, unsigned normal)
{
	const char *text = getenv(name);
	return text ? (unsigned)strtoul(text, NULL, 10) : normal;
}

/* ---- the world ---- */

static void add_item(FILE *world, unsigned n, size_t bytes)
{
	char path[160];
	uint64_t x = n + 1;

	snprintf(path, sizeof(path), "%s/item%u", r.dir, n);
	CHECK(mkdir(path, 0755) == 0);
	snprintf(path, sizeof(path), "%s/item%u/content", r.dir, n);
	FILE *f = fopen(path, "we");
	CHECK(f);
	for (size_t i = 0; i < bytes; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		fputc((int)(x >> 56), f);
	}
	CHECK(fclose(f) == 0);
	fprintf(world,
		"depot %d app=%d manifest=%u key=auto dir=item%u kind=vsz\n"
		"workshop %u app=%d manifest=%u title=Item size=%zu\n",
		DEPOT, APP, GID(n), n, ITEM(n), APP, GID(n), bytes);
}

static void start_steam(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *world = open_memstream(&text, &size);

	CHECK(world);
	for (unsigned i = 0; i < few; i++)
		add_item(world, i, 20000 + 1000 * i);
	add_item(world, ITEM_SAME, 3 * CHUNK);
	add_item(world, ITEM_SLOW, 4 * CHUNK);
	add_item(world, ITEM_NEXT, 10000);
	add_item(world, ITEM_PAUSED, BIG * CHUNK);
	add_item(world, ITEM_KILLED, BIG * CHUNK);
	add_item(world, ITEM_TUNED, BIG * CHUNK);
	add_item(world, ITEM_BROKEN, 6 * CHUNK);
	CHECK(fclose(world) == 0);
	rig_sim(&r, text, NULL);
	free(text);
}

static void start_serve(void)
{
	rig_serve(&r,
		(const char *const[]){ "--set", "engine.lease_ms=3000", "--set", "engine.heartbeat_ms=500", NULL });
}

static unsigned chunks_asked(void)
{
	json_t *l = rig_sim_get(&r, "/sim/ledger");
	unsigned n = (unsigned)json_int(l, "requests.cdn_chunk");
	json_decref(l);
	return n;
}

/* ---- asking ---- */

/* A key of this tenant; more are members of it. */
static struct client make_key(const char *tenant, const char *more)
{
	struct client c = { .rig = r };
	char body[400];

	snprintf(body, sizeof(body),
		"{\"name\":\"d\",\"scopes\":[\"downloads:*\"],\"tenantId\":\"%s\","
		"\"quotaDailyBytes\":" MOST "%s%s}",
		tenant, *more ? "," : "", more);
	json_t *j = rig_expect(&r, 201, "POST", "/v1/api-keys", body);
	snprintf(c.id, sizeof(c.id), "%s", json_str(j, "id"));
	snprintf(c.rig.key, sizeof(c.rig.key), "%s", json_str(j, "secret"));
	json_decref(j);
	return c;
}

static json_t *does(const struct client *c, const char *path, const char *body)
{
	static unsigned n;
	char header[64];

	snprintf(header, sizeof(header), "Idempotency-Key: d%u\nIf-Match: *", ++n);
	struct rig_answer a = rig_call(&c->rig, "POST", path, header, body);
	if (a.status / 100 != 2)
		fprintf(stderr, "%s: %d %s\n", path, a.status, a.text);
	CHECK(a.status / 100 == 2);
	json_t *j = json_incref(a.body);
	rig_answer_done(&a);
	return j;
}

/* parallel: chunks at once; 0: as many as it likes. */
static void ask(const struct client *c, unsigned item, unsigned parallel, char ret_id[static 64])
{
	char body[200];

	snprintf(body, sizeof(body),
		"{\"source\":{\"kind\":\"workshop_item\",\"id\":\"%u\"},\"account\":{\"mode\":\"anonymous\"},"
		"\"limits\":{"
		"\"concurrency\":%u}}",
		ITEM(item), parallel);
	json_t *j = does(c, "/v1/downloads", body);
	snprintf(ret_id, 64, "%s", json_str(j, "id"));
	json_decref(j);
}

static void act(const struct client *c, const char *id, const char *what)
{
	char path[128];

	snprintf(path, sizeof(path), "/v1/downloads/%s/%s", id, what);
	json_decref(does(c, path, NULL));
}

static json_t *look(const struct client *c, const char *id)
{
	char path[100];

	snprintf(path, sizeof(path), "/v1/downloads/%s", id);
	return rig_expect(&c->rig, 200, "GET", path, NULL);
}

/* Waits until it is so, and `bytes` of it are here; the caller decrefs. */
static json_t *await(const struct client *c, const char *id, const char *state, int64_t bytes)
{
	for (unsigned tries = 0; tries < 6000; tries++) {
		json_t *d = look(c, id);
		const char *now = json_str(d, "state");
		if (!strcmp(now, state) && json_int(d, "progress.bytesDone") >= bytes)
			return d;
		if (!strcmp(now, "failed") || !strcmp(now, "ready") || !strcmp(now, "canceled")) {
			char *text = json_dumps(d, 0);
			fprintf(stderr, "it is not %s: %s\n", state, text);
			CHECK_NEVER("the download ended otherwise");
		}
		json_decref(d);
		rig_sleep_ms(20);
	}
	CHECK_NEVER("the download does not become what it has to");
}

static void becomes(const struct client *c, const char *id, const char *state)
{
	json_decref(await(c, id, state, 0));
}

static long number(const char *sql) { return atol(rig_sql(&r, sql)); }

/* What the key was charged is what was sent for its downloads, and nothing is held any more. */
static void check_charged(const struct client *c, bool something)
{
	char sql[400];

	CHECK(number("SELECT COUNT(*) FROM download_holds") == 0);
	CHECK(number("SELECT COUNT(*) FROM downloads WHERE settled_bytes <> network_bytes OR reserved_bytes <> "
		     "0") == 0);
	snprintf(sql, sizeof(sql),
		"SELECT COALESCE(SUM(settled_bytes), 0) FROM downloads WHERE created_by = 'key:%s'", c->id);
	long sent = number(sql);
	snprintf(sql, sizeof(sql), "SELECT COALESCE(SUM(used), 0) FROM download_windows WHERE limit_id = '%s/day'",
		c->id);
	CHECK(number(sql) == sent && (sent > 0) == something);
	snprintf(sql, sizeof(sql), "SELECT bytes_total FROM api_keys WHERE id = '%s'", c->id);
	CHECK(number(sql) == sent);
}

/* ---- the cases ---- */

/* D2: keys of five tenants want the same: it is transferred once, and each has an artifact of its own. */
static void same(void)
{
	static const char *const tenants[TENANTS] = { "ten_default", "ten_b", "ten_c", "ten_d", "ten_e" };
	struct client keys[TENANTS];
	unsigned n = setting("DOWNLOADS_SAME", 100), before = chunks_asked();
	char(*ids)[64] = calloc(n, sizeof(*ids)), body[64];
	CHECK(ids);

	for (int i = 0; i < TENANTS; i++) {
		snprintf(body, sizeof(body), "{\"id\":\"%s\",\"name\":\"%s\"}", tenants[i], tenants[i]);
		if (i > 0)
			json_decref(rig_expect(&r, 201, "POST", "/v1/tenants", body));
		keys[i] = make_key(tenants[i], "");
	}
	rig_sim_say(&r, "/sim/faults", "cdn_chunk@*:latency=1500"); /* so that they follow who is first */
	for (unsigned i = 0; i < n; i++)
		ask(&keys[i % TENANTS], ITEM_SAME, 0, ids[i]);
	rig_sim_clear(&r);
	for (unsigned i = 0; i < n; i++)
		becomes(&keys[i % TENANTS], ids[i], "ready");
	CHECK(chunks_asked() - before == 3);
	CHECK(number("SELECT COUNT(DISTINCT download_id) FROM artifacts WHERE state = 'ready'") == n);
	CHECK(number("SELECT COUNT(DISTINCT content_id) FROM artifacts") == 1);
	CHECK(number("SELECT COUNT(DISTINCT tenant_id) FROM artifacts") == TENANTS);
	CHECK(number("SELECT COUNT(*) FROM downloads WHERE settled_bytes > 0") == 1);
	CHECK(number("SELECT SUM(settled_bytes) FROM downloads") >= 3 * CHUNK);
	for (int i = 0; i < TENANTS; i++)
		check_charged(&keys[i], i == 0);
	free(ids);
}

static bool runs(const char *state)
{
	static const char *const words[] = { "admitted", "resolving", "allocating", "downloading", "verifying",
		"packaging", "publishing", "canceling" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(words[i], state))
			return true;
	return false;
}

/* The most of these that ran at once, as the log of events has it. */
static unsigned most_at_once(char (*ids)[64], unsigned n)
{
	char path[200] = "/v1/events?limit=500";
	bool is[FEW_MAX] = { false };
	unsigned now = 0, most = 0;

	for (bool more = true; more;) {
		json_t *page = rig_expect(&r, 200, "GET", path, NULL), *items = json_object_get(page, "items"), *e;
		size_t k;
		json_array_foreach(items, k, e)
		{
			if (strcmp(json_str(e, "type"), "download.state_changed") != 0)
				continue;
			for (unsigned i = 0; i < n; i++)
				if (!strcmp(json_str(e, "resource"), ids[i])) {
					bool runs_now = runs(json_str(e, "payload.state"));
					now += (unsigned)runs_now - (unsigned)is[i];
					is[i] = runs_now;
				}
			most = now > most ? now : most;
		}
		more = json_array_size(items) > 0;
		snprintf(path, sizeof(path), "/v1/events?limit=500&after=%s", json_str(page, "nextCursor"));
		json_decref(page);
	}
	printf("%u ran at once, at most\n", most);
	CHECK(now == 0);
	return most;
}

/* D3: a key with two slots: never more than two run, and all end well. */
static void slots(void)
{
	struct client key = make_key("ten_default", "\"maxConcurrent\":2");
	char ids[FEW_MAX][64];

	for (unsigned i = 0; i < few; i++)
		ask(&key, i, 0, ids[i]);
	for (unsigned i = 0; i < few; i++)
		becomes(&key, ids[i], "ready");
	CHECK(most_at_once(ids, few) == 2);
	check_charged(&key, true);
}

/* D6: one that hardly moves is canceled: its slot is free for the next. */
static void cancel(void)
{
	struct client key = make_key("ten_default", "\"maxConcurrent\":1");
	char slow[64], next[64];
	struct timespec a, b;

	rig_sim_say(&r, "/sim/faults", "cdn_chunk@*:cdn_slow=1000");
	ask(&key, ITEM_SLOW, 0, slow);
	ask(&key, ITEM_NEXT, 0, next);
	becomes(&key, slow, "downloading");
	json_t *d = look(&key, next);
	CHECK_STR(json_str(d, "state"), "queued");
	CHECK_STR(json_str(d, "reason"), "concurrency");
	json_decref(d);
	clock_gettime(CLOCK_MONOTONIC, &a);
	act(&key, slow, "cancel");
	becomes(&key, slow, "canceled");
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("canceled after %lld ms\n",
		(long long)(b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000);
	rig_sim_clear(&r);
	becomes(&key, next, "ready");
	CHECK(number("SELECT COUNT(*) FROM artifacts a JOIN downloads d ON d.id = a.download_id WHERE d.state = "
		     "'canceled'") == 0);
	check_charged(&key, true);
}

static void set_bandwidth(const struct client *c, const char *id, const char *bps)
{
	char path[128], body[80];

	snprintf(path, sizeof(path), "/v1/downloads/%s", id);
	snprintf(body, sizeof(body), "{\"bandwidthLimitBps\":%s}", bps);
	json_decref(rig_expect(&c->rig, 200, "PATCH", path, body));
}

/* The attempt that runs is held back at once, and let loose again. */
static void tuned(void)
{
	struct client key = make_key("ten_default", "");
	char id[64];

	rig_sim_say(&r, "/sim/faults", "cdn_chunk@*:latency=300");
	ask(&key, ITEM_TUNED, 1, id);
	json_decref(await(&key, id, "downloading", 1));
	set_bandwidth(&key, id, "400");
	rig_sim_clear(&r);
	for (unsigned i = 0, before = chunks_asked(); i < 10; i++, before = chunks_asked()) {
		rig_sleep_ms(200);
		if (chunks_asked() - before == 0)
			break;
		CHECK(i < 9);
	}
	json_t *d = look(&key, id);
	CHECK_STR(json_str(d, "state"), "downloading");
	json_decref(d);
	set_bandwidth(&key, id, "0");
	becomes(&key, id, "ready");
	d = look(&key, id);
	CHECK(json_int(d, "attempt") == 1);
	json_decref(d);
	check_charged(&key, true);
}

/* What is here already stays when it is paused: nothing of it comes twice. */
static void pause_and_resume(void)
{
	struct client key = make_key("ten_default", "");
	unsigned before = chunks_asked();
	char id[64];

	rig_sim_say(&r, "/sim/faults", "cdn_chunk@*:latency=400");
	ask(&key, ITEM_PAUSED, 1, id);
	json_decref(await(&key, id, "downloading", CHUNK));
	act(&key, id, "pause");
	becomes(&key, id, "paused");
	unsigned asked = chunks_asked();
	rig_sim_clear(&r);
	rig_sleep_ms(500);
	CHECK(chunks_asked() == asked && asked - before >= 1);
	act(&key, id, "resume");
	becomes(&key, id, "ready");
	printf("paused after %u of %d chunks, %u requests\n", asked - before, BIG, chunks_asked() - before);
	CHECK(chunks_asked() - before >= BIG && chunks_asked() - before <= BIG + FLIGHT);
	CHECK(chunks_asked() - asked < BIG); /* what had come was not asked for again */
	check_charged(&key, true);
}

static long chunk_errors(const char *code)
{
	struct rig_answer m = rig_call(&r, "GET", "/metrics", NULL, NULL);
	char line[80];

	CHECK(m.status == 200);
	int n = snprintf(line, sizeof(line), "\ndepot_chunk_errors_total{code=\"%s\"} ", code);
	const char *at = strstr(m.text, line);
	long value = at ? atol(at + n) : 0;
	rig_answer_done(&m);
	return value;
}

static void fails_at(unsigned chunk, const char *how)
{
	char rule[64];

	snprintf(rule, sizeof(rule), "cdn_chunk@%u:%s", chunks_asked() + chunk, how);
	rig_sim_say(&r, "/sim/faults", rule);
}

/* What the content servers did wrong is counted, each by its name and once: of one that fails, and of its next attempt, which ends well. */
static void counted(void)
{
	struct client key = make_key("ten_default", "");
	long bad = chunk_errors("bad_hash"), gone = chunk_errors("http_404"), ill = chunk_errors("http_5xx");
	char id[64];

	rig_sim_clear(&r);
	fails_at(3, "cdn_404"); /* the only server does not have it */
	ask(&key, ITEM_BROKEN, 1, id);
	becomes(&key, id, "failed");
	CHECK(chunk_errors("http_404") - gone == 1 && chunk_errors("bad_hash") == bad);
	rig_sim_clear(&r);
	fails_at(1, "cdn_corrupt");
	fails_at(3, "http=503");
	act(&key, id, "retry");
	becomes(&key, id, "ready");
	rig_sim_clear(&r);
	CHECK(chunk_errors("http_404") - gone == 1 && chunk_errors("bad_hash") - bad == 1);
	CHECK(chunk_errors("http_5xx") - ill == 1 && chunk_errors("http_403") == 0);
	check_charged(&key, true);
}

/* The server is killed, with its agent, in the middle: the download ends well, and is charged once. */
static void killed(void)
{
	struct client key = make_key("ten_default", "\"maxConcurrent\":1");
	unsigned kills = setting("DOWNLOADS_KILLS", 1), before = chunks_asked();
	char id[64], next[64];

	rig_sim_say(&r, "/sim/faults", "cdn_chunk@*:latency=400");
	ask(&key, ITEM_KILLED, 1, id);
	for (unsigned i = 0; i < kills; i++) {
		json_decref(await(&key, id, "downloading", i ? 0 : CHUNK));
		rig_stop(&r.server, SIGKILL);
		start_serve();
	}
	rig_sim_clear(&r);
	becomes(&key, id, "ready");
	printf("killed %u times: %d chunks, %u requests\n", kills, BIG, chunks_asked() - before);
	CHECK(chunks_asked() - before >= BIG && chunks_asked() - before <= BIG + kills * FLIGHT);
	CHECK(number("SELECT COUNT(*) FROM artifacts a JOIN downloads d ON d.id = a.download_id GROUP BY d.id "
		     "ORDER BY 1 DESC LIMIT 1") == 1);
	check_charged(&key, true);
	ask(&key, ITEM_SAME, 0, next); /* its slot is free */
	becomes(&key, next, "ready");
	check_charged(&key, true);
}

int main(void)
{
	few = setting("DOWNLOADS_FEW", 12);
	CHECK(few >= 3 && few <= FEW_MAX);
	rig_init(&r);
	start_steam();
	start_serve();
	same();
	slots();
	cancel();
	pause_and_resume();
	tuned();
	counted();
	killed();
	rig_check_events(&r);
	rig_check_audit(&r);
	rig_done(&r);
	return 0;
}
