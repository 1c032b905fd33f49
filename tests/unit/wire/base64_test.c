#include "wire/base64.h"

#include "tests/unit/check.h"

/* RFC 4648, section 10. */
static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };

static void there_and_back(void)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct buf text = { 0 }, back = { 0 };
		base64_put(&text, pairs[i][0], strlen(pairs[i][0]));
		CHECK_STR(buf_text(&text), pairs[i][1]);
		CHECK(base64_get(pairs[i][1], strlen(pairs[i][1]), &back));
		CHECK_STR(buf_text(&back), pairs[i][0]);
		buf_done(&text);
		buf_done(&back);
	}
}

static bool reads(const char *s, bool url, const void *want, size_t n)
{
	struct buf got = { 0 };
	buf_u8(&got, 'x');
	bool read = url ? base64_get_url(s, strlen(s), &got) : base64_get(s, strlen(s), &got);
	CHECK(read || got.n == 1);
	bool same = read && got.n == n + 1 && !memcmp(got.p + 1, want, n);
	buf_done(&got);
	return same;
}

static void lenient(void)
{
	struct buf url = { 0 };

	CHECK(reads("Zm9v\r\nYg==\n", false, "foob", 4));
	CHECK(reads("Zm9vYg", false, "foob", 4));
	CHECK(reads("Zm9vYh==", false, "foob", 4)); /* bits after the end */
	CHECK(reads("+/+/", false, "\xfb\xff\xbf", 3) && !reads("+/+/", true, "\xfb\xff\xbf", 3));
	CHECK(reads("-_-_", true, "\xfb\xff\xbf", 3) && !reads("-_-_", false, "\xfb\xff\xbf", 3));
	base64_put_url(&url, "\xfb\xff\xbf\xfb", 4);
	CHECK_STR(buf_text(&url), "-_-_-w");
	buf_done(&url);
}

static void refused(void)
{
	static const char *const wrong[] = { "Z", "Zm9vY", "Zg=", "Zg===", "Z===", "Zg==Zg==", "Zm9v=", "Zm\x01v",
		"Zm9v*" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct buf got = { 0 };
		CHECK(!base64_get(wrong[i], strlen(wrong[i]), &got) && got.n == 0);
		buf_done(&got);
	}
}

int main(void)
{
	there_and_back();
	lenient();
	refused();
	return 0;
}
