#include "wire/steam/machine.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define HEX 40 /* digits of a SHA-1 */

static const char head[] = "\0MessageObject"; /* an object of that name; its own NUL ends the name */
static const char *const names[] = { "BB3", "FF2", "3B3" };

static void put_hex(const char *name, const char *of, uint8_t *to)
{
	char text[512];
	uint8_t sha[SHA_DIGEST_LENGTH];
	int n = snprintf(text, sizeof(text), "machine %s %s", name, of);

	SHA1((const uint8_t *)text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1, sha);
	for (size_t i = 0; i < sizeof(sha); i++) {
		to[2 * i] = (uint8_t) "0123456789abcdef"[sha[i] >> 4];
		to[2 * i + 1] = (uint8_t) "0123456789abcdef"[sha[i] & 15];
	}
}

void machine_id(const char *of, uint8_t ret[static MACHINE_ID])
{
	uint8_t *at = ret;

	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	for (size_t i = 0; i < 3; i++) {
		*at++ = 1; /* a text */
		memcpy(at, names[i], 4);
		put_hex(names[i], of, at + 4);
		at += 4 + HEX;
		*at++ = 0;
	}
	memcpy(at, "\x08\x08", 2); /* the end of the object, and of all */
}

bool machine_is_id(const void *p, size_t n)
{
	const uint8_t *at = p;

	if (n != MACHINE_ID || memcmp(at, head, sizeof(head)) != 0)
		return false;
	at += sizeof(head);
	for (size_t i = 0; i < 3; i++, at += 1 + 4 + HEX + 1) {
		if (at[0] != 1 || memcmp(at + 1, names[i], 4) != 0 || at[1 + 4 + HEX] != 0)
			return false;
		for (size_t k = 0; k < HEX; k++)
			if (!at[5 + k] || !strchr("0123456789abcdefABCDEF", at[5 + k]))
				return false;
	}
	return at[0] == 8 && at[1] == 8;
}
