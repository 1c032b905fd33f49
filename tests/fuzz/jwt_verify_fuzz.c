/*
 * Any bytes as a token, and as a set of keys: nothing that was not signed by the key verifies; what is read of keys is written and
 * read again as the same. The first byte says which; a token of ours is also changed in the places that the bytes name.
 */
#include "wire/jwt_sign.h"
#include "wire/jwt_verify.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define CLAIMS "{\"iss\":\"us\",\"aud\":\"here\",\"exp\":2000}"

static const char *const types[] = { "JWT", "", NULL };

static void expect(bool held)
{
	if (!held)
		abort();
}

static enum rc verify(const char *text, size_t n, const struct jwk_set *keys)
{
	const struct jwt_rules rules = { .keys = keys,
		.algs = JWK_ANY,
		.types = types,
		.now_s = 1000,
		.issuer = "us",
		.audience = "here",
		.needs = JWT_EXP };
	struct jwt_said s = { 0 };
	enum rc rc = jwt_verify(text, n, &rules, &s, NULL);

	jwt_verify_done(&s);
	return rc;
}

static void as_token(const char *p, size_t n, struct jwk *key)
{
	const struct jwk_set set = { key, 1 };
	struct buf token = { 0 }, kid = { 0 }, issuer = { 0 };

	enum rc rc = verify(p, n, &set);
	if (jwt_verify_peek(p, n, &kid, &issuer, NULL) != RC_OK)
		expect(rc != RC_OK && kid.n == 0 && issuer.n == 0);
	expect(jwt_sign(key, "JWT", CLAIMS, strlen(CLAIMS), &token, NULL) == RC_OK);
	expect(verify((char *)token.p, token.n, &set) == RC_OK);
	/* It can be ours: then it is that very text. */
	expect(rc != RC_OK || (n == token.n && !memcmp(p, token.p, n)));
	for (size_t i = 0; i + 2 < n; i += 3) {
		size_t at = (size_t)((uint8_t)p[i] << 8 | (uint8_t)p[i + 1]) % token.n;
		if (!p[i + 2])
			continue;
		token.p[at] ^= (uint8_t)p[i + 2];
		expect(verify((char *)token.p, token.n, &set) != RC_OK);
		token.p[at] ^= (uint8_t)p[i + 2];
	}
	buf_done(&token);
	buf_done(&kid);
	buf_done(&issuer);
}

static void as_keys(const char *p, size_t n)
{
	struct jwk_set s = { 0 }, again = { 0 };
	struct buf text = { 0 };
	char thumb[JWK_THUMB_MAX], thumb_again[JWK_THUMB_MAX];

	if (jwk_read_set(p, n, &s, NULL) != RC_OK)
		return;
	jwk_set_write(s.at, s.n, &text);
	expect(!text.bad && jwk_read_set((char *)text.p, text.n, &again, NULL) == RC_OK && again.n == s.n);
	for (size_t i = 0; i < s.n; i++) {
		expect(s.at[i].alg == again.at[i].alg && !strcmp(s.at[i].kid, again.at[i].kid) &&
			!s.at[i].can_sign);
		expect(jwk_thumbprint(&s.at[i], thumb) == RC_OK &&
			jwk_thumbprint(&again.at[i], thumb_again) == RC_OK);
		expect(!strcmp(thumb, thumb_again));
	}
	buf_done(&text);
	jwk_set_done(&s);
	jwk_set_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct jwk key;

	if (n == 0)
		return 0;
	expect(jwk_ed25519((const uint8_t *)"12345678901234567890123456789012", "k", &key) == RC_OK);
	if (*p == 'k')
		as_keys((const char *)p + 1, n - 1);
	else
		as_token((const char *)p + 1, n - 1, &key);
	jwk_done(&key);
	return 0;
}
