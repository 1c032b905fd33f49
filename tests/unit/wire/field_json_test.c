#include "wire/field_json.h"

#include "tests/unit/check.h"
#include "tests/unit/wire/every.h"

#include <errno.h>
#include <jansson.h>

static struct arena arena;
static struct fault fault;

static enum rc decode(struct field_reader *r, const char *text, struct every *to)
{
	auto_json json_t *j = NULL;
	CHECK(json_read(text, strlen(text), &j, NULL) == RC_OK);
	r->arena = &arena;
	fault = (struct fault){ 0 };
	return field_json_decode(every_fields, j, r, to, &fault);
}

static struct every decoded(const char *text)
{
	struct field_reader r = { 0 };
	struct every e = { 0 };
	if (decode(&r, text, &e) != RC_OK) {
		fprintf(stderr, "%s: %s\n", text, fault.text);
		exit(1);
	}
	CHECK(r.problems_n == 0);
	return e;
}

static void encodes_to(const struct every *e, const char *want)
{
	struct buf b = { 0 };
	field_json_encode(every_fields, e, &b);
	CHECK_STR(buf_text(&b), want);
	buf_done(&b);
}

#define FULL                                                                                                      \
	"{\"on\":false,\"count\":4294967295,\"small\":9,\"number\":-9223372036854775808,\"balance\":-100,"        \
	"\"steamId\":\"76561197960265728\",\"at\":\"2026-11-21T08:51:57.123Z\",\"name\":\"n\xc3\xa4me\","         \
	"\"code\":\"a-b-c\",\"a/b~c\":\"\\\"q\\\"\\n\",\"json\":{\"x\":[1,null,{\"y\":1.5}]},\"color\":\"blue\"," \
	"\"inner\":{\"depth\":1,\"word\":\"in\"},\"labels\":{\"k\":\"v\",\"\":\"\"},\"words\":[\"one\",\"\"],"    \
	"\"ids\":[0,4294967295],\"inners\":[{\"depth\":7,\"word\":\"a\"},{\"depth\":0,\"word\":\"b\"}]}"

static void every_type_and_back(void)
{
	struct every e = decoded(FULL);
	const struct field_pair *labels = e.labels.at;
	const struct every_inner *inners = e.inners.at;

	CHECK(!e.on && e.count == UINT32_MAX && e.small == 9 && e.number == INT64_MIN && e.balance == -100);
	CHECK(e.steam_id == 76561197960265728 && e.at == 1795251117123 && e.color == EVERY_BLUE);
	CHECK_STR(e.name, "n\xc3\xa4me");
	CHECK_STR(e.code, "a-b-c");
	CHECK_STR(e.note, "\"q\"\n");
	CHECK_STR(e.json, "{\"x\":[1,null,{\"y\":1.5}]}");
	CHECK(e.inner.depth == 1 && e.labels.n == 2 && e.words.n == 2 && e.ids.n == 2 && e.inners.n == 2);
	CHECK_STR(e.inner.word, "in");
	CHECK_STR(labels[0].key, "k");
	CHECK_STR(labels[0].value, "v");
	CHECK_STR(labels[1].key, "");
	CHECK_STR(((const char **)e.words.at)[0], "one");
	CHECK_STR(((const char **)e.words.at)[1], "");
	CHECK(((uint32_t *)e.ids.at)[0] == 0 && ((uint32_t *)e.ids.at)[1] == UINT32_MAX);
	CHECK(inners[0].depth == 7 && inners[1].depth == 0);
	CHECK_STR(inners[1].word, "b");
	encodes_to(&e, FULL);
}

