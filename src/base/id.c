#include "base/id.h"

#include <assert.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void put(char *to, unsigned chars, uint64_t v)
{
	while (chars-- > 0) {
		to[chars] = alphabet[v & 31];
		v >>= 5;
	}
}

static uint64_t word(const uint8_t *p)
{
	uint64_t v = 0;
	for (int i = 0; i < 5; i++)
		v = v << 8 | p[i];
	return v;
}

void id_make(char ret[static ID_MAX], const char *prefix, int64_t now_ms, const uint8_t random[static ID_RANDOM])
{
	size_t n = strlen(prefix);
	assert(n <= 12);
	memcpy(ret, prefix, n);
	ret[n++] = '_';
	put(ret + n, 10, (uint64_t)now_ms & 0xFFFFFFFFFFFF);
	put(ret + n + 10, 8, word(random));
	put(ret + n + 18, 8, word(random + 5));
	ret[n + ID_ULID_CHARS] = 0;
}

bool id_is(const char *s, const char *prefix)
{
	const char *bar = s ? strrchr(s, '_') : NULL;
	if (!bar || bar == s || bar - s > 12)
		return false;
	if (prefix && (strlen(prefix) != (size_t)(bar - s) || strncmp(s, prefix, (size_t)(bar - s)) != 0))
		return false;
	/* Ten digits hold 50 bits and the time has 48: the first digit is at most 7. */
	return bar[1] <= '7' && strlen(bar + 1) == ID_ULID_CHARS && strspn(bar + 1, alphabet) == ID_ULID_CHARS;
}

int64_t id_time_ms(const char *s)
{
	if (!id_is(s, NULL))
		return -1;
	const char *p = strrchr(s, '_') + 1;
	int64_t v = 0;
	for (int i = 0; i < 10; i++)
		v = v << 5 | (int64_t)(strchr(alphabet, p[i]) - alphabet);
	return v;
}
