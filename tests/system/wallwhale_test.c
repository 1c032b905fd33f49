/*
 * WallWhale's clients, unchanged, against this server: what they send (keys in X-API-Key, no Idempotency-Key, a slash at the end) and
 * what they read (jobs, arrays, lines of a stream, a zip). And that these routes are no way round: scopes, tenants, limits and the
 * audit trail hold as on ours.
 */
#include "tests/system/rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define APP     770
#define DEPOT   770
#define CHUNK   1048576
#define ITEM    "12345001"
#define SLOW    "12345002"
#define PAGE    "https://steamcommunity.com/sharedfiles/filedetails/?id="
#define ANSWER  4194304
#define MINUTES 180 /* seconds of silence that fail the test */

static struct rig r;

/* ---- a client of theirs ---- */

struct reply {
	int status;
	char *head, *body; /* the body is of `n` bytes, and a NUL */
	size_t n;
	json_t *json;
};

static void drop(struct reply *a)
{
	json_decref(a->json);
	free(a->head);
	*a = (struct reply){ 0 };
}

/* `key` as X-API-Key; `more`: header lines that end in CRLF. */
static int begin(const char *method, const char *path, const char *key, const char *more, const char *body)
{
	const struct timeval patience = { .tv_sec = MINUTES };
	char head[2048];
	int fd = rig_connect(&r);

	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: %s\r\n%s",
		method, path, key, more ? more : "");
	size_t n = strlen(head);
	if (body)
		n += (size_t)snprintf(head + n, sizeof(head) - n,
			"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	else
		n += (size_t)snprintf(head + n, sizeof(head) - n, "\r\n");
	CHECK(n < sizeof(head) && send(fd, head, n, MSG_NOSIGNAL) == (ssize_t)n);
	return fd;
}

/* To the end; when this text has come (NULL: none), the simulated faults are over. */
static struct reply finish_from(int fd, const char *until)
{
	struct reply a = { .head = malloc(ANSWER + 1) };
	size_t n = 0;
	ssize_t k;

	CHECK(a.head);
	while (until && !memmem(a.head, n, until, strlen(until))) {
		k = recv(fd, a.head + n, ANSWER - n, 0);
		CHECK(k > 0);
		n += (size_t)k;
	}
	if (until)
		rig_sim_clear(&r);
	while ((k = recv(fd, a.head + n, ANSWER - n, 0)) > 0)
		n += (size_t)k;
	CHECK(k == 0 && n < ANSWER);
	close(fd);
	a.head[n] = 0;
	char *end = strstr(a.head, "\r\n\r\n");
	CHECK(end && sscanf(a.head, "HTTP/1.1 %d", &a.status) == 1);
	*end = 0;
	a.body = end + 4;
	a.n = n - (size_t)(a.body - a.head);
	a.json = json_loadb(a.body, a.n, 0, NULL);
	return a;
}

static struct reply finish(int fd) { return finish_from(fd, NULL); }

static struct reply call(const char *method, const char *path, const char *key, const char *body)
{
	return finish(begin(method, path, key, NULL, body));
}

static json_t *does(int status, const char *method, const char *path, const char *key, const char *body)
{
	struct reply a = call(method, path, key, body);

	if (a.status != status)
		fprintf(stderr, "%s %s: %d, not %d: %s\n", method, path, a.status, status, a.body);
	CHECK(a.status == status);
	json_t *j = json_incref(a.json);
	drop(&a);
	return j;
}

static void refused(int status, const char *method, const char *path, const char *key, const char *body)
{
	json_decref(does(status, method, path, key, body));
}

static const char *path_of(const char *id, const char *what)
{
	static char path[160];
	snprintf(path, sizeof(path), "/api/v1/downloads/%s%s", id, what);
	return path;
}

static const char *key_path(const char *id, const char *what)
{
	static char path[160];
	snprintf(path, sizeof(path), "/api/v1/admin/keys/%s%s", id, what);
	return path;
}

/* ---- the world ---- */

static void add_item(FILE *world, const char *item, unsigned gid, size_t bytes)
{
	char path[160];
	uint64_t x = gid;

	snprintf(path, sizeof(path), "%s/item%u", r.dir, gid);
	CHECK(mkdir(path, 0755) == 0);
	snprintf(path, sizeof(path), "%s/item%u/content", r.dir, gid);
	FILE *f = fopen(path, "we");
	CHECK(f);
	for (size_t i = 0; i < bytes; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		fputc((int)(x >> 56), f);
	}
	CHECK(fclose(f) == 0);
	fprintf(world,
		"depot %d app=%d manifest=%u key=auto dir=item%u kind=vsz\n"
		"workshop %s app=%d manifest=%u title=Item size=%zu\n",
		DEPOT, APP, gid, gid, item, APP, gid, bytes);
}

