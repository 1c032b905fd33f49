#include "agent/secret_json.h"

#include "base/rd.h"

#include <string.h>

static void skip_space(struct rd *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
		r->at++;
}

static bool eat(struct rd *r, char c)
{
	skip_space(r);
	if (r->at >= r->end || *r->at != (uint8_t)c)
		return false;
	r->at++;
	return true;
}

static uint32_t hex4(struct rd *r)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++) {
		uint8_t c = rd_u8(r);
		uint8_t low = c | 0x20;
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (low >= 'a' && low <= 'f')
			v = v << 4 | (uint32_t)(low - 'a' + 10);
		else
			r->bad = true;
	}
	return v;
}

/* \uXXXX as UTF-8; the bytes it took, at most 4. A half of a pair alone is bad. */
static size_t unicode(struct rd *r, uint8_t *to)
{
	uint32_t v = hex4(r);

	if (v >= 0xDC00 && v <= 0xDFFF)
		r->bad = true;
	if (v >= 0xD800 && v <= 0xDBFF) {
		uint16_t mark = rd_u16(r);
		uint32_t low = hex4(r);
		r->bad = r->bad || mark != ('\\' << 8 | 'u') || low < 0xDC00 || low > 0xDFFF;
		v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
	}
	if (v < 0x80) {
		to[0] = (uint8_t)v;
		return 1;
	}
	size_t n = v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; v >>= 6)
		to[i] = (uint8_t)(0x80 | (v & 0x3F));
	to[0] = (uint8_t)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | v);
	return n;
}

/* Into `to`, which has room for all that is left and 4 bytes. False: no string. */
static bool text(struct rd *r, uint8_t *to, size_t *ret_n)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	size_t n = 0;

	if (!eat(r, '"'))
		return false;
	for (uint8_t c; (c = rd_u8(r)) != '"' || r->bad;) {
		if (r->bad || c < ' ')
			return false;
		if (c != '\\') {
			to[n++] = c;
			continue;
		}
		c = rd_u8(r);
		const char *at = c ? strchr(from, c) : NULL;
		if (at)
			to[n++] = (uint8_t)into[at - from];
		else if (c == 'u')
			n += unicode(r, to + n);
		else
			return false;
	}
	*ret_n = n;
	return !r->bad;
}

static bool member(
	struct rd *r, struct hush *room, void (*seen)(void *, const char *, const struct hush *), void *ctx)
{
	char name[SECRET_JSON_NAME_MAX];
	size_t n;

	if (!text(r, room->p, &n) || n >= sizeof(name) || memchr(room->p, 0, n))
		return false;
	memcpy(name, room->p, n);
	name[n] = 0;
	if (!eat(r, ':'))
		return false;
	skip_space(r);
	if (rd_left(r) >= 4 && !memcmp(r->at, "null", 4)) {
		r->at += 4;
		n = 0;
	} else if (!text(r, room->p, &n)) {
		return false;
	}
	seen(ctx, name, &(struct hush){ room->p, n });
	return true;
}

static bool object(
	struct rd *r, struct hush *room, void (*seen)(void *, const char *, const struct hush *), void *ctx)
{
	unsigned members = 0;

	if (!eat(r, '{'))
		return false;
	if (!eat(r, '}')) {
		do
			if (++members > SECRET_JSON_MAX || !member(r, room, seen, ctx))
				return false;
		while (eat(r, ','));
		if (!eat(r, '}'))
			return false;
	}
	skip_space(r);
	return rd_left(r) == 0;
}

enum rc secret_json_read(const struct hush *from,
	void (*seen)(void *ctx, const char *name, const struct hush *value), void *ctx, struct fault *f)
{
	struct rd r = rd_over(from->p, from->n);
	struct hush room = { calloc(1, from->n + 4), from->n + 4 };

	if (!room.p)
		return RC_NOMEM;
	bool good = object(&r, &room, seen, ctx);
	hush_done(&room);
	return good ? RC_OK : fault_set(f, RC_MALFORMED, "the secrets cannot be read");
}
