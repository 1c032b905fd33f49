#include "base/field.h"

#include "tests/unit/check.h"

struct inner {
	uint32_t depth;
	const char *word;
};

struct all {
	bool on;
	uint32_t n;
	int64_t i, moment;
	uint64_t id;
	int color;
	const char *text, *json;
	struct inner inner;
	struct field_list map, list;
	char after;
};

static const char *const colors[] = { "red", "green", "blue", NULL };

static const struct field inner_fields[] = {
	{ .name = "depth", .type = FIELD_U32, FIELD_AT(struct inner, depth), .def = 3 },
	{ .name = "word", .type = FIELD_STR, FIELD_AT(struct inner, word), .def_text = "deep" },
	{ 0 },
};

static const struct field fields[] = {
	{ .name = "on", .type = FIELD_BOOL, FIELD_AT(struct all, on), .def = 1 },
	{ .name = "number", .type = FIELD_U32, FIELD_AT(struct all, n), .def = UINT32_MAX },
	{ .name = "integer", .type = FIELD_I64, FIELD_AT(struct all, i), .def = INT64_MIN },
	{ .name = "moment", .type = FIELD_TIME, FIELD_AT(struct all, moment), .def = 77 },
	{ .name = "steamId", .type = FIELD_ID64, FIELD_AT(struct all, id), .def = 76561197960265728 },
	{ .name = "color", .type = FIELD_ENUM, FIELD_AT(struct all, color), .words = colors, .def = 2 },
	{ .name = "text", .type = FIELD_STR, FIELD_AT(struct all, text), .def_text = "hello" },
	{ .name = "json", .type = FIELD_JSON, FIELD_AT(struct all, json), .def_text = "{}" },
	{ .name = "inner", .type = FIELD_OBJ, FIELD_AT(struct all, inner), .sub = inner_fields },
	{ .name = "labels", .type = FIELD_MAP, FIELD_AT(struct all, map) },
	{ .name = "items", .type = FIELD_LIST, FIELD_AT(struct all, list), .item = FIELD_U32 },
	{ 0 },
};

static const struct field none[] = { { 0 } };

static void finds(void)
{
	CHECK(field_count(fields) == 11 && field_count(inner_fields) == 2 && field_count(none) == 0);
	for (size_t i = 0; i < field_count(fields); i++)
		CHECK(field_find(fields, fields[i].name) == &fields[i]);
	CHECK(!field_find(fields, "Text") && !field_find(fields, "") && !field_find(fields, "depth"));
	CHECK(!field_find(none, "text"));
}

static void defaults(void)
{
	struct all a = { .after = 'x' };
	field_defaults(fields, &a);
	CHECK(a.on && a.n == UINT32_MAX && a.i == INT64_MIN && a.moment == 77 && a.id == 76561197960265728);
	CHECK(a.color == 2 && a.inner.depth == 3 && a.after == 'x');
	CHECK_STR(a.text, "hello");
	CHECK_STR(a.json, "{}");
	CHECK_STR(a.inner.word, "deep");
	CHECK(!a.map.at && a.map.n == 0 && !a.list.at && a.list.n == 0);

	/* A default is put over what was there, of lists too: that is what null in a merge patch does. */
	memset(&a, 0xEE, sizeof(a));
	field_defaults(fields, &a);
	CHECK(a.on && a.n == UINT32_MAX && a.color == 2 && a.inner.depth == 3);
	CHECK(!a.map.at && a.map.n == 0 && !a.list.at && a.list.n == 0);
	field_defaults(none, &a);
	CHECK(a.n == UINT32_MAX);
}

static void distance(void)
{
	char long_text[65];

	CHECK(field_distance("", "", 9) == 0 && field_distance("abc", "abc", 9) == 0);
	CHECK(field_distance("", "abc", 9) == 3 && field_distance("abc", "", 9) == 3);
	CHECK(field_distance("kitten", "sitting", 9) == 3 && field_distance("sitting", "kitten", 9) == 3);
	CHECK(field_distance("flaw", "lawn", 9) == 2 && field_distance("saturday", "sunday", 9) == 3);
	CHECK(field_distance("abc", "xyz", 9) == 3 && field_distance("abc", "xyz", 2) == 2);
	CHECK(field_distance("port", "prot", 9) == 2 && field_distance("host", "hosts", 9) == 1);
	CHECK(field_distance("abcdef", "bcdefa", 9) == 2);
	memset(long_text, 'a', 64);
	long_text[64] = 0;
	CHECK(field_distance(long_text, long_text, 99) == 99 && field_distance("a", long_text, 7) == 7);
	CHECK(field_distance(long_text, "a", 7) == 7);
	CHECK(field_distance(long_text + 1, long_text + 1, 99) == 0); /* 63 characters are compared */
	CHECK(field_distance(long_text + 1, "", 99) == 63);
}

static void nearest(void)
{
	CHECK_STR(field_nearest(fields, "txet"), "text");
	CHECK_STR(field_nearest(fields, "numbr"), "number");
	CHECK_STR(field_nearest(fields, "steamid"), "steamId");
	CHECK_STR(field_nearest(fields, "lables"), "labels");
	CHECK_STR(field_nearest(fields, "colour"), "color");
	CHECK_STR(field_nearest(fields, "text"), "text");
	CHECK(!field_nearest(fields, "frobnicate") && !field_nearest(fields, "") && !field_nearest(none, "text"));
	CHECK(!field_nearest(fields, "xyz"));

	/* Of several the closest; of equally close ones the first. */
	static const struct field close[] = { { .name = "stops", .type = FIELD_STR },
		{ .name = "store", .type = FIELD_STR }, { .name = "stare", .type = FIELD_STR },
		{ .name = "store2", .type = FIELD_STR }, { 0 } };
	CHECK_STR(field_nearest(close, "storr"), "store");
	CHECK_STR(field_nearest(close, "stxre"), "store");
	CHECK_STR(field_nearest(close, "store2"), "store2");

	char long_text[200];
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = 0;
	CHECK(!field_nearest(fields, long_text));
}

int main(void)
{
	finds();
	defaults();
	distance();
	nearest();
	return 0;
}