static void start(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *world = open_memstream(&text, &size);

	CHECK(world);
	add_item(world, ITEM, 9001, CHUNK + 5000);
	add_item(world, SLOW, 9002, 4 * CHUNK);
	CHECK(fclose(world) == 0);
	rig_sim(&r, text, NULL);
	free(text);
	rig_serve(&r, (const char *const[]){ NULL });
}

/* ---- the cases ---- */

struct key {
	char id[64], secret[64];
};

static struct key make_key(const char *body)
{
	struct key k;
	json_t *j = does(201, "POST", "/api/v1/admin/keys", r.key, body);

	snprintf(k.id, sizeof(k.id), "%s", json_str(j, "id"));
	snprintf(k.secret, sizeof(k.secret), "%s", json_str(j, "key"));
	CHECK(!strncmp(k.secret, "fp_live_", 8) && json_is_true(json_object_get(j, "isActive")));
	json_decref(j);
	return k;
}

/* Until it is so; the caller's is the job. */
static json_t *await(const char *id, const char *key, const char *status)
{
	for (unsigned tries = 0; tries < 3000; tries++) {
		json_t *j = does(200, "GET", path_of(id, ""), key, NULL);
		if (!strcmp(json_str(j, "status"), status))
			return j;
		CHECK(strcmp(json_str(j, "status"), "failed") != 0);
		json_decref(j);
		rig_sleep_ms(30);
	}
	CHECK_NEVER("the job does not become what it has to");
}

static void ask(const char *path, const char *key, const char *body, char ret_id[static 64])
{
	json_t *j = does(202, "POST", path, key, body);

	snprintf(ret_id, 64, "%s", json_str(j, "id"));
	CHECK(!strncmp(ret_id, "dl_", 3) && json_str(j, "status")[0] && json_object_get(j, "saveRoot"));
	json_decref(j);
}

/* What becomes of a whole job: asked for, looked at, its log, its zip. */
static void fetched(const struct key *key, char ret_id[static 64])
{
	char path[160];

	ask("/api/v1/downloads/", key->secret,
		"{\"urlOrId\":\"" PAGE ITEM "&searchtext=7\",\"accountName\":\"anonymous\"}", ret_id);
	json_t *j = await(ret_id, key->secret, "success");
	CHECK_STR(json_str(j, "pubfileId"), ITEM);
	CHECK_STR(json_str(j, "accountName"), "anonymous");
	CHECK(json_int(j, "progress") == 100 && json_int(j, "startedAt") > 0 && !json_object_get(j, "error"));
	CHECK(json_int(j, "finishedAt") >= json_int(j, "startedAt"));
	json_decref(j);

	struct reply log = call("GET", path_of(ret_id, "/logs"), key->secret, NULL);
	CHECK(log.status == 200 && strstr(log.head, "text/event-stream"));
	CHECK(strstr(log.body, "data: queued\n\n") && strstr(log.body, "data: ready\n\n"));
	CHECK(strstr(log.body, "event: end\ndata: Job finished\n\n") && !strstr(log.body, "stream.hello"));
	drop(&log);

	struct reply zip = call("GET", path_of(ret_id, "/zip"), key->secret, NULL);
	CHECK(zip.status == 200 && zip.n > CHUNK && !memcmp(zip.body, "PK\3\4", 4));
	CHECK(strstr(zip.head, "application/zip") && strstr(zip.head, ITEM ".zip"));
	json_t *d = rig_expect(&r, 200, "GET", path_of(ret_id, "") + strlen("/api"), NULL);
	snprintf(path, sizeof(path), "/v1/artifacts/%s/content", json_str(d, "artifactId"));
	json_decref(d);
	struct rig_answer ours = rig_call(&r, "GET", path, NULL, NULL);
	CHECK(ours.status == 200 && ours.raw.body.n == zip.n && !memcmp(ours.raw.body.p, zip.body, zip.n));
	rig_answer_done(&ours);
	drop(&zip);
	refused(204, "POST", path_of(ret_id, "/cancel"), key->secret, NULL); /* too late: nothing changes */
	json_decref(await(ret_id, key->secret, "success"));
}

/* Its lines come while it runs, and the stream ends with it. */
static void followed(const struct key *key)
{
	char id[64];

	rig_sim_say(&r, "/sim/faults", "cdn_chunk@*:latency=1000");
	ask("/api/v1/downloads", key->secret, "{\"urlOrId\":\"" SLOW "\"}", id);
	int fd = begin("GET", path_of(id, "/logs"), key->secret, NULL, NULL);
	refused(409, "GET", path_of(id, "/zip"), key->secret, NULL);
	struct reply log = finish_from(fd, "data: downloading\n\n");
	CHECK(strstr(log.body, "data: queued\n\n") && strstr(log.body, "data: downloading\n\n"));
	CHECK(strstr(log.body, " bytes/s\n\n") && strstr(log.body, "data: ready\n\n"));
	CHECK(strstr(log.body, "event: end\ndata: Job finished\n\n"));
	drop(&log);
}

