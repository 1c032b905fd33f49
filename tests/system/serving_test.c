/*
 * What was fetched, served over TLS: whole and in pieces, beyond 4 GiB, to those who have it already, and by links: to as many as the link says,
 * however many come at once, not after its time, not with a token that is not its own.
 */
#include "io/blobs.h"
#include "io/file.h"
#include "tests/system/rig.h"
#include "wire/listing.h"
#include "wire/sheet.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY   32
#define USES   40 /* of the link that many use; each asks for three */
#define ASKS   3
#define SIZE   (1u << 20)
#define HUGE   UINT64_C(4831838208) /* 4.5 GiB, nearly all of it holes */
#define FOUR   UINT64_C(4294967296)
#define AT_END "the end"

static struct rig r;
static char ca[128], store[128], small_sum[65], huge_sum[65];
static uint8_t *small;

__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return system(line);
}

static void sum(const void *p, size_t n, char ret[static 65])
{
	uint8_t md[32];

	EVP_Digest(p, n, md, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(ret + 2 * i, 3, "%02x", md[i]);
}

static void start(void)
{
	char cert[160], key[160];

	snprintf(ca, sizeof(ca), "%s/server.pem", r.dir);
	CHECK(shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
		    "/CN=localhost "
		    "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s/server.key -out %s 2>/dev/null",
		      r.dir, ca) == 0);
	r.ca = ca;
	snprintf(cert, sizeof(cert), "server.tls_cert=%s", ca);
	snprintf(key, sizeof(key), "server.tls_key=%s/server.key", r.dir);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--set", cert, "--set", key, NULL });
	CHECK(!strncmp(r.url, "https://", 8));
}

/* ---- two contents, as a publisher leaves them ---- */

static int make_blob(const char *sha256)
{
	char path[BLOBS_PATH_MAX], *slash;
	struct fault f;

	blobs_path(store, sha256, path);
	slash = strrchr(path, '/');
	*slash = 0;
	CHECK(file_mkdirs(path, 0700, &f) == RC_OK);
	*slash = '/';
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	return fd;
}

static void put_blob(const void *p, size_t n, char ret_sum[static 65])
{
	sum(p, n, ret_sum);
	int fd = make_blob(ret_sum);
	CHECK(write(fd, p, n) == (ssize_t)n && close(fd) == 0);
}

/* The names of 4.5 GiB are not computed: the server serves what stands under the name. */
static void put_huge(void)
{
	sum("huge", 4, huge_sum);
	int fd = make_blob(huge_sum);
	CHECK(ftruncate(fd, (off_t)HUGE) == 0);
	CHECK(pwrite(fd, "before|beyond", 13, (off_t)(FOUR - 7)) == 13);
	CHECK(pwrite(fd, AT_END, 7, (off_t)(HUGE - 7)) == 7 && close(fd) == 0);
}

static void plant(const char *id, const char *name, const char *sha256, uint64_t size)
{
	const struct listing_file file = { .path = name, .sha256 = sha256, .size = size, .mode = 0644 };
	const struct sheet sheet = { .kind = "app", .bytes = (int64_t)size, .files = 1, .package_format = "none" };
	struct buf listing = { 0 }, text = { 0 };
	char content[65], path[BLOBS_PATH_MAX], sql[1000], *slash;
	struct fault f;

	listing_begin(&listing);
	listing_put(&listing, &file, true);
	listing_end(&listing);
	put_blob(listing.p, listing.n, content);
	sheet_write(&sheet, &text);
	blobs_sheet_path(store, content, "none", path);
	slash = strrchr(path, '/');
	*slash = 0;
	CHECK(file_mkdirs(path, 0700, &f) == RC_OK);
	*slash = '/';
	CHECK(file_write(path, text.p, text.n, 0600, &f) == RC_OK);
	snprintf(sql, sizeof(sql),
		"INSERT INTO contents (id, kind, bytes, files, state, created_at) VALUES ('%s', 'app', %llu, 1, "
		"'whole', 1); "
		"INSERT INTO artifacts (id, content_id, package_format, source, state, expires_at, labels, "
		"tenant_id, "
		"created_by, version, created_at, updated_at) VALUES ('%s', '%s', 'none', '{}', 'ready', "
		"9000000000000, "
		"'{}', 'ten_default', 'test', 1, 1, 1);",
		content, (unsigned long long)size, id, content);
	rig_sql(&r, sql);
	buf_done(&listing);
	buf_done(&text);
}

