#include "io/http_chunks.h"
#include "tests/unit/check.h"

/* In two pieces, cut at every place: the same end, the same body, the same number of bytes. */
static enum rc feed(const char *s, size_t cut, size_t max, struct buf *body, size_t *used)
{
	struct http_chunks c = { 0 };
	size_t n = strlen(s), first = 0;

	*used = 0;
	enum rc rc = http_chunks_feed(&c, (const uint8_t *)s, cut, body, max, &first);
	if (rc != RC_MORE) {
		*used = first;
		return rc;
	}
	rc = http_chunks_feed(&c, (const uint8_t *)s + cut, n - cut, body, max, used);
	*used += cut;
	return rc;
}

static void check(const char *s, size_t max, enum rc want, const char *body, size_t used)
{
	for (size_t cut = 0; cut <= strlen(s); cut++) {
		struct buf b = { 0 };
		size_t k;
		enum rc rc = feed(s, cut, max, &b, &k);
		if (rc != want)
			fprintf(stderr, "%s cut at %zu: %s\n", s, cut, rc_name(rc));
		CHECK(rc == want);
		if (rc == RC_OK) {
			CHECK_STR(buf_text(&b), body);
			CHECK(k == used);
		}
		buf_done(&b);
	}
}

int main(void)
{
	check("0\r\n\r\nnext", 100, RC_OK, "", 5);
	check("3\r\nabc\r\n0\r\n\r\nnext", 100, RC_OK, "abc", 13);
	check("3;e=\"1\"\r\nabc\r\n00b\r\nhello world\r\n0\r\nA: b\r\nC: d\r\n\r\nx", 14, RC_OK, "abchello world",
		49);
	check("aBc\r\n", 5000, RC_MORE, NULL, 0);
	check("4\r\nabcd\r\n0\r\n\r\n", 3, RC_TOO_LARGE, NULL, 0);
	check("2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", 3, RC_TOO_LARGE, NULL, 0);
	check("fffffffffffffff\r\n", 3, RC_TOO_LARGE, NULL, 0);
	check("\r\n", 100, RC_MALFORMED, NULL, 0);
	check("g\r\n", 100, RC_MALFORMED, NULL, 0);
	check("3\nabc", 100, RC_MALFORMED, NULL, 0);
	check("3 \r\nabc\r\n", 100, RC_MALFORMED, NULL, 0);
	check("3;x\n", 100, RC_MALFORMED, NULL, 0);
	check("3\r\nabcx", 100, RC_MALFORMED, NULL, 0);
	check("3\r\nabc\rx", 100, RC_MALFORMED, NULL, 0);
	check("0\r\n\n", 100, RC_MALFORMED, NULL, 0);
	check("0\r\nA: b\n", 100, RC_MALFORMED, NULL, 0);
	check("0\r\n\rx", 100, RC_MALFORMED, NULL, 0);
	check("0000000000000000\r\n", 100, RC_MALFORMED, NULL, 0);

	char *long_one = malloc(10000);
	memset(long_one, 'e', 9999);
	long_one[9999] = 0;
	memcpy(long_one, "1;", 2);
	struct buf b = { 0 };
	size_t used;
	CHECK(feed(long_one, 0, 100, &b, &used) == RC_TOO_LARGE);
	memcpy(long_one, "0\r\n", 3);
	CHECK(feed(long_one, 0, 100, &b, &used) == RC_TOO_LARGE);
	free(long_one);
	buf_done(&b);
	return 0;
}
