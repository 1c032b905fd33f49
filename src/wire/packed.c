#include "wire/packed.h"

#include "wire/base64.h"

#include <string.h>
#include <zstd.h>

#define HEAD     "zstd:"
#define HEAD_N   (sizeof(HEAD) - 1)
#define DIGITS   8 /* of PACKED_MAX */
#define LEVEL    1
#define SIZE_ERR "a packed text of %zu bytes claims to unpack to %zu; it may be %u at most, and %d times as much"

struct head {
	size_t size;        /* of the text */
	const char *base64; /* all behind the head */
	size_t base64_n;
};

bool packed_is(const char *p, size_t n) { return n >= HEAD_N && !memcmp(p, HEAD, HEAD_N); }

static bool is_sane(size_t size, size_t packed_n)
{
	return size <= PACKED_MAX && size / PACKED_RATIO_MAX <= packed_n;
}

enum rc packed_frame(const void *p, size_t n, struct buf *to, struct fault *f)
{
	size_t room = ZSTD_compressBound(n);
	uint8_t *at = buf_room(to, room);
	size_t got = at ? ZSTD_compress(at, room, p, n, LEVEL) : 0;

	if (!at || ZSTD_isError(got))
		return fault_set(f, RC_NOMEM, "no memory to pack %zu bytes", n);
	to->n += got;
	return RC_OK;
}

enum rc packed_put(const struct buf *frames, size_t n, struct buf *to, struct fault *f)
{
	if (!is_sane(n, frames->n))
		return fault_set(f, RC_TOO_LARGE, SIZE_ERR, frames->n, n, PACKED_MAX, PACKED_RATIO_MAX);
	buf_str(to, HEAD);
	buf_dec(to, n);
	buf_u8(to, ':');
	base64_put(to, frames->p, frames->n);
	return to->bad || frames->bad ? RC_NOMEM : RC_OK;
}

static enum rc read_head(const char *p, size_t n, struct head *ret, struct fault *f)
{
	struct head h = { 0 };
	size_t at = HEAD_N;

	if (!packed_is(p, n))
		return fault_set(f, RC_MALFORMED, "not a packed text");
	for (; at < n && at < HEAD_N + DIGITS && p[at] >= '0' && p[at] <= '9'; at++)
		h.size = h.size * 10 + (size_t)(p[at] - '0');
	if (at == HEAD_N || at == n || p[at] != ':')
		return fault_set(f, RC_MALFORMED, "a packed text does not say how long it gets");
	h.base64 = p + at + 1;
	h.base64_n = n - at - 1;
	if (!is_sane(h.size, h.base64_n / 4 * 3))
		return fault_set(
			f, RC_TOO_LARGE, SIZE_ERR, h.base64_n / 4 * 3, h.size, PACKED_MAX, PACKED_RATIO_MAX);
	*ret = h;
	return RC_OK;
}

enum rc packed_size(const char *p, size_t n, size_t *ret_size, struct fault *f)
{
	struct head h;
	enum rc rc = read_head(p, n, &h, f);

	if (rc == RC_OK)
		*ret_size = h.size;
	return rc;
}

/* All at once: so zstd takes no memory for a window, whatever the frames ask for. */
enum rc packed_open(const char *p, size_t n, char *room, struct fault *f)
{
	struct head h;
	struct buf frames = { 0 };
	enum rc rc = read_head(p, n, &h, f);

	if (rc != RC_OK)
		return rc;
	bool good = base64_get(h.base64, h.base64_n, &frames);
	if (frames.bad) {
		rc = fault_set(f, RC_NOMEM, "no memory to unpack %zu bytes", h.size);
	} else {
		size_t got = good && frames.n ? ZSTD_decompress(room, h.size, frames.p, frames.n) : h.size + 1;
		if (ZSTD_isError(got) || got != h.size)
			rc = fault_set(f, RC_MALFORMED, "a packed text does not unpack to the %zu bytes it claims",
				h.size);
		else
			room[h.size] = 0;
	}
	buf_done(&frames);
	return rc;
}
