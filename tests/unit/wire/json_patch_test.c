/* A patch, applied to the first value, gives the second: of chosen and of random values. */
#include "wire/json_patch.h"

#include "tests/unit/check.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static unsigned seed = 7;
static unsigned dice(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

/* A small value; members' names have what a pointer has to escape. */
static json_t *value(unsigned depth)
{
	static const char *const names[] = { "a", "b/c", "d~e", "", "~1" };
	unsigned kind = dice(depth ? 5 : 3), n = dice(4);

	if (kind < 2)
		return json_integer(dice(3));
	if (kind == 2)
		return dice(2) ? json_string("x") : json_null();
	json_t *j = kind == 3 ? json_object() : json_array();
	for (unsigned i = 0; i < n; i++) {
		if (kind == 3)
			json_object_set_new(j, names[dice(5)], value(depth - 1));
		else
			json_array_append_new(j, value(depth - 1));
	}
	return j;
}

/* The part of a pointer up to the next slash, unescaped; returns what follows, NULL at the end. */
static const char *part(const char *p, char *to)
{
	for (; *p && *p != '/'; p++) {
		if (*p == '~')
			*to++ = *++p == '0' ? '~' : '/';
		else
			*to++ = *p;
	}
	*to = 0;
	return *p ? p + 1 : NULL;
}

static json_t *child(json_t *j, const char *name)
{
	return json_is_array(j) ? json_array_get(j, strtoul(name, NULL, 10)) : json_object_get(j, name);
}

static void apply_one(json_t **doc, const json_t *op)
{
	const char *path = json_string_value(json_object_get(op, "path")),
		   *what = json_string_value(json_object_get(op, "op"));
	json_t *at = *doc, *v = json_object_get(op, "value");
	char name[64];

	if (!*path) {
		CHECK_STR(what, "replace");
		json_decref(*doc);
		*doc = json_deep_copy(v);
		return;
	}
	CHECK(*path == '/');
	for (path = part(path + 1, name); path; path = part(path, name)) {
		at = child(at, name);
		CHECK(at);
	}
	bool list = json_is_array(at);
	size_t i = strtoul(name, NULL, 10);
	if (!strcmp(what, "remove"))
		CHECK((list ? json_array_remove(at, i) : json_object_del(at, name)) == 0);
	else if (!strcmp(what, "add"))
		CHECK((list ? json_array_insert(at, i, v) : json_object_set(at, name, v)) == 0);
	else
		CHECK(child(at, name) && (list ? json_array_set(at, i, v) : json_object_set(at, name, v)) == 0);
}

static size_t proves(const json_t *from, const json_t *to)
{
	struct buf b = { 0 };
	bool cut = true;
	json_t *doc = json_deep_copy(from);
	const json_t *op;
	size_t i;

	CHECK(json_patch(from, to, 1u << 20, &b, &cut) == RC_OK && !cut);
	auto_json json_t *ops = json_loads(buf_text(&b), 0, NULL);
	CHECK(json_is_array(ops));
	json_array_foreach(ops, i, op) apply_one(&doc, op);
	CHECK(json_equal(doc, to));
	json_decref(doc);
	buf_done(&b);
	return json_array_size(ops);
}

static size_t proves_texts(const char *from, const char *to)
{
	auto_json json_t *a = json_loads(from, JSON_DECODE_ANY, NULL), *b = json_loads(to, JSON_DECODE_ANY, NULL);
	return proves(a, b);
}

static void limits(void)
{
	auto_json json_t *a = json_object(),
			 *b = json_pack("{s:s,s:s,s:s}", "a", "11111111", "b", "22222222", "c", "33333333");
	struct buf to = { 0 };
	bool cut = false;

	CHECK(json_patch(a, b, 80, &to, &cut) == RC_OK && cut);
	CHECK(to.n <= 81 && to.p[to.n - 1] == ']');
	auto_json json_t *ops = json_loads(buf_text(&to), 0, NULL);
	CHECK(json_array_size(ops) == 1);
	buf_done(&to);
}

int main(void)
{
	CHECK(proves_texts("{\"a\":1}", "{\"a\":1}") == 0);
	CHECK(proves_texts("{\"a\":1,\"b\":{\"c\":2}}", "{\"b\":{\"c\":3},\"d\":null}") == 3);
	CHECK(proves_texts("[1,2,3,4,5]", "[1,2,9,3,4,5]") == 1); /* what is around it stays */
	CHECK(proves_texts("[1,2,3,4,5]", "[1,5]") == 3);
	CHECK(proves_texts("[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":1}]",
		      "[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":2}]") == 1);
	CHECK(proves_texts("1", "\"x\"") == 1);
	for (int i = 0; i < 3000; i++) {
		auto_json json_t *a = value(4), *b = value(4);
		proves(a, b);
		proves(b, a);
	}
	limits();
	return 0;
}
