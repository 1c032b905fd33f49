#include "wire/totp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

const char *const totp_words[] = { "SHA1", "SHA256", "SHA512", NULL };

int64_t totp_step(int64_t unix_ms) { return unix_ms < 0 ? 0 : unix_ms / 1000 / TOTP_PERIOD_S; }

static const EVP_MD *digest(enum totp_algorithm a)
{
	return a == TOTP_SHA1 ? EVP_sha1() : a == TOTP_SHA256 ? EVP_sha256() : EVP_sha512();
}

enum rc totp_code(const struct totp *t, int64_t step, char ret[static TOTP_CODE_MAX])
{
	uint8_t counter[8], mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	uint32_t power = 1;

	if (!t->secret->n || t->secret->n > INT32_MAX || step < 0 || t->digits < 6 || t->digits > 8)
		return RC_INVALID;
	for (int i = 0; i < 8; i++)
		counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
	if (!HMAC(digest(t->algorithm), t->secret->p, (int)t->secret->n, counter, sizeof(counter), mac, &n))
		return RC_INTERNAL;
	const uint8_t *p = mac + (mac[n - 1] & 15);
	uint32_t v = ((uint32_t)(p[0] & 127) << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
	for (unsigned i = 0; i < t->digits; i++)
		power *= 10;
	snprintf(ret, TOTP_CODE_MAX, "%0*u", (int)t->digits, v % power);
	hush_wipe(mac, sizeof(mac));
	return RC_OK;
}

bool totp_match(const struct totp *t, int64_t unix_ms, int64_t last, const char *code, int64_t *ret_step)
{
	int64_t now = totp_step(unix_ms), found = -1;
	char want[TOTP_CODE_MAX];

	if (strlen(code) != t->digits)
		return false;
	for (int64_t step = now - TOTP_SKEW_STEPS; step <= now + TOTP_SKEW_STEPS; step++)
		if (totp_code(t, step, want) == RC_OK && CRYPTO_memcmp(want, code, t->digits) == 0 && step > last)
			found = step;
	hush_wipe(want, sizeof(want));
	if (found >= 0)
		*ret_step = found;
	return found >= 0;
}

void totp_base32(struct buf *to, const uint8_t *p, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 5; have -= 5)
			buf_u8(to, (uint8_t)letters[bits >> (have - 5) & 31]);
	}
	if (have)
		buf_u8(to, (uint8_t)letters[bits << (5 - have) & 31]);
}

static void put_escaped(struct buf *to, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *s; s++)
		if (strchr(plain, *s))
			buf_u8(to, (uint8_t)*s);
		else
			buf_fmt(to, "%%%02X", (unsigned)(uint8_t)*s);
}

void totp_uri(struct buf *to, const struct totp *t, const char *issuer, const char *login)
{
	buf_str(to, "otpauth://totp/");
	put_escaped(to, issuer);
	buf_u8(to, ':');
	put_escaped(to, login);
	buf_str(to, "?secret=");
	totp_base32(to, t->secret->p, t->secret->n);
	buf_str(to, "&issuer=");
	put_escaped(to, issuer);
	buf_fmt(to, "&algorithm=%s&digits=%u&period=%d", totp_words[t->algorithm], t->digits, TOTP_PERIOD_S);
}
