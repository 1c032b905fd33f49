#include "wire/base64.h"

#include <string.h>

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Whole groups of three bytes. Returns how many bytes that are. */
static size_t put_whole(struct buf *to, const uint8_t *p, size_t n, const char *letters)
{
	size_t whole = n / 3 * 3;
	uint8_t *at = buf_room(to, n / 3 * 4);

	if (!at)
		return n;
	for (size_t i = 0; i < whole; i += 3, at += 4) {
		uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
		for (unsigned k = 0; k < 4; k++)
			at[k] = (uint8_t)letters[v >> (18 - 6 * k) & 63];
	}
	to->n += n / 3 * 4;
	return whole;
}

static void put(struct buf *to, const uint8_t *p, size_t n, const char *letters, bool padded)
{
	for (size_t i = put_whole(to, p, n, letters); i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		uint32_t v = (uint32_t)p[i] << 16;
		if (have > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (have > 2)
			v |= p[i + 2];
		for (unsigned k = 0; k < 4; k++)
			if (k <= have)
				buf_u8(to, (uint8_t)letters[v >> (18 - 6 * k) & 63]);
			else if (padded)
				buf_u8(to, '=');
	}
}

void base64_put(struct buf *to, const void *p, size_t n) { put(to, p, n, plain, true); }

void base64_put_url(struct buf *to, const void *p, size_t n) { put(to, p, n, url, false); }

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

#define NO_LETTER 64

/* Groups of four letters, up to the first that has something else in it. Returns how many letters that are. */
static size_t get_whole(const char *s, size_t n, const char *letters, struct buf *to)
{
	uint8_t value[256];
	uint8_t *at = buf_room(to, n / 4 * 3);
	size_t i = 0;

	if (!at)
		return 0;
	memset(value, NO_LETTER, sizeof(value));
	for (uint8_t k = 0; k < 64; k++)
		value[(uint8_t)letters[k]] = k;
	for (; n - i >= 4; i += 4, at += 3) {
		uint8_t a = value[(uint8_t)s[i]], b = value[(uint8_t)s[i + 1]], c = value[(uint8_t)s[i + 2]],
			d = value[(uint8_t)s[i + 3]];
		if ((a | b | c | d) & NO_LETTER)
			break;
		uint32_t v = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d;
		at[0] = (uint8_t)(v >> 16);
		at[1] = (uint8_t)(v >> 8);
		at[2] = (uint8_t)v;
	}
	to->n += i / 4 * 3;
	return i;
}

static bool get(const char *s, size_t n, const char *letters, struct buf *to)
{
	size_t before = to->n, count = get_whole(s, n, letters, to), padding = 0;
	uint32_t bits = 0;
	bool good = true;

	for (size_t i = count; good && i < n; i++) {
		if (is_space(s[i]))
			continue;
		if (s[i] == '=') {
			padding++;
			continue;
		}
		const char *at = memchr(letters, s[i], 64);
		good = at && padding == 0;
		bits = bits << 6 | (at ? (uint32_t)(at - letters) : 0);
		if (count++ % 4)
			buf_u8(to, (uint8_t)(bits >> (6 - 2 * ((count - 1) % 4))));
	}
	if (good && count % 4 != 1 && (padding == 0 || (count + padding) % 4 == 0) && padding < 3)
		return true;
	if (to->n > before)
		to->n = before;
	return false;
}

bool base64_get(const char *s, size_t n, struct buf *to) { return get(s, n, plain, to); }

bool base64_get_url(const char *s, size_t n, struct buf *to) { return get(s, n, url, to); }

bool base64_get_url_exact(const char *s, size_t n, struct buf *to)
{
	size_t before = to->n;
	struct buf again = { 0 };

	if (!base64_get_url(s, n, to))
		return false;
	if (to->n > before)
		base64_put_url(&again, to->p + before, to->n - before);
	bool same = !to->bad && !again.bad && again.n == n && (n == 0 || !memcmp(again.p, s, n));
	buf_done(&again);
	if (!same && !to->bad)
		to->n = before;
	return same;
}
