/* Manifests and chunks of real depots, captured, become the right files through the engine. */
#include "agent/content/fetch.h"

#include "agent/content/fetch_home.h"
#include "base/log.h"
#include "io/tree.h"
#include "model/content_match.h"
#include "tests/unit/wire/corpus.h"
#include "wire/steam/chunk.h"
#include "wire/steam/manifest_names.h"
#include "wire/tunnel_auth.h"

#include <openssl/sha.h>
#include <stdio.h>

#define MANIFESTS "tests/corpus/manifest/"
#define DEPOT     "tests/corpus/depot/"

static char dir[] = "/tmp/footplate-fetch-real-XXXXXX";

/* One manifest, and the one chunk of it that was captured. */
struct source {
	struct content_source base;
	const char *manifest; /* NULL: one that has this chunk alone */
	const char *key, *chunk, *sha;
	uint32_t size, adler;
	bool broken; /* the chunk's bytes are changed on the way */
	struct content_listing listing;
	unsigned puts;
};

static void key_of(const struct source *s, uint8_t ret[static MANIFEST_KEY])
{
	struct buf text = corpus_read(s->key);
	CHECK(tunnel_auth_of_hex(buf_text(&text), ret, MANIFEST_KEY));
	buf_done(&text);
}

/* Of the second depot no manifest was captured: this one is written and read again, with its names encrypted. */
static struct buf make_manifest(const struct source *s, const uint8_t *key, struct arena *a)
{
	static const uint8_t seed[32] = { 1 };
	struct manifest_chunk chunk = { .adler = s->adler, .size = s->size, .packed = 304 };
	struct manifest_file file = { .name = "bin\\made.txt", .size = s->size, .chunks = &chunk, .chunks_n = 1 };
	struct manifest m = { .form = 5, .depot = 232250, .gid = 1, .size = s->size, .files = &file, .files_n = 1 };
	struct buf b = { 0 };

	CHECK(tunnel_auth_of_hex(s->sha, chunk.sha, MANIFEST_SHA));
	memcpy(file.sha, chunk.sha, MANIFEST_SHA);
	file.has_sha = true;
	CHECK(manifest_names_encrypt(&m, key, seed, a, NULL) == RC_OK &&
		manifest_crc(&m, &m.crc_encrypted, NULL) == RC_OK && manifest_write(&m, &b, NULL) == RC_OK);
	return b;
}

static enum rc list(struct content_source *base, struct arena *a, struct content_listing *ret, struct fault *f)
{
	struct source *s = (struct source *)base;
	struct content_listing *l = &s->listing;
	uint8_t key[MANIFEST_KEY];
	struct manifest m;

	key_of(s, key);
	struct buf b = s->manifest ? corpus_read(s->manifest) : make_manifest(s, key, a);
	CHECK(manifest_read(b.p, b.n, a, &m, f) == RC_OK && manifest_names_decrypt(&m, key, a, f) == RC_OK);
	buf_done(&b);
	*l = (struct content_listing){ .files = arena_take(a, m.files_n * sizeof(*l->files)),
		.chunks = arena_take(a, m.files_n * sizeof(*l->chunks)),
		.files_n = m.files_n,
		.chunks_n = m.files_n };
	for (uint32_t i = 0; i < m.files_n; i++) {
		const struct manifest_file *from = &m.files[i];
		CHECK(from->chunks_n == 1);
		struct content_piece *piece = arena_take(a, sizeof(*piece));
		*piece = (struct content_piece){ from->chunks->offset, i, 0, from->chunks->size };
		l->files[i] = (struct content_file){ .path = from->name,
			.size = from->size,
			.summed = from->has_sha,
			.sum.kind = CONTENT_SHA1,
			.pieces = piece,
			.pieces_n = 1 };
		memcpy(l->files[i].sum.at, from->sha, MANIFEST_SHA);
		l->chunks[i] = (struct content_chunk){ .sum.kind = CONTENT_SHA1,
			.size = from->chunks->size,
			.packed = from->chunks->packed,
			.check = from->chunks->adler };
		memcpy(l->chunks[i].sum.at, from->chunks->sha, MANIFEST_SHA);
	}
	*ret = *l;
	return RC_OK;
}

static enum rc give(struct content_source *base, const struct content_run *r, struct fault *f)
{
	struct source *s = (struct source *)base;
	struct buf in = corpus_read(s->chunk), plain = { 0 };
	uint8_t key[MANIFEST_KEY];

