#include "sim/cdn/cdn_store.h"

#include "wire/steam/aes.h"
#include "wire/steam/zip.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

static void chunk_free(struct cdn_chunk *c)
{
	buf_done(&c->box);
	free(c);
}

/* Takes the box over, also when it fails. */
static enum rc keep(struct cdn *c, struct cdn_depot *d, const uint8_t *sha, struct buf *box, struct fault *f)
{
	struct cdn_chunk *one = calloc(1, sizeof(*one));

	if (!one) {
		buf_done(box);
		return fault_set(f, RC_NOMEM, "depot %u: no memory", d->id);
	}
	tunnel_auth_hex(sha, CHUNK_SHA, one->id);
	one->box = *box;
	*box = (struct buf){ 0 };
	if (map_get(&d->chunks, one->id)) {
		chunk_free(one);
		return RC_OK;
	}
	enum rc rc = one->box.bad ? RC_NOMEM : RC_OK;
	if (rc == RC_OK && one->box.n > CDN_BYTES_MAX - c->bytes)
		rc = RC_TOO_LARGE;
	if (rc == RC_OK)
		rc = map_put(&d->chunks, one->id, one);
	if (rc == RC_OK)
		c->bytes += one->box.n;
	else
		chunk_free(one);
	return rc == RC_OK ? RC_OK : fault_set(f, rc, "depot %u: its content needs too much memory", d->id);
}

/* The IV of a chunk comes from what is in it: the same world has the same bytes. */
static void iv_of(const struct cdn_depot *d, const uint8_t *sha, uint8_t *ret)
{
	uint8_t said[CDN_KEY + CHUNK_SHA], drawn[SHA256_DIGEST_LENGTH];

	memcpy(said, d->key, CDN_KEY);
	memcpy(said + CDN_KEY, sha, CHUNK_SHA);
	SHA256(said, sizeof(said), drawn);
	memcpy(ret, drawn, AES_IV);
}

static enum rc pack(const struct cdn_depot *d, const struct cdn_piece *piece, struct buf *box, struct fault *f)
{
	uint8_t iv[AES_IV];
	struct buf plain = { 0 };

	iv_of(d, piece->sha, iv);
	enum rc rc = chunk_pack(piece->kind, piece->p, piece->n, &plain, f);
	if (rc == RC_OK)
		rc = aes_seal(d->key, iv, plain.p, plain.n, box);
	buf_done(&plain);
	return rc;
}

enum rc cdn_store_chunk(struct cdn *c, struct cdn_depot *d, struct cdn_piece *piece, struct fault *f)
{
	char id[2 * CHUNK_SHA + 1];
	struct buf box = { 0 };

	SHA1(piece->p, piece->n, piece->sha);
	tunnel_auth_hex(piece->sha, CHUNK_SHA, id);
	const struct cdn_chunk *there = map_get(&d->chunks, id);
	if (there) {
		piece->packed = (uint32_t)there->box.n;
		return RC_OK;
	}
	enum rc rc = pack(d, piece, &box, f);
	piece->packed = (uint32_t)box.n;
	if (rc == RC_OK)
		return keep(c, d, piece->sha, &box, f);
	buf_done(&box);
	return rc;
}

static uint8_t *fill(struct cdn *c, const struct cdn_recipe *how)
{
	if (!c->room)
		c->room = malloc(CDN_LARGE_CHUNK);
	if (c->room)
		cdn_large_fill(how, c->room);
	return c->room;
}

enum rc cdn_store_recipe(
	struct cdn *c, struct cdn_depot *d, const struct cdn_recipe *how, struct cdn_piece *piece, struct fault *f)
{
	struct cdn_chunk *one = calloc(1, sizeof(*one));
	struct buf box = { 0 };

	piece->p = fill(c, how);
	piece->n = CDN_LARGE_CHUNK;
	enum rc rc = one && piece->p ? RC_OK : RC_NOMEM;
	if (rc == RC_OK) {
		SHA1(piece->p, piece->n, piece->sha);
		rc = pack(d, piece, &box, f);
	}
	piece->packed = (uint32_t)box.n;
	buf_done(&box);
	if (rc == RC_OK) {
		one->made = true;
		one->recipe = *how;
		one->kind = piece->kind;
		tunnel_auth_hex(piece->sha, CHUNK_SHA, one->id);
		rc = map_get(&d->chunks, one->id) ? RC_EXISTS : map_put(&d->chunks, one->id, one);
	}
	if (rc == RC_OK)
		return RC_OK;
	free(one);
	return rc == RC_EXISTS ? RC_OK : fault_set(f, rc, "depot %u: no memory", d->id);
}

const struct buf *cdn_box(struct cdn *c, const struct cdn_depot *d, const struct cdn_chunk *chunk)
{
	if (!chunk->made)
		return &chunk->box;
	for (unsigned i = 0; i < CDN_MADE_KEPT; i++)
		if (c->made[i].of == chunk)
			return &c->made[i].box;
	struct cdn_made *to = &c->made[c->made_next++ % CDN_MADE_KEPT];
	struct cdn_piece piece = { .p = fill(c, &chunk->recipe), .n = CDN_LARGE_CHUNK, .kind = chunk->kind };
	to->box.n = 0;
	to->of = NULL;
	if (!piece.p)
		return NULL;
	SHA1(piece.p, piece.n, piece.sha);
	if (pack(d, &piece, &to->box, NULL) != RC_OK)
		return NULL;
	to->of = chunk;
	return &to->box;
}

enum rc cdn_store_box(struct cdn *c, struct cdn_depot *d, const struct buf *box, struct fault *f)
{
	struct buf plain = { 0 }, copy = { 0 };
	uint8_t sha[CHUNK_SHA];

	enum rc rc = chunk_decrypt(d->key, box->p, box->n, &plain, f);
	if (rc == RC_OK) {
		SHA1(plain.p, plain.n, sha);
		buf_put(&copy, box->p, box->n);
		rc = keep(c, d, sha, &copy, f);
	}
	buf_done(&plain);
	return rc;
}

enum rc cdn_store_manifest(struct cdn *c, const struct cdn_depot *d, const struct cdn_line *how,
	const struct buf *plain, struct fault *f)
{
	struct cdn_manifest *m = calloc(1, sizeof(*m));

	if (!m)
		return fault_set(f, RC_NOMEM, "depot %u: no memory", d->id);
	m->gid = how->gid;
	snprintf(m->text, sizeof(m->text), "%u/%" PRIu64, d->id, how->gid);
	snprintf(m->branch, sizeof(m->branch), "%s", how->branch ? how->branch : "public");
	enum rc rc = zip_write("z", plain->p, plain->n, &m->zip, f);
	if (rc == RC_OK && map_get(&c->manifests, m->text))
		rc = fault_set(f, RC_EXISTS, "depot %s: this manifest is there twice", m->text);
	if (rc == RC_OK && map_count(&c->manifests) >= CDN_MANIFESTS_MAX)
		rc = fault_set(f, RC_TOO_LARGE, "over %d manifests", CDN_MANIFESTS_MAX);
	if (rc == RC_OK)
		rc = map_put(&c->manifests, m->text, m);
	if (rc != RC_OK) {
		buf_done(&m->zip);
		free(m);
	}
	return rc;
}
