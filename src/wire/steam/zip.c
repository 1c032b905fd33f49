#include "wire/steam/zip.h"

#include "base/rd.h"

#include <libdeflate.h>
#include <string.h>

#define LOCAL       0x04034b50u
#define CENTRAL     0x02014b50u
#define END         0x06054b50u
#define LOCAL_N     30
#define CENTRAL_N   46
#define END_N       22
#define STORED      0
#define DEFLATED    8
#define VERSION     20
#define DOS_DATE    33 /* 1980-01-01, the first that the format knows */
#define ZIP_LEVEL   6
#define COMMENT_MAX 65535

static void own_inflate_p(struct libdeflate_decompressor **d) { libdeflate_free_decompressor(*d); }
static void own_deflate_p(struct libdeflate_compressor **d) { libdeflate_free_compressor(*d); }

/* What the directory says of the file. */
struct entry {
	uint16_t flags, method;
	uint32_t crc, packed, size, local;
};

bool zip_is(const void *p, size_t n) { return n >= 4 && !memcmp(p, "PK\3\4", 4); }

/* The directory's end stands at the archive's end, before a comment. */
static bool directory(const uint8_t *p, size_t n, uint32_t *ret_at)
{
	for (size_t back = END_N; back <= n && back <= END_N + COMMENT_MAX; back++) {
		struct rd r = rd_over(p + n - back, back);
		if (rd_le32(&r) != END)
			continue;
		rd_le32(&r); /* disks */
		uint16_t here = rd_le16(&r), all = rd_le16(&r);
		uint32_t bytes = rd_le32(&r), at = rd_le32(&r);
		uint16_t comment = rd_le16(&r);
		if (rd_left(&r) != comment)
			continue;
		*ret_at = at;
		return here == 1 && all == 1 && bytes >= CENTRAL_N && at <= n;
	}
	return false;
}

static bool central(const uint8_t *p, size_t n, struct entry *ret)
{
	uint32_t at;
	if (!directory(p, n, &at))
		return false;
	struct rd r = rd_over(p + at, n - at);
	uint32_t mark = rd_le32(&r);
	rd_le32(&r); /* versions */
	ret->flags = rd_le16(&r);
	ret->method = rd_le16(&r);
	rd_le32(&r); /* time and date */
	ret->crc = rd_le32(&r);
	ret->packed = rd_le32(&r);
	ret->size = rd_le32(&r);
	rd_bytes(&r, 14); /* lengths of names, disk, attributes */
	ret->local = rd_le32(&r);
	return !r.bad && mark == CENTRAL && ret->local <= n && !(ret->flags & 1) /* encrypted */;
}

static const uint8_t *content(const uint8_t *p, size_t n, const struct entry *e)
{
	struct rd r = rd_over(p + e->local, n - e->local);
	uint32_t mark = rd_le32(&r);
	rd_bytes(&r, LOCAL_N - 8);
	uint16_t name = rd_le16(&r), extra = rd_le16(&r);
	rd_bytes(&r, name);
	rd_bytes(&r, extra);
	const uint8_t *at = rd_bytes(&r, e->packed);
	return mark == LOCAL ? at : NULL;
}

static bool inflate(const struct entry *e, const uint8_t *packed, uint8_t *to)
{
	if (e->method == STORED && e->packed == e->size) {
		if (e->size)
			memcpy(to, packed, e->size);
		return true;
	}
	__attribute__((cleanup(own_inflate_p))) struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	return e->method == DEFLATED && d &&
	       libdeflate_deflate_decompress(d, packed, e->packed, to, e->size, NULL) == LIBDEFLATE_SUCCESS;
}

enum rc zip_open(const void *p, size_t n, size_t most, struct buf *to, struct fault *f)
{
	struct entry e;

	const uint8_t *packed = central(p, n, &e) ? content(p, n, &e) : NULL;
	if (!packed)
		return fault_set(f, RC_MALFORMED, "zip: %zu bytes are no archive of one file", n);
	if (e.size > most)
		return fault_set(f, RC_TOO_LARGE, "zip: unfolds to %u bytes, at most %zu are read", e.size, most);
	uint8_t *room = buf_room(to, (size_t)e.size + 1);
	if (!room)
		return fault_set(f, RC_NOMEM, "zip: no memory for %u bytes", e.size);
	if (!inflate(&e, packed, room) || libdeflate_crc32(0, room, e.size) != e.crc)
		return fault_set(f, RC_MALFORMED, "zip: its content does not unfold to what it claims");
	to->n += e.size;
	return RC_OK;
}

/* What the two heads of the file share: from the flags to the length of the extra field. */
static void put_shared(struct buf *to, const struct entry *e, size_t name_n)
{
	uint32_t words[] = { (uint32_t)DEFLATED << 16, (uint32_t)DOS_DATE << 16, e->crc, e->packed, e->size,
		(uint32_t)name_n };
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		buf_le32(to, words[i]);
}

static void put_zeros(struct buf *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_u8(to, 0);
}

static void put_archive(struct buf *to, const char *name, const uint8_t *packed, const struct entry *e)
{
	size_t start = to->n, name_n = strlen(name);

	buf_le32(to, LOCAL);
	buf_put(to, (uint8_t[]){ VERSION, 0 }, 2);
	put_shared(to, e, name_n);
	buf_put(to, name, name_n);
	buf_put(to, packed, e->packed);
	size_t directory_at = to->n - start;
	buf_le32(to, CENTRAL);
	buf_put(to, (uint8_t[]){ VERSION, 0, VERSION, 0 }, 4);
	put_shared(to, e, name_n);
	put_zeros(to, 2 + 2 + 2 + 4 + 4); /* comment, disk, attributes, where the file begins */
	buf_put(to, name, name_n);
	size_t directory_n = to->n - start - directory_at;
	buf_le32(to, END);
	put_zeros(to, 4);
	buf_put(to, (uint8_t[]){ 1, 0, 1, 0 }, 4);
	buf_le32(to, (uint32_t)directory_n);
	buf_le32(to, (uint32_t)directory_at);
	put_zeros(to, 2);
}

enum rc zip_write(const char *name, const void *p, size_t n, struct buf *to, struct fault *f)
{
	__attribute__((cleanup(own_deflate_p))) struct libdeflate_compressor *c =
		libdeflate_alloc_compressor(ZIP_LEVEL);
	if (n > UINT32_MAX / 2 || strlen(name) > 255)
		return fault_set(f, RC_TOO_LARGE, "zip: %zu bytes are too many", n);
	size_t room = c ? libdeflate_deflate_compress_bound(c, n) : 0;
	auto_free uint8_t *packed = c ? malloc(room) : NULL;
	if (!packed)
		return fault_set(f, RC_NOMEM, "zip: no memory");
	struct entry e = { .crc = libdeflate_crc32(0, p, n), .size = (uint32_t)n };
	e.packed = (uint32_t)libdeflate_deflate_compress(c, p, n, packed, room);
	put_archive(to, name, packed, &e);
	return to->bad ? fault_set(f, RC_NOMEM, "zip: no memory") : RC_OK;
}
