/*
 * Tokens: ours verify, for each algorithm; a token that was touched, that chooses another algorithm or key, that is of another type,
 * from or for somebody else, over or not yet valid does not; keys are read and written as the RFCs' own examples are.
 */
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/jwt_sign.h"
#include "wire/jwt_verify.h"

#include "tests/unit/check.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#define NOW 1800000000

static struct jwk keys[JWK_ALGS], strange; /* strange: another Ed25519 key, in no set */
static struct jwk_set set;
static char *rsa_pem;

static const char *const types[] = { "at+jwt", NULL };
static struct jwt_rules rules = { .keys = &set,
	.algs = JWK_ANY,
	.types = types,
	.issuer = "us",
	.audience = "here",
	.needs = JWT_EXP | JWT_IAT | JWT_SUB | JWT_JTI,
	.now_s = NOW,
	.skew_s = 5 };

#define CLAIMS \
	"{\"iss\":\"us\",\"aud\":\"here\",\"sub\":\"usr_1\",\"jti\":\"j1\",\"iat\":1799999990,\"exp\":1800000600}"

static char *text_of(struct buf *b)
{
	char *s = strdup(buf_text(b));
	CHECK(s && !b->bad);
	buf_done(b);
	return s;
}

static char *sign(const struct jwk *k, const char *typ, const char *claims)
{
	struct buf b = { 0 };
	CHECK(jwt_sign(k, typ, claims, strlen(claims), &b, NULL) == RC_OK);
	return text_of(&b);
}

/* Frees the token. */
static enum rc verify_by(char *token, const struct jwt_rules *r)
{
	struct jwt_said s = { 0 };
	struct fault f = { 0 };
	enum rc rc = jwt_verify(token, strlen(token), r, &s, &f);
	CHECK((rc == RC_OK) == (s.claims != NULL) && (rc == RC_OK || *f.text));
	jwt_verify_done(&s);
	free(token);
	return rc;
}
static enum rc verify(char *token) { return verify_by(token, &rules); }

static void b64(struct buf *to, const char *s) { base64_put_url(to, s, strlen(s)); }

/* header.claims signed over by an HMAC of some bytes, or by nothing. */
static char *forge(const char *header, const char *claims, const void *secret, size_t n)
{
	struct buf b = { 0 };
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned mac_n = 0;

	b64(&b, header);
	buf_str(&b, ".");
	b64(&b, claims);
	if (secret)
		HMAC(EVP_sha256(), secret, (int)n, b.p, b.n, mac, &mac_n);
	buf_str(&b, ".");
	base64_put_url(&b, mac, mac_n);
	return text_of(&b);
}

/* As jwt_sign does, but with a header of the test's own. */
static char *sign_header(const struct jwk *k, const char *header, const char *claims)
{
	struct buf b = { 0 };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[64];
	size_t n = sizeof(sig);

	b64(&b, header);
	buf_str(&b, ".");
	b64(&b, claims);
	CHECK(EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->key) == 1 &&
		EVP_DigestSign(ctx, sig, &n, b.p, b.n) == 1);
	EVP_MD_CTX_free(ctx);
	buf_str(&b, ".");
	base64_put_url(&b, sig, n);
	return text_of(&b);
}

static char *pem_of(EVP_PKEY *k, bool private)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	CHECK(private ? PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL)
		      : PEM_write_bio_PUBKEY(bio, k));
	long n = BIO_get_mem_data(bio, &p);
	char *text = strndup(p, (size_t)n);
	BIO_free(bio);
	return text;
}

static void make_keys(void)
{
	EVP_PKEY *ec = EVP_EC_gen("P-256"), *rsa = EVP_RSA_gen(2048), *small = EVP_RSA_gen(1024),
		 *other = EVP_EC_gen("P-384");
	struct buf b = { 0 };
	struct fault f = { 0 };
	struct jwk none;

	CHECK(jwk_ed25519((const uint8_t *)"12345678901234567890123456789012", "ed", &keys[JWK_EDDSA]) == RC_OK);
	CHECK(jwk_ed25519((const uint8_t *)"22345678901234567890123456789012", "strange", &strange) == RC_OK);
	char *pem = pem_of(ec, true);
	CHECK(jwk_of_pem(pem, strlen(pem), "ec", &keys[JWK_ES256], &f) == RC_OK && keys[JWK_ES256].can_sign);
	free(pem);
	pem = pem_of(rsa, true);
	CHECK(jwk_of_pem(pem, strlen(pem), "rsa", &keys[JWK_RS256], &f) == RC_OK);
	free(pem);
	rsa_pem = pem_of(rsa, false);
	pem = pem_of(small, true);
	CHECK(jwk_of_pem(pem, strlen(pem), "small", &none, &f) == RC_INVALID && strstr(f.text, "2048"));
	free(pem);
	pem = pem_of(other, false);
	CHECK(jwk_of_pem(pem, strlen(pem), "other", &none, &f) == RC_INVALID);
	free(pem);
	CHECK(jwk_of_pem(rsa_pem, strlen(rsa_pem), NULL, &none, &f) == RC_OK && !none.can_sign &&
		strlen(none.kid) == 43);
	CHECK(jwt_sign(&none, NULL, "{}", 2, &b, &f) == RC_INVALID);
	jwk_done(&none);
	jwk_set_write(keys, JWK_ALGS, &b);
	CHECK(jwk_read_set(buf_text(&b), b.n, &set, &f) == RC_OK && set.n == JWK_ALGS);
	buf_done(&b);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(small);
	EVP_PKEY_free(other);
}

