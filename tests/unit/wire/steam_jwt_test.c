#include "wire/steam/jwt.h"

#include "tests/unit/check.h"
#include "wire/base64.h"
#include "wire/tunnel_auth.h"

static const uint8_t secret[32] = { 1, 2, 3 };

static struct buf token_of(const char *header, const char *payload)
{
	struct buf t = { 0 };
	base64_put_url(&t, header, strlen(header));
	buf_u8(&t, '.');
	base64_put_url(&t, payload, strlen(payload));
	buf_str(&t, ".AAAA");
	return t;
}

static const char real_header[] = "{ \"typ\": \"JWT\", \"alg\": \"EdDSA\" }";

/* The form of a real refresh token, spaces included. */
static void reads(void)
{
	struct buf t = token_of(real_header,
		"{ \"iss\": \"steam\", \"sub\": \"76561197960287930\", \"aud\": [ \"client\", \"web\", \"renew\", "
		"\"derive\" ], "
		"\"exp\": 1712345678, \"nbf\": 1686000000, \"iat\": 1694640000, \"jti\": \"18C5_22B3F431_CDF6A\", "
		"\"oat\": 1694640000, "
		"\"per\": 1, \"ip_subject\": \"10.0.0.1\", \"ip_confirmer\": \"10.0.0.2\", \"new\": {\"x\": 1} }");
	struct arena a = { 0 };
	struct jwt j;
	struct fault f = { 0 };

	CHECK(jwt_read((char *)t.p, t.n, &a, &j, &f) == RC_OK);
	CHECK_STR(j.alg, "EdDSA");
	CHECK_STR(j.iss, "steam");
	CHECK(j.sub == 76561197960287930u && j.aud.n == 4);
	CHECK(jwt_is_for(&j, "client") && jwt_is_for(&j, "derive") && !jwt_is_for(&j, "mobile"));
	CHECK(j.exp == 1712345678 && j.nbf == 1686000000 && j.iat == 1694640000 && j.oat == 1694640000);
	CHECK(j.rt_exp == 0 && j.per == 1);
	CHECK_STR(j.jti, "18C5_22B3F431_CDF6A");
	CHECK_STR(j.ip_confirmer, "10.0.0.2");
	buf_done(&t);

	t = token_of(real_header, "{\"iss\":\"r:1\",\"sub\":\"5\",\"aud\":\"web\",\"rt_exp\":7}");
	CHECK(jwt_read((char *)t.p, t.n, &a, &j, &f) == RC_OK && j.rt_exp == 7 && jwt_is_for(&j, "web") &&
		j.exp == 0);
	buf_done(&t);
	t = token_of(real_header, "{}");
	CHECK(jwt_read((char *)t.p, t.n, &a, &j, &f) == RC_OK && j.sub == 0 && !jwt_is_for(&j, "web"));
	buf_done(&t);
	arena_done(&a);
}

static void refuses(void)
{
	static const char *const payloads[] = { "", "[]", "{", "{\"sub\":5}", "{\"exp\":\"soon\"}", "{\"aud\":{}}",
		"{\"aud\":[1]}", "{\"sub\":\"99999999999999999999\"}" };
	static const char *const texts[] = { "", ".", "..", "e30.e30", "e30.e30.e30.e30", "*.e30.x", "e30.*.x" };
	struct arena a = { 0 };
	struct jwt j = { .sub = 77 };
	struct fault f = { 0 };

	for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++) {
		struct buf t = token_of(real_header, payloads[i]);
		CHECK(jwt_read((char *)t.p, t.n, &a, &j, &f) == RC_MALFORMED && j.sub == 77);
		buf_done(&t);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		CHECK(jwt_read(texts[i], strlen(texts[i]), &a, &j, &f) == RC_MALFORMED);
	struct buf big = { 0 };
	for (size_t i = 0; i < JWT_MAX; i++)
		buf_u8(&big, 'A');
	buf_str(&big, ".e30.e30");
	CHECK(jwt_read((char *)big.p, big.n, &a, &j, &f) == RC_MALFORMED);
	buf_done(&big);
	arena_done(&a);
}

/* A fault may reach a log: nothing of the token is in it. */
static void keeps_quiet(void)
{
	struct arena a = { 0 };
	struct jwt j;
	struct fault f = { 0 };
	struct buf t = token_of(real_header, "{\"sub\": tokentext}");

	CHECK(jwt_read((char *)t.p, t.n, &a, &j, &f) == RC_MALFORMED && !strstr(f.text, "tokentext"));
	buf_done(&t);
	arena_done(&a);
}

static void writes(void)
{
	const char *aud[] = { "web", "renew", "derive" };
	struct jwt was = { .iss = "steam",
		.sub = 76561197960287930u,
		.aud = { aud, 3 },
		.exp = 200,
		.nbf = 1,
		.iat = 100,
		.jti = "A_\"B\"",
		.oat = 99,
		.per = 1,
		.ip_subject = "10.0.0.1" },
		   is;
	uint8_t public[32], other[32] = { 9 };
	struct arena a = { 0 };
	struct buf t = { 0 }, said = { 0 };
	struct fault f = { 0 };

	CHECK(tunnel_auth_identity(secret, public) == RC_OK);
	CHECK(jwt_write(&was, secret, &t) == RC_OK);
	CHECK(jwt_read((char *)t.p, t.n, &a, &is, &f) == RC_OK);
	CHECK(is.sub == was.sub && is.exp == 200 && is.nbf == 1 && is.iat == 100 && is.oat == 99 && is.per == 1);
	CHECK(is.aud.n == 3 && jwt_is_for(&is, "renew") && is.rt_exp == 0 && !is.ip_confirmer);
	CHECK_STR(is.jti, "A_\"B\"");
	CHECK(jwt_is_signed((char *)t.p, t.n, public) && !jwt_is_signed((char *)t.p, t.n, other));
	CHECK(jwt_describe((char *)t.p, t.n, &said, &f) == RC_OK);
	CHECK_STR(buf_text(&said), "{\"header\":{\"typ\":\"JWT\",\"alg\":\"EdDSA\"},\"payload\":{\"iss\":\"steam\","
				   "\"sub\":\"76561197960287930\","
				   "\"aud\":[\"web\",\"renew\",\"derive\"],\"exp\":200,\"nbf\":1,\"iat\":100,"
				   "\"jti\":\"A_\\\"B\\\"\",\"oat\":99,\"per\":1,"
				   "\"ip_subject\":\"10.0.0.1\"}}");
	for (size_t i = 0; i < t.n; i += 7) { /* any letter changed: not signed any more */
		uint8_t kept = t.p[i];
		t.p[i] = kept == 'A' ? 'B' : 'A';
		CHECK(!jwt_is_signed((char *)t.p, t.n, public));
		t.p[i] = kept;
	}
	buf_done(&t);
	buf_done(&said);
	arena_done(&a);
}

int main(void)
{
	reads();
	refuses();
	keeps_quiet();
	writes();
	return 0;
}