	CHECK(r->n == 1);
	const struct content_chunk *c = &s->listing.chunks[r->want[0]];
	const struct chunk_want want = { .sha = c->sum.at, .adler = c->check, .size = c->size };
	CHECK(c->packed == in.n);
	key_of(s, key);
	if (s->broken)
		in.p[in.n / 2] ^= 1;
	r->came(r->ctx, in.n);
	enum rc rc = chunk_open(key, &want, in.p, in.n, &plain, f);
	CHECK(rc != RC_OK || r->put(r->ctx, 0, plain.p, plain.n));
	s->puts += rc == RC_OK;
	buf_done(&in);
	buf_done(&plain);
	return rc;
}

static void drop(struct content_source *s) { (void)s; }
static const struct content_source_impl impl = { .list = list, .fetch = give, .free = drop };

static enum rc tell(void *ctx, const struct action_download_progress *p)
{
	(void)ctx;
	(void)p;
	return RC_OK;
}

/* Fetches this file alone, into a home of its own; *ret: its bytes. */
static enum rc run(struct source *s, const char *path, struct buf *ret)
{
	static const struct log quiet;
	static unsigned homes;
	char folder[100], file[FETCH_HOME_PATH + 100];
	struct arena a = { .limit = 1u << 26 };
	const struct field_list include = { &path, 1 }, none = { 0 };
	const char *code = NULL;
	struct fetch_home *home;
	struct content_match *m;
	struct fault f = { 0 };
	struct fetch *x;

	snprintf(folder, sizeof(folder), "%s/%u", dir, homes++);
	const struct fetch_home_conf conf = { .folder = folder, .percent_max = 99, .log = &quiet };
	s->base.impl = &impl;
	CHECK(fetch_home_new(&conf, &home, &f) == RC_OK);
	CHECK(content_match_new(&include, &none, &none, &a, &m, &f) == RC_OK);
	const struct fetch_ask ask = {
		.home = home, .source = &s->base, .match = m, .arena = &a, .code = &code, .tell = tell
	};
	CHECK(fetch_new(&ask, &x, &f) == RC_OK);
	enum rc rc = fetch_run(x, &f);
	if (rc == RC_OK) {
		snprintf(file, sizeof(file), "%s/%s", fetch_folder(x), path);
		*ret = corpus_read(file);
		CHECK(fetch_plan_of(x)->files_n == 1 && fetch_plan_of(x)->bytes == ret->n);
	}
	fetch_free(x);
	fetch_home_free(home);
	arena_done(&a);
	return rc;
}

static void becomes(struct source *s, const char *path)
{
	struct buf got = { 0 };
	uint8_t sha[MANIFEST_SHA];
	char hex[2 * MANIFEST_SHA + 1];

	CHECK(run(s, path, &got) == RC_OK && s->puts == 1 && got.n == s->size);
	SHA1(got.p, got.n, sha);
	tunnel_auth_hex(sha, sizeof(sha), hex);
	CHECK_STR(hex, s->sha);
	CHECK(chunk_adler(got.p, got.n) == s->adler);
	buf_done(&got);
}

int main(void)
{
	static const char *const manifests[] = { MANIFESTS "depot_440_1118032470228587934.manifest",
		MANIFESTS "depot_440_1118032470228587934_decrypted.manifest", MANIFESTS "form_4.manifest",
		MANIFESTS "zipped.manifest" };
	const struct source of_440 = { .key = DEPOT "440.key",
		.chunk = DEPOT "depot_440_chunk_bac8e2657470b2eb70d6ddcd6c07004be8738697.bin",
		.sha = "bac8e2657470b2eb70d6ddcd6c07004be8738697",
		.size = 544,
		.adler = 2130218374u };
	struct source of_232250 = { .key = DEPOT "232250.key",
		.chunk = DEPOT "depot_232250_chunk_7b8567d9b3c09295cdbf4978c32b348d8e76c750.bin",
		.sha = "7b8567d9b3c09295cdbf4978c32b348d8e76c750",
		.size = 798,
		.adler = 2894626744u };

	CHECK(mkdtemp(dir));
	for (unsigned i = 0; i < sizeof(manifests) / sizeof(*manifests); i++) {
		struct source s = of_440;
		s.manifest = manifests[i];
		becomes(&s, "bin/dxsupport_episodic.cfg");
	}
	becomes(&of_232250, "bin/made.txt");
	struct source broken = of_440;
	struct buf none = { 0 };
	broken.manifest = manifests[0];
	broken.broken = true;
	CHECK(run(&broken, "bin/dxsupport_episodic.cfg", &none) != RC_OK && broken.puts == 0);
	CHECK(tree_remove(dir, NULL) == RC_OK);
	return 0;
}