static void signatures(void)
{
	for (size_t a = 0; a < JWK_ALGS; a++) {
		CHECK(verify(sign(&keys[a], "at+jwt", CLAIMS)) == RC_OK);
		struct jwt_rules other = rules;
		other.algs = JWK_ANY & ~JWK_BIT(a);
		CHECK(verify_by(sign(&keys[a], "at+jwt", CLAIMS), &other) == RC_UNAUTHENTICATED);
		/* Any character that is changed. */
		char *token = sign(&keys[a], "at+jwt", CLAIMS);
		for (size_t i = 0; token[i]; i += token[i] && i % 3 ? 1 : 2) {
			char *bad = strdup(token);
			bad[i] = bad[i] == 'A' ? 'B' : 'A';
			CHECK(verify(bad) != RC_OK);
		}
		/* Cut short, made longer, padded, with white space: there is one text for a token. */
		for (size_t n = strlen(token) - 1; n > strlen(token) - 20; n--)
			CHECK(verify(strndup(token, n)) != RC_OK);
		for (const char *const *more = (const char *const[]){ "=", "A", " ", "\n", ".", "==", NULL }; *more;
			more++) {
			char *bad = NULL;
			CHECK(asprintf(&bad, "%s%s", token, *more) > 0 && verify(bad) != RC_OK);
			CHECK(asprintf(&bad, "%s%s", *more, token) > 0 && verify(bad) != RC_OK);
		}
		free(token);
	}
	CHECK(verify(sign(&strange, "at+jwt", CLAIMS)) == RC_MISSING);
}

