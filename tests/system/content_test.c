/*
 * Manifests and files of steamsim's content servers over HTTP, read with our own codecs: the world that npm's client downloads from
 * (tests/conformance/library.world). Every kind of chunk; what is broken on its way is noticed.
 */
#include "tests/system/rig.h"

#include "proto/steam/depot.pb-c.h"
#include "wire/base64.h"
#include "wire/steam/aes.h"
#include "wire/steam/chunk.h"
#include "wire/steam/manifest_names.h"
#include "wire/steam/pb.h"
#include "wire/steam/zip.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>

#define APP       480
#define GID       7001u
#define FILES_MIN 4 /* with content, of each depot */

struct content {
	struct rig rig;
	char host[80]; /* of the content server */
};

static struct http_answer get(const char *method, const char *url, const char *form)
{
	static const struct http_call_header headers[] = { { "Content-Type", "application/x-www-form-urlencoded" },
		{ 0 } };
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	const struct http_ask ask = { .method = method,
		.url = url,
		.headers = form ? headers : NULL,
		.body = form,
		.body_n = form ? strlen(form) : 0,
		.deadline_ms = 60000 };

	if (http_call(&ask, &a, &f) != RC_OK) {
		fprintf(stderr, "%s: %s\n", url, f.text);
		exit(1);
	}
	return a;
}

static void find_server(struct content *t)
{
	json_t *list =
		rig_sim_get(&t->rig, "/api/IContentServerDirectoryService/GetServersForSteamPipe/v1/?cell_id=1");
	const json_t *servers = json_object_get(json_object_get(list, "response"), "servers");

	CHECK(json_array_size(servers) == 1);
	snprintf(t->host, sizeof(t->host), "%s", json_str(json_array_get(servers, 0), "host"));
	json_decref(list);
}

/* By the Web API: a packed message in a form, and one that comes back. */
static uint64_t request_code(const struct content *t, uint32_t depot, int want_eresult)
{
	CContentServerDirectoryGetManifestRequestCodeRequest m =
		CCONTENT_SERVER_DIRECTORY__GET_MANIFEST_REQUEST_CODE__REQUEST__INIT;
	struct arena arena = { 0 };
	struct buf packed = { 0 }, form = { 0 };
	ProtobufCMessage *got;
	char url[256];

	m.has_app_id = m.has_depot_id = m.has_manifest_id = true;
	m.app_id = APP;
	m.depot_id = depot;
	m.manifest_id = GID;
	pb_pack(&packed, &m.base);
	buf_str(&form, "input_protobuf_encoded=");
	base64_put_url(&form, packed.p, packed.n);
	snprintf(url, sizeof(url), "%s/api/IContentServerDirectoryService/GetManifestRequestCode/v1/",
		t->rig.sim_url);
	struct http_answer a = get("POST", url, buf_text(&form));
	const char *eresult = http_call_header_of(&a, "x-eresult");
	CHECK(a.status == 200 && eresult && atoi(eresult) == want_eresult);
	CHECK(pb_unpack(&ccontent_server_directory__get_manifest_request_code__response__descriptor, a.body.p,
		      a.body.n, &arena, &got, NULL) == RC_OK);
	uint64_t code = ((CContentServerDirectoryGetManifestRequestCodeResponse *)got)->manifest_request_code;
	http_answer_done(&a);
	arena_done(&arena);
	buf_done(&packed);
	buf_done(&form);
	return code;
}

/* What `key=auto` stands for in a world. */
static void key_of(uint32_t depot, uint8_t ret[static MANIFEST_KEY])
{
	char said[32];
	int n = snprintf(said, sizeof(said), "depot key %u", depot);
	SHA256((const uint8_t *)said, (size_t)n, ret);
}

static struct http_answer get_manifest(const struct content *t, uint32_t depot, uint64_t code)
{
	char url[256];
	snprintf(url, sizeof(url), "http://%s/depot/%u/manifest/%u/5/%" PRIu64, t->host, depot, GID, code);
	return get("GET", url, NULL);
}

static struct manifest read_manifest(
	const struct content *t, uint32_t depot, const uint8_t *key, bool encrypted, struct arena *arena)
{
	struct manifest m;
	struct buf clear = { 0 };
	struct http_answer a = get_manifest(t, depot, request_code(t, depot, 1));

	CHECK(a.status == 200 && zip_is(a.body.p, a.body.n));
	CHECK(zip_open(a.body.p, a.body.n, MANIFEST_BYTES_MAX, &clear, NULL) == RC_OK);
	CHECK(manifest_read(clear.p, clear.n, arena, &m, NULL) == RC_OK);
	CHECK(m.depot == depot && m.gid == GID && m.encrypted == encrypted);
	CHECK(manifest_names_decrypt(&m, key, arena, NULL) == RC_OK && !m.encrypted);
	http_answer_done(&a);
	buf_done(&clear);
	return m;
}

static struct http_answer get_chunk(
	const struct content *t, const struct manifest *m, const struct manifest_chunk *c)
{
	char hex[2 * MANIFEST_SHA + 1], url[256];
	tunnel_auth_hex(c->sha, MANIFEST_SHA, hex);
	snprintf(url, sizeof(url), "http://%s/depot/%u/chunk/%s", t->host, m->depot, hex);
	return get("GET", url, NULL);
}

