#include "wire/steam/describe_depot.h"

#include "wire/steam/aes.h"
#include "wire/steam/channel.h"
#include "wire/steam/chunk.h"
#include "wire/steam/describe.h"
#include "wire/steam/emsg.h"
#include "wire/steam/json_put.h"
#include "wire/steam/manifest_names.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>

static enum rc finish(enum rc rc, struct buf *out, struct buf *ret, struct fault *f)
{
	if (rc == RC_OK && out->bad)
		rc = fault_set(f, RC_NOMEM, "no memory for the description");
	if (rc == RC_OK)
		buf_put(ret, out->p, out->n);
	buf_done(out);
	return rc;
}

static void put_text(struct buf *to, const char *name, const char *s)
{
	buf_fmt(to, ",\"%s\":", name);
	json_put_text(to, s, strlen(s));
}

static void put_sha(struct buf *to, const char *name, const uint8_t *sha)
{
	buf_fmt(to, ",\"%s\":", name);
	json_put_hex(to, sha, MANIFEST_SHA);
}

static void put_file(struct buf *to, const struct manifest_file *file)
{
	buf_fmt(to, "{\"size\":\"%" PRIu64 "\",\"flags\":%u", file->size, file->flags);
	put_text(to, "name", file->name);
	if (file->link)
		put_text(to, "link", file->link);
	if (file->has_sha)
		put_sha(to, "sha1", file->sha);
	if (file->has_name_sha)
		put_sha(to, "name_sha1", file->name_sha);
	buf_str(to, ",\"chunks\":[");
	for (uint32_t i = 0; i < file->chunks_n; i++) {
		const struct manifest_chunk *c = &file->chunks[i];
		buf_fmt(to, "%s{\"offset\":\"%" PRIu64 "\",\"size\":%u,\"packed\":%u,\"adler\":%u", i ? "," : "",
			c->offset, c->size, c->packed, c->adler);
		put_sha(to, "sha1", c->sha);
		buf_u8(to, '}');
	}
	buf_str(to, "]}");
}

enum rc describe_depot_manifest(const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f)
{
	struct arena a = { .limit = MANIFEST_MEMORY };
	struct buf out = { 0 };
	struct manifest m;

	enum rc rc = manifest_read(p, n, &a, &m, f);
	bool was = rc == RC_OK && m.encrypted;
	if (rc == RC_OK && key)
		rc = manifest_names_decrypt(&m, key, &a, f);
	if (rc == RC_OK) {
		buf_fmt(&out, "{\"form\":%u,\"depot\":%u,\"gid\":\"%" PRIu64 "\",\"created\":%u,\"encrypted\":%s",
			m.form, m.depot, m.gid, m.created, was ? "true" : "false");
		buf_fmt(&out,
			",\"size\":\"%" PRIu64 "\",\"packed\":\"%" PRIu64 "\",\"unique_chunks\":%u,\"files\":[",
			m.size, m.packed, m.unique_chunks);
		for (uint32_t i = 0; i < m.files_n; i++) {
			buf_str(&out, i ? "," : "");
			put_file(&out, &m.files[i]);
		}
		buf_str(&out, "]}");
	}
	rc = finish(rc, &out, ret, f);
	arena_done(&a);
	return rc;
}

enum rc describe_depot_chunk(const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f)
{
	static const char *const kinds[] = { [CHUNK_LZMA] = "vz", [CHUNK_ZSTD] = "vsz", [CHUNK_ZIP] = "zip" };
	struct buf box = { 0 }, plain = { 0 }, out = { 0 };
	uint8_t iv[AES_IV], sha[SHA_DIGEST_LENGTH];
	enum chunk_kind kind;
	enum rc rc = RC_OK;

	if (key)
		rc = aes_open(key, p, n, iv, &box);
	else
		buf_put(&box, p, n);
	if (rc != RC_OK)
		fault_set(f, rc, "chunk: %zu bytes do not decrypt with this key", n);
	if (rc == RC_OK && !chunk_kind_of(box.p, box.n, &kind))
		rc = fault_set(
			f, RC_MALFORMED, "chunk: no container that is known%s", key ? "" : "; is it encrypted?");
	if (rc == RC_OK)
		rc = chunk_unpack(box.p, box.n, CHUNK_SIZE_MAX, &plain, f);
	if (rc == RC_OK) {
		SHA1(plain.p, plain.n, sha);
		buf_fmt(&out, "{\"kind\":\"%s\",\"packed\":%zu,\"size\":%zu,\"adler\":%u", kinds[kind], n, plain.n,
			chunk_adler(plain.p, plain.n));
		put_sha(&out, "sha1", sha);
		buf_u8(&out, '}');
	}
	buf_done(&box);
	buf_done(&plain);
	return finish(rc, &out, ret, f);
}

/* The three messages of the handshake are not encrypted, all others are. */
static bool is_handshake(const uint8_t *p, size_t n)
{
	struct rd r = rd_over(p, n);
	uint32_t emsg = rd_le32(&r);
	return emsg >= EMSG_CHANNEL_ENCRYPT_REQUEST && emsg <= EMSG_CHANNEL_ENCRYPT_RESULT;
}

static enum rc put_payload(struct buf *to, const uint8_t *p, size_t n, const uint8_t *key, struct fault *f)
{
	struct buf plain = { 0 };

	if (is_handshake(p, n))
		return describe_packet(p, n, to, f);
	if (!key) {
		json_put_hex(to, p, n);
		return RC_OK;
	}
	enum rc rc = channel_decrypt(key, p, n, &plain, f);
	if (rc == RC_OK)
		rc = describe_packet(plain.p, plain.n, to, f);
	buf_done(&plain);
	return rc;
}

enum rc describe_depot_stream(const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f)
{
	struct rd in = rd_over(p, n);
	struct buf out = { 0 };
	const uint8_t *one;
	size_t one_n;
	enum rc rc;

	buf_str(&out, "{\"packets\":[");
	for (bool first = true; (rc = channel_next(&in, &one, &one_n, f)) == RC_OK; first = false) {
		buf_str(&out, first ? "" : ",");
		rc = put_payload(&out, one, one_n, key, f);
		if (rc != RC_OK)
			break;
	}
	buf_str(&out, "]}");
	if (rc == RC_MORE)
		rc = rd_left(&in)
			     ? fault_set(f, RC_MALFORMED, "TCP frame: cut off after %zu bytes", n - rd_left(&in))
			     : RC_OK;
	return finish(rc, &out, ret, f);
}