/* ---- with a key ---- */

static struct rig_answer ask(const char *method, const char *path, const char *headers)
{
	return rig_call(&r, method, path, headers, NULL);
}

static void whole_and_known(void)
{
	static const char path[] = "/v1/artifacts/art_small/content?path=small.bin";
	char etag[80], headers[200];

	snprintf(etag, sizeof(etag), "\"%s\"", small_sum);
	struct rig_answer a = ask("GET", path, NULL);
	CHECK(a.status == 200 && a.raw.body.n == SIZE && !memcmp(a.raw.body.p, small, SIZE));
	CHECK_STR(rig_header(&a, "etag"), etag);
	CHECK_STR(rig_header(&a, "accept-ranges"), "bytes");
	rig_answer_done(&a);
	a = ask("HEAD", path, NULL);
	CHECK(a.status == 200 && a.raw.body.n == 0);
	CHECK_STR(rig_header(&a, "content-length"), "1048576");
	CHECK_STR(rig_header(&a, "etag"), etag);
	rig_answer_done(&a);
	snprintf(headers, sizeof(headers), "If-None-Match: %s", etag);
	a = ask("GET", path, headers);
	CHECK(a.status == 304 && a.raw.body.n == 0);
	CHECK_STR(rig_header(&a, "etag"), etag);
	rig_answer_done(&a);
	a = ask("GET", path, "If-None-Match: \"another\"");
	CHECK(a.status == 200 && a.raw.body.n == SIZE);
	rig_answer_done(&a);
	a = ask("GET", path, "Range: bytes=65535-65537");
	CHECK(a.status == 206 && a.raw.body.n == 3 && !memcmp(a.raw.body.p, small + 65535, 3));
	CHECK_STR(rig_header(&a, "content-range"), "bytes 65535-65537/1048576");
	rig_answer_done(&a);
	a = ask("GET", path, "Authorization: Bearer fpk_nobody");
	CHECK(a.status == 401);
	rig_answer_done(&a);
}

/* Numbers that 32 bits do not hold, in each place where one stands. */
static void beyond_4_gib(void)
{
	static const struct {
		const char *range, *content_range, *bytes;
	} each[] = {
		{ "bytes=4294967296-4294967301", "bytes 4294967296-4294967301/4831838208", "beyond" },
		{ "bytes=4294967289-4294967301", "bytes 4294967289-4294967301/4831838208", "before|beyond" },
		{ "bytes=4831838201-", "bytes 4831838201-4831838207/4831838208", AT_END },
		{ "bytes=-7", "bytes 4831838201-4831838207/4831838208", AT_END },
		{ "bytes=4831838201-99999999999", "bytes 4831838201-4831838207/4831838208", AT_END },
	};
	static const char path[] = "/v1/artifacts/art_huge/content?path=huge.bin";
	char etag[80], headers[300];

	snprintf(etag, sizeof(etag), "\"%s\"", huge_sum);
	struct rig_answer a = ask("HEAD", path, NULL);
	CHECK(a.status == 200);
	CHECK_STR(rig_header(&a, "content-length"), "4831838208");
	CHECK_STR(rig_header(&a, "etag"), etag);
	rig_answer_done(&a);
	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++) {
		snprintf(headers, sizeof(headers), "Range: %s\nIf-Range: %s", each[i].range, etag);
		a = ask("GET", path, headers);
		CHECK(a.status == 206 && a.raw.body.n == strlen(each[i].bytes));
		CHECK(!memcmp(a.raw.body.p, each[i].bytes, a.raw.body.n));
		CHECK_STR(rig_header(&a, "content-range"), each[i].content_range);
		CHECK_STR(rig_header(&a, "etag"), etag);
		rig_answer_done(&a);
	}
	a = ask("GET", path, "Range: bytes=4831838208-");
	CHECK(a.status == 416);
	CHECK_STR(rig_header(&a, "content-range"), "bytes */4831838208");
	rig_answer_done(&a);
	a = ask("GET", "/v1/artifacts/art_huge", NULL);
	CHECK(json_int(a.body, "bytes") == (int64_t)HUGE);
	rig_answer_done(&a);
	/* A megabyte of it, across the border. */
	a = ask("GET", path, "Range: bytes=4294443008-4295491583");
	CHECK(a.status == 206 && a.raw.body.n == 1 << 20 &&
		!memcmp(a.raw.body.p + (1 << 19) - 7, "before|beyond", 13));
	rig_answer_done(&a);
}

