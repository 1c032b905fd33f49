#include "io/http_chunks.h"

#include <ctype.h>

enum state { SIZE, EXTENSION, SIZE_LF, BODY, BODY_CR, BODY_LF, TRAILER, TRAILER_LINE, TRAILER_LF, LAST_LF };

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (uint8_t)tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum rc expect(struct http_chunks *c, uint8_t got, uint8_t want, enum state next)
{
	c->state = (int)next;
	return got == want ? RC_MORE : RC_MALFORMED;
}

static enum rc size_byte(struct http_chunks *c, uint8_t b)
{
	int v = hex(b);
	if (v >= 0) {
		c->left = c->left * 16 + (uint64_t)v;
		return ++c->digits > 15 ? RC_MALFORMED : RC_MORE;
	}
	if (c->digits == 0 || (b != '\r' && b != ';'))
		return RC_MALFORMED;
	c->state = b == ';' ? EXTENSION : SIZE_LF;
	return RC_MORE;
}

/* One byte that is not data. RC_MORE: go on; RC_OK: it was the last of the body. */
static enum rc frame_byte(struct http_chunks *c, uint8_t b)
{
	enum state now = (enum state)c->state;

	if (++c->line_n > (now >= TRAILER ? HTTP_CHUNKS_TRAILER_MAX : HTTP_CHUNKS_LINE_MAX))
		return RC_TOO_LARGE;
	switch (now) {
	case SIZE:
		return size_byte(c, b);
	case EXTENSION:
		if (b == '\r')
			c->state = SIZE_LF;
		return b == '\n' ? RC_MALFORMED : RC_MORE;
	case SIZE_LF:
		c->line_n = c->digits = 0;
		return expect(c, b, '\n', c->left ? BODY : TRAILER);
	case BODY_CR:
		return expect(c, b, '\r', BODY_LF);
	case BODY_LF:
		c->line_n = 0;
		return expect(c, b, '\n', SIZE);
	case TRAILER:
		c->state = b == '\r' ? LAST_LF : TRAILER_LINE;
		return b == '\n' ? RC_MALFORMED : RC_MORE;
	case TRAILER_LINE:
		if (b == '\r')
			c->state = TRAILER_LF;
		return b == '\n' ? RC_MALFORMED : RC_MORE;
	case TRAILER_LF:
		return expect(c, b, '\n', TRAILER);
	case LAST_LF:
		return b == '\n' ? RC_OK : RC_MALFORMED;
	case BODY:
		break;
	}
	return RC_INTERNAL;
}

enum rc http_chunks_feed(
	struct http_chunks *c, const uint8_t *p, size_t n, struct buf *body, size_t max, size_t *ret_used)
{
	for (size_t at = 0; at < n;) {
		if (c->state == BODY) {
			size_t k = c->left < n - at ? (size_t)c->left : n - at;
			if (k > max - body->n)
				return RC_TOO_LARGE;
			buf_put(body, p + at, k);
			at += k;
			c->left -= k;
			if (c->left == 0)
				c->state = BODY_CR;
			continue;
		}
		enum rc rc = frame_byte(c, p[at++]);
		if (rc == RC_OK)
			*ret_used = at;
		if (rc != RC_MORE)
			return rc;
		if (c->state == BODY && c->left > max - body->n)
			return RC_TOO_LARGE; /* said early: nobody needs to send what would be thrown away */
	}
	return RC_MORE;
}
