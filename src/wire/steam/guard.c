#include "wire/steam/guard.h"

#include "base/buf.h"
#include "wire/base64.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

static const char letters[] = "23456789BCDFGHJKMNPQRTVWXY";

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)((at - digits) % 16) : -1;
}

static bool of_hex(const char *text, size_t n, uint8_t *ret)
{
	if (n != (size_t)2 * SHA_DIGEST_LENGTH)
		return false;
	for (size_t i = 0; i < n; i++)
		if (digit(text[i]) < 0)
			return false;
	for (size_t i = 0; i < n / 2; i++)
		ret[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	return true;
}

enum rc guard_secret(const char *text, size_t n, struct hush *ret)
{
	uint8_t raw[SHA_DIGEST_LENGTH];
	struct buf b = { 0 };
	enum rc rc = RC_INVALID;

	if (of_hex(text, n, raw))
		rc = hush_set(ret, raw, sizeof(raw));
	else if (n <= (size_t)2 * GUARD_SECRET_MAX && base64_get(text, n, &b) && b.n > 0 && b.n <= GUARD_SECRET_MAX)
		rc = b.bad ? RC_NOMEM : hush_set(ret, b.p, b.n);
	hush_wipe(raw, sizeof(raw));
	hush_wipe(b.p, b.room);
	buf_done(&b);
	return rc;
}

static void big_endian(uint64_t v, uint8_t *to)
{
	for (unsigned i = 0; i < 8; i++)
		to[i] = (uint8_t)(v >> (56 - 8 * i));
}

static enum rc hmac(const EVP_MD *kind, const struct hush *secret, const uint8_t *p, size_t n, uint8_t *ret)
{
	if (secret->n == 0 || secret->n > GUARD_SECRET_MAX)
		return RC_INVALID;
	return HMAC(kind, secret->p, (int)secret->n, p, n, ret, NULL) ? RC_OK : RC_NOMEM;
}

enum rc guard_code(const struct hush *shared, int64_t unix_s, char ret[static GUARD_CODE], unsigned *ret_left_s)
{
	uint8_t moment[8], mac[SHA_DIGEST_LENGTH];

	if (unix_s < 0)
		return RC_INVALID;
	big_endian((uint64_t)unix_s / GUARD_PERIOD_S, moment);
	enum rc rc = hmac(EVP_sha1(), shared, moment, sizeof(moment), mac);
	if (rc != RC_OK)
		return rc;
	const uint8_t *at = mac + (mac[sizeof(mac) - 1] & 15);
	uint32_t v = ((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]) & 0x7FFFFFFF;
	for (unsigned i = 0; i < GUARD_CODE - 1; i++, v /= sizeof(letters) - 1)
		ret[i] = letters[v % (sizeof(letters) - 1)];
	ret[GUARD_CODE - 1] = 0;
	*ret_left_s = GUARD_PERIOD_S - (unsigned)(unix_s % GUARD_PERIOD_S);
	hush_wipe(mac, sizeof(mac));
	return RC_OK;
}

enum rc guard_confirmation_key(
	const struct hush *identity, int64_t unix_s, const char *tag, char ret[static GUARD_KEY])
{
	uint8_t said[8 + GUARD_TAG_MAX], mac[SHA_DIGEST_LENGTH];
	size_t tag_n = tag ? strlen(tag) : 0;
	struct buf text = { 0 };

	if (unix_s < 0 || tag_n > GUARD_TAG_MAX)
		return RC_INVALID;
	big_endian((uint64_t)unix_s, said);
	for (size_t i = 0; i < tag_n; i++)
		said[8 + i] = (uint8_t)tag[i];
	enum rc rc = hmac(EVP_sha1(), identity, said, 8 + tag_n, mac);
	if (rc == RC_OK)
		base64_put(&text, mac, sizeof(mac));
	if (rc == RC_OK && text.bad)
		rc = RC_NOMEM;
	if (rc == RC_OK)
		memcpy(ret, buf_text(&text), GUARD_KEY);
	buf_done(&text);
	return rc;
}

void guard_device_id(uint64_t steamid, char ret[static GUARD_DEVICE_ID])
{
	static const unsigned cuts[] = { 8, 12, 16, 20 };
	char decimal[24], *at = ret;
	uint8_t sha[SHA_DIGEST_LENGTH];
	int n = snprintf(decimal, sizeof(decimal), "%" PRIu64, steamid);

	SHA1((const uint8_t *)decimal, (size_t)n, sha);
	memcpy(at, "android:", 8);
	at += 8;
	for (unsigned i = 0, cut = 0; i < 32; i++) {
		if (cut < 4 && i == cuts[cut]) {
			*at++ = '-';
			cut++;
		}
		*at++ = "0123456789abcdef"[(i % 2 ? sha[i / 2] : sha[i / 2] >> 4) & 15];
	}
	*at = 0;
}

/* A decimal number up to `end`; moves *s behind it. */
static bool number(const char **s, char end, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	const char *at = *s;

	for (; *at >= '0' && *at <= '9'; at++) {
		unsigned d = (unsigned)(*at - '0');
		if (v > (max - d) / 10)
			return false;
		v = v * 10 + d;
	}
	if (at == *s || *at != end)
		return false;
	*s = at + 1;
	*ret = v;
	return true;
}

bool guard_challenge(const char *url, uint16_t *ret_version, uint64_t *ret_client)
{
	static const char start[] = "https://s.team/q/";
	const char *at = url + sizeof(start) - 1;
	uint64_t version, client;

	if (strncmp(url, start, sizeof(start) - 1) != 0 || !number(&at, '/', UINT16_MAX, &version) ||
		!number(&at, 0, UINT64_MAX, &client))
		return false;
	*ret_version = (uint16_t)version;
	*ret_client = client;
	return true;
}

enum rc guard_approval(const struct hush *shared, uint16_t version, uint64_t client, uint64_t steamid,
	uint8_t ret[static GUARD_SIGNATURE])
{
	uint8_t said[18] = { (uint8_t)version, (uint8_t)(version >> 8) };

	for (unsigned i = 0; i < 8; i++) {
		said[2 + i] = (uint8_t)(client >> 8 * i);
		said[10 + i] = (uint8_t)(steamid >> 8 * i);
	}
	return hmac(EVP_sha256(), shared, said, sizeof(said), ret);
}
