/* The content servers, as a client sees them: what they give is read with the client's own codecs. */
#include "sim/cdn/cdn.h"

#include "io/file.h"
#include "proto/steam/depot.pb-c.h"
#include "sim/people.h"
#include "tests/unit/check.h"
#include "wire/steam/chunk.h"
#include "wire/steam/manifest_names.h"
#include "wire/steam/pb.h"
#include "wire/steam/vdf_text.h"
#include "wire/tunnel_auth.h"

#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1700000000

static struct cdn *cdn;

static void line(const char *text)
{
	struct fault f = { 0 };
	if (cdn_line(cdn, text, "", &f) != RC_OK)
		fprintf(stderr, "%s: %s\n", text, f.text);
	CHECK(f.rc == RC_OK);
}

static struct cdn_answer get(const char *path, const char *query, int64_t now)
{
	struct cdn_answer a = { 0 };
	CHECK(cdn_http(cdn, path, query, now, &a));
	return a;
}

static struct cdn_ask ask_of(uint32_t app, uint32_t depot, uint64_t gid)
{
	return (struct cdn_ask){ .app = app, .depot = depot, .manifest = gid, .now_s = NOW };
}

/* Code, manifest, key, names: as a client goes about it. */
static struct manifest fetch(uint32_t app, uint32_t depot, uint64_t gid, uint8_t *ret_key, struct arena *a)
{
	struct cdn_ask ask = ask_of(app, depot, gid);
	char path[128];
	uint64_t code;
	struct manifest m;

	CHECK(cdn_request_code(cdn, &ask, &code) == 1 && code != 0);
	snprintf(path, sizeof(path), "/depot/%u/manifest/%llu/5/%llu", depot, (unsigned long long)gid,
		(unsigned long long)code);
	struct cdn_answer got = get(path, "", NOW + 10);
	CHECK(got.status == 200 && manifest_read(got.body, got.n, a, &m, NULL) == RC_OK);
	CHECK(cdn_depot_key(cdn, &ask, ret_key) == 1 && manifest_names_decrypt(&m, ret_key, a, NULL) == RC_OK);
	CHECK(m.depot == depot && m.gid == gid);
	return m;
}

/* All of a file, checked as a whole. */
static struct buf download(const struct manifest *m, const struct manifest_file *file, const uint8_t *key)
{
	struct buf out = { 0 };
	uint8_t sha[20];

	for (uint32_t i = 0; i < file->chunks_n; i++) {
		const struct manifest_chunk *c = &file->chunks[i];
		struct chunk_want want = { .sha = c->sha, .adler = c->adler, .size = c->size };
		char hex[41], path[128];
		tunnel_auth_hex(c->sha, 20, hex);
		snprintf(path, sizeof(path), "/depot/%u/chunk/%s", m->depot, hex);
		struct cdn_answer got = get(path, "", NOW);
		CHECK(got.status == 200 && got.n == c->packed && out.n == c->offset);
		CHECK(chunk_open(key, &want, got.body, got.n, &out, NULL) == RC_OK);
	}
	CHECK(out.n == file->size);
	SHA1(out.p, out.n, sha);
	CHECK(out.n == 0 || !memcmp(sha, file->sha, 20));
	return out;
}

static void generated(void)
{
	static const char *const kinds[] = { "vz", "vsz", "zip" };
	uint8_t key[CDN_KEY];

	for (unsigned i = 0; i < 3; i++) {
		struct arena a = { 0 };
		char text[200];
		snprintf(text, sizeof(text), "depot %u app=480 manifest=77 key=auto generate=4,3000000,9 kind=%s",
			500 + i, kinds[i]);
		line(text);
		struct manifest m = fetch(480, 500 + i, 77, key, &a);
		CHECK(m.files_n == 4 && m.size == 3000000 && m.unique_chunks == 3);
		struct buf first = { 0 }, last = { 0 };
		for (uint32_t k = 0; k < m.files_n; k++) {
			struct buf out = download(&m, &m.files[k], key);
			if (!strcmp(m.files[k].name, "content\\part_000.txt"))
				first = out;
			else if (!strcmp(m.files[k].name, "content\\more\\part_003.txt"))
				last = out;
			else
				buf_done(&out);
		}
		CHECK(first.n == 750000 && last.n == first.n &&
			!memcmp(first.p, last.p, first.n)); /* the same chunks */
		buf_done(&first);
		buf_done(&last);
		arena_done(&a);
	}
}

