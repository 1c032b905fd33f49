/* Any bytes as a token: what is read is written, signed and read again as the same. */
#include "wire/steam/jwt.h"
#include "wire/tunnel_auth.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static bool same(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

static void again(const struct jwt *was, struct arena *a)
{
	static const uint8_t secret[32] = { 1 };
	uint8_t public[32];
	struct buf token = { 0 };
	struct jwt is;

	expect(jwt_write(was, secret, &token) == RC_OK && tunnel_auth_identity(secret, public) == RC_OK);
	expect(jwt_is_signed((char *)token.p, token.n, public) || token.n > JWT_MAX);
	if (token.n <= JWT_MAX) {
		expect(jwt_read((char *)token.p, token.n, a, &is, NULL) == RC_OK);
		expect(is.sub == was->sub && is.exp == was->exp && is.aud.n == was->aud.n && is.per == was->per);
		expect(same(is.jti, was->jti) && same(is.ip_subject, was->ip_subject));
		expect(same(is.iss, was->iss ? was->iss : ""));
	}
	buf_done(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 1u << 20 };
	struct buf said = { 0 };
	struct jwt t;
	static const uint8_t public[32] = { 0 };

	if (jwt_read((const char *)p, n, &a, &t, NULL) == RC_OK)
		again(&t, &a);
	expect(!jwt_is_signed((const char *)p, n, public));
	if (jwt_describe((const char *)p, n, &said, NULL) != RC_OK)
		expect(said.n == 0);
	buf_done(&said);
	arena_done(&a);
	return 0;
}