static void defaults_and_omitted(void)
{
	struct every e = decoded("{\"name\":\"me\"}");

	CHECK(e.on && e.small == 5 && e.at == 0 && e.color == EVERY_GREEN && e.inner.depth == 3 && !e.inner.word);
	CHECK_STR(e.note, "none");
	CHECK(!e.code && !e.json && e.labels.n == 0 && e.ids.n == 0);
	encodes_to(&e,
		"{\"on\":true,\"count\":0,\"small\":5,\"number\":-7,\"at\":null,\"name\":\"me\",\"a/b~c\":\"none\","
		"\"color\":\"green\",\"inner\":{\"depth\":3},\"ids\":[],\"inners\":[]}");
	e.version = 8;
	e.balance = -1;
	e.number = INT64_MAX;
	e.name = e.note = NULL;
	e.json = "[]";
	encodes_to(&e,
		"{\"on\":true,\"count\":0,\"small\":5,\"number\":9223372036854775807,\"balance\":-1,\"at\":null,"
		"\"name\":null,\"a/b~c\":null,\"json\":[],\"color\":\"green\",\"inner\":{\"depth\":3},\"ids\":[],"
		"\"inners\":[],\"version\":8}");

	/* Omitted are the false, the 0, the moment that never was and the NULL, each by its own type. */
	struct every zero = { 0 };
	struct field all[sizeof(every_fields) / sizeof(*every_fields)];
	struct buf b = { 0 };
	memcpy(all, every_fields, sizeof(all));
	for (size_t i = 0; i < field_count(every_fields); i++)
		all[i].flags = FIELD_OMIT;
	field_json_encode(all, &zero, &b);
	CHECK_STR(buf_text(&b), "{\"color\":\"red\",\"inner\":{\"depth\":0}}"); /* have no empty */
	buf_done(&b);
	zero.on = true;
	zero.count = zero.small = zero.version = 1;
	zero.number = zero.balance = zero.at = 1;
	zero.steam_id = 1;
	zero.name = zero.code = zero.note = "";
	zero.json = "1";
	field_json_encode(all, &zero, &b);
	CHECK_STR(buf_text(&b),
		"{\"on\":true,\"count\":1,\"small\":1,\"number\":1,\"balance\":1,\"steamId\":\"1\","
		"\"at\":\"1970-01-01T00:00:00.001Z\",\"name\":\"\",\"code\":\"\",\"a/b~c\":\"\",\"json\":1,"
		"\"color\":\"red\",\"inner\":{\"depth\":0},\"version\":1}");
	buf_done(&b);
}