static void canceled(const struct key *key)
{
	char id[64];

	rig_sim_say(&r, "/sim/faults", "cdn_chunk@*:cdn_slow=1000");
	ask("/api/v1/downloads", key->secret, "{\"urlOrId\":\"" SLOW "\"}", id);
	int fd = begin("GET", path_of(id, "/logs"), key->secret, NULL, NULL);
	refused(204, "POST", path_of(id, "/cancel"), key->secret, "{}");
	struct reply log = finish(fd);
	rig_sim_clear(&r);
	json_t *j = await(id, key->secret, "canceled");
	json_decref(j);
	CHECK(strstr(log.body, "event: end\n") && strstr(log.body, "data: canceled\n\n"));
	drop(&log);
}

static void hold_keys(const struct key *key)
{
	char masked[64] = "", path[160];
	json_t *all = does(200, "GET", "/api/v1/admin/keys", r.key, NULL), *k;
	size_t i;

	CHECK(json_is_array(all));
	json_array_foreach(all, i, k)
	{
		CHECK(strcmp(json_str(k, "key"), key->secret) != 0);
		if (!strcmp(json_str(k, "id"), key->id)) {
			snprintf(masked, sizeof(masked), "%s", json_str(k, "key"));
			CHECK_STR(json_string_value(json_array_get(json_object_get(k, "scopes"), 0)),
				"download:read");
			CHECK(json_int(k, "rateLimit") == 5000 && json_is_null(json_object_get(k, "quotaDaily")));
		}
	}
	CHECK(!strncmp(masked, key->secret, 12));
	json_decref(all);
	snprintf(path, sizeof(path), "/v1/api-keys/%s", key->id);
	json_t *ours = rig_expect(&r, 200, "GET", path, NULL);
	CHECK_STR(json_string_value(json_array_get(json_object_get(ours, "scopes"), 0)), "downloads:read");
	CHECK(json_int(ours, "maxConcurrent") == 3 && json_int(ours, "rateLimit") == 5000);
	json_decref(ours);
}

/* A new secret; then none. */
static void renewed(struct key *key, const char *id)
{
	json_t *j = does(200, "POST", key_path(key->id, "/regenerate"), r.key, "{}");

	CHECK(strcmp(json_str(j, "key"), key->secret) != 0);
	refused(401, "GET", path_of(id, ""), key->secret, NULL);
	snprintf(key->secret, sizeof(key->secret), "%s", json_str(j, "key"));
	json_decref(j);
	refused(200, "GET", path_of(id, ""), key->secret, NULL);
	refused(204, "DELETE", key_path(key->id, ""), r.key, NULL);
	refused(401, "GET", path_of(id, ""), key->secret, NULL);
	refused(204, "DELETE", key_path(key->id, ""), r.key, NULL);
}

static void administered(void)
{
	json_t *u = does(201, "POST", "/api/v1/admin/steam-users", r.key,
		"{\"username\":\"ww_one\",\"password\":\"ww-pass-1\",\"displayName\":\"Primary\"}");
	char path[160], id[64];

	snprintf(id, sizeof(id), "%s", json_str(u, "id"));
	CHECK_STR(json_str(u, "displayName"), "Primary");
	CHECK_STR(json_str(u, "status"), "ACTIVE");
	CHECK(!json_object_get(u, "password"));
	json_decref(u);
	snprintf(path, sizeof(path), "/api/v1/admin/steam-users/%s", id);
	u = does(
		200, "PUT", path, r.key, "{\"username\":\"ww_two\",\"displayName\":\"X\",\"status\":\"INACTIVE\"}");
	CHECK_STR(json_str(u, "username"), "ww_two");
	CHECK_STR(json_str(u, "displayName"), "X");
	CHECK_STR(json_str(u, "status"), "INACTIVE");
	json_decref(u);
	refused(200, "PUT", path, r.key, "{\"password\":\"ww-pass-2\"}");
	u = does(200, "GET", "/api/v1/admin/steam-users", r.key, NULL);
	CHECK(json_array_size(u) == 1);
	CHECK_STR(json_str(json_array_get(u, 0), "username"), "ww_two");
	CHECK_STR(
		json_str(json_array_get(u, 0), "status"), "INACTIVE"); /* the password alone changed nothing else */
	json_decref(u);
	refused(204, "DELETE", path, r.key, NULL);
	u = does(200, "GET", "/api/v1/admin/users", r.key, NULL);
	CHECK(json_is_array(u));
	json_decref(u);
	u = does(200, "GET", "/api/v1/admin/audit?limit=3", r.key, NULL);
	CHECK(json_array_size(u) == 3 && *json_str(json_array_get(u, 0), "action") &&
		json_object_get(json_array_get(u, 0), "details"));
	json_decref(u);
}

