#include "base/utf8.h"

#include <stdbool.h>

#include "tests/unit/check.h"

/* The table 3-7 of Unicode, told for every code point: it has one form, and that form alone is one. */
static void every_code_point(void)
{
	for (uint32_t c = 0; c < 0x110000; c++) {
		uint8_t p[4];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		for (size_t i = n - 1; i > 0; i--)
			p[i] = (uint8_t)(0x80 | (c >> 6 * (n - 1 - i) & 0x3F));
		p[0] = (uint8_t)(n == 1 ? c : (0xF00u >> n & 0xFFu) | c >> 6 * (n - 1));
		bool surrogate = c >= 0xD800 && c < 0xE000;
		CHECK(utf8_len(p, n) == (surrogate ? 0 : n));
		CHECK(n == 1 || utf8_len(p, n - 1) == 0);
	}
}

/* Of all pairs of bytes: which start a character, and which are a whole one. */
static void every_pair(void)
{
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			const uint8_t p[] = { (uint8_t)a, (uint8_t)b };
			size_t want = a < 0x80 ? 1 : a >= 0xC2 && a <= 0xDF && b >= 0x80 && b <= 0xBF ? 2 : 0;
			CHECK(utf8_len(p, 2) == want);
		}
}

int main(void)
{
	const char *const none[] = { "\xC0\x80", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
		"\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
		"\xF8\x88\x80\x80\x80", "\xFF", "\xFE", "\x80", "\xBF", "\xE2\x28\xA1", "\xE2\x82\x28",
		"\xF0\x90\x28\xBC", "\xF0\x90\x8C\x28" };

	every_code_point();
	every_pair();
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		CHECK(utf8_len((const uint8_t *)none[i], strlen(none[i])) == 0);
	return 0;
}
