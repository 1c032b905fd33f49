#include "wire/json.h"
#include "base/utf8.h"

#include <jansson.h>
#include <malloc.h>
#include <string.h>

/* Nesting without parsing: brackets outside strings. jansson's own limit is fixed at its build. */
static bool too_deep(const char *p, size_t n)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		if (quoted) {
			i += c == '\\';
			quoted = c != '"';
		} else if (c == '"') {
			quoted = true;
		} else if (c == '[' || c == '{') {
			if (++depth > JSON_DEPTH_MAX)
				return true;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return false;
}

enum rc json_read(const char *p, size_t n, struct json_t **ret_json, struct fault *f)
{
	json_error_t e;

	if (n == 0)
		return fault_set(f, RC_MALFORMED, "the body is empty; a JSON value was expected");
	if (too_deep(p, n))
		return fault_set(f, RC_MALFORMED, "the JSON is nested more than %d deep", JSON_DEPTH_MAX);
	json_t *j = json_loadb(p, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (!j) { /* the reason alone: " near '...'" shows a piece of the body, which may be a secret */
		char *near = strstr(e.text, " near ");
		if (near)
			*near = 0;
		return fault_set(f, RC_MALFORMED, "not JSON at line %d, column %d: %s", e.line, e.column, e.text);
	}
	*ret_json = j;
	return RC_OK;
}

void json_drop(struct json_t *j) { json_decref(j); }

enum rc json_merge(struct json_t *into, const struct json_t *from)
{
	if (!json_is_object(into) || !json_is_object(from))
		return RC_INVALID;
	return json_object_update(into, (json_t *)from) == 0 ? RC_OK : RC_NOMEM;
}

static void wipe_and_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void json_wipe_freed(void) { json_set_alloc_funcs(malloc, wipe_and_free); }

void json_wipe(struct json_t *j)
{
	const char *name;
	json_t *at;
	size_t i;

	if (json_is_string(j))
		explicit_bzero((char *)json_string_value(j), json_string_length(j));
	json_array_foreach(j, i, at) json_wipe(at);
	json_object_foreach(j, name, at) json_wipe(at);
}

static void put_special(struct buf *b, uint8_t c)
{
	const char *from = "\"\\\b\f\n\r\t", *to = "\"\\bfnrt", *at = c ? strchr(from, c) : NULL;
	if (at)
		buf_put(b, (char[]){ '\\', to[at - from] }, 2);
	else
		buf_fmt(b, "\\u%04x", c);
}

static bool plain(uint8_t c) { return c >= 32 && c < 127 && c != '"' && c != '\\'; }

void json_put_strn(struct buf *b, const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;

	buf_u8(b, '"');
	for (size_t i = 0; i < n;) {
		size_t run = 0;
		while (i + run < n && plain(p[i + run]))
			run++;
		buf_put(b, p + i, run);
		i += run;
		if (i >= n)
			break;
		size_t k = p[i] < 0x80 ? 0 : utf8_len(p + i, n - i);
		if (k)
			buf_put(b, p + i, k);
		else if (p[i] < 0x80)
			put_special(b, p[i]);
		else
			buf_str(b, "\xEF\xBF\xBD");
		i += k ? k : 1;
	}
	buf_u8(b, '"');
}

void json_put_str(struct buf *b, const char *s)
{
	if (s)
		json_put_strn(b, s, strlen(s));
	else
		buf_str(b, "null");
}

static int take_dump(const char *p, size_t n, void *to)
{
	buf_put(to, p, n);
	return 0;
}

enum rc json_put(struct buf *b, const struct json_t *j, bool sorted)
{
	size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | (sorted ? (size_t)JSON_SORT_KEYS : 0);
	if (json_dump_callback(j, take_dump, b, flags) != 0 || b->bad)
		return RC_NOMEM;
	return RC_OK;
}
