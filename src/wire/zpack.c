#include "wire/zpack.h"

#include <libdeflate.h>
#include <stdint.h>

#define LEVEL       6
#define GUESS_LEAST 4096
#define GUESS_TIMES 4
#define PLAIN_MAX   (1u << 30)

static void own_unpacker_p(struct libdeflate_decompressor **d) { libdeflate_free_decompressor(*d); }
static void own_packer_p(struct libdeflate_compressor **c) { libdeflate_free_compressor(*c); }

bool zpack_is(const void *p, size_t n)
{
	const uint8_t *b = p;
	return n >= 2 && (b[0] & 0x0f) == 8 && ((unsigned)b[0] << 8 | b[1]) % 31 == 0;
}

/* One try with room for `room` bytes. RC_MORE: they are too few. */
static enum rc try_open(struct libdeflate_decompressor *d, const void *p, size_t n, size_t room, struct buf *to)
{
	size_t got = 0;
	uint8_t *at = buf_room(to, room + 1);

	if (!at)
		return RC_NOMEM;
	switch (libdeflate_zlib_decompress(d, p, n, at, room, &got)) {
	case LIBDEFLATE_SUCCESS:
		to->n += got;
		return RC_OK;
	case LIBDEFLATE_INSUFFICIENT_SPACE:
		return RC_MORE;
	case LIBDEFLATE_BAD_DATA:
	case LIBDEFLATE_SHORT_OUTPUT:
		break;
	}
	return RC_MALFORMED;
}

enum rc zpack_open(const void *p, size_t n, size_t size, size_t most, struct buf *to, struct fault *f)
{
	__attribute__((cleanup(own_unpacker_p))) struct libdeflate_decompressor *d =
		libdeflate_alloc_decompressor();
	size_t before = to->n, room = size ? size : n > most / GUESS_TIMES ? most : n * GUESS_TIMES + GUESS_LEAST;
	enum rc rc = d ? RC_MORE : RC_NOMEM;

	if (size > most)
		return fault_set(f, RC_TOO_LARGE, "zlib: unfolds to %zu bytes, at most %zu are read", size, most);
	while (rc == RC_MORE) {
		room = room > most ? most : room;
		rc = try_open(d, p, n, room, to);
		if (rc != RC_MORE)
			break;
		if (size)
			rc = RC_MALFORMED;
		else if (room == most)
			return fault_set(f, RC_TOO_LARGE, "zlib: unfolds to over %zu bytes", most);
		room = room > most / 2 ? most : room * 2;
	}
	if (rc == RC_OK && size && to->n - before != size) {
		to->n = before;
		rc = RC_MALFORMED;
	}
	return rc == RC_MALFORMED ? fault_set(f, rc, "zlib: %zu bytes do not unfold to what they claim", n)
	       : rc == RC_NOMEM   ? fault_set(f, rc, "zlib: no memory")
				  : rc;
}

enum rc zpack_write(const void *p, size_t n, struct buf *to, struct fault *f)
{
	__attribute__((cleanup(own_packer_p))) struct libdeflate_compressor *c = libdeflate_alloc_compressor(LEVEL);

	if (n > PLAIN_MAX)
		return fault_set(f, RC_TOO_LARGE, "zlib: %zu bytes are too many", n);
	size_t room = c ? libdeflate_zlib_compress_bound(c, n) : 0;
	uint8_t *at = c ? buf_room(to, room) : NULL;
	if (!at)
		return fault_set(f, RC_NOMEM, "zlib: no memory");
	to->n += libdeflate_zlib_compress(c, p, n, at, room);
	return RC_OK;
}
