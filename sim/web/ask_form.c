#include "sim/web/ask_form.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BOUNDARY_MAX 200 /* RFC 2046: 70 */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Into `to`, which has room; returns how many bytes. A percent sign without its digits stands for itself. */
static size_t decode(char *to, const char *p, size_t n)
{
	size_t out = 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '%' && i + 2 < n && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
			to[out++] = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
			i += 2;
		} else {
			to[out++] = (char)(p[i] == '+' ? ' ' : p[i]);
		}
	}
	return out;
}

static bool keep(struct arena *a, struct ask_pairs *to, struct ask_pair pair)
{
	if (to->n == ASK_FORM_PAIRS_MAX)
		return false;
	if (to->n == to->room) {
		size_t room = to->room ? to->room * 2 : 16;
		struct ask_pair *at = arena_take(a, room * sizeof(*at));
		if (!at)
			return false;
		if (to->n)
			memcpy(at, to->at, to->n * sizeof(*at));
		to->at = at;
		to->room = room;
	}
	to->at[to->n++] = pair;
	return true;
}

bool ask_form_add(
	struct arena *a, struct ask_pairs *to, const char *name, size_t name_n, const char *value, size_t n)
{
	char *k = arena_take(a, name_n + 1), *v = arena_take(a, n + 1);
	if (!k || !v)
		return false;
	decode(k, name, name_n);
	return keep(a, to, (struct ask_pair){ .name = k, .value = v, .n = decode(v, value, n) });
}

bool ask_form_urlencoded(struct arena *a, struct ask_pairs *to, const char *p, size_t n)
{
	const char *end = p + n;
	while (p < end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		const char *stop = amp ? amp : end;
		const char *eq = memchr(p, '=', (size_t)(stop - p));
		size_t name_n = (size_t)((eq ? eq : stop) - p);
		if (stop > p &&
			!ask_form_add(a, to, p, name_n, eq ? eq + 1 : stop, eq ? (size_t)(stop - eq - 1) : 0))
			return false;
		p = amp ? amp + 1 : end;
	}
	return true;
}

/* The value of name="..." of a part's Content-Disposition; NULL when there is none. */
static const char *part_name(struct arena *a, const char *head, size_t n)
{
	static const char key[] = "name=\"";
	const char *at = head;
	while ((at = memmem(at, n - (size_t)(at - head), key, sizeof(key) - 1))) {
		bool whole = at > head && (at[-1] == ' ' || at[-1] == ';');
		at += sizeof(key) - 1;
		const char *quote = memchr(at, '"', n - (size_t)(at - head));
		if (whole)
			return quote ? arena_strn(a, at, (size_t)(quote - at)) : NULL;
	}
	return NULL;
}

bool ask_form_multipart(struct arena *a, struct ask_pairs *to, const char *boundary, const char *p, size_t n)
{
	char line[BOUNDARY_MAX + 8];
	const char *end = p + n;
	int line_n = snprintf(line, sizeof(line), "\r\n--%s", boundary);

	if (line_n < 0 || (size_t)line_n >= sizeof(line) || n < (size_t)line_n ||
		memcmp(p, line + 2, (size_t)line_n - 2) != 0)
		return false;
	p += line_n - 2;
	while (end - p >= 2 && !memcmp(p, "\r\n", 2)) {
		const char *head = p;
		const char *body = memmem(head, (size_t)(end - head), "\r\n\r\n", 4);
		const char *next = body ? memmem(body + 2, (size_t)(end - body) - 2, line, (size_t)line_n) : NULL;
		if (!next || next < body + 4)
			return false;
		const char *name = part_name(a, head, (size_t)(body - head));
		char *value = name ? arena_strn(a, body + 4, (size_t)(next - body) - 4) : NULL;
		if (!value ||
			!keep(a, to,
				(struct ask_pair){ .name = name, .value = value, .n = (size_t)(next - body) - 4 }))
			return false;
		p = next + line_n;
	}
	return end - p >= 2 && !memcmp(p, "--", 2);
}

bool ask_form_body(struct arena *a, struct ask_pairs *to, const char *type, const char *p, size_t n)
{
	static const char multipart[] = "multipart/form-data";

	if (!strncasecmp(type, "application/x-www-form-urlencoded", 33))
		return ask_form_urlencoded(a, to, p, n);
	if (strncasecmp(type, multipart, sizeof(multipart) - 1) != 0)
		return true;
	const char *b = strcasestr(type, "boundary=");
	if (!b)
		return false;
	b += 9;
	bool quoted = *b == '"';
	b += quoted;
	const char *text = arena_strn(a, b, strcspn(b, quoted ? "\"" : "; \t"));
	return text && ask_form_multipart(a, to, text, p, n);
}