/* ---- by links ---- */

static char link_url[300];

static void make_link(const char *artifact, const char *body)
{
	char path[100];

	snprintf(path, sizeof(path), "/v1/artifacts/%s/links", artifact);
	json_t *j = rig_expect(&r, 201, "POST", path, body);
	snprintf(link_url, sizeof(link_url), "%s", json_str(j, "url"));
	json_decref(j);
}

/* Without a credential; *ret_bytes is how many came. */
static int open_link(const char *url, const char *range, size_t *ret_bytes)
{
	const struct http_call_header h[] = { { range ? "Range" : "X-Nothing", range ? range : "x" }, { 0 } };
	struct http_answer a = { 0 };
	char full[500];
	struct fault f;

	snprintf(full, sizeof(full), "%s%s", r.url, url);
	const struct http_ask how = {
		.url = full, .headers = h, .deadline_ms = 60000, .body_max = 16 << 20, .tls_ca = ca
	};
	CHECK(http_call(&how, &a, &f) == RC_OK);
	int status = a.status;
	*ret_bytes = a.body.n;
	if (status == 200)
		CHECK(a.body.n == SIZE && !memcmp(a.body.p, small, SIZE));
	http_answer_done(&a);
	return status;
}

static int status_of(const char *url, const char *range)
{
	size_t n;
	return open_link(url, range, &n);
}

static _Atomic int won, lost;

static void *use_it(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < ASKS; i++) {
		int status = status_of(link_url, NULL);
		CHECK(status == 200 || status == 404);
		atomic_fetch_add(status == 200 ? &won : &lost, 1);
	}
	return NULL;
}

static int64_t uses_of(const char *artifact)
{
	char path[100];

	snprintf(path, sizeof(path), "/v1/artifacts/%s/links", artifact);
	json_t *j = rig_expect(&r, 200, "GET", path, NULL);
	int64_t n = json_int(json_array_get(json_object_get(j, "items"), 0), "uses");
	json_decref(j);
	return n;
}

/* As many as it says, and not one more; each of them gets all of it. */
static void by_many(void)
{
	pthread_t each[MANY];
	char body[100];

	snprintf(body, sizeof(body), "{\"maxUses\":%d,\"path\":\"small.bin\"}", USES);
	make_link("art_small", body);
	for (int i = 0; i < MANY; i++)
		CHECK(pthread_create(&each[i], NULL, use_it, NULL) == 0);
	for (int i = 0; i < MANY; i++)
		CHECK(pthread_join(each[i], NULL) == 0);
	CHECK(atomic_load(&won) == USES && atomic_load(&lost) == MANY * ASKS - USES);
	CHECK(uses_of("art_small") == USES);
	/* The audit has as many, and the link is of no more use. */
	CHECK(atoi(rig_sql(&r, "SELECT COUNT(*) FROM audit WHERE action = 'artifact.link_use'")) == USES);
	CHECK(status_of(link_url, NULL) == 404);
}