static void folder(void)
{
	char root[] = "/tmp/sim_cdn_XXXXXX", path[200], text[300];
	struct arena a = { 0 };
	uint8_t key[CDN_KEY];
	struct buf big = { 0 };
	unsigned seen = 0;

	CHECK(mkdtemp(root) != NULL);
	snprintf(path, sizeof(path), "%s/bin", root);
	CHECK(mkdir(path, 0755) == 0);
	for (uint32_t i = 0; i < 2500000; i++)
		buf_u8(&big, (uint8_t)(i * i >> 9));
	snprintf(path, sizeof(path), "%s/bin/Game", root);
	CHECK(file_write(path, big.p, big.n, 0755, NULL) == RC_OK);
	snprintf(path, sizeof(path), "%s/empty", root);
	CHECK(file_write(path, "", 0, 0644, NULL) == RC_OK);
	snprintf(path, sizeof(path), "%s/link", root);
	CHECK(symlink("bin/Game", path) == 0);
	snprintf(text, sizeof(text), "depot 600 app=600 manifest=5 key=%064d dir=%s time=123 branch=beta", 7, root);
	line(text);

	struct cdn_ask ask = ask_of(600, 600, 5);
	uint64_t code = 1;
	CHECK(cdn_request_code(cdn, &ask, &code) == 1 && code == 0); /* not in the public branch */
	ask.branch = "beta";
	CHECK(cdn_request_code(cdn, &ask, &code) == 1 && code != 0);
	snprintf(path, sizeof(path), "/depot/600/manifest/5/5/%llu", (unsigned long long)code);
	struct cdn_answer got = get(path, "", NOW);
	struct manifest m;
	CHECK(got.status == 200 && manifest_read(got.body, got.n, &a, &m, NULL) == RC_OK && m.encrypted);
	CHECK(cdn_depot_key(cdn, &ask, key) == 1 && key[31] == 7 && key[0] == 0);
	CHECK(manifest_names_decrypt(&m, key, &a, NULL) == RC_OK && m.files_n == 4 && m.created == 123);
	for (uint32_t i = 0; i < 4; i++) {
		struct manifest_file *file = &m.files[i];
		struct buf out = download(&m, file, key);
		if (!strcmp(file->name, "bin\\Game") && file->chunks_n == 3 && file->flags == MANIFEST_EXECUTABLE)
			seen += out.n == big.n && !memcmp(out.p, big.p, big.n);
		seen += !strcmp(file->name, "bin") && file->flags == MANIFEST_DIRECTORY;
		seen += !strcmp(file->name, "empty") && file->chunks_n == 0 && file->has_sha && file->sha[0] == 0;
		seen += !strcmp(file->name, "link") && file->flags == MANIFEST_SYMLINK && file->link &&
			!strcmp(file->link, "bin/Game");
		buf_done(&out);
	}
	CHECK(seen == 4);
	snprintf(text, sizeof(text), "rm -r %s", root);
	CHECK(system(text) == 0);
	buf_done(&big);
	arena_done(&a);
}

