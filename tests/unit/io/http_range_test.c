#include "io/http_range.h"
#include "tests/unit/check.h"

#include <stddef.h>

static void is(const char *range, uint64_t size, enum http_range want, uint64_t want_from, uint64_t want_n)
{
	const struct http_range_ask ask = { .range = range, .etag = "\"e\"", .size = size };
	uint64_t from = 99, n = 99;
	enum http_range got = http_range_of(&ask, &from, &n);

	if (got != want || from != want_from || n != want_n)
		fprintf(stderr, "%s of %llu\n", range ? range : "(none)", (unsigned long long)size);
	CHECK(got == want && from == want_from && n == want_n);
}

static enum http_range with(const char *range, const char *if_range, const char *if_none_match)
{
	const struct http_range_ask ask = {
		.range = range, .if_range = if_range, .if_none_match = if_none_match, .etag = "\"e\"", .size = 10
	};
	uint64_t from, n;

	return http_range_of(&ask, &from, &n);
}

int main(void)
{
	is(NULL, 10, HTTP_RANGE_WHOLE, 0, 10);
	is("bytes=0-0", 10, HTTP_RANGE_PART, 0, 1);
	is("bytes=0-9", 10, HTTP_RANGE_PART, 0, 10);
	is("bytes=3-", 10, HTTP_RANGE_PART, 3, 7);
	is("bytes=3-99", 10, HTTP_RANGE_PART, 3, 7);
	is("bytes=9-9", 10, HTTP_RANGE_PART, 9, 1);
	is("Bytes= 9-9 ", 10, HTTP_RANGE_PART, 9, 1);
	is("bytes=-4", 10, HTTP_RANGE_PART, 6, 4);
	is("bytes=-40", 10, HTTP_RANGE_PART, 0, 10);
	is("bytes=18446744073709551614-18446744073709551615", UINT64_MAX, HTTP_RANGE_PART, UINT64_MAX - 1, 1);
	is("bytes=10-", 10, HTTP_RANGE_NONE, 0, 0);
	is("bytes=-0", 10, HTTP_RANGE_NONE, 0, 0);
	is("bytes=0-", 0, HTTP_RANGE_NONE, 0, 0);
	is("bytes=-1", 0, HTTP_RANGE_NONE, 0, 0);
	static const char *const none[] = { "", "bytes", "bytes=", "bytes=-", "bytes=5", "bytes=5-4", "bytes=a-",
		"bytes=1-b", "bytes=0-1,2-3", "bytes=--1", "bytes=+1-", "bytes=1 -2", "items=0-1",
		"bytes=18446744073709551616-", "bytes=-18446744073709551616", "bytes=0-18446744073709551616" };
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		is(none[i], 10, HTTP_RANGE_WHOLE, 0, 10);

	CHECK(with("bytes=1-2", "\"e\"", NULL) == HTTP_RANGE_PART);
	CHECK(with("bytes=1-2", "W/\"e\"", NULL) == HTTP_RANGE_WHOLE); /* compared strongly */
	CHECK(with("bytes=1-2", "\"f\"", NULL) == HTTP_RANGE_WHOLE);
	CHECK(with("bytes=1-2", NULL, "\"e\"") == HTTP_RANGE_SAME);
	CHECK(with(NULL, NULL, "\"x\", W/\"e\"") == HTTP_RANGE_SAME);
	CHECK(with(NULL, NULL, "\"x\",\"e\"") == HTTP_RANGE_SAME);
	CHECK(with(NULL, NULL, " * ") == HTTP_RANGE_SAME);
	CHECK(with(NULL, NULL, "\"x, \"e\"") == HTTP_RANGE_WHOLE);
	CHECK(with(NULL, NULL, "e") == HTTP_RANGE_WHOLE);
	CHECK(with(NULL, NULL, "\"ee\"") == HTTP_RANGE_WHOLE);
	CHECK(with(NULL, NULL, "") == HTTP_RANGE_WHOLE);
	return 0;
}