/* Each wrong body: what is wrong, where, and a piece of the sentence. */
static const struct {
	const char *body, *code, *pointer, *says;
} problems[] = {
	{ "[]", "wrong_type", "", "must be an object" },
	{ "null", "wrong_type", "", "must be an object" },
	{ "{}", "required", "/name", "is required: Its \"name\"." },
	{ "{\"name\":\"me\",\"colour\":1}", "unknown_field", "/colour", "did you mean \"color\"?" },
	{ "{\"name\":\"me\",\"zzzzzz\":1}", "unknown_field", "/zzzzzz", "there is no such field" },
	{ "{\"name\":\"me\",\"x~/y\":1}", "unknown_field", "/x~0~1y", "there is no such field" },
	{ "{\"name\":\"me\",\"version\":1}", "read_only", "/version", "set by the server" },
	{ "{\"name\":null}", "wrong_type", "/name", "may not be null" },
	{ "{\"name\":7}", "wrong_type", "/name", "must be a text" },
	{ "{\"name\":\"x\"}", "too_short", "/name", "at least 2 bytes" },
	{ "{\"name\":\"123456789012345678901\"}", "too_long", "/name", "at most 20 bytes" },
	{ "{\"name\":\"me\",\"code\":\"abcd\"}", "malformed", "/code", "only the characters abc-" },
	{ "{\"name\":\"me\",\"a/b~c\":1}", "wrong_type", "/a~1b~0c", "must be a text" },
	{ "{\"name\":\"me\",\"on\":0}", "wrong_type", "/on", "true or false" },
	{ "{\"name\":\"me\",\"on\":\"true\"}", "wrong_type", "/on", "true or false" },
	{ "{\"name\":\"me\",\"count\":\"1\"}", "wrong_type", "/count", "whole number" },
	{ "{\"name\":\"me\",\"count\":1.0}", "wrong_type", "/count", "whole number" },
	{ "{\"name\":\"me\",\"count\":-1}", "out_of_range", "/count", "from 0 to 4294967295" },
	{ "{\"name\":\"me\",\"count\":4294967296}", "out_of_range", "/count", "from 0 to 4294967295" },
	{ "{\"name\":\"me\",\"small\":1}", "out_of_range", "/small", "from 2 to 9" },
	{ "{\"name\":\"me\",\"small\":10}", "out_of_range", "/small", "from 2 to 9" },
	{ "{\"name\":\"me\",\"balance\":-101}", "out_of_range", "/balance", "from -100 to 100" },
	{ "{\"name\":\"me\",\"balance\":101}", "out_of_range", "/balance", "from -100 to 100" },
	{ "{\"name\":\"me\",\"steamId\":76561197960265728}", "wrong_type", "/steamId", "as a decimal text" },
	{ "{\"name\":\"me\",\"steamId\":\"\"}", "malformed", "/steamId", "as a decimal text" },
	{ "{\"name\":\"me\",\"steamId\":\"-1\"}", "malformed", "/steamId", "as a decimal text" },
	{ "{\"name\":\"me\",\"steamId\":\"0x10\"}", "malformed", "/steamId", "as a decimal text" },
	{ "{\"name\":\"me\",\"steamId\":\" 1\"}", "malformed", "/steamId", "as a decimal text" },
	{ "{\"name\":\"me\",\"steamId\":\"18446744073709551616\"}", "malformed", "/steamId", "as a decimal text" },
	{ "{\"name\":\"me\",\"at\":\"yesterday\"}", "malformed", "/at", "RFC 3339" },
	{ "{\"name\":\"me\",\"at\":1}", "wrong_type", "/at", "RFC 3339" },
	{ "{\"name\":\"me\",\"color\":\"Blue\"}", "not_one_of", "/color", "one of: red, green, blue" },
	{ "{\"name\":\"me\",\"color\":2}", "wrong_type", "/color", "one of: red, green, blue" },
	{ "{\"name\":\"me\",\"inner\":[]}", "wrong_type", "/inner", "must be an object" },
	{ "{\"name\":\"me\",\"inner\":{\"depht\":1}}", "unknown_field", "/inner/depht", "did you mean \"depth\"?" },
	{ "{\"name\":\"me\",\"inner\":{\"depth\":\"1\"}}", "wrong_type", "/inner/depth", "whole number" },
	{ "{\"name\":\"me\",\"labels\":[]}", "wrong_type", "/labels", "whose values are texts" },
	{ "{\"name\":\"me\",\"labels\":{\"a\":\"b\",\"k\":1}}", "wrong_type", "/labels/k", "must be a text" },
	{ "{\"name\":\"me\",\"words\":\"one\"}", "wrong_type", "/words", "must be a list" },
	{ "{\"name\":\"me\",\"words\":[\"1\",\"2\",\"3\",\"4\"]}", "out_of_range", "/words", "from 0 to 3 items" },
	{ "{\"name\":\"me\",\"words\":[\"1\",null]}", "wrong_type", "/words/1", "must be a text" },
	{ "{\"name\":\"me\",\"ids\":[0,1,-2]}", "out_of_range", "/ids/2", "from 0" },
	{ "{\"name\":\"me\",\"inners\":[{\"word\":\"a\"},{}]}", "required", "/inners/1/word", "is required" },
	{ "{\"name\":\"me\",\"inners\":[{\"word\":\"a\"},1]}", "wrong_type", "/inners/1", "must be an object" },
	{ "{\"name\":\"me\",\"inners\":[{\"word\":\"a\",\"x\":1}]}", "unknown_field", "/inners/0/x",
		"no such field" },
};

static void every_problem(void)
{
	char want[FAULT_TEXT_MAX];

	for (size_t i = 0; i < sizeof(problems) / sizeof(*problems); i++) {
		struct field_reader r = { 0 };
		struct every e = { 0 };
		CHECK(decode(&r, problems[i].body, &e) == RC_INVALID && r.problems_n == 1);
		CHECK_STR(r.problems[0].code, problems[i].code);
		CHECK_STR(r.problems[0].pointer, problems[i].pointer);
		if (!strstr(r.problems[0].detail, problems[i].says))
			CHECK_STR(r.problems[0].detail, problems[i].says);
		snprintf(want, sizeof(want), "%s: %s", *problems[i].pointer ? problems[i].pointer : "the body",
			r.problems[0].detail);
		CHECK_STR(fault.text, want);
		CHECK(fault.rc == RC_INVALID);
	}
}