/* Steam's own bytes pass through. */
static void real_ones(void)
{
	struct arena a = { 0 };
	uint8_t key[CDN_KEY];

	line("depotfile 440 app=440 manifest=1118032470228587934 "
	     "key=44ce5c5297a415a1a6f69c856037a5a2fdd82cd474fa659edfb4d59b2abc55fc "
	     "file=tests/corpus/manifest/depot_440_1118032470228587934.manifest "
	     "chunk=tests/corpus/depot/depot_440_chunk_bac8e2657470b2eb70d6ddcd6c07004be8738697.bin");
	struct manifest m = fetch(440, 440, 1118032470228587934u, key, &a);
	CHECK(m.files_n == 7);
	struct buf out = download(&m, &m.files[2], key);
	CHECK(out.n == 544);
	buf_done(&out);
	arena_done(&a);
}

static void who_may(void)
{
	struct person owner = { .name = "owner" }, other = { .name = "other" };
	struct cdn_ask ask = ask_of(700, 700, 8);
	uint8_t key[CDN_KEY] = { 0xEE };
	uint64_t code = 3;
	uint32_t expires;
	struct buf token = { 0 };

	line("depot 700 app=700 manifest=8 key=auto generate=1,100,1 package=61,62");
	CHECK(people_grant(&owner, 62, 1) && people_grant(&other, 63, 1));
	CHECK(cdn_depot_key(cdn, &ask, key) == 15 && cdn_request_code(cdn, &ask, &code) == 15);
	ask.who = &other;
	CHECK(cdn_depot_key(cdn, &ask, key) == 15 && cdn_auth_token(cdn, &ask, &token, &expires) == 15);
	CHECK(key[0] == 0xEE && code == 3 && token.n == 0);
	ask.who = &owner;
	CHECK(cdn_depot_key(cdn, &ask, key) == 1 && cdn_request_code(cdn, &ask, &code) == 1 && code != 0);
	ask.app = 701;
	CHECK(cdn_depot_key(cdn, &ask, key) == 9);
	ask.app = 700;
	ask.depot = 799;
	CHECK(cdn_depot_key(cdn, &ask, key) == 9);
	free(owner.licences);
	free(other.licences);
}

static void codes_end(void)
{
	struct cdn_ask ask = ask_of(480, 500, 77);
	char path[128];
	uint64_t code;

	CHECK(cdn_request_code(cdn, &ask, &code) == 1);
	snprintf(path, sizeof(path), "/depot/500/manifest/77/5/%llu", (unsigned long long)code);
	CHECK(get(path, "", NOW + CDN_CODE_S).status == 200 && get(path, "", NOW + CDN_CODE_S + 1).status == 401);
	CHECK(get(path, "", NOW - 1).status == 401);
	snprintf(path, sizeof(path), "/depot/501/manifest/77/5/%llu",
		(unsigned long long)code); /* another depot's */
	CHECK(get(path, "", NOW).status == 401);
	CHECK(get("/depot/500/manifest/77/5", "", NOW).status == 401);
	CHECK(get("/depot/500/manifest/77/5/1", "", NOW).status == 401);
	CHECK(get("/depot/500/manifest/78/5/1", "", NOW).status == 404);
	CHECK(get("/depot/500/manifest/x/5/1", "", NOW).status == 404);
	CHECK(get("/depot/500/chunk/0000000000000000000000000000000000000000", "", NOW).status == 404);
	CHECK(get("/depot/500/chunk/", "", NOW).status == 404 && get("/depot/500/", "", NOW).status == 404);
	CHECK(get("/depot/9/chunk/00", "", NOW).status == 404 && get("/depot/", "", NOW).status == 404);
	struct cdn_answer a;
	CHECK(!cdn_http(cdn, "/depots", "", NOW, &a) && !cdn_http(cdn, "/", "", NOW, &a));
}

