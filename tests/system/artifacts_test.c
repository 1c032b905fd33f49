/* What was fetched: kept, listed, served in pieces, shared by links, cleaned up. Contents are put in by the agent's own publish code. */
#include "agent/content/publish.h"
#include "io/blobs.h"
#include "io/contents.h"
#include "io/file.h"
#include "tests/system/rig.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct rig rig;
static char store[128], tree[128];

static void put(const char *path, const void *p, size_t n)
{
	char full[400];
	struct fault f;

	snprintf(full, sizeof(full), "%s/%s", tree, path);
	char *slash = strrchr(full, '/');
	*slash = 0;
	CHECK(file_mkdirs(full, 0755, &f) == RC_OK);
	*slash = '/';
	CHECK(file_write(full, p, n, 0644, &f) == RC_OK);
}

static struct publish_done publish(const char *format, const struct publish_file *files, size_t n)
{
	struct arena a = { 0 };
	struct fault f = { 0 };
	struct publish_done done = { 0 };
	const struct publish_conf conf = { .store = store };
	struct action_task t = { .arena = &a, .publish = &conf };
	const struct publish p = { .task = &t,
		.download_id = "dl_x",
		.folder = tree,
		.kind = "app",
		.files = files,
		.n = n,
		.package_format = format };

	enum rc rc = publish_tree(&p, &done, &f);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(rc == RC_OK);
	arena_done(&a);
	return done;
}

/* Rows as artifacts_grant makes them. */
static void plant(const struct publish_done *d, const char *id, const char *format, const char *tenant)
{
	char sql[2000];

	snprintf(sql, sizeof(sql),
		"INSERT INTO contents (id, kind, bytes, files, state, created_at) VALUES ('%s', 'app', %llu, %llu, "
		"'whole', 1) ON CONFLICT DO NOTHING; INSERT INTO content_packages (content_id, format, bytes, "
		"sha256) "
		"SELECT '%s', '%s', %llu, '%s' WHERE '%s' <> 'none' ON CONFLICT DO NOTHING; INSERT INTO artifacts "
		"(id, content_id, package_format, source, state, expires_at, labels, tenant_id, created_by, "
		"version, "
		"created_at, updated_at) VALUES ('%s', '%s', '%s', '{}', 'ready', 9000000000000, '{}', "
		"'%s', 'test', 1, 1, 1);",
		d->content_id, (unsigned long long)d->bytes, (unsigned long long)d->files, d->content_id, format,
		(unsigned long long)d->package_bytes, d->package_sha256, format, id, d->content_id, format, tenant);
	rig_sql(&rig, sql);
}

