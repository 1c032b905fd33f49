#include "wire/packed.h"

#include "wire/base64.h"

#include <stdio.h>
#include <string.h>
#include <zstd.h>

#define HEAD     "zstd:"
#define HEAD_N   (sizeof(HEAD) - 1)
#define DIGITS   8 /* of PACKED_MAX */
#define LEVEL    1
#define HASH_LOG 12 /* its table stays in the nearest cache: a sixth faster than the level's own, and as short */
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

static enum rc no_memory(size_t n, struct fault *f)
{
	return fault_set(f, RC_NOMEM, "no memory to unpack %zu bytes", n);
}

static enum rc does_not(const struct packed_reader *r, struct fault *f)
{
	return fault_set(f, RC_MALFORMED, "a packed text does not unpack to the %zu bytes it claims", r->size);
}

static enum rc reader_of(struct packed_reader *r, struct head h, char *room, struct fault *f)
{
	*r = (struct packed_reader){ .size = h.size, .zstd = ZSTD_createDCtx() };
	r->room = room;
	bool good = base64_get(h.base64, h.base64_n, &r->frames);

	if (r->frames.bad || !r->zstd)
		return no_memory(h.size, f);
	return good && r->frames.n > 0 ? RC_OK : does_not(r, f);
}

enum rc packed_reader_begin(struct packed_reader *r, const char *p, size_t n, char *room, struct fault *f)
{
	struct head h;
	enum rc rc = read_head(p, n, &h, f);

	return rc == RC_OK ? reader_of(r, h, room, f) : rc;
}

/* A frame is unpacked at once: so zstd takes no memory for a window, whatever the frame asks for. */
enum rc packed_reader_next(struct packed_reader *r, struct fault *f)
{
	const uint8_t *at = r->frames.p + r->used;
	size_t left = r->frames.n - r->used;

	if (left == 0) {
		if (r->done != r->size)
			return does_not(r, f);
		r->room[r->size] = 0;
		return RC_MISSING;
	}
	size_t n = ZSTD_findFrameCompressedSize(at, left);
	if (ZSTD_isError(n) || r->frames_n == PACKED_FRAMES_MAX)
		return does_not(r, f);
	size_t got = ZSTD_decompressDCtx(r->zstd, r->room + r->done, r->size - r->done, at, n);
	if (ZSTD_isError(got))
		return does_not(r, f);
	r->used += n;
	r->frames_n++;
	r->done += got;
	return RC_OK;
}

void packed_reader_done(struct packed_reader *r)
{
	ZSTD_freeDCtx(r->zstd);
	buf_done(&r->frames);
	*r = (struct packed_reader){ 0 };
}

static enum rc read_all(struct packed_reader *r, struct fault *f)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK)
		rc = packed_reader_next(r, f);
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc packed_open(const char *p, size_t n, char *room, struct fault *f)
{
	struct packed_reader r = { 0 };
	enum rc rc = packed_reader_begin(&r, p, n, room, f);

	if (rc == RC_OK)
		rc = read_all(&r, f);
	packed_reader_done(&r);
	return rc;
}

/* ---- while it is written ---- */

#define HEAD_ROOM (HEAD_N + DIGITS + 1) /* the length is not known before the end */

static ZSTD_CCtx *compressor(void)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();

	if (!c || ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, LEVEL)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_hashLog, HASH_LOG))) {
		ZSTD_freeCCtx(c);
		return NULL;
	}
	return c;
}

static bool pack_part(struct packed_parts *t, const void *p, size_t n)
{
	size_t room = ZSTD_compressBound(n);
	uint8_t *at = buf_room(&t->frames, room);

	if (!t->zstd)
		t->zstd = compressor();
	size_t got = at && t->zstd ? ZSTD_compress2(t->zstd, at, room, p, n) : 0;
	if (got == 0 || ZSTD_isError(got))
		return false;
	t->frames.n += got;
	t->frames_n += got;
	return true;
}

void packed_parts_add(struct packed_parts *t, const void *p, size_t n)
{
	if (t->bad || n == 0)
		return;
	t->bad = n > PACKED_MAX - t->n || !pack_part(t, p, n);
	t->n += n;
	if (t->bad)
		return;
	if (t->text.n == 0)
		buf_put(&t->text, (const char[HEAD_ROOM]){ 0 }, HEAD_ROOM);
	size_t whole = t->frames.n / 3 * 3;
	base64_put(&t->text, t->frames.p, whole);
	buf_drop(&t->frames, whole);
	t->bad = t->text.bad;
}

static enum rc plain_of(struct packed_parts *t, struct buf *to, struct fault *f)
{
	struct packed_reader r = { 0 };
	char *room = (char *)buf_room(to, t->n + 1);
	const struct head h = { t->n, (const char *)t->text.p + HEAD_ROOM, t->text.n - HEAD_ROOM };
	enum rc rc = room ? reader_of(&r, h, room, f) : RC_NOMEM;

	if (rc == RC_OK)
		rc = read_all(&r, f);
	if (rc == RC_OK)
		to->n += t->n;
	packed_reader_done(&r);
	return rc;
}

enum rc packed_parts_end(struct packed_parts *t, struct buf *to, struct fault *f)
{
	char head[HEAD_ROOM + 1];
	enum rc rc = RC_OK;

	if (!t->bad && t->text.n > 0)
		base64_put(&t->text, t->frames.p, t->frames.n);
	if (t->n > PACKED_MAX)
		rc = fault_set(f, RC_TOO_LARGE, "a text of %zu bytes; %u are packed at most", t->n, PACKED_MAX);
	else if (t->bad || t->text.bad)
		rc = fault_set(f, RC_NOMEM, "no memory to pack %zu bytes", t->n);
	else if (t->text.n > 0 && !is_sane(t->n, t->frames_n))
		rc = plain_of(t, to, f);
	else if (t->text.n > 0) {
		snprintf(head, sizeof(head), HEAD "%0*zu:", DIGITS, t->n);
		memcpy(t->text.p, head, HEAD_ROOM);
		buf_done(to);
		*to = t->text;
		t->text = (struct buf){ 0 };
	}
	packed_parts_done(t);
	return rc;
}

void packed_parts_done(struct packed_parts *t)
{
	ZSTD_freeCCtx(t->zstd);
	buf_done(&t->text);
	buf_done(&t->frames);
	*t = (struct packed_parts){ 0 };
}