/* A key that may see accounts' rows may not put a password by the alias, nor one of another tenant read a thing. */
static void no_way_round(const struct key *key, const char *id)
{
	struct key reads = make_key("{\"name\":\"reads\",\"scopes\":[\"download:read\"]}");
	struct key writes =
		make_key("{\"name\":\"writes\",\"scopes\":[\"accounts:write\",\"keys:write\",\"download:read\"]}");
	json_t *j = rig_expect(&r, 201, "POST", "/v1/api-keys",
		"{\"name\":\"b\",\"scopes\":[\"downloads:*\"],\"tenantId\":\"ten_b\"}");
	char other[64], header[128];

	snprintf(other, sizeof(other), "%s", json_str(j, "secret"));
	json_decref(j);
	refused(403, "POST", "/api/v1/downloads", reads.secret, "{\"urlOrId\":\"" ITEM "\"}");
	refused(403, "POST", path_of(id, "/cancel"), reads.secret, NULL);
	refused(200, "GET", path_of(id, ""), reads.secret, NULL);
	refused(403, "GET", "/api/v1/admin/keys", reads.secret, NULL);
	refused(403, "GET", "/api/v1/admin/audit", reads.secret, NULL);
	refused(404, "GET", path_of(id, ""), other, NULL);
	refused(404, "GET", path_of(id, "/logs"), other, NULL);
	refused(404, "GET", path_of(id, "/zip"), other, NULL);
	refused(404, "POST", path_of(id, "/cancel"), other, NULL);
	refused(403, "DELETE", key_path(key->id, ""), other, NULL);
	refused(403, "POST", "/api/v1/admin/steam-users", writes.secret,
		"{\"username\":\"ww_three\",\"password\":\"ww-pass-3\"}");
	CHECK_STR(rig_sql(&r, "SELECT COUNT(*) FROM accounts WHERE login = 'ww_three'"), "0");
	refused(422, "POST", "/api/v1/admin/keys", writes.secret,
		"{\"name\":\"more\",\"scopes\":[\"download:*\"]}");
	refused(422, "POST", "/api/v1/admin/keys", writes.secret, "{\"name\":\"more\",\"scopes\":[\"admin:*\"]}");
	refused(422, "POST", "/api/v1/downloads", key->secret, "{\"urlOrId\":\"no number\"}");
	refused(422, "POST", "/api/v1/downloads", key->secret,
		"{\"urlOrId\":\"" ITEM "\",\"accountName\":\"not_there\"}");
	refused(422, "POST", "/api/v1/downloads", key->secret,
		"{\"urlOrId\":\"" ITEM "\",\"saveRoot\":\"/projects\"}");
	refused(401, "GET", "/v1/downloads", key->secret, NULL); /* the header is theirs alone */
	refused(401, "GET", path_of(id, ""), "fp_live_no", NULL);
	snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", key->secret);
	struct reply a = finish(begin("GET", path_of(id, ""), "fp_live_no", header, NULL));
	CHECK(a.status == 200);
	drop(&a);
	snprintf(header, sizeof(header), "Authorization: Bearer no\r\n");
	a = finish(begin("GET", path_of(id, ""), key->secret, header, NULL));
	CHECK(a.status == 401);
	drop(&a);
}

/* Charged, counted and written down as what came by our routes. */
static void written_down(const struct key *key)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		"SELECT COUNT(*) FROM audit WHERE actor = 'key:%s' AND action = 'download.create'", key->id);
	CHECK_STR(rig_sql(&r, sql), "3");
	snprintf(sql, sizeof(sql),
		"SELECT COUNT(*) FROM audit WHERE actor = 'key:%s' AND action = 'download.cancel'", key->id);
	CHECK_STR(rig_sql(&r, sql), "1");
	snprintf(sql, sizeof(sql), "SELECT CASE WHEN bytes_total > %d THEN 'yes' END FROM api_keys WHERE id = '%s'",
		CHUNK, key->id);
	CHECK_STR(rig_sql(&r, sql), "yes");
}

int main(void)
{
	char id[64];

	rig_init(&r);
	start();
	struct key key = make_key("{\"name\":\"bot\",\"rateLimit\":5000,\"maxConcurrent\":3}");
	hold_keys(&key);
	fetched(&key, id);
	followed(&key);
	canceled(&key);
	no_way_round(&key, id);
	administered();
	written_down(&key);
	renewed(&key, id);
	rig_check_events(&r);
	rig_check_audit(&r);
	rig_done(&r);
	return 0;
}