static void sum(const void *p, size_t n, char ret[65])
{
	uint8_t md[32];

	EVP_Digest(p, n, md, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(ret + 2 * i, 3, "%02x", md[i]);
}

static struct rig_answer get(const char *path, const char *headers)
{
	return rig_call(&rig, "GET", path, headers, NULL);
}

/* ---- */

#define BIG (3u << 20)
static uint8_t *big;
static struct publish_done zip, plain;

static void make(void)
{
	big = malloc(BIG);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (uint8_t)(i * 2654435761u >> 13);
	put("big.bin", big, BIG);
	put("dir/hello w\xc3\xb6rld.txt", "hello\n", 6);
	put("empty", "", 0);
	static const struct publish_file files[] = { { .path = "big.bin", .size = BIG },
		{ .path = "dir/hello w\xc3\xb6rld.txt", .size = 6 }, { .path = "empty", .size = 0 },
		{ .path = "link", .link = "empty" } };
	zip = publish("zip", files, 4);
	plain = publish("none", files, 4);
	CHECK_STR(zip.content_id, plain.content_id);
	plant(&zip, "art_1", "zip", "ten_default");
	plant(&plain, "art_2", "none", "ten_default");
	plant(&zip, "art_3", "zip", "ten_other");
}

static void shown(void)
{
	json_t *j = rig_expect(&rig, 200, "GET", "/v1/artifacts/art_1", NULL);
	CHECK_STR(json_str(j, "contentId"), zip.content_id);
	CHECK_STR(json_str(j, "package.sha256"), zip.package_sha256);
	CHECK(json_int(j, "files") == 4 && json_int(j, "bytes") == BIG + 6 && json_int(j, "refcount") == 3);
	json_decref(j);
	json_decref(rig_expect(&rig, 404, "GET", "/v1/artifacts/art_3", NULL)); /* another tenant's */
	json_decref(rig_expect(&rig, 404, "GET", "/v1/artifacts/art_3/content", NULL));
	json_decref(rig_expect(&rig, 404, "GET", "/v1/artifacts/art_3/manifest", NULL));
	j = rig_expect(&rig, 200, "GET", "/v1/artifacts", NULL);
	CHECK(json_array_size(json_object_get(j, "items")) == 2);
	json_decref(j);
	j = rig_expect(&rig, 200, "GET", "/v1/artifacts/art_1/manifest", NULL);
	CHECK(json_array_size(json_object_get(j, "files")) == 4);
	json_decref(j);
	struct rig_answer a = get("/v1/artifacts/art_1/manifest", NULL);
	char hash[65], want[70];
	sum(a.raw.body.p, a.raw.body.n, hash);
	CHECK_STR(hash, zip.content_id);
	snprintf(want, sizeof(want), "\"%s\"", zip.content_id);
	CHECK_STR(rig_header(&a, "etag"), want);
	rig_answer_done(&a);
}

static void packed(void)
{
	struct rig_answer a = get("/v1/artifacts/art_1/content", NULL);
	char hash[65], want[80];

	CHECK(a.status == 200 && a.raw.body.n == zip.package_bytes);
	sum(a.raw.body.p, a.raw.body.n, hash);
	CHECK_STR(hash, zip.package_sha256);
	snprintf(want, sizeof(want), "\"%s\"", zip.package_sha256);
	CHECK_STR(rig_header(&a, "etag"), want);
	CHECK_STR(rig_header(&a, "content-type"), "application/zip");
	CHECK_STR(rig_header(&a, "accept-ranges"), "bytes");
	CHECK(strstr(rig_header(&a, "content-disposition"), "filename=\"art_1.zip\""));
	rig_answer_done(&a);
	json_decref(rig_expect(&rig, 409, "GET", "/v1/artifacts/art_2/content", NULL)); /* was not packed */
}

/* What each Range gets, of big.bin. */
static void in_pieces(void)
{
	static const struct {
		const char *headers;
		int status;
		size_t from, n;
	} each[] = {
		{ NULL, 200, 0, BIG },
		{ "Range: bytes=0-0", 206, 0, 1 },
		{ "Range: bytes=5-9", 206, 5, 5 },
		{ "Range: bytes=3145720-", 206, BIG - 8, 8 },
		{ "Range: bytes=3145727-9999999999", 206, BIG - 1, 1 },
		{ "Range: bytes=-7", 206, BIG - 7, 7 },
		{ "Range: bytes=-99999999999", 206, 0, BIG },
		{ "Range: bytes=1000-2000000", 206, 1000, 1999001 },
		{ "Range: bytes=3145728-", 416, 0, 0 },
		{ "Range: bytes=-0", 416, 0, 0 },
		/* Malformed, unknown and several ranges are answered with the whole. */
		{ "Range: bytes=9-5", 200, 0, BIG },
		{ "Range: bytes=", 200, 0, BIG },
		{ "Range: bytes=a-b", 200, 0, BIG },
		{ "Range: lines=0-1", 200, 0, BIG },
		{ "Range: bytes=0-1,5-6", 200, 0, BIG },
		{ "Range: bytes=18446744073709551616-", 200, 0, BIG },
		{ "Range: bytes=5-9\nIf-Range: \"other\"", 200, 0, BIG },
		{ "Range: bytes=5-9\nIf-Range: Sat, 01 Jan 2000 00:00:00 GMT", 200, 0, BIG },
		{ "If-None-Match: \"other\"", 200, 0, BIG },
		{ "If-None-Match: *", 304, 0, 0 },
	};
	char etag[128], headers[300], hash[65];

	sum(big, BIG, hash);
	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++) {
		struct rig_answer a = get("/v1/artifacts/art_2/content?path=big.bin", each[i].headers);
		if (a.status != each[i].status)
			fprintf(stderr, "%s: %d\n", each[i].headers, a.status);
		CHECK(a.status == each[i].status);
		if (a.status < 300)
			CHECK(a.raw.body.n == each[i].n && !memcmp(a.raw.body.p, big + each[i].from, each[i].n));
		if (a.status == 206) {
			snprintf(headers, sizeof(headers), "bytes %zu-%zu/%u", each[i].from,
				each[i].from + each[i].n - 1, BIG);
			CHECK_STR(rig_header(&a, "content-range"), headers);
		}
		if (a.status == 416)
			CHECK_STR(rig_header(&a, "content-range"), "bytes */3145728");
		if (a.status == 304)
			CHECK(a.raw.body.n == 0);
		rig_answer_done(&a);
	}
	snprintf(etag, sizeof(etag), "\"%s\"", hash);
	snprintf(headers, sizeof(headers), "Range: bytes=5-9\nIf-Range: %s", etag);
	struct rig_answer a = get("/v1/artifacts/art_2/content?path=big.bin", headers);
	CHECK(a.status == 206 && a.raw.body.n == 5);
	CHECK_STR(rig_header(&a, "etag"), etag);
	rig_answer_done(&a);
	snprintf(headers, sizeof(headers), "Range: bytes=5-9\nIf-None-Match: \"x\", W/%s", etag);
	a = get("/v1/artifacts/art_2/content?path=big.bin", headers);
	CHECK(a.status == 304);
	rig_answer_done(&a);
	a = rig_call(&rig, "HEAD", "/v1/artifacts/art_2/content?path=big.bin", "Range: bytes=5-9", NULL);
	CHECK(a.status == 200 && a.raw.body.n == 0);
	CHECK_STR(rig_header(&a, "content-length"), "3145728");
	rig_answer_done(&a);
}

