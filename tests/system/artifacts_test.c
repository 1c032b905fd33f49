/* What was fetched: kept, listed, served in pieces, shared by links, cleaned up. Contents are put in by the agent's own publish code. */
#include "agent/content/publish.h"
#include "io/blobs.h"
#include "io/file.h"
#include "tests/system/rig.h"

#include <openssl/evp.h>
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
			"GET /v1/artifacts/art_2/content?path=big.bin HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer "
			"%s\r\n\r\n",
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
		while (got < BIG && (n = read(slow[i], block, sizeof(block))) > 0)
			got += (size_t)n;
		CHECK(got >= BIG - sizeof(block));
		close(slow[i]);
	}
}

static void deleted(void)
{
	struct rig_answer a = rig_call(&rig, "DELETE", "/v1/artifacts/art_1", "If-Match: \"1\"", NULL);
	CHECK(a.status == 204);
	rig_answer_done(&a);
	json_decref(rig_expect(&rig, 404, "GET", "/v1/artifacts/art_1/content", NULL));
	json_decref(rig_expect(&rig, 404, "GET", "/v1/artifacts/art_1/manifest", NULL));
	json_t *j = rig_expect(&rig, 200, "GET", "/v1/artifacts/art_1", NULL);
	CHECK_STR(json_str(j, "state"), "deleted");
	json_decref(j);
	a = get("/v1/artifacts/art_2/content?path=big.bin", NULL); /* the content is another's, too */
	CHECK(a.status == 200);
	rig_answer_done(&a);
}

int main(void)
{
	rig_init(&rig);
	snprintf(store, sizeof(store), "%s/data/artifacts", rig.dir);
	snprintf(tree, sizeof(tree), "%s/tree", rig.dir);
	rig_serve(&rig, (const char *const[]){ "--no-agent", NULL });
	make();
	shown();
	packed();
	in_pieces();
	one_by_one();
	in_a_crowd();
	deleted();
	rig_check_events(&rig);
	rig_done(&rig);
	free(big);
	return 0;
}
