#include "base/utf8.h"

/* How many bytes a character has that begins so; 0: none begins so. */
static size_t length_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xC2 || first > 0xF4)
		return 0;
	return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* Some second bytes make a character that a shorter form has, a surrogate, or one past the last. */
static bool is_second(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xE0:
		return second >= 0xA0;
	case 0xED:
		return second <= 0x9F;
	case 0xF0:
		return second >= 0x90;
	case 0xF4:
		return second <= 0x8F;
	default:
		return true;
	}
}

size_t utf8_len(const uint8_t *p, size_t n)
{
	size_t k = n ? length_of(p[0]) : 0;

	if (k == 0 || k > n || (k > 1 && !is_second(p[0], p[1])))
		return 0;
	for (size_t i = 1; i < k; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return k;
}
