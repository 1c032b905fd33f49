/*
 * An agent that shares no disk with its control plane, over TLS: what it fetches is brought by a ticket that it got over its tunnel, and is
 * there byte for byte. Either end is killed in the middle of that: it goes on where it was, ends once, and nothing is left over.
 *
 *      REMOTE_MIB    bytes of what is fetched (default 3)
 *      REMOTE_KILLS  how often each end is killed (default 1; 8)
 */
#include "io/blobs.h"
#include "tests/system/rig.h"
#include "wire/listing.h"

#include <openssl/evp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define APP     780
#define PIECE   (512u << 10) /* of what is brought, see agent/content/publish_bring */
#define ITEMS   4
#define ITEM(n) (6000 + (n))

static struct rig r;
static char ca[128], ca_set[160], store[128];
static size_t size;
static uint8_t *bytes[ITEMS];

static unsigned setting(const char *name, unsigned normal)
{
	const char *text = getenv(name);
	return text ? (unsigned)strtoul(text, NULL, 10) : normal;
}

__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return system(line);
}

static long number(const char *sql) { return atol(rig_sql(&r, sql)); }

/* ---- the world ---- */

static void add_item(FILE *world, unsigned n)
{
	char path[160];
	uint64_t x = n + 7;

	bytes[n] = malloc(size);
	CHECK(bytes[n] && shell("mkdir -p %s/item%u/data", r.dir, n) == 0);
	for (size_t i = 0; i < size; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		bytes[n][i] = (uint8_t)(x >> 56);
	}
	snprintf(path, sizeof(path), "%s/item%u/data/big.bin", r.dir, n);
	FILE *f = fopen(path, "we");
	CHECK(f && fwrite(bytes[n], 1, size, f) == size && fclose(f) == 0);
	CHECK(shell("printf 'item %u\\n' >%s/item%u/read_me.txt", n, r.dir, n) == 0);
	fprintf(world,
		"depot %d app=%d manifest=%u key=auto dir=item%u kind=vsz\n"
		"workshop %u app=%d manifest=%u title=Item size=%zu\n",
		APP, APP, 9100 + n, n, ITEM(n), APP, 9100 + n, size);
}

static void start_steam(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *world = open_memstream(&text, &n);

	CHECK(world);
	for (unsigned i = 0; i < ITEMS; i++)
		add_item(world, i);
	CHECK(fclose(world) == 0);
	rig_sim(&r, text, NULL);
	free(text);
}

static void make_cert(void)
{
	snprintf(ca, sizeof(ca), "%s/server.pem", r.dir);
	snprintf(ca_set, sizeof(ca_set), "agent.ca_file=%s", ca);
	CHECK(shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
		    "/CN=localhost "
		    "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s/server.key -out %s 2>/dev/null",
		      r.dir, ca) == 0);
	r.ca = ca;
}

/* dies_at: NULL, or a failpoint as the environment has it. */
static void serve(const char *dies_at)
{
	char cert[160], key[160];

	snprintf(cert, sizeof(cert), "server.tls_cert=%s", ca);
	snprintf(key, sizeof(key), "server.tls_key=%s/server.key", r.dir);
	if (dies_at)
		setenv("FOOTPLATE_FAILPOINT", dies_at, 1);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--set", cert, "--set", key, "--set",
			      "engine.lease_ms=2500", "--set", "engine.heartbeat_ms=400", NULL });
	unsetenv("FOOTPLATE_FAILPOINT");
}

static void start_agent(const char *region_id, const char *dies_at)
{
	if (dies_at)
		setenv("FOOTPLATE_FAILPOINT", dies_at, 1);
	rig_agent(&r, 0, region_id, (const char *const[]){ "--set", ca_set, NULL });
	unsetenv("FOOTPLATE_FAILPOINT");
}

