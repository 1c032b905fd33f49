#include "wire/base64.h"

#include <string.h>

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put(struct buf *to, const uint8_t *p, size_t n, const char *letters, bool padded)
{
	for (size_t i = 0; i < n; i += 3) {
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

static bool get(const char *s, size_t n, const char *letters, struct buf *to)
{
	size_t before = to->n, count = 0, padding = 0;
	uint32_t bits = 0;
	bool good = true;

	for (size_t i = 0; good && i < n; i++) {
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
