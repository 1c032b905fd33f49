/* Errors of chunks: each has its word, and what is told again is not counted again. */
#include "model/chunk_error.h"

#include "tests/unit/check.h"

#include <string.h>

/* As JSON spells the words of metrics. */
static void camel(const char *word, char ret[static 32])
{
	bool up = false;

	for (; *word; word++) {
		if (*word != '_')
			*ret++ = up && *word >= 'a' && *word <= 'z' ? (char)(*word - 32) : *word;
		up = *word == '_';
	}
	*ret = 0;
}

int main(void)
{
	static const struct {
		int status;
		const char *word;
	} known[] = { { 401, "http_401" }, { 403, "http_403" }, { 404, "http_404" }, { 410, "http_404" },
		{ 429, "http_429" }, { 500, "http_5xx" }, { 599, "http_5xx" }, { 600, "http_other" },
		{ 302, "http_other" }, { 0, "http_other" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		CHECK_STR(chunk_error_words[chunk_error_of_status(known[i].status)], known[i].word);
	CHECK_STR(chunk_error_words[chunk_error_of_rc(RC_TIMEOUT)], "timeout");
	CHECK_STR(chunk_error_words[chunk_error_of_rc(RC_AWAY)], "connect");
	CHECK_STR(chunk_error_words[chunk_error_of_rc(RC_TOO_LARGE)], "bad_hash");
	CHECK(field_count(chunk_error_fields) == CHUNK_ERROR_KINDS && !chunk_error_words[CHUNK_ERROR_KINDS]);
	for (size_t i = 0; i < CHUNK_ERROR_KINDS; i++) {
		char name[32];
		camel(chunk_error_words[i], name);
		CHECK_STR(chunk_error_fields[i].name, name);
		CHECK(chunk_error_fields[i].at == i * sizeof(uint32_t));
	}

	static const uint32_t none[CHUNK_ERROR_KINDS], a[CHUNK_ERROR_KINDS] = { 2, 0, 0, 5 },
						       b[CHUNK_ERROR_KINDS] = { 3, 0, 0, 5 },
						       other[CHUNK_ERROR_KINDS] = { 9, 0, 0, 1 };
	uint32_t more[CHUNK_ERROR_KINDS];
	chunk_error_since(none, a, more);
	CHECK(memcmp(more, a, sizeof(a)) == 0);
	chunk_error_since(a, a, more);
	CHECK(memcmp(more, none, sizeof(none)) == 0);
	chunk_error_since(a, b, more);
	CHECK(more[CHUNK_ERROR_BAD_HASH] == 1 && more[CHUNK_ERROR_403] == 0);
	chunk_error_since(b, other, more); /* another run: all of it is new */
	CHECK(memcmp(more, other, sizeof(other)) == 0);
	return 0;
}