/* It kills itself at its failpoint. */
static void await_death(pid_t *pid)
{
	int status = 0;

	CHECK(waitpid(*pid, &status, 0) == *pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	*pid = 0;
}

/* ---- downloads ---- */

static void ask(unsigned item, const char *format, char ret_id[static 64])
{
	char body[200], header[64];

	snprintf(header, sizeof(header), "Idempotency-Key: item-%u", item);
	snprintf(body, sizeof(body),
		"{\"source\":{\"kind\":\"workshop_item\",\"id\":\"%u\"},\"account\":{\"mode\":\"anonymous\"},"
		"\"package\":"
		"{\"format\":\"%s\"}}",
		ITEM(item), format);
	struct rig_answer a = rig_call(&r, "POST", "/v1/downloads", header, body);
	if (a.status / 100 != 2)
		fprintf(stderr, "%d %s\n", a.status, a.text);
	CHECK(a.status == 202 || a.status == 201);
	snprintf(ret_id, 64, "%s", json_str(a.body, "id"));
	rig_answer_done(&a);
}

static void await_ready(const char *id)
{
	char path[100];

	snprintf(path, sizeof(path), "/v1/downloads/%s", id);
	for (unsigned tries = 0; tries < 6000; tries++, rig_sleep_ms(20)) {
		json_t *d = rig_expect(&r, 200, "GET", path, NULL);
		bool failed = !strcmp(json_str(d, "state"), "failed"),
		     ready = !strcmp(json_str(d, "state"), "ready");
		if (failed)
			fprintf(stderr, "%s: %s\n", json_str(d, "error.code"), json_str(d, "error.detail"));
		json_decref(d);
		CHECK(!failed);
		if (ready)
			return;
	}
	CHECK_NEVER("the download is never ready");
}

static void sum(const void *p, size_t n, char ret[static 65])
{
	uint8_t md[32];

	EVP_Digest(p, n, md, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(ret + 2 * i, 3, "%02x", md[i]);
}

/* What is to be had is what Steam has, in one piece, in parts, and packed. */
static void check_content(const char *download_id, unsigned item)
{
	char path[200], hash[65];

	snprintf(path, sizeof(path), "/v1/artifacts?downloadId=%s", download_id);
	json_t *all = rig_expect(&r, 200, "GET", path, NULL);
	const json_t *one = json_array_get(json_object_get(all, "items"), 0);
	CHECK(json_array_size(json_object_get(all, "items")) == 1 && json_int(one, "files") == 2);

	snprintf(path, sizeof(path), "/v1/artifacts/%s/content?path=data%%2Fbig.bin", json_str(one, "id"));
	struct rig_answer a = rig_call(&r, "GET", path, NULL, NULL);
	CHECK(a.status == 200 && a.raw.body.n == size && !memcmp(a.raw.body.p, bytes[item], size));
	rig_answer_done(&a);
	a = rig_call(&r, "GET", path, "Range: bytes=1000000-2999999", NULL);
	CHECK(a.status == 206 && a.raw.body.n == 2000000 && !memcmp(a.raw.body.p, bytes[item] + 1000000, 2000000));
	rig_answer_done(&a);
	snprintf(path, sizeof(path), "/v1/artifacts/%s/content", json_str(one, "id"));
	a = rig_call(&r, "GET", path, NULL, NULL);
	CHECK(a.status == 200);
	sum(a.raw.body.p, a.raw.body.n, hash);
	CHECK_STR(hash, json_str(one, "package.sha256"));
	snprintf(path, sizeof(path), "%s/package", r.dir);
	FILE *f = fopen(path, "we");
	CHECK(f && fwrite(a.raw.body.p, 1, a.raw.body.n, f) == a.raw.body.n && fclose(f) == 0);
	rig_answer_done(&a);
	const char *format = json_str(one, "package.format");
	CHECK(shell("cd %s && rm -rf out && mkdir out && %s && diff -r item%u out", r.dir,
		      !strcmp(format, "zip")   ? "unzip -q package -d out"
		      : !strcmp(format, "tar") ? "tar -xf package -C out"
					       : "zstd -dcq package | tar -xf - -C out",
		      item) == 0);
	json_decref(all);
}

/* In the store is what the contents have, and nothing else; the agent keeps nothing of what it brought but its cache. */
static void check_tidy(void)
{
	CHECK(shell("test -z \"$(ls -A %s/arriving 2>/dev/null)\"", store) == 0);
	CHECK(shell("test -z \"$(ls -A %s/agent-0/agent/publish/arriving 2>/dev/null)\"", r.dir) == 0);
	/* Two files and a listing of each, and a package. */
	long want = number("SELECT COUNT(*) FROM contents") * 3 + number("SELECT COUNT(*) FROM content_packages");
	CHECK(shell("test $(find %s/blobs -type f | wc -l) -eq %ld", store, want) == 0);
	CHECK(shell("test $(find %s/contents -type f | wc -l) -eq %ld", store,
		      number("SELECT COUNT(*) FROM content_packages")) == 0);
	CHECK(number("SELECT COUNT(*) FROM arrivals WHERE content_id IS NULL") == 0);
}

/* Once: one artifact, one event of it, one ticket's end on record. */
static void check_once(const char *download_id)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM artifacts WHERE download_id = '%s'", download_id);
	CHECK(number(sql) == 1);
	snprintf(sql, sizeof(sql),
		"SELECT COUNT(*) FROM events WHERE type = 'artifact.published' AND data LIKE '%%%s%%'",
		download_id);
	CHECK(number(sql) == 1);
}

/* Pieces that came since the server started. */
static long pieces(void)
{
	struct rig_answer a = rig_call(&r, "GET", "/metrics", NULL, NULL);
	static const char name[] =
		"footplate_http_requests_total{method=\"PUT\",route=\"/v1/arrivals/blobs/{sha256}\"";
	long n = 0;

	CHECK(a.status == 200);
	for (const char *at = strstr(a.text, name); at; at = strstr(at + 1, name))
		n += strtol(strstr(at, "\"} ") + 3, NULL, 10);
	rig_answer_done(&a);
	return n;
}

/* ---- the cases ---- */

static void plain(void)
{
	char id[64];
	const long of_file = (long)((size + PIECE - 1) / PIECE);

	ask(0, "zip", id);
	await_ready(id);
	check_content(id, 0);
	check_once(id);
	check_tidy();
	CHECK(pieces() >= 2 * of_file + 2);
	/* It shares no disk: what the store has, it has of its own. */
	CHECK(shell("test $(find %s/blobs -type f -links +1 | wc -l) -eq 0", store) == 0);
}

/* The agent dies when a third of it was brought; another attempt goes on there. */
static void agent_dies(void)
{
	unsigned kills = setting("REMOTE_KILLS", 1);
	const long of_file = (long)((size + PIECE - 1) / PIECE), at = of_file / 3 + 1;
	char id[64], point[64];

	rig_stop(&r.agents[0], SIGTERM);
	snprintf(point, sizeof(point), "publish.piece:kill:%ld", at);
	start_agent(NULL, point);
	rig_await_agents(&r, 1);
	long before = pieces();
	ask(1, "tar", id);
	for (unsigned i = 1; i <= kills; i++) {
		await_death(&r.agents[0]);
		CHECK(number("SELECT COUNT(*) FROM artifacts") == 1);
		start_agent(NULL, i < kills ? point : NULL);
	}
	await_ready(id);
	printf("agent killed %u times: %ld pieces\n", kills, pieces() - before);
	/* The file and the package are brought once: no more than the pieces that were on their way come again. */
	CHECK(pieces() - before <= 2 * of_file + 4 + (long)kills);
	check_content(id, 1);
	check_once(id);
	check_tidy();
}

/* The control plane dies in the middle of a piece; the agent waits for it, and goes on. */
static void server_dies(void)
{
	unsigned kills = setting("REMOTE_KILLS", 1);
	const long of_file = (long)((size + PIECE - 1) / PIECE), at = of_file / 3 + 1;
	char id[64], point[64];

	rig_stop(&r.server, SIGTERM);
	snprintf(point, sizeof(point), "arrivals.piece:kill:%ld", at);
	serve(point);
	rig_await_agents(&r, 1);
	ask(2, "tar.zst", id);
	for (unsigned i = 1; i <= kills; i++) {
		await_death(&r.server);
		CHECK(shell("ls %s/arriving | grep -q part", store) == 0);
		serve(i < kills ? point : NULL);
	}
	await_ready(id);
	printf("server killed %u times: %ld pieces after the last\n", kills, pieces());
	CHECK(pieces() <= 2 * of_file + 4 - (at - 1) * (long)kills + (long)kills);
	check_content(id, 2);
	check_once(id);
	check_tidy();
}

/* A ticket that ends in the middle: the agent asks for another, and goes on. */
static void ticket_ends(void)
{
	char id[64];

	rig_stop(&r.agents[0], SIGTERM);
	start_agent(NULL, "publish.piece:pause:100");
	rig_await_agents(&r, 1);
	ask(3, "zip", id);
	for (int i = 0; i < 3000 && !number("SELECT COUNT(*) FROM arrivals WHERE content_id IS NULL"); i++)
		rig_sleep_ms(10);
	rig_sql(&r, "UPDATE arrivals SET expires_at = 5 WHERE content_id IS NULL");
	await_ready(id);
	CHECK(number("SELECT COUNT(*) FROM arrivals WHERE expires_at = 5") == 0);
	check_content(id, 3);
	check_once(id);
	check_tidy();
}

int main(void)
{
	size = (size_t)setting("REMOTE_MIB", 3) << 20;
	rig_init(&r);
	snprintf(store, sizeof(store), "%s/data/artifacts", r.dir);
	make_cert();
	start_steam();
	serve(NULL);
	json_t *region = rig_expect(&r, 201, "POST", "/v1/regions", "{\"name\":\"far\"}");
	start_agent(json_str(region, "id"), NULL);
	json_decref(region);
	rig_await_agents(&r, 1);
	plain();
	agent_dies();
	server_dies();
	ticket_ends();
	rig_check_events(&r);
	rig_check_audit(&r);
	rig_done(&r);
	for (unsigned i = 0; i < ITEMS; i++)
		free(bytes[i]);
	return 0;
}