static void one_by_one(void)
{
	struct rig_answer a = get("/v1/artifacts/art_1/content?path=dir%2Fhello%20w%C3%B6rld.txt", NULL);
	CHECK(a.status == 200 && a.raw.body.n == 6 && !memcmp(a.raw.body.p, "hello\n", 6));
	CHECK(strstr(rig_header(&a, "content-disposition"), "filename*=UTF-8''hello%20w%C3%B6rld.txt"));
	rig_answer_done(&a);
	a = get("/v1/artifacts/art_1/content?path=empty", NULL);
	CHECK(a.status == 200 && a.raw.body.n == 0);
	rig_answer_done(&a);
	a = get("/v1/artifacts/art_1/content?path=empty", "Range: bytes=0-");
	CHECK(a.status == 416);
	rig_answer_done(&a);
	static const char *const none[] = { "link", "dir", "nothing", "..%2F..%2Fadmin.key", "%2Fetc%2Fpasswd",
		"dir%2F..%2Fempty", "%22%2C%22" };
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		char path[200];
		snprintf(path, sizeof(path), "/v1/artifacts/art_1/content?path=%s", none[i]);
		json_decref(rig_expect(&rig, 404, "GET", path, NULL));
	}
}

/* Many at once, slow ones and such that leave in the middle: the others have all of it. */
static void in_a_crowd(void)
{
	char ask[400], block[4096];
	int slow[8];

	for (int i = 0; i < 8; i++) {
		slow[i] = rig_connect(&rig);
		int n = snprintf(ask, sizeof(ask),
			"GET /v1/artifacts/art_2/content?path=big.bin HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
			"Authorization: Bearer %s\r\n\r\n",
			rig.key);
		CHECK(write(slow[i], ask, (size_t)n) == n);
		CHECK(read(slow[i], block, sizeof(block)) > 0);
	}
	for (int i = 0; i < 20; i++) {
		struct rig_answer a = get("/v1/artifacts/art_2/content?path=big.bin", NULL);
		CHECK(a.status == 200 && a.raw.body.n == BIG && !memcmp(a.raw.body.p, big, BIG));
		rig_answer_done(&a);
		if (i < 4)
			close(slow[i]);
	}
	for (int i = 4; i < 8; i++) {
		size_t got = 0;
		ssize_t n;
		while ((n = read(slow[i], block, sizeof(block))) > 0)
			got += (size_t)n;
		CHECK(got > BIG - sizeof(block)); /* the rest came with the head */
		close(slow[i]);
	}
}