static void confusion(void)
{
	struct buf b = { 0 };

	/* none, in all its writings. */
	for (const char *const *none =
			(const char *const[]){ "none", "None", "NONE", "nOnE", "", "HS256", "HS512", NULL };
		*none; none++) {
		char header[128];
		snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"at+jwt\"}", *none);
		CHECK(verify(forge(header, CLAIMS, NULL, 0)) == RC_UNAUTHENTICATED);
		snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"rsa\"}", *none);
		CHECK(verify(forge(header, CLAIMS, NULL, 0)) == RC_UNAUTHENTICATED);
		/* The public key as the secret of an HMAC. */
		CHECK(verify(forge(header, CLAIMS, rsa_pem, strlen(rsa_pem))) == RC_UNAUTHENTICATED);
		jwk_write(&keys[JWK_RS256], &b);
		CHECK(verify(forge(header, CLAIMS, b.p, b.n)) == RC_UNAUTHENTICATED);
		b.n = 0;
	}
	buf_done(&b);
	CHECK(verify(forge("{\"alg\":[\"none\"]}", CLAIMS, NULL, 0)) == RC_MALFORMED);
	CHECK(verify(forge("{}", CLAIMS, NULL, 0)) == RC_MALFORMED);
	/* A key under another's name, and one algorithm under the name of another. */
	const struct jwk *ed = &keys[JWK_EDDSA];
	CHECK(verify(sign_header(ed, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"ed\"}", CLAIMS)) == RC_OK);
	CHECK(verify(sign_header(ed, "{\"alg\":\"Ed25519\",\"typ\":\"at+jwt\",\"kid\":\"ed\"}", CLAIMS)) == RC_OK);
	CHECK(verify(sign_header(ed, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", CLAIMS)) ==
		RC_OK); /* the only one that fits */
	CHECK(verify(sign_header(ed, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"ec\"}", CLAIMS)) ==
		RC_UNAUTHENTICATED);
	CHECK(verify(sign_header(ed, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"ec\"}", CLAIMS)) ==
		RC_UNAUTHENTICATED);
	CHECK(verify(sign_header(ed, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"ed\"}", CLAIMS)) ==
		RC_UNAUTHENTICATED);
	CHECK(verify(sign_header(ed, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"rsa\"}", CLAIMS)) ==
		RC_UNAUTHENTICATED);
	CHECK(verify(sign_header(ed, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"\"}", CLAIMS)) == RC_MISSING);
	CHECK(verify(sign_header(&strange, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"ed\"}", CLAIMS)) ==
		RC_UNAUTHENTICATED);
	/* A key that the token brings itself is not looked at. */
	jwk_write(&strange, &b);
	char *header = NULL;
	CHECK(asprintf(&header, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"jwk\":%s}", buf_text(&b)) > 0);
	CHECK(verify(sign_header(&strange, header, CLAIMS)) == RC_UNAUTHENTICATED);
	free(header);
	buf_done(&b);
	CHECK(verify(sign_header(ed,
		      "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"ed\",\"crit\":[\"exp\"],\"exp\":1}",
		      CLAIMS)) == RC_UNAUTHENTICATED);
	CHECK(verify(sign_header(ed, "{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", CLAIMS)) ==
		RC_MALFORMED);
}

static enum rc claims(const char *c) { return verify(sign(&keys[JWK_EDDSA], "at+jwt", c)); }

static void said(void)
{
	CHECK(verify(sign(&keys[0], "application/AT+JWT", CLAIMS)) == RC_OK);
	CHECK(verify(sign(&keys[0], "JWT", CLAIMS)) == RC_UNAUTHENTICATED);
	CHECK(verify(sign(&keys[0], NULL, CLAIMS)) == RC_UNAUTHENTICATED);
	CHECK(verify(sign(&keys[0], "", CLAIMS)) == RC_UNAUTHENTICATED);
	struct jwt_rules id = rules;
	id.types = (const char *const[]){ "JWT", "", NULL };
	CHECK(verify_by(sign(&keys[0], NULL, CLAIMS), &id) == RC_OK &&
		verify_by(sign(&keys[0], "jwt", CLAIMS), &id) == RC_OK);
	CHECK(verify_by(sign(&keys[0], "at+jwt", CLAIMS), &id) == RC_UNAUTHENTICATED);

#define REST "\"sub\":\"u\",\"jti\":\"j\",\"iat\":1799999990,\"exp\":1800000600}"
	CHECK(claims("{\"iss\":\"us\",\"aud\":[\"there\",\"here\"]," REST) == RC_OK);
	CHECK(claims("{\"iss\":\"us\",\"aud\":[\"there\"]," REST) == RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us\",\"aud\":[]," REST) == RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us\",\"aud\":\"her\"," REST) == RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us\",\"aud\":{\"here\":1}," REST) == RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us\",\"aud\":[\"here\",1]," REST) == RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us\",\"aud\":[\"here\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\","
		     "\"a\",\"b\",\"c\","
		     "\"d\",\"e\",\"f\",\"g\"]," REST) == RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us\"," REST) == RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us/\",\"aud\":\"here\"," REST) == RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":[\"us\"],\"aud\":\"here\"," REST) == RC_UNAUTHENTICATED);
	CHECK(claims("{\"aud\":\"here\"," REST) == RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us\",\"iss\":\"us\",\"aud\":\"here\"," REST) == RC_MALFORMED);
	struct jwt_rules party = rules;
	party.party = "here";
#define BY(c) verify_by(sign(&keys[0], "at+jwt", c), &party)
	CHECK(BY("{\"iss\":\"us\",\"aud\":\"here\"," REST) == RC_OK);
	CHECK(BY("{\"iss\":\"us\",\"aud\":[\"here\"]," REST) == RC_OK);
	CHECK(BY("{\"iss\":\"us\",\"aud\":[\"here\",\"there\"]," REST) == RC_UNAUTHENTICATED);
	CHECK(BY("{\"iss\":\"us\",\"aud\":[\"here\",\"there\"],\"azp\":\"here\"," REST) == RC_OK);
	CHECK(BY("{\"iss\":\"us\",\"aud\":[\"here\",\"there\"],\"azp\":\"there\"," REST) == RC_UNAUTHENTICATED);
	CHECK(BY("{\"iss\":\"us\",\"aud\":\"here\",\"azp\":\"there\"," REST) == RC_UNAUTHENTICATED);
	CHECK(BY("{\"iss\":\"us\",\"aud\":\"here\",\"azp\":7," REST) == RC_UNAUTHENTICATED);
}

