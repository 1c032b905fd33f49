#include "wire/steam/json_put.h"

/* The length of the UTF-8 character at s, of which n bytes are left; 0 when there is none. */
static size_t utf8_length(const uint8_t *s, size_t n)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : 4;

	if (s[0] >= 0xf5 || (s[0] >= 0x80 && s[0] < 0xc2) || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Over-long forms, surrogates, and what lies past U+10FFFF show in the second byte. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
		(s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static bool is_itself(uint8_t c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

static void put_ascii(struct buf *to, uint8_t c)
{
	if (c == '"' || c == '\\')
		buf_put(to, (uint8_t[]){ '\\', c }, 2);
	else if (c == '\n')
		buf_str(to, "\\n");
	else if (c == '\t')
		buf_str(to, "\\t");
	else if (c < 0x20 || c == 0x7f)
		buf_fmt(to, "\\u%04x", c);
	else
		buf_u8(to, c);
}

void json_put_text(struct buf *to, const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;

	buf_u8(to, '"');
	for (size_t i = 0; i < n;) {
		size_t run = i;
		while (run < n && is_itself(p[run]))
			run++;
		buf_put(to, p + i, run - i);
		if ((i = run) == n)
			break;
		size_t len = utf8_length(p + i, n - i);
		if (len == 0)
			buf_str(to, "\\ufffd");
		else if (len == 1)
			put_ascii(to, p[i]);
		else
			buf_put(to, p + i, len);
		i += len ? len : 1;
	}
	buf_u8(to, '"');
}

void json_put_hex(struct buf *to, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;

	buf_u8(to, '"');
	for (size_t i = 0; i < n; i++)
		buf_put(to, (char[]){ digits[b[i] >> 4], digits[b[i] & 15] }, 2);
	buf_u8(to, '"');
}