static enum rc open_chunk(
	const struct manifest_chunk *c, const uint8_t *key, const struct http_answer *a, struct buf *to)
{
	const struct chunk_want want = { .sha = c->sha, .adler = c->adler, .size = c->size };
	return chunk_open(key, &want, a->body.p, a->body.n, to, NULL);
}

/* A whole file, by its SHA-1; every chunk is of this kind. */
static void download(const struct content *t, const struct manifest *m, const struct manifest_file *file,
	const uint8_t *key, enum chunk_kind kind)
{
	uint8_t sha[SHA_DIGEST_LENGTH];
	char *whole = calloc(1, file->size + 1);
	uint64_t sum = 0;

	CHECK(whole != NULL);
	for (uint32_t i = 0; i < file->chunks_n; i++) {
		const struct manifest_chunk *c = &file->chunks[i];
		struct buf box = { 0 }, clear = { 0 };
		uint8_t iv[AES_IV];
		enum chunk_kind is;
		struct http_answer a = get_chunk(t, m, c);
		CHECK(a.status == 200 && a.body.n == c->packed);
		CHECK(aes_open(key, a.body.p, a.body.n, iv, &box) == RC_OK);
		CHECK(chunk_kind_of(box.p, box.n, &is) && is == kind);
		CHECK(open_chunk(c, key, &a, &clear) == RC_OK && clear.n == c->size);
		CHECK(c->offset + c->size <= file->size);
		memcpy(whole + c->offset, clear.p, clear.n);
		sum += clear.n;
		http_answer_done(&a);
		buf_done(&box);
		buf_done(&clear);
	}
	SHA1((const uint8_t *)whole, file->size, sha);
	CHECK(sum == file->size && !memcmp(sha, file->sha, sizeof(sha)));
	free(whole);
}

static void depot(const struct content *t, uint32_t id, enum chunk_kind kind, bool encrypted)
{
	struct arena arena = { 0 };
	uint8_t key[MANIFEST_KEY];
	unsigned files = 0;

	key_of(id, key);
	struct manifest m = read_manifest(t, id, key, encrypted, &arena);
	for (uint32_t i = 0; i < m.files_n; i++) {
		struct buf path = { 0 };
		uint8_t sha[MANIFEST_SHA];
		CHECK(manifest_name_path(m.files[i].name, &path));
		manifest_name_sha(m.files[i].name, sha);
		CHECK(!m.files[i].has_name_sha || !memcmp(sha, m.files[i].name_sha, sizeof(sha)));
		if (m.files[i].chunks_n > 0) {
			download(t, &m, &m.files[i], key, kind);
			files++;
		}
		buf_done(&path);
	}
	CHECK(files >= FILES_MIN);
	printf("depot %u: %u files\n", id, files);
	arena_done(&arena);
}

/* ---- what goes wrong ---- */

static void fault(const struct content *t, const char *rule)
{
	char url[160];
	snprintf(url, sizeof(url), "%s/sim/faults", t->rig.sim_url);
	struct http_answer a = get(*rule ? "POST" : "DELETE", url, *rule ? rule : NULL);
	CHECK(a.status == 200);
	http_answer_done(&a);
}

static void trouble(const struct content *t)
{
	struct arena arena = { 0 };
	uint8_t key[MANIFEST_KEY], other[MANIFEST_KEY];
	struct buf out = { 0 };

	key_of(481, key);
	key_of(482, other);
	struct manifest m = read_manifest(t, 481, key, true, &arena);
	const struct manifest_file *file = m.files;
	while (file->chunks_n == 0)
		file++;
	struct http_answer good = get_chunk(t, &m, file->chunks);
	CHECK(open_chunk(file->chunks, other, &good, &out) != RC_OK && out.n == 0);
	http_answer_done(&good);
	fault(t, "cdn_chunk@*:cdn_corrupt");
	struct http_answer bad = get_chunk(t, &m, file->chunks);
	CHECK(bad.status == 200 && open_chunk(file->chunks, key, &bad, &out) != RC_OK && out.n == 0);
	http_answer_done(&bad);
	fault(t, "");
	struct http_answer no = get_manifest(t, 481, 1);
	CHECK(no.status == 401); /* a code that nobody gave */
	http_answer_done(&no);
	CHECK(request_code(t, 485, 15) == 0); /* others' */
	CHECK(request_code(t, 486, 9) == 0);  /* there is none */
	arena_done(&arena);
	buf_done(&out);
}

int main(void)
{
	static const char *const sim[] = { "--world", "tests/conformance/library.world", NULL };
	struct content t = { 0 };

	rig_init(&t.rig);
	rig_sim(&t.rig, "", sim);
	find_server(&t);
	depot(&t, 481, CHUNK_ZSTD, true);
	depot(&t, 482, CHUNK_LZMA, true);
	depot(&t, 483, CHUNK_ZIP, true);
	depot(&t, 484, CHUNK_ZSTD, false);
	trouble(&t);
	rig_done(&t.rig);
	return 0;
}