static void times(void)
{
#define AT "{\"iss\":\"us\",\"aud\":\"here\",\"sub\":\"u\",\"jti\":\"j\","
	CHECK(claims(AT "\"iat\":1800000005,\"exp\":1800000600}") == RC_OK);
	CHECK(claims(AT "\"iat\":1800000006,\"exp\":1800000600}") == RC_UNAUTHENTICATED);
	CHECK(claims(AT "\"iat\":1799999000,\"exp\":1799999996}") == RC_OK);
	CHECK(claims(AT "\"iat\":1799999000,\"exp\":1799999995}") == RC_EXPIRED);
	CHECK(claims(AT "\"iat\":1799999000,\"exp\":1800000000.5}") == RC_OK);
	CHECK(claims(AT "\"iat\":1799999000,\"exp\":1.8000006e9,\"nbf\":1800000005}") == RC_OK);
	CHECK(claims(AT "\"iat\":1799999000,\"exp\":1800000600,\"nbf\":1800000006}") == RC_UNAUTHENTICATED);
	CHECK(claims(AT "\"iat\":1799999000}") == RC_UNAUTHENTICATED);
	CHECK(claims(AT "\"exp\":1800000600}") == RC_UNAUTHENTICATED);
	const char *const bad[] = { "\"1800000600\"", "null", "-1", "0", "1e300", "253402300800", "[1800000600]",
		"true", "{}" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char text[256];
		snprintf(text, sizeof(text), AT "\"iat\":1799999000,\"exp\":%s}", bad[i]);
		CHECK(claims(text) == RC_UNAUTHENTICATED);
		snprintf(text, sizeof(text), AT "\"iat\":1799999000,\"exp\":1800000600,\"nbf\":%s}", bad[i]);
		CHECK(claims(text) == RC_UNAUTHENTICATED);
	}
	struct jwt_rules old = rules;
	old.age_s = 60;
	CHECK(verify_by(sign(&keys[0], "at+jwt", AT "\"iat\":1799999935,\"exp\":1800000600}"), &old) == RC_OK);
	CHECK(verify_by(sign(&keys[0], "at+jwt", AT "\"iat\":1799999934,\"exp\":1800000600}"), &old) ==
		RC_UNAUTHENTICATED);
	old.skew_s = 4000000; /* nobody's clock is so wrong */
	CHECK(verify_by(sign(&keys[0], "at+jwt", AT "\"iat\":1799999934,\"exp\":1799999940}"), &old) == RC_EXPIRED);
	CHECK(claims("{\"iss\":\"us\",\"aud\":\"here\",\"jti\":\"j\",\"iat\":1799999990,\"exp\":1800000600}") ==
		RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us\",\"aud\":\"here\",\"sub\":\"\",\"jti\":\"j\",\"iat\":1799999990,\"exp\":"
		     "1800000600}") == RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us\",\"aud\":\"here\",\"sub\":\"u\",\"iat\":1799999990,\"exp\":1800000600}") ==
		RC_UNAUTHENTICATED);
	CHECK(claims("{\"iss\":\"us\",\"aud\":\"here\",\"sub\":1,\"jti\":\"j\",\"iat\":1799999990,\"exp\":"
		     "1800000600}") == RC_UNAUTHENTICATED);
}

/* Big, deep, and things that are no tokens. */
static void limits(void)
{
	struct buf b = { 0 };

	buf_str(&b, AT "\"iat\":1799999990,\"exp\":1800000600,\"x\":\"");
	for (int i = 0; i < 13000; i++)
		buf_u8(&b, 'x');
	buf_str(&b, "\"}");
	CHECK(claims(buf_text(&b)) == RC_TOO_LARGE);
	b.n = 0;
	for (int deep = 15; deep <= 16; deep++) {
		b.n = 0;
		buf_str(&b, AT "\"iat\":1799999990,\"exp\":1800000600,\"x\":");
		for (int i = 0; i < deep; i++)
			buf_str(&b, "[");
		for (int i = 0; i < deep; i++)
			buf_str(&b, "]");
		buf_str(&b, "}");
		CHECK(claims(buf_text(&b)) == (deep == 15 ? RC_OK : RC_MALFORMED));
	}
	b.n = 0;
	for (int i = 0; i < 500; i++)
		buf_str(&b, "[{\"a\":");
	CHECK(claims(buf_text(&b)) == RC_MALFORMED);
	b.n = 0;
	buf_str(&b, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"ed\",\"x\":\"");
	for (int i = 0; i < 2100; i++)
		buf_u8(&b, 'x');
	buf_str(&b, "\"}");
	CHECK(verify(sign_header(&keys[0], buf_text(&b), CLAIMS)) == RC_MALFORMED);
	buf_done(&b);
	const char *const none[] = { "", ".", "..", "...", "a.b", "a.b.c", "e30.e30.", "e30.e30.e30",
		"eyJhbGciOiJub25lIn0..", "fp_live_x" };
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		CHECK(verify(strdup(none[i])) == RC_MALFORMED || strstr(none[i], "eyJ"));
	CHECK(claims("[]") == RC_MALFORMED && claims("\"a\"") == RC_MALFORMED &&
		claims("{\"a\":\"\\u0000\"}") == RC_MALFORMED);
}