static void all_problems_at_once(void)
{
	struct field_reader r = { 0 };
	struct every e = { 0 };

	CHECK(decode(&r, "{\"on\":1,\"count\":-1,\"at\":2,\"name\":\"x\",\"inner\":{\"depth\":-1,\"nope\":1}}",
		      &e) == RC_INVALID);
	CHECK(r.problems_n == 6);
	CHECK_STR(fault.text, "/on: must be true or false");
	CHECK_STR(r.problems[5].pointer, "/inner/nope");

	/* More than there is room for: the first ones stay. */
	struct buf b = { 0 };
	buf_str(&b, "{\"name\":\"me\"");
	for (int i = 0; i < 3 * FIELD_PROBLEMS_MAX; i++)
		buf_fmt(&b, ",\"unknown%d\":1", i);
	buf_str(&b, "}");
	CHECK(decode(&r, buf_text(&b), &e) == RC_INVALID && r.problems_n == FIELD_PROBLEMS_MAX);
	CHECK_STR(r.problems[FIELD_PROBLEMS_MAX - 1].pointer, "/unknown31");
	buf_done(&b);

	/* The caller's own check adds to them. */
	r.problems_n = 0;
	CHECK(field_json_problem(&r, "/targets/3", "unknown_account", "there is no such account") == RC_INVALID);
	CHECK(r.problems_n == 1);
	CHECK_STR(r.problems[0].pointer, "/targets/3");
	CHECK_STR(r.problems[0].code, "unknown_account");
	CHECK_STR(r.problems[0].detail, "there is no such account");

	/* A new decoding begins without the old one's problems. */
	CHECK(decode(&r, "{\"name\":\"me\"}", &e) == RC_OK && r.problems_n == 0);
}

static uint64_t bit(const char *name)
{
	const struct field *row = field_find(every_fields, name);
	CHECK(row);
	return 1ull << (row - every_fields);
}

static void merge_patch(void)
{
	struct field_reader r = { .partial = true };
	struct every e = decoded(FULL), before = e;

	CHECK(decode(&r, "{}", &e) == RC_OK && r.given == 0 && !memcmp(&e, &before, sizeof(e)));
	CHECK(decode(&r, "{\"count\":7,\"inner\":{\"depth\":9}}", &e) == RC_OK);
	CHECK(r.given == (bit("count") | bit("inner")));
	CHECK(e.count == 7 && e.inner.depth == 9 && e.inner.word == before.inner.word && e.name == before.name);
	CHECK(e.labels.n == 2 && e.small == 9);

	/* null: back to the default. */
	CHECK(decode(&r, "{\"small\":null,\"at\":null,\"a/b~c\":null,\"inner\":null,\"labels\":null,\"ids\":null}",
		      &e) == RC_OK);
	CHECK(r.given == (bit("small") | bit("at") | bit("a/b~c") | bit("inner") | bit("labels") | bit("ids")));
	CHECK(e.small == 5 && e.at == 0 && e.inner.depth == 3 && !e.inner.word && e.labels.n == 0 && e.ids.n == 0);
	CHECK_STR(e.note, "none");
	CHECK(decode(&r, "{\"name\":null}", &e) == RC_INVALID && decode(&r, "{\"words\":null}", &e) == RC_INVALID);
	CHECK(decode(&r, "{\"version\":3}", &e) == RC_INVALID && decode(&r, "{\"nope\":3}", &e) == RC_INVALID);

	/* A list is replaced whole: its items are new, have defaults, and lack nothing. */
	CHECK(decode(&r, "{\"inners\":[{\"word\":\"new\"}],\"words\":[]}", &e) == RC_OK);
	CHECK(e.inners.n == 1 && ((struct every_inner *)e.inners.at)->depth == 7 && e.words.n == 0);
	CHECK(decode(&r, "{\"inners\":[{\"depth\":1}]}", &e) == RC_INVALID);
	CHECK_STR(r.problems[0].pointer, "/inners/0/word");
	CHECK(r.partial);
	CHECK(decode(&r, "{\"inners\":[{\"word\":\"w\"}],\"inner\":{\"word\":\"stays\"}}", &e) == RC_OK);
	CHECK(decode(&r, "{\"inner\":{\"depth\":4}}", &e) == RC_OK);
	CHECK_STR(e.inner.word, "stays");

	/* Without a patch null is the default too, and `given` counts in the same way. */
	struct field_reader whole = { 0 };
	CHECK(decode(&whole, "{\"name\":\"me\",\"small\":null}", &e) == RC_OK && e.small == 5 && e.count == 0);
	CHECK(whole.given == (bit("name") | bit("small")));
}

static void lenient(void)
{
	struct field_reader r = { .lenient = true };
	struct every e = { 0 };

	CHECK(decode(&r, "{\"name\":\"me\",\"future\":{\"x\":1},\"inner\":{\"y\":2,\"depth\":6}}", &e) == RC_OK);
	CHECK(e.inner.depth == 6);
	CHECK(decode(&r, "{\"name\":\"me\",\"count\":-1}", &e) == RC_INVALID); /* of what it knows it is strict */
	CHECK(decode(&r, "{\"future\":1}", &e) == RC_INVALID);
}

