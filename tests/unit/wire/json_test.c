#include "wire/json.h"

#include "tests/unit/check.h"

#include <jansson.h>

static char why[FAULT_TEXT_MAX];

static bool reads(const char *p, size_t n)
{
	struct fault f = { 0 };
	json_t *j = NULL;
	enum rc rc = json_read(p, n, &j, &f);

	CHECK(rc == RC_OK ? j != NULL : rc == RC_MALFORMED && f.rc == rc && *f.text && !j);
	snprintf(why, sizeof(why), "%s", f.text);
	json_drop(j);
	return rc == RC_OK;
}

static bool reads_text(const char *s) { return reads(s, strlen(s)); }

/* Read and written again: as it was, or sorted by name. */
static void back_is(const char *s, bool sorted, const char *want)
{
	auto_json json_t *j = NULL;
	struct buf b = { 0 };

	CHECK(json_read(s, strlen(s), &j, NULL) == RC_OK);
	CHECK(json_put(&b, j, sorted) == RC_OK);
	CHECK_STR(buf_text(&b), want);
	buf_done(&b);
}

static void values(void)
{
	const char *const good[] = { "null", "true", "0", "-1", "1.5", "1e3", "\"\"", "[]", "{}",
		" { \"a\" : [ 1 , 2 ] } \n", "9223372036854775807", "-9223372036854775808",
		"\"\\u00e9\\ud834\\udd1e\"", "\"\xf4\x8f\xbf\xbf\"" };
	const char *const bad[] = { "", " ", "nul", "tru", "01", "+1", "1.", ".5", "1e", "'a'", "\"a", "[1,]", "[1",
		"{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "1 2", "[] []", "{} x", "\"\t\"", "\"\n\"",
		"\"\\x41\"", "\"\\u12\"", "\"\\ud834\"", "\"\\udd1e\"", "\"\\u0000\"", "NaN", "Infinity", "/* */ 1",
		"]", "}", "9223372036854775808", "-9223372036854775809", "1e999" };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(reads_text(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!reads_text(bad[i]));
	CHECK(!reads("{}\0", 3));
	CHECK(!reads_text(""));
	CHECK_STR(why, "the body is empty; a JSON value was expected");
	CHECK(!reads_text("{\n \"a\": 1,\n b }"));
	CHECK(strstr(why, "line 3"));
}

static void duplicates(void)
{
	CHECK(!reads_text("{\"a\":1,\"a\":1}") && strstr(why, "uplicate"));
	CHECK(!reads_text("[{\"x\":{\"a\":1,\"b\":2,\"\\u0061\":3}}]"));
	CHECK(reads_text("{\"a\":1,\"A\":1,\"b\":{\"a\":1}}"));
}

static void bad_utf8_in(void)
{
	const char *const bad[] = { "\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xe2\x82\"",
		"\"\xf4\x90\x80\x80\"", "{\"\x80\":1}", "\xef\xbb\xbf{}" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!reads_text(bad[i]));
}

static void nested(char *to, int depth, const char *open, const char *close)
{
	*to = 0;
	for (int i = 0; i < depth; i++)
		to = stpcpy(to, open);
	for (int i = 0; i < depth; i++)
		to = stpcpy(to, close);
}

static void depth(void)
{
	static char text[2000000];

	nested(text, JSON_DEPTH_MAX, "[", "]");
	CHECK(reads_text(text));
	nested(text, JSON_DEPTH_MAX + 1, "[", "]");
	CHECK(!reads_text(text));
	CHECK_STR(why, "the JSON is nested more than 64 deep");
	nested(text, 400000, "[", "]");
	CHECK(!reads_text(text) && strstr(why, "64 deep"));
	memset(text, '{', sizeof(text));
	CHECK(!reads(text, sizeof(text)));
	const char *const wraps[][2] = { { "[1,", "]" }, { "{\"a\":", "}" }, { "[\"]]}}\",", "]" },
		{ "[{\"a}\":", "}]" } };
	for (size_t i = 0; i < sizeof(wraps) / sizeof(*wraps); i++) {
		int most = i == 3 ? JSON_DEPTH_MAX / 2 : JSON_DEPTH_MAX;
		for (int more = -1; more < 2; more++) {
			nested(text, most + more, wraps[i][0], "");
			strcat(text, i == 2 || i == 0 ? "0" : "null");
			for (int k = 0; k < most + more; k++)
				strcat(text, wraps[i][1]);
			CHECK(reads_text(text) == (more <= 0));
		}
	}
	/* Many values beside each other are not deep, and brackets within texts are none. */
	snprintf(text, sizeof(text), "[%0*d]", 1000, 0);
	size_t n = 0;
	for (int i = 0; i < 1000; i++)
		n += (size_t)sprintf(text + n, "%s[{\"\\\"[\\\\\":\"[[{\\\"[[\"}]", i ? "," : "[");
	strcpy(text + n, "]");
	CHECK(reads_text(text));
	nested(text, JSON_DEPTH_MAX - 1, "[", "]");
	memmove(text + 20, text, strlen(text) + 1);
	memcpy(text, "[\"\\\\\\\"[[[[[[[[[[[[\", ", 20); /* its quote is escaped */
	strcat(text, "]");
	CHECK(reads_text(text));
}

static void string_is(const char *s, size_t n, const char *want)
{
	struct buf b = { 0 };
	json_put_strn(&b, s, n);
	CHECK_STR(buf_text(&b), want);
	CHECK(reads((char *)b.p, b.n) || memchr(s, 0, n));
	buf_done(&b);
}

static void strings_out(void)
{
	struct buf b = { 0 };

	string_is("", 0, "\"\"");
	string_is(NULL, 0, "\"\"");
	string_is("plain ASCII /~", 14, "\"plain ASCII /~\"");
	string_is("\"\\\b\f\n\r\t", 7, "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
	string_is("\x01\x1f\x7f\0z", 5, "\"\\u0001\\u001f\\u007f\\u0000z\"");
	string_is("h\xc3\xa9 \xe2\x98\x83 \xf0\x9d\x84\x9e", 12, "\"h\xc3\xa9 \xe2\x98\x83 \xf0\x9d\x84\x9e\"");
	string_is("a\xff"
		  "b\xc3",
		4,
		"\"a\xEF\xBF\xBD"
		"b\xEF\xBF\xBD\"");
	string_is("\x80\xbf", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
	string_is("\xe2\x98\x83", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""); /* cut within a character */
	string_is("\xed\xa0\x80x", 4, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx\"");
	json_put_str(&b, NULL);
	json_put_str(&b, "x");
	CHECK_STR(buf_text(&b), "null\"x\"");
	buf_done(&b);
}

/* Whatever the bytes are, what is written is a JSON text. */
static void any_bytes_out(void)
{
	uint32_t x = 1;
	for (int round = 0; round < 20000; round++) {
		char p[12];
		struct buf b = { 0 };
		for (size_t i = 0; i < sizeof(p); i++) {
			x = x * 1664525u + 1013904223u;
			p[i] = (char)(x >> 24 | (round % 3 ? 0x80u : 1u));
		}
		json_put_strn(&b, p, sizeof(p));
		CHECK(reads((char *)b.p, b.n));
		buf_done(&b);
	}
}

static void values_out(void)
{
	const char *text = "{\"b\":[1,-2,true,null,\"\xc3\xa9\"],\"a\":{\"z\":9223372036854775807,\"y\":\"\\n\"}}";

	back_is(text, false, text);
	back_is(text, true,
		"{\"a\":{\"y\":\"\\n\",\"z\":9223372036854775807},\"b\":[1,-2,true,null,\"\xc3\xa9\"]}");
	back_is("  \"x\"", false, "\"x\"");
	back_is("1.5", false, "1.5");
	back_is(" [ ] ", true, "[]");

	auto_json json_t *j = json_true();
	struct buf b = { .bad = true };
	CHECK(json_put(&b, j, false) == RC_NOMEM);
	json_drop(NULL);
}

int main(void)
{
	values();
	duplicates();
	bad_utf8_in();
	depth();
	strings_out();
	any_bytes_out();
	values_out();
	return 0;
}