/* ---- links ---- */

static char link_url[300];

static void make_link(const char *artifact, const char *body)
{
	char path[100];

	snprintf(path, sizeof(path), "/v1/artifacts/%s/links", artifact);
	json_t *j = rig_expect(&rig, 201, "POST", path, body);
	snprintf(link_url, sizeof(link_url), "%s", json_str(j, "url"));
	CHECK(strstr(link_url, "/v1/links/lnk_") == link_url && strlen(strstr(link_url, "?token=")) == 7 + 64);
	json_decref(j);
}

/* Without a credential. */
static int open_link(const char *url, const char *range, struct http_answer *ret)
{
	const struct http_call_header h[] = { { range ? "Range" : "X-Nothing", range ? range : "x" }, { 0 } };
	char full[500];
	struct fault f;

	snprintf(full, sizeof(full), "%s%s", rig.url, url);
	const struct http_ask ask = { .url = full, .headers = h, .deadline_ms = 60000, .body_max = 16 << 20 };
	enum rc rc = http_call(&ask, ret, &f);
	return rc == RC_OK ? ret->status : -1;
}

static int get_link(const char *url, const char *range)
{
	struct http_answer a = { 0 };
	int status = open_link(url, range, &a);

	if (status == 200)
		CHECK(a.body.n == BIG && !memcmp(a.body.p, big, BIG));
	http_answer_done(&a);
	return status;
}

static int64_t uses_of(void)
{
	json_t *j = rig_expect(&rig, 200, "GET", "/v1/artifacts/art_2/links", NULL);
	int64_t n = json_int(json_array_get(json_object_get(j, "items"), 0), "uses");

	CHECK(json_object_get(json_array_get(json_object_get(j, "items"), 0), "url") == NULL);
	json_decref(j);
	return n;
}

static int got[64];
static void *ask_empty(void *at)
{
	struct http_answer a = { 0 };
	int *status = at;

	*status = open_link(link_url, NULL, &a);
	http_answer_done(&a);
	return NULL;
}

static void by_link(void)
{
	char other[300];

	make_link("art_2", "{\"maxUses\":2,\"path\":\"big.bin\"}");
	CHECK(get_link(link_url, NULL) == 200);
	CHECK(get_link(link_url, "bytes=100-") == 206); /* goes on with the first */
	CHECK(get_link(link_url, "bytes=3145720-") == 206);
	CHECK(uses_of() == 1);
	CHECK(get_link(link_url, NULL) == 200);
	CHECK(uses_of() == 2);
	CHECK(get_link(link_url, NULL) == 404);
	CHECK(get_link(link_url, "bytes=5-") == 206);
	CHECK(get_link(link_url, "bytes=1-") == 206);
	CHECK(get_link(link_url, "bytes=0-") == 206);
	CHECK(get_link(link_url, "bytes=0-") == 404); /* four times its size is enough */
	CHECK(get_link(link_url, "bytes=0-0") == 206);
	CHECK(uses_of() == 2);

	/* A token is one link's. */
	snprintf(other, sizeof(other), "%s", link_url);
	char *last = other + strlen(other) - 1;
	*last = *last == '0' ? '1' : '0';
	CHECK(get_link(other, NULL) == 404);
	*strchr(other, '?') = 0;
	CHECK(get_link(other, NULL) == 422);
	make_link("art_2", "{\"maxUses\":0,\"path\":\"big.bin\"}");
	char *token = strchr(other, 0);
	snprintf(token, sizeof(other) - (size_t)(token - other), "%s", strchr(link_url, '?'));
	CHECK(get_link(other, NULL) == 404); /* the first link, the second's token */

	/* What a link may not be. */
	json_decref(rig_expect(&rig, 422, "POST", "/v1/artifacts/art_2/links", "{\"expiresInSeconds\":86401}"));
	json_decref(rig_expect(&rig, 404, "POST", "/v1/artifacts/art_2/links", "{\"path\":\"nothing\"}"));
	json_decref(rig_expect(&rig, 404, "POST", "/v1/artifacts/art_3/links", "{}"));
	json_decref(rig_expect(&rig, 409, "POST", "/v1/artifacts/art_2/links", "{}")); /* not packed */
}

