#include "cli/text.h"
#include "base/utf8.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

/* How many bytes the character at p has, and which it is; 0 when there is none. */
static size_t decode(const uint8_t *p, size_t n, uint32_t *ret)
{
	size_t k = utf8_len(p, n);

	if (k == 0)
		return 0;
	uint32_t c = k == 1 ? p[0] : p[0] & (0x7Fu >> k);
	for (size_t i = 1; i < k; i++)
		c = c << 6 | (p[i] & 0x3F);
	*ret = c;
	return k;
}

/* Control characters, and those that turn the direction of what follows. */
static bool is_harmful(uint32_t c)
{
	return c < 32 || (c >= 127 && c < 160) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

void text_put(struct buf *to, const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;

	for (size_t i = 0; i < n;) {
		uint32_t c = 0;
		size_t k = decode(p + i, n - i, &c);
		if (k == 0 || is_harmful(c))
			buf_u8(to, '?');
		else
			buf_put(to, p + i, k);
		i += k ? k : 1;
	}
}

size_t text_columns(const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t columns = 0;

	for (size_t i = 0; i < n;) {
		uint32_t c = 0;
		size_t k = decode(p + i, n - i, &c);
		bool combines = c >= 0x300 && c < 0x370;
		bool wide = (c >= 0x1100 && c < 0x1160) || (c >= 0x2E80 && c < 0xA4D0) ||
			    (c >= 0xAC00 && c < 0xD7A4) || (c >= 0xF900 && c < 0xFB00) ||
			    (c >= 0xFF00 && c < 0xFF61) || (c >= 0x1F300 && c < 0x1FA00);
		columns += combines ? 0 : wide ? 2 : 1;
		i += k ? k : 1;
	}
	return columns;
}

static bool is_plain(const json_t *v) { return !json_is_object(v) && !json_is_array(v); }

static void put_plain(struct buf *to, const json_t *v)
{
	struct buf compact = { 0 };

	if (json_is_null(v)) {
		buf_u8(to, '-');
	} else if (json_is_string(v)) {
		text_put(to, json_string_value(v), json_string_length(v));
	} else {
		if (json_put(&compact, v, false) == RC_OK)
			text_put(to, (const char *)compact.p, compact.n);
		buf_done(&compact);
	}
}

static bool put_list(struct buf *to, const json_t *v)
{
	for (size_t i = 0; i < json_array_size(v); i++)
		if (!is_plain(json_array_get(v, i)))
			return false;
	for (size_t i = 0; i < json_array_size(v); i++) {
		buf_str(to, i ? "," : "");
		put_plain(to, json_array_get(v, i));
	}
	return true;
}

static bool put_pairs(struct buf *to, const json_t *v)
{
	const char *key;
	json_t *value;
	bool first = true;

	json_object_foreach((json_t *)v, key, value)
	{
		if (!is_plain(value))
			return false;
	}
	json_object_foreach((json_t *)v, key, value)
	{
		buf_str(to, first ? "" : ",");
		text_put(to, key, strlen(key));
		buf_u8(to, '=');
		put_plain(to, value);
		first = false;
	}
	return true;
}

void text_cell(struct buf *to, const json_t *v)
{
	struct buf compact = { 0 };

	if (!v || is_plain(v)) {
		put_plain(to, v ? v : json_null());
		return;
	}
	if (json_array_size(v) + json_object_size(v) == 0) {
		buf_u8(to, '-');
		return;
	}
	if (json_is_array(v) ? put_list(to, v) : put_pairs(to, v))
		return;
	if (json_put(&compact, v, false) == RC_OK)
		text_put(to, (const char *)compact.p, compact.n);
	buf_done(&compact);
}

const json_t *text_member(const json_t *v, const char *path)
{
	char name[64];

	for (;;) {
		size_t n = strcspn(path, ".");
		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = 0;
		v = json_object_get(v, name);
		if (!v || !path[n])
			return v;
		path += n + 1;
	}
}
