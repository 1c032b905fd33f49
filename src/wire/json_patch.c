#include "wire/json_patch.h"

#include <jansson.h>
#include <string.h>

#define PATH_MAX_BYTES 4096 /* of a pointer; JSON_DEPTH_MAX bounds how many parts it has */

struct patch {
	struct buf *to;
	size_t max, n; /* n: operations written */
	char path[PATH_MAX_BYTES];
	size_t path_n;
	bool cut;
};

static void differ(struct patch *p, const json_t *from, const json_t *to);

/* Appends a part to the path; returns the length to go back to. A part that does not fit cuts the patch. */
static size_t enter(struct patch *p, const char *part)
{
	size_t before = p->path_n, n = p->path_n;

	if (n + 2 * strlen(part) + 2 > sizeof(p->path)) {
		p->cut = true;
		return before;
	}
	p->path[n++] = '/';
	for (; *part; part++) {
		if (*part == '~' || *part == '/') {
			p->path[n++] = '~';
			p->path[n++] = *part == '~' ? '0' : '1';
		} else {
			p->path[n++] = *part;
		}
	}
	p->path_n = n;
	return before;
}

static size_t enter_index(struct patch *p, size_t i)
{
	char digits[24];
	snprintf(digits, sizeof(digits), "%zu", i);
	return enter(p, digits);
}

static void put(struct patch *p, const char *op, const json_t *value)
{
	size_t before = p->to->n;

	if (p->cut)
		return;
	buf_fmt(p->to, "%s{\"op\":\"%s\",\"path\":", p->n ? "," : "", op);
	json_put_strn(p->to, p->path, p->path_n);
	if (value) {
		buf_str(p->to, ",\"value\":");
		p->to->bad |= json_put(p->to, value, true) != RC_OK;
	}
	buf_u8(p->to, '}');
	if (!p->to->bad && p->to->n + 1 > p->max) {
		p->to->n = before;
		p->cut = true;
		return;
	}
	p->n++;
}

static void put_at(struct patch *p, const char *part, const char *op, const json_t *value)
{
	size_t back = enter(p, part);
	put(p, op, value);
	p->path_n = back;
}

static void differ_objects(struct patch *p, const json_t *from, const json_t *to)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)from, name, value) if (!json_object_get(to, name))
		put_at(p, name, "remove", NULL);
	json_object_foreach((json_t *)to, name, value)
	{
		const json_t *was = json_object_get(from, name);
		if (!was) {
			put_at(p, name, "add", value);
			continue;
		}
		size_t back = enter(p, name);
		differ(p, was, value);
		p->path_n = back;
	}
}

static void differ_lists(struct patch *p, const json_t *from, const json_t *to)
{
	size_t n = json_array_size(from), m = json_array_size(to), head = 0, tail = 0, back;

	while (head < n && head < m && json_equal(json_array_get(from, head), json_array_get(to, head)))
		head++;
	while (tail < n - head && tail < m - head &&
		json_equal(json_array_get(from, n - 1 - tail), json_array_get(to, m - 1 - tail)))
		tail++;
	size_t a = n - head - tail, b = m - head - tail, both = a < b ? a : b;
	for (size_t i = 0; i < both; i++) {
		back = enter_index(p, head + i);
		differ(p, json_array_get(from, head + i), json_array_get(to, head + i));
		p->path_n = back;
	}
	for (size_t i = a; i > both; i--) { /* from behind: what is left keeps its place */
		back = enter_index(p, head + i - 1);
		put(p, "remove", NULL);
		p->path_n = back;
	}
	for (size_t i = both; i < b; i++) {
		back = enter_index(p, head + i);
		put(p, "add", json_array_get(to, head + i));
		p->path_n = back;
	}
}

static void differ(struct patch *p, const json_t *from, const json_t *to)
{
	if (p->cut || json_equal(from, to))
		return;
	if (json_is_object(from) && json_is_object(to))
		differ_objects(p, from, to);
	else if (json_is_array(from) && json_is_array(to))
		differ_lists(p, from, to);
	else
		put(p, "replace", to);
}

enum rc json_patch(const struct json_t *from, const struct json_t *to, size_t max, struct buf *ret, bool *ret_cut)
{
	struct patch p = { .to = ret, .max = ret->n + max };

	buf_u8(ret, '[');
	differ(&p, from, to);
	buf_u8(ret, ']');
	*ret_cut = p.cut;
	return ret->bad ? RC_NOMEM : RC_OK;
}