/* Whatever is changed of it: it leads nowhere, and that is no use. */
static void tampered(void)
{
	char other[400], first[300];
	size_t n;

	make_link("art_small", "{\"maxUses\":1,\"path\":\"small.bin\"}");
	char *token = strstr(link_url, "?token=") + 7;
	for (size_t i = 0; i < strlen(token); i += 9) {
		snprintf(other, sizeof(other), "%s", link_url);
		char *at = other + (token - link_url) + i;
		*at = *at == '0' ? '1' : '0';
		CHECK(status_of(other, NULL) == 404);
	}
	snprintf(other, sizeof(other), "%s0", link_url);
	CHECK(status_of(other, NULL) == 404);
	snprintf(other, sizeof(other), "%.*s", (int)strlen(link_url) - 1, link_url);
	CHECK(status_of(other, NULL) == 404);
	snprintf(
		other, sizeof(other), "%s&path=nothing", link_url); /* what it leads to is not the asker's to say */
	CHECK(status_of(other, NULL) / 100 == 4);
	snprintf(first, sizeof(first), "%s", link_url);
	make_link("art_huge", "{\"maxUses\":1,\"path\":\"huge.bin\"}");
	snprintf(other, sizeof(other), "%.*s%s", (int)(strchr(link_url, '?') - link_url), link_url,
		strchr(first, '?'));
	CHECK(status_of(other, "bytes=0-0") == 404); /* another link's token */
	CHECK(open_link(link_url, "bytes=4294967296-4294967301", &n) == 206 && n == 6);
	CHECK(uses_of("art_huge") == 1);
	CHECK(status_of(first, NULL) == 200); /* the one use was left */
	CHECK(status_of(first, NULL) == 404);
}

static void expired(void)
{
	make_link("art_small", "{\"maxUses\":0,\"expiresInSeconds\":1,\"path\":\"small.bin\"}");
	rig_sleep_ms(1100);
	CHECK(status_of(link_url, NULL) == 404);
	CHECK(status_of(link_url, "bytes=1-") == 404);
	/* Also one that was being used, for what is left of it. */
	make_link("art_small", "{\"maxUses\":1,\"path\":\"small.bin\"}");
	CHECK(status_of(link_url, NULL) == 200 && status_of(link_url, "bytes=9-") == 206);
	rig_sql(&r, "UPDATE artifact_links SET expires_at = 5");
	CHECK(status_of(link_url, "bytes=9-") == 404);
	/* A link ends with its artifact, however long it was made for. */
	rig_sql(&r, "UPDATE artifacts SET expires_at = 9000000000000 WHERE id = 'art_small'");
	make_link("art_small", "{\"maxUses\":0,\"expiresInSeconds\":86400,\"path\":\"small.bin\"}");
	CHECK(status_of(link_url, NULL) == 200);
	rig_sql(&r, "UPDATE artifacts SET expires_at = 5 WHERE id = 'art_small'");
	CHECK(status_of(link_url, NULL) == 404);
}

int main(void)
{
	rig_init(&r);
	snprintf(store, sizeof(store), "%s/data/artifacts", r.dir);
	start();
	small = malloc(SIZE);
	CHECK(small);
	for (size_t i = 0; i < SIZE; i++)
		small[i] = (uint8_t)(i * 2654435761u >> 15);
	put_blob(small, SIZE, small_sum);
	put_huge();
	plant("art_small", "small.bin", small_sum, SIZE);
	plant("art_huge", "huge.bin", huge_sum, HUGE);
	whole_and_known();
	beyond_4_gib();
	by_many();
	tampered();
	expired();
	rig_check_events(&r);
	rig_check_audit(&r);
	rig_done(&r);
	free(small);
	return 0;
}