/* Exactly as many as it says, however many come at once, and from wherever: each from an address of its own. */
static void by_many(void)
{
	pthread_t each[64];
	int won = 0;

	make_link("art_2", "{\"maxUses\":7,\"path\":\"empty\"}");
	for (int i = 0; i < 64; i++)
		CHECK(pthread_create(&each[i], NULL, ask_empty, &got[i]) == 0);
	for (int i = 0; i < 64; i++)
		CHECK(pthread_join(each[i], NULL) == 0);
	for (int i = 0; i < 64; i++) {
		CHECK(got[i] == 200 || got[i] == 404);
		won += got[i] == 200;
	}
	CHECK(won == 7 && uses_of() == 7);
}

static void deleted_link(void)
{
	char path[200];

	make_link("art_2", "{\"maxUses\":0,\"path\":\"big.bin\"}");
	CHECK(get_link(link_url, NULL) == 200);
	snprintf(path, sizeof(path), "/v1/artifacts/art_2/links/%.30s", link_url + strlen("/v1/links/"));
	json_decref(rig_expect(&rig, 204, "DELETE", path, NULL));
	CHECK(get_link(link_url, NULL) == 404);
	json_decref(rig_expect(&rig, 404, "DELETE", path, NULL));

	make_link("art_1", "{\"maxUses\":0}"); /* goes with its artifact: see deleted */
	struct http_answer a = { 0 };
	CHECK(open_link(link_url, NULL, &a) == 200 && a.body.n == zip.package_bytes);
	http_answer_done(&a);
}

/* The token stands in no log. */
static void not_told(void)
{
	char cmd[400];

	snprintf(
		cmd, sizeof(cmd), "! grep -r '%.64s' %s --include=*.log", strstr(link_url, "?token=") + 7, rig.dir);
	CHECK(system(cmd) == 0);
}

static void deleted(void)
{
	struct rig_answer a = rig_call(&rig, "DELETE", "/v1/artifacts/art_1", "If-Match: \"1\"", NULL);
	CHECK(a.status == 204);
	rig_answer_done(&a);
	json_decref(rig_expect(&rig, 404, "GET", "/v1/artifacts/art_1/content", NULL));
	json_decref(rig_expect(&rig, 404, "GET", "/v1/artifacts/art_1/manifest", NULL));
	struct http_answer h = { 0 };
	CHECK(open_link(link_url, NULL, &h) == 404);
	http_answer_done(&h);
	json_t *j = rig_expect(&rig, 200, "GET", "/v1/artifacts/art_1", NULL);
	CHECK_STR(json_str(j, "state"), "deleted");
	json_decref(j);
	a = get("/v1/artifacts/art_2/content?path=big.bin", NULL); /* the content is another's, too */
	CHECK(a.status == 200);
	rig_answer_done(&a);
}

/* ---- kill -9 ---- */

#define KILLS 12

/* A publisher that dies at any moment leaves a content that is whole, or none. */
static void killed(void)
{
	static const struct publish_file files[] = { { .path = "big.bin", .size = BIG },
		{ .path = "dir/hello w\xc3\xb6rld.txt", .size = 6 } };
	const struct publish_done want = publish("tar.zst", files, 2);
	struct contents_sums sums;
	struct fault f;
	char path[BLOBS_PATH_MAX], none[65];
	bool whole;

	for (unsigned i = 0; i < KILLS; i++) {
		blobs_sheet_path(store, want.content_id, "tar.zst", path);
		(void)unlink(path);
		blobs_path(store, want.package_sha256, path);
		(void)unlink(path);
		blobs_path(store, want.content_id, path);
		(void)unlink(path);
		pid_t child = fork();
		CHECK(child >= 0);
		if (child == 0) {
			publish("tar.zst", files, 2);
			_exit(0);
		}
		rig_sleep_ms(rig_random(60));
		rig_stop(&child, SIGKILL);
		blobs_sheet_path(store, want.content_id, "tar.zst", path);
		whole = access(path, F_OK) == 0;
		if (!whole)
			continue;
		CHECK(contents_check(store, want.content_id, &sums, none, &f) == RC_OK && sums.files == 2);
		CHECK(blobs_has(store, want.package_sha256, want.package_bytes));
	}
	/* The cleaner takes a day for what was being written. */
	snprintf(path, sizeof(path), "rm -rf %.1000s/arriving %.1000s/contents/%.2s/%s.tar.zst*", store, store,
		want.content_id, want.content_id);
	CHECK(system(path) == 0);
}

