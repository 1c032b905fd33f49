#include "wire/steam/multi.h"

#include "proto/steam/base.pb-c.h"
#include "wire/steam/pb.h"

#include <libdeflate.h>

#define ZIP_LEVEL 6

static void own_inflate(struct libdeflate_decompressor **d) { libdeflate_free_decompressor(*d); }
static void own_deflate(struct libdeflate_compressor **d) { libdeflate_free_compressor(*d); }

static enum rc unzip(const CMsgMulti *m, struct arena *a, struct rd *ret_run, struct fault *f)
{
	size_t n = m->size_unzipped;
	if (n > STEAM_MULTI_UNZIPPED_MAX)
		return fault_set(f, RC_TOO_LARGE, "Multi: unfolds to %zu bytes, at most %u are read", n,
			STEAM_MULTI_UNZIPPED_MAX);
	uint8_t *p = arena_take(a, n);
	__attribute__((cleanup(own_inflate))) struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	if (!p || !d)
		return fault_set(f, RC_TOO_LARGE, "Multi: no memory for %zu bytes", n);

	/* Without a place for the true size, libdeflate accepts exactly n bytes and nothing else. */
	if (libdeflate_gzip_decompress(d, m->message_body.data, m->message_body.len, p, n, NULL) !=
		LIBDEFLATE_SUCCESS)
		return fault_set(f, RC_MALFORMED, "Multi: its gzip does not unfold to the %zu bytes it claims", n);
	*ret_run = rd_over(p, n);
	return RC_OK;
}

enum rc steam_multi_open(
	const void *body, size_t n, struct arena *a, struct steam_multi *ret_multi, struct fault *f)
{
	ProtobufCMessage *message;
	enum rc rc = pb_unpack(&cmsg_multi__descriptor, body, n, a, &message, f);
	if (rc != RC_OK)
		return rc;

	const CMsgMulti *m = (const CMsgMulti *)message;
	struct rd run = rd_over(m->message_body.data, m->message_body.len);
	if (m->size_unzipped > 0) {
		rc = unzip(m, a, &run, f);
		if (rc != RC_OK)
			return rc;
	}
	*ret_multi = (struct steam_multi){ .rest = run };
	return RC_OK;
}

enum rc steam_multi_next(struct steam_multi *m, const uint8_t **ret_p, size_t *ret_n, struct fault *f)
{
	if (rd_left(&m->rest) == 0)
		return RC_MISSING;
	if (m->taken >= STEAM_MULTI_COUNT_MAX)
		return fault_set(f, RC_TOO_LARGE, "Multi: more than %u messages", STEAM_MULTI_COUNT_MAX);

	uint32_t n = rd_le32(&m->rest);
	const uint8_t *p = rd_bytes(&m->rest, n);
	if (m->rest.bad)
		return fault_set(f, RC_MALFORMED, "Multi: message %u is cut off", m->taken + 1);
	m->taken++;
	*ret_p = p;
	*ret_n = n;
	return RC_OK;
}

void steam_multi_add(struct buf *to, const void *p, size_t n)
{
	buf_le32(to, (uint32_t)n);
	buf_put(to, p, n);
}

static enum rc write_zipped(struct buf *to, const struct buf *run, struct fault *f)
{
	__attribute__((cleanup(own_deflate))) struct libdeflate_compressor *c =
		libdeflate_alloc_compressor(ZIP_LEVEL);
	if (!c)
		return fault_set(f, RC_NOMEM, "Multi: no memory to gzip");
	size_t room = libdeflate_gzip_compress_bound(c, run->n);
	auto_free uint8_t *p = malloc(room);
	if (!p)
		return fault_set(f, RC_NOMEM, "Multi: no memory to gzip");

	CMsgMulti m = CMSG_MULTI__INIT;
	m.has_size_unzipped = m.has_message_body = 1;
	m.size_unzipped = (uint32_t)run->n;
	m.message_body.data = p;
	m.message_body.len = libdeflate_gzip_compress(c, run->p, run->n, p, room);
	pb_pack(to, &m.base);
	return RC_OK;
}

enum rc steam_multi_write(struct buf *to, const struct buf *run, bool zip, struct fault *f)
{
	if (run->bad || run->n > STEAM_MULTI_UNZIPPED_MAX)
		return fault_set(f, RC_TOO_LARGE, "Multi: %zu bytes do not fit into one", run->n);
	if (zip && run->n > 0)
		return write_zipped(to, run, f);

	CMsgMulti m = CMSG_MULTI__INIT;
	m.has_message_body = 1;
	m.message_body.data = run->p;
	m.message_body.len = run->n;
	pb_pack(to, &m.base);
	return RC_OK;
}