static void tokens(void)
{
	struct cdn_ask ask = ask_of(710, 710, 8);
	char path[128], query[256];
	uint32_t expires;
	uint64_t code;
	struct buf token = { 0 };

	line("depot 710 app=710 manifest=8 key=auto generate=1,100,1 token");
	CHECK(cdn_request_code(cdn, &ask, &code) == 1);
	snprintf(path, sizeof(path), "/depot/710/manifest/8/5/%llu", (unsigned long long)code);
	CHECK(get(path, "", NOW).status == 403);
	CHECK(cdn_auth_token(cdn, &ask, &token, &expires) == 1 && expires == NOW + CDN_TOKEN_S);
	snprintf(query, sizeof(query), "%s", buf_text(&token));
	CHECK(query[0] == '?' && get(path, query + 1, NOW).status == 200);
	query[strlen(query) - 1] ^= 1;
	CHECK(get(path, query + 1, NOW).status == 403);
	query[strlen(query) - 1] ^= 1;
	CHECK(get("/depot/710/chunk/00", query + 1, (int64_t)expires + 1).status == 403);
	CHECK(get("/depot/710/chunk/00", query + 1, expires).status == 404);
	buf_done(&token);
}

static void servers(void)
{
	static const char *const hosts[] = { "127.0.0.1:8080", "127.0.0.1:8081" };
	struct arena a = { 0 };
	struct buf vdf = { 0 }, proto = { 0 };
	struct vdf *doc;
	ProtobufCMessage *m;

	cdn_servers_vdf(hosts, 2, 7, &vdf);
	CHECK(vdf_text_parse(vdf.p, vdf.n, &a, &doc, NULL, NULL) == RC_OK);
	CHECK_STR(vdf_text_at(doc, "response/servers/1/host"), "127.0.0.1:8081");
	CHECK_STR(vdf_text_at(doc, "response/servers/0/type"), "CDN");
	cdn_servers(hosts, 2, 7, &proto);
	CHECK(pb_unpack(&ccontent_server_directory__get_servers_for_steam_pipe__response__descriptor, proto.p,
		      proto.n, &a, &m, NULL) == RC_OK);
	const CContentServerDirectoryGetServersForSteamPipeResponse *r = (void *)m;
	CHECK(r->n_servers == 2 && r->servers[0]->cell_id == 7);
	CHECK_STR(r->servers[1]->vhost, "127.0.0.1:8081");
	CHECK_STR(r->servers[0]->https_support, "none");
	buf_done(&vdf);
	buf_done(&proto);
	arena_done(&a);
}

static void wrong_lines(void)
{
	static const char *const wrong[] = { "depot", "depot x app=1", "depot 1 app=1", "depot 1 app=1 manifest=2",
		"depot 1 manifest=2 generate=1,1,1", "depot 1 app=1 manifest=2 generate=1,1",
		"depot 1 app=1 manifest=2 generate=0,1,1", "depot 1 app=1 manifest=2 generate=1,1,1 kind=rar",
		"depot 1 app=1 manifest=2 generate=1,1,1 what", "depot 1 app=1 manifest=2 generate=1,1,1 key=12",
		"depot 1 app=1 manifest=2 dir=/nowhere", "depot 1 app=1 manifest=2 dir=/tmp generate=1,1,1",
		"depot 500 manifest=77 generate=1,1,1",
		("depot 500 manifest=78 generate=1,1,1 "
		 "key=44ce5c5297a415a1a6f69c856037a5a2fdd82cd474fa659edfb4d59b2abc55fc"),
		"depotfile 2 app=2 manifest=3" };
	struct fault f;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		f = (struct fault){ 0 };
		enum rc rc = cdn_line(cdn, wrong[i], "", &f);
		if (rc == RC_OK || rc == RC_MISSING)
			fprintf(stderr, "%s: not refused\n", wrong[i]);
		CHECK(rc != RC_OK && rc != RC_MISSING && f.text[0]);
	}
	CHECK(cdn_line(cdn, "depots 1", "", &f) == RC_MISSING && cdn_line(cdn, "app 1", "", &f) == RC_MISSING);
}

int main(void)
{
	CHECK(cdn_sim_new(&cdn, NULL) == RC_OK);
	generated();
	folder();
	real_ones();
	who_may();
	codes_end();
	tokens();
	servers();
	wrong_lines();
	cdn_sim_free(cdn);
	return 0;
}