static char *of_members(struct buf *b, const char *open, int n, const char *fmt, const char *close)
{
	b->n = 0;
	buf_str(b, open);
	for (int i = 0; i < n; i++) {
		char one[128];
		snprintf(one, sizeof(one), fmt, i);
		buf_fmt(b, "%s%s", i ? "," : "", one);
	}
	buf_str(b, close);
	CHECK(*buf_text(b));
	return (char *)b->p;
}

#define MAP(n)  of_members(&b, "{\"name\":\"me\",\"labels\":{", n, "\"k%d\":\"v\"", "}}")
#define LIST(n) of_members(&b, "{\"name\":\"me\",\"ids\":[", n, "%d", "]}")

static void limits(void)
{
	struct field_reader r = { 0 };
	struct every e = { 0 };
	struct buf b = { 0 };
	char text[1000];

	CHECK(decode(&r, MAP(FIELD_PAIRS_MAX), &e) == RC_OK && e.labels.n == FIELD_PAIRS_MAX);
	CHECK_STR(((struct field_pair *)e.labels.at)[63].key, "k63");
	CHECK(decode(&r, MAP(FIELD_PAIRS_MAX + 1), &e) == RC_INVALID && r.problems_n == 1);
	CHECK_STR(r.problems[0].code, "too_long");
	CHECK_STR(r.problems[0].detail, "must have at most 64 members");
	snprintf(text, sizeof(text), "{\"name\":\"me\",\"labels\":{\"%064d\":\"%0256d\"}}", 0, 0);
	CHECK(decode(&r, text, &e) == RC_OK);
	snprintf(text, sizeof(text), "{\"name\":\"me\",\"labels\":{\"%065d\":\"\"}}", 0);
	CHECK(decode(&r, text, &e) == RC_INVALID && !strcmp(r.problems[0].code, "too_long"));
	snprintf(text, sizeof(text), "{\"name\":\"me\",\"labels\":{\"\":\"%0257d\"}}", 0);
	CHECK(decode(&r, text, &e) == RC_INVALID && !strcmp(r.problems[0].code, "too_long"));

	CHECK(decode(&r, LIST(FIELD_LIST_MAX_DEFAULT), &e) == RC_OK && e.ids.n == FIELD_LIST_MAX_DEFAULT);
	CHECK(((uint32_t *)e.ids.at)[FIELD_LIST_MAX_DEFAULT - 1] == FIELD_LIST_MAX_DEFAULT - 1);
	CHECK(decode(&r, LIST(FIELD_LIST_MAX_DEFAULT + 1), &e) == RC_INVALID);
	CHECK_STR(r.problems[0].detail, "must have from 0 to 10000 items");
	buf_done(&b);

	struct buf body = { 0 };
	for (int more = 0; more < 2; more++) { /* a text whose row names no max */
		body.n = 0;
		buf_fmt(&body, "{\"name\":\"me\",\"a/b~c\":\"%0*d\"}", FIELD_STR_MAX_DEFAULT + more, 0);
		CHECK(decode(&r, buf_text(&body), &e) == (more ? RC_INVALID : RC_OK));
	}
	buf_done(&body);
}

/* However little the arena gives, it is an error and never a struct with holes. */
static void arena_limit(void)
{
	auto_json json_t *good = NULL, *bad = NULL;
	bool enough = false;

	CHECK(json_read(FULL, strlen(FULL), &good, NULL) == RC_OK);
	CHECK(json_read("{\"name\":7}", 10, &bad, NULL) == RC_OK);
	for (size_t limit = 1; limit < 2000; limit++) {
		struct arena a = { .limit = limit };
		struct field_reader r = { .arena = &a };
		struct every e = { 0 };
		enum rc rc = field_json_decode(every_fields, good, &r, &e, &fault);
		CHECK(rc == RC_OK || (rc == RC_NOMEM && fault.rc == rc && !enough));
		enough |= rc == RC_OK;
		if (rc == RC_OK)
			encodes_to(&e, FULL);
		arena_reset(&a);
		rc = field_json_decode(every_fields, bad, &r, &e, NULL);
		CHECK(rc == RC_NOMEM || (rc == RC_INVALID && r.problems_n == 1 && r.problems[0].detail));
		arena_reset(&a);
		const char *word = NULL;
		rc = field_json_text(field_find(every_fields, "name"), "a word", &a, &word, &fault);
		CHECK(rc == RC_NOMEM || (rc == RC_OK && word));
		arena_done(&a);
	}
	CHECK(enough);

	/* A reader that had too little can be used again. */
	struct arena a = { .limit = 8 };
	struct field_reader r = { .arena = &a };
	struct every e = { 0 };
	CHECK(field_json_decode(every_fields, good, &r, &e, NULL) == RC_NOMEM);
	a.limit = 0;
	CHECK(field_json_decode(every_fields, good, &r, &e, NULL) == RC_OK);
	arena_done(&a);
}

