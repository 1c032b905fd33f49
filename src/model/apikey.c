#include "model/apikey.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define SECRET 30
#define SUM    6

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static uint32_t crc32_of(const char *p, size_t n)
{
	uint32_t c = 0xFFFFFFFFu;
	for (size_t i = 0; i < n; i++) {
		c ^= (uint8_t)p[i];
		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
	}
	return ~c;
}

static void put_sum(char *to, const char *p, size_t n)
{
	uint32_t v = crc32_of(p, n);
	for (int i = SUM - 1; i >= 0; i--, v /= 62)
		to[i] = alphabet[v % 62];
}

/* Takes the random bytes that lie under the largest multiple of 62, so that every character is as likely. */
static void put_secret(char *to, const uint8_t *random)
{
	size_t at = 0;
	for (size_t i = 0; i < APIKEY_RANDOM && at < SECRET; i++)
		if (random[i] < 248)
			to[at++] = alphabet[random[i] % 62];
	assert(at == SECRET); /* fails once in 10^33 */
}

void apikey_make(char ret[static APIKEY_MAX], const char *kind, const uint8_t random[static APIKEY_RANDOM])
{
	size_t n = strlen(kind);
	assert(n <= APIKEY_KIND_MAX);
	memcpy(ret, "fp_", 3);
	memcpy(ret + 3, kind, n);
	ret[n + 3] = '_';
	n += 4;
	put_secret(ret + n, random);
	put_sum(ret + n + SECRET, ret, n + SECRET);
	ret[n + SECRET + SUM] = 0;
}

bool apikey_is(const char *text, const char *kind)
{
	const char *bar = text && !strncmp(text, "fp_", 3) ? strchr(text + 3, '_') : NULL;
	char sum[SUM];

	if (!bar || bar - text - 3 > APIKEY_KIND_MAX || strlen(bar + 1) != SECRET + SUM)
		return false;
	if (kind && (strlen(kind) != (size_t)(bar - text - 3) || strncmp(text + 3, kind, strlen(kind)) != 0))
		return false;
	if (strspn(bar + 1, alphabet) != SECRET + SUM)
		return false;
	put_sum(sum, text, (size_t)(bar + 1 - text) + SECRET);
	return !memcmp(sum, bar + 1 + SECRET, SUM);
}
