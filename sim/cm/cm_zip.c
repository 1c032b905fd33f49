#include "sim/cm/cm_zip.h"

#include "base/map.h"
#include "proto/steam/base.pb-c.h"
#include "wire/steam/pb.h"
#include "wire/tunnel_auth.h"

#include <libdeflate.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LEVEL      6
#define STORED_MAX 65535         /* bytes of a block that is not packed */
#define KEPT_MAX   (64u << 20)   /* bytes of pieces; then all are forgotten */
#define RECORD     "\"appinfo\"" /* how an app's record begins; it ends with "}", a line break and a NUL */

/* A record's blocks, with their end at a whole byte, so that others may follow. */
struct piece {
	char id[2 * SHA_DIGEST_LENGTH + 1]; /* of the record */
	size_t n;
	uint8_t at[];
};

struct cm_zip {
	z_stream stream;
	struct map pieces;
	size_t bytes;
	struct buf out;
};

static void forget_all(struct cm_zip *z)
{
	struct map_walk w = map_walk(&z->pieces);
	for (struct piece *p; (p = map_next(&w)); free(p))
		map_take(&z->pieces, p->id);
	z->bytes = 0;
}

struct cm_zip *cm_zip_new(void)
{
	struct cm_zip *z = calloc(1, sizeof(*z));

	if (z && deflateInit2(&z->stream, LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

void cm_zip_free(struct cm_zip *z)
{
	if (!z)
		return;
	forget_all(z);
	map_done(&z->pieces);
	deflateEnd(&z->stream);
	buf_done(&z->out);
	free(z);
}

static struct piece *pack(struct cm_zip *z, const char *id, const uint8_t *p, size_t n)
{
	size_t room = deflateBound(&z->stream, n) + 16;
	auto_free struct piece *one = malloc(sizeof(*one) + room);

	if (!one || deflateReset(&z->stream) != Z_OK)
		return NULL;
	z->stream.next_in = (uint8_t *)p;
	z->stream.avail_in = (uInt)n;
	z->stream.next_out = one->at;
	z->stream.avail_out = (uInt)room;
	if (deflate(&z->stream, Z_SYNC_FLUSH) != Z_OK || z->stream.avail_in || !z->stream.avail_out)
		return NULL;
	one->n = room - z->stream.avail_out;
	memcpy(one->id, id, sizeof(one->id));
	return take(one);
}

static bool put_record(struct cm_zip *z, const uint8_t *p, size_t n)
{
	uint8_t sha[SHA_DIGEST_LENGTH];
	char id[2 * SHA_DIGEST_LENGTH + 1];

	SHA1(p, n, sha);
	tunnel_auth_hex(sha, sizeof(sha), id);
	struct piece *one = map_get(&z->pieces, id);
	if (!one) {
		if (z->bytes > KEPT_MAX)
			forget_all(z);
		one = pack(z, id, p, n);
		if (!one || map_put(&z->pieces, one->id, one) != RC_OK) {
			free(one);
			return false;
		}
		z->bytes += sizeof(*one) + one->n;
	}
	buf_put(&z->out, one->at, one->n);
	return true;
}

static void put_stored(struct cm_zip *z, const uint8_t *p, size_t n, bool last)
{
	do {
		size_t some = n < STORED_MAX ? n : STORED_MAX;
		buf_u8(&z->out, last && some == n);
		buf_le32(&z->out, (uint32_t)some | (~(uint32_t)some & 0xffff) << 16);
		buf_put(&z->out, p, some);
		p += some;
		n -= some;
	} while (n > 0);
}

/* The first whole record from p on; false: none. */
static bool find_record(const uint8_t *p, size_t n, const uint8_t **ret, size_t *ret_n)
{
	const uint8_t *from = memmem(p, n, RECORD, strlen(RECORD));
	const uint8_t *to = from ? memchr(from, 0, n - (size_t)(from - p)) : NULL;

	if (!to || to[-1] != '\n' || to[-2] != '}')
		return false;
	*ret = from;
	*ret_n = (size_t)(to + 1 - from);
	return true;
}

bool cm_zip_multi(struct cm_zip *z, const struct buf *run, struct buf *to)
{
	static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	const uint8_t *p = run->p, *record;
	size_t n = run->n, record_n;
	bool good = !run->bad;

	z->out.n = 0;
	buf_put(&z->out, head, sizeof(head));
	while (good && find_record(p, n, &record, &record_n)) {
		if (record > p)
			put_stored(z, p, (size_t)(record - p), false);
		good = put_record(z, record, record_n);
		n -= (size_t)(record + record_n - p);
		p = record + record_n;
	}
	put_stored(z, p, n, true);
	buf_le32(&z->out, libdeflate_crc32(0, run->p, run->n));
	buf_le32(&z->out, (uint32_t)run->n);

	CMsgMulti m = CMSG_MULTI__INIT;
	m.has_size_unzipped = m.has_message_body = 1;
	m.size_unzipped = (uint32_t)run->n;
	m.message_body = (ProtobufCBinaryData){ .data = z->out.p, .len = z->out.n };
	if (good && !z->out.bad)
		pb_pack(to, &m.base);
	return good && !z->out.bad && !to->bad;
}