static enum rc one_key(const char *text, struct jwk *ret)
{
	auto_json json_t *j = NULL;
	CHECK(json_read(text, strlen(text), &j, NULL) == RC_OK);
	return jwk_read(j, ret, NULL);
}

static void key_texts(void)
{
	/* RFC 8037 appendix A: its key, its thumbprint, its signature. */
	static const uint8_t seed[32] = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4,
		0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
		0x1c, 0xae, 0x7f, 0x60 };
	struct jwk k;
	struct buf b = { 0 };

	CHECK(jwk_ed25519(seed, NULL, &k) == RC_OK);
	CHECK_STR(k.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	jwk_write(&k, &b);
	CHECK(strstr(buf_text(&b), "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""));
	CHECK(strstr(buf_text(&b), "\"d\"") == NULL);
	jwk_done(&k);
	buf_done(&b);
	/* RFC 7638 section 3.1. */
	CHECK(one_key("{\"kty\":\"RSA\",\"n\":"
		      "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
		      "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-"
		      "65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
		      "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\","
		      "\"e\":\"AQAB\","
		      "\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
		      &k) == RC_OK);
	char thumb[JWK_THUMB_MAX];
	CHECK(jwk_thumbprint(&k, thumb) == RC_OK);
	CHECK_STR(thumb, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	jwk_done(&k);
#define ED "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
	CHECK(one_key(ED "}", &k) == RC_OK);
	jwk_done(&k);
	CHECK(one_key(ED ",\"use\":\"sig\",\"key_ops\":[\"verify\"],\"alg\":\"Ed25519\"}", &k) == RC_OK);
	jwk_done(&k);
	const char *const bad[] = { ED ",\"use\":\"enc\"}", ED ",\"key_ops\":[\"sign\"]}", ED ",\"alg\":\"ES256\"}",
		ED ",\"alg\":\"none\"}", ED ",\"alg\":7}", ED ",\"kid\":7}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_"
		"7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
		"7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
		"7TyWQHOg7hcvPapiMlrwIaaPcHURp\"}", /* bits after the last byte */
		"{\"kty\":\"oct\",\"k\":\"AAAA\"}", "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "{}", "[]",
		/* not a point of the curve */
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
		"\"y\":"
		"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(one_key(bad[i], &k) == RC_INVALID);
	struct jwk_set s = { 0 };
	const char *some =
		"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}," ED ",\"kid\":\"a\"},7,{\"kty\":\"new\"}]}";
	CHECK(jwk_read_set(some, strlen(some), &s, NULL) == RC_OK && s.n == 1 && !strcmp(s.at[0].kid, "a"));
	jwk_set_done(&s);
	CHECK(jwk_read_set("{}", 2, &s, NULL) == RC_MALFORMED && jwk_read_set("[]", 2, &s, NULL) == RC_MALFORMED);
	for (int i = 0; i <= JWK_SET_MAX; i++)
		buf_str(&b, i ? ",1" : "{\"keys\":[1");
	buf_str(&b, "]}");
	CHECK(jwk_read_set(buf_text(&b), b.n, &s, NULL) == RC_TOO_LARGE);
	buf_done(&b);
}

static void peeks(void)
{
	struct buf kid = { 0 }, issuer = { 0 };
	char *token = sign(&keys[JWK_ES256], NULL, CLAIMS);

	CHECK(jwt_verify_peek(token, strlen(token), &kid, &issuer, NULL) == RC_OK);
	CHECK_STR((char *)kid.p, "ec");
	CHECK_STR((char *)issuer.p, "us");
	free(token);
	CHECK(jwt_verify_peek("a.b", 3, &kid, &issuer, NULL) == RC_MALFORMED);
	buf_done(&kid);
	buf_done(&issuer);
}

int main(void)
{
	make_keys();
	signatures();
	confusion();
	said();
	times();
	limits();
	key_texts();
	peeks();
	for (size_t i = 0; i < JWK_ALGS; i++)
		jwk_done(&keys[i]);
	jwk_done(&strange);
	jwk_set_done(&set);
	free(rsa_pem);
	return 0;
}