static enum rc text_of(const char *name, const char *text, void *to)
{
	return field_json_text(field_find(every_fields, name), text, &arena, to, &fault);
}

static void from_text(void)
{
	struct every e = { 0 };

	CHECK(text_of("on", "true", &e.on) == RC_OK && e.on);
	CHECK(text_of("count", "4294967295", &e.count) == RC_OK && e.count == UINT32_MAX);
	CHECK(text_of("number", "-5", &e.number) == RC_OK && e.number == -5);
	CHECK(text_of("steamId", "76561197960265728", &e.steam_id) == RC_OK && e.steam_id == 76561197960265728);
	errno = ERANGE; /* of another call */
	CHECK(text_of("steamId", "0", &e.steam_id) == RC_OK && e.steam_id == 0);
	CHECK(text_of("steamId", "9", &e.steam_id) == RC_OK && e.steam_id == 9);
	CHECK(text_of("steamId", "18446744073709551615", &e.steam_id) == RC_OK && e.steam_id == UINT64_MAX);
	CHECK(text_of("at", "1970-01-01T00:00:01Z", &e.at) == RC_OK && e.at == 1000);
	CHECK(text_of("name", "7 dwarfs", &e.name) == RC_OK);
	CHECK_STR(e.name, "7 dwarfs");
	CHECK(text_of("color", "blue", &e.color) == RC_OK && e.color == EVERY_BLUE);
	CHECK(text_of("json", "{ \"b\" : 1, \"a\" : 2 }", &e.json) == RC_OK);
	CHECK_STR(e.json, "{\"b\":1,\"a\":2}"); /* in the order in which it came */
	CHECK(text_of("ids", "[1,2]", &e.ids) == RC_OK && e.ids.n == 2);
	CHECK(text_of("inner", "{\"depth\":4}", &e.inner) == RC_OK && e.inner.depth == 4);

	const struct {
		const char *name, *text, *says;
	} bad[] = { { "on", "yes", "on: \"yes\" is not a value of its type" },
		{ "on", "", "on: \"\" is not a value of its type" }, { "on", "1", "on: must be true or false" },
		{ "count", "eight", "count: \"eight\" is not a value of its type" },
		{ "count", "-1", "count: must be from 0 to 4294967295" },
		{ "small", "10", "small: must be from 2 to 9" },
		{ "name", "x", "name: must have at least 2 bytes" }, { "name", "bad \xff", "name: is not UTF-8" },
		{ "color", "pink", "color: must be one of: red, green, blue" },
		{ "steamId", "1x",
			"steamId: must be a 64-bit number as a decimal text, such as \"76561197960265728\"" } };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		uint64_t room[8] = { 0 };
		CHECK(text_of(bad[i].name, bad[i].text, room) == RC_INVALID && fault.rc == RC_INVALID);
		CHECK_STR(fault.text, bad[i].says);
	}
}

/* A row that names one bound has the type's own, or 0, at the other end. */
static void one_bound(void)
{
	const struct field most = { .name = "n", .type = FIELD_I64, .max = 10 },
			   least = { .name = "n", .type = FIELD_I64, .min = 10 },
			   least_u32 = { .name = "n", .type = FIELD_U32, .min = 10 };
	const struct {
		const struct field *row;
		const char *text;
		enum rc rc;
	} all[] = { { &most, "0", RC_OK }, { &most, "10", RC_OK }, { &most, "-1", RC_INVALID },
		{ &most, "11", RC_INVALID }, { &least, "10", RC_OK }, { &least, "9", RC_INVALID },
		{ &least, "9223372036854775807", RC_OK }, { &least_u32, "9", RC_INVALID },
		{ &least_u32, "4294967295", RC_OK }, { &least_u32, "4294967296", RC_INVALID } };
	int64_t room = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		CHECK(field_json_text(all[i].row, all[i].text, &arena, &room, NULL) == all[i].rc);
}