/* ---- the cleaner ---- */

static int count_below(const char *what)
{
	char cmd[300];
	int n = -1;

	snprintf(cmd, sizeof(cmd), "find %s/%s -type f 2>/dev/null | wc -l", store, what);
	FILE *p = popen(cmd, "r");
	CHECK(p && fscanf(p, "%d", &n) == 1);
	pclose(p);
	return n;
}

static void await_blobs(int n)
{
	for (int i = 0; i < 600 && count_below("blobs") != n; i++)
		rig_sleep_ms(100);
	CHECK(count_below("blobs") == n);
}

/* Two contents that share a file, one of which expires; then the other is deleted. What is left half by a killed publisher goes, too. */
static void cleaned(void)
{
	static const struct publish_file one[] = { { .path = "big.bin", .size = BIG } };
	static const struct publish_file half[] = { { .path = "half", .size = 4 } };
	struct publish_done single = publish("tar", one, 1);
	char path[BLOBS_PATH_MAX], cmd[BLOBS_PATH_MAX];

	put("half", "half", 4);
	struct publish_done torn = publish("none", half, 1);
	blobs_sheet_path(store, torn.content_id, "none", path);
	CHECK(unlink(path) == 0); /* as if killed just before it was whole */
	plant(&single, "art_4", "tar", "ten_default");
	json_t *j = rig_expect(&rig, 200, "GET", "/v1/storage", NULL);
	CHECK(json_int(j, "contents") == 2 && json_int(j, "artifacts") == 3 && json_int(j, "totalBytes") > 0);
	json_decref(j);
	CHECK(count_below("contents") == 3);

	rig_sql(&rig, "UPDATE artifacts SET expires_at = 5 WHERE id = 'art_4'");
	json_decref(rig_expect(&rig, 404, "GET", "/v1/artifacts/art_4/content", NULL));
	/* big.bin, hello, empty, the zip and its listing are left. */
	await_blobs(5);
	CHECK(count_below("contents") == 2);
	struct rig_answer a = get("/v1/artifacts/art_2/content?path=big.bin", NULL);
	CHECK(a.status == 200 && a.raw.body.n == BIG && !memcmp(a.raw.body.p, big, BIG));
	rig_answer_done(&a);

	/* A publisher that was killed in the middle of a sheet, two days ago, is in nobody's way. */
	snprintf(cmd, sizeof(cmd), "touch -d '2 days ago' %.1000s/contents/%.2s/%s.zip.Ab12Cd", store,
		zip.content_id, zip.content_id);
	CHECK(system(cmd) == 0);
	rig_sql(&rig, "UPDATE artifacts SET expires_at = 5");
	await_blobs(0);
	CHECK(count_below("contents") == 0 && count_below("arriving") == 0);
	j = rig_expect(&rig, 200, "GET", "/v1/storage", NULL);
	CHECK(json_int(j, "contents") == 0 && json_int(j, "artifacts") == 0);
	json_decref(j);

	/* It can come again. */
	zip = publish("zip", one, 1);
	plant(&zip, "art_5", "zip", "ten_default");
	a = get("/v1/artifacts/art_5/content", NULL);
	CHECK(a.status == 200 && a.raw.body.n == zip.package_bytes);
	rig_answer_done(&a);
}

int main(void)
{
	rig_init(&rig);
	snprintf(store, sizeof(store), "%s/data/artifacts", rig.dir);
	snprintf(tree, sizeof(tree), "%s/tree", rig.dir);
	rig_serve(&rig, (const char *const[]){
				"--no-agent", "--set", "downloads.grace_s=4", "--log-level", "debug", NULL });
	make();
	shown();
	packed();
	in_pieces();
	one_by_one();
	in_a_crowd();
	by_link();
	by_many();
	deleted_link();
	not_told();
	deleted();
	killed();
	cleaned();
	rig_check_events(&rig);
	rig_done(&rig);
	free(big);
	return 0;
}
