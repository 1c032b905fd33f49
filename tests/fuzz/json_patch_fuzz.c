/* Two JSON texts, parted by a NUL: the patch between them, applied to the first, gives the second; of equal ones it is empty. */
#include "wire/json_patch.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define PATCH_MAX (1u << 20)

static void expect(bool held)
{
	if (!held)
		abort();
}

/* The part of a pointer up to the next slash, unescaped; returns what follows, NULL at the end. */
static const char *part(const char *p, struct buf *to)
{
	to->n = 0;
	for (; *p && *p != '/'; p++) {
		char c = *p;
		if (c == '~')
			c = *++p == '0' ? '~' : '/';
		buf_put(to, &c, 1);
	}
	return *p ? p + 1 : NULL;
}

static json_t *child(json_t *j, struct buf *name)
{
	if (json_is_array(j))
		return json_array_get(j, strtoul(buf_text(name), NULL, 10));
	return json_object_get(j, buf_text(name));
}

static void change(json_t *at, const char *what, struct buf *name, json_t *v)
{
	const char *text = buf_text(name);
	size_t i = json_is_array(at) ? strtoul(text, NULL, 10) : 0;
	bool list = json_is_array(at);

	if (!strcmp(what, "remove"))
		expect((list ? json_array_remove(at, i) : json_object_del(at, text)) == 0);
	else if (!strcmp(what, "add"))
		expect((list ? json_array_insert(at, i, v) : json_object_set(at, text, v)) == 0);
	else
		expect(child(at, name) && (list ? json_array_set(at, i, v) : json_object_set(at, text, v)) == 0);
}

static void apply(json_t **doc, const json_t *op)
{
	const char *path = json_string_value(json_object_get(op, "path"));
	const char *what = json_string_value(json_object_get(op, "op"));
	json_t *at = *doc, *v = json_object_get(op, "value");
	struct buf name = { 0 };

	expect(path && what);
	if (!*path) {
		expect(!strcmp(what, "replace") && v);
		json_decref(*doc);
		*doc = json_deep_copy(v);
		return;
	}
	expect(*path == '/');
	for (path = part(path + 1, &name); path; path = part(path, &name)) {
		at = child(at, &name);
		expect(at != NULL);
	}
	change(at, what, &name, v);
	buf_done(&name);
}

static void proves(const json_t *from, const json_t *to)
{
	struct buf b = { 0 };
	bool cut = false;
	const json_t *op;
	size_t i;

	expect(json_patch(from, to, PATCH_MAX, &b, &cut) == RC_OK);
	json_t *ops = json_loadb((const char *)b.p, b.n, JSON_DECODE_ANY, NULL);
	expect(json_is_array(ops));
	expect((json_array_size(ops) == 0) == (cut || json_equal(from, to)));
	if (!cut) {
		json_t *doc = json_deep_copy(from);
		json_array_foreach(ops, i, op) apply(&doc, op);
		expect(json_equal(doc, to));
		json_decref(doc);
	}
	json_decref(ops);
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *middle = memchr(p, 0, n);
	struct json_t *from = NULL, *to = NULL;

	if (!middle)
		return 0;
	size_t first = (size_t)(middle - p);
	if (json_read((const char *)p, first, &from, NULL) == RC_OK &&
		json_read((const char *)middle + 1, n - first - 1, &to, NULL) == RC_OK)
		proves(from, to);
	json_decref(from);
	json_decref(to);
	return 0;
}