static json_t *schema(bool answer)
{
	struct buf b = { 0 };
	json_t *j = NULL;
	field_json_schema(every_fields, answer, &b);
	CHECK(json_read((char *)b.p, b.n, &j, &fault) == RC_OK);
	buf_done(&b);
	return j;
}

static bool requires(const json_t *schema_of, const char *name)
{
	const json_t *all = json_object_get(schema_of, "required");
	for (size_t i = 0; i < json_array_size(all); i++)
		if (!strcmp(json_string_value(json_array_get(all, i)), name))
			return true;
	return false;
}

/* The text at a path of members below the schema: "properties/small/minimum". */
static const char *at(json_t *j, const char *path)
{
	static char text[200];
	char step[100];

	while (*path) {
		size_t n = strcspn(path, "|");
		snprintf(step, sizeof(step), "%.*s", (int)n, path);
		j = json_object_get(j, step);
		path += n + (path[n] == '|');
	}
	struct buf b = { 0 };
	if (j)
		CHECK(json_put(&b, j, false) == RC_OK);
	snprintf(text, sizeof(text), "%s", buf_text(&b));
	buf_done(&b);
	return text;
}

static void schemas(void)
{
	auto_json json_t *in = schema(false), *out = schema(true);
	const json_t *in_props = json_object_get(in, "properties"), *out_props = json_object_get(out, "properties");

	for (const struct field *row = every_fields; row->type != FIELD_END; row++) {
		CHECK(!json_object_get(in_props, row->name) == !!(row->flags & FIELD_READONLY));
		CHECK(json_object_get(out_props, row->name));
		CHECK(requires(in, row->name) == !!(row->flags & FIELD_REQUIRED));
		CHECK(requires(out, row->name) == !(row->flags & FIELD_OMIT));
		CHECK_STR(json_string_value(json_object_get(json_object_get(out_props, row->name), "description")),
			row->doc);
	}
	const struct {
		const char *path, *is;
	} asked[] = { { "type", "\"object\"" }, { "additionalProperties", "false" },
		{ "properties|on|type", "\"boolean\"" }, { "properties|on|default", "true" },
		{ "properties|count|type", "\"integer\"" }, { "properties|count|minimum", "" },
		{ "properties|count|default", "" }, { "properties|color|default", "" },
		{ "properties|json|x-any", "true" }, { "properties|off|default", "false" },
		{ "properties|number|default", "-7" }, { "properties|small|minimum", "2" },
		{ "properties|small|maximum", "9" }, { "properties|small|default", "5" },
		{ "properties|balance|minimum", "-100" }, { "properties|name|minLength", "2" },
		{ "properties|name|maxLength", "20" }, { "properties|name|type", "\"string\"" },
		{ "properties|name|default", "" }, { "properties|steamId|pattern", "\"^[0-9]{1,20}$\"" },
		{ "properties|at|format", "\"date-time\"" },
		{ "properties|color|enum", "[\"red\",\"green\",\"blue\"]" },
		{ "properties|inner|properties|depth|default", "3" },
		{ "properties|inner|additionalProperties", "false" },
		{ "properties|labels|additionalProperties|type", "\"string\"" },
		{ "properties|words|maxItems", "3" }, { "properties|words|items|type", "\"string\"" },
		{ "properties|inners|items|required", "[\"word\"]" } };
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		CHECK_STR(at(in, asked[i].path), asked[i].is);
	CHECK_STR(at(out, "properties|name|type"), "[\"string\",\"null\"]");
	CHECK_STR(at(out, "properties|at|type"), "[\"string\",\"null\"]");
	CHECK_STR(at(out, "properties|small|minimum"), "");
	CHECK_STR(at(out, "properties|small|default"), "");
	CHECK_STR(at(out, "additionalProperties"), "");
	CHECK_STR(at(out, "properties|words|maxItems"), "");
	CHECK_STR(at(out, "properties|inners|items|properties|depth|type"), "\"integer\"");
}

int main(void)
{
	every_type_and_back();
	defaults_and_omitted();
	every_problem();
	all_problems_at_once();
	merge_patch();
	lenient();
	limits();
	arena_limit();
	from_text();
	one_bound();
	schemas();
	arena_done(&arena);
	return 0;
}
