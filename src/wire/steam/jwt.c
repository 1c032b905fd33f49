#include "wire/steam/jwt.h"

#include "wire/base64.h"
#include "wire/field_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

#define SIGNATURE 64

/* The three parts, borrowed. */
struct parts {
	const char *header, *payload, *signature;
	size_t header_n, payload_n, signature_n;
};

static const struct field header_fields[] = {
	{ .name = "alg", .type = FIELD_STR, FIELD_AT(struct jwt, alg) },
	{ .name = "typ", .type = FIELD_STR, FIELD_AT(struct jwt, typ) },
	{ 0 },
};

static const struct field payload_fields[] = {
	{ .name = "iss", .type = FIELD_STR, .flags = FIELD_NULLABLE, FIELD_AT(struct jwt, iss) },
	{ .name = "sub", .type = FIELD_ID64, .flags = FIELD_NULLABLE, FIELD_AT(struct jwt, sub) },
	{ .name = "aud", .type = FIELD_LIST, FIELD_AT(struct jwt, aud), .item = FIELD_STR, .max = JWT_AUD_MAX },
	{ .name = "exp", .type = FIELD_I64, FIELD_AT(struct jwt, exp) },
	{ .name = "nbf", .type = FIELD_I64, FIELD_AT(struct jwt, nbf) },
	{ .name = "iat", .type = FIELD_I64, FIELD_AT(struct jwt, iat) },
	{ .name = "oat", .type = FIELD_I64, FIELD_AT(struct jwt, oat) },
	{ .name = "rt_exp", .type = FIELD_I64, FIELD_AT(struct jwt, rt_exp) },
	{ .name = "per", .type = FIELD_I64, FIELD_AT(struct jwt, per) },
	{ .name = "jti", .type = FIELD_STR, FIELD_AT(struct jwt, jti) },
	{ .name = "ip_subject", .type = FIELD_STR, FIELD_AT(struct jwt, ip_subject) },
	{ .name = "ip_confirmer", .type = FIELD_STR, FIELD_AT(struct jwt, ip_confirmer) },
	{ 0 },
};

static bool cut(const char *p, size_t n, struct parts *ret)
{
	if (n > JWT_MAX)
		return false;
	const char *one = memchr(p, '.', n);
	const char *two = one ? memchr(one + 1, '.', n - (size_t)(one + 1 - p)) : NULL;
	if (!two || memchr(two + 1, '.', n - (size_t)(two + 1 - p)))
		return false;
	*ret = (struct parts){
		.header = p,
		.header_n = (size_t)(one - p),
		.payload = one + 1,
		.payload_n = (size_t)(two - one - 1),
		.signature = two + 1,
		.signature_n = (size_t)(p + n - two - 1),
	};
	return true;
}

/* A part that is a JSON object. The faults of JSON could quote the token, so they are not passed on. */
static enum rc object(const char *p, size_t n, struct json_t **ret, struct fault *f)
{
	struct buf text = { 0 };
	struct json_t *j = NULL;
	bool is_text = base64_get_url(p, n, &text) && !text.bad;
	enum rc rc = is_text ? json_read((const char *)text.p, text.n, &j, NULL) : RC_MALFORMED;

	buf_done(&text);
	if (rc == RC_OK && !json_is_object(j)) {
		json_drop(j);
		rc = RC_MALFORMED;
	}
	if (rc != RC_OK)
		return fault_set(f, rc, "token: a part of it is not JSON in base64url");
	*ret = j;
	return RC_OK;
}

static enum rc decode(
	const struct field *fields, const char *p, size_t n, struct arena *a, struct jwt *to, struct fault *f)
{
	struct field_reader r = { .arena = a, .lenient = true };
	auto_json struct json_t *j = NULL;

	enum rc rc = object(p, n, &j, f);
	if (rc != RC_OK)
		return rc;
	json_t *aud = json_object_get(j, "aud"); /* one audience may stand without a list (RFC 7519, 4.1.3) */
	if (json_is_string(aud) && json_object_set_new(j, "aud", json_pack("[O]", aud)) != 0)
		return fault_set(f, RC_NOMEM, "token: no memory");
	rc = field_json_decode(fields, j, &r, to, NULL);
	if (rc == RC_INVALID)
		return fault_set(f, RC_MALFORMED, "token: %s is not of its kind", r.problems[0].pointer);
	return rc == RC_OK ? RC_OK : fault_set(f, rc, "token: too large");
}

enum rc jwt_read(const char *p, size_t n, struct arena *a, struct jwt *ret, struct fault *f)
{
	struct parts parts;
	struct jwt t = { 0 };

	if (!cut(p, n, &parts))
		return fault_set(f, RC_MALFORMED, "token: not three parts of base64url");
	enum rc rc = decode(header_fields, parts.header, parts.header_n, a, &t, f);
	if (rc == RC_OK)
		rc = decode(payload_fields, parts.payload, parts.payload_n, a, &t, f);
	if (rc == RC_OK)
		*ret = t;
	return rc;
}

bool jwt_is_for(const struct jwt *t, const char *audience)
{
	const char *const *at = t->aud.at;
	for (size_t i = 0; i < t->aud.n; i++)
		if (!strcmp(at[i], audience))
			return true;
	return false;
}

enum rc jwt_describe(const char *p, size_t n, struct buf *ret, struct fault *f)
{
	struct parts parts;
	auto_json struct json_t *header = NULL, *payload = NULL;

	if (!cut(p, n, &parts))
		return fault_set(f, RC_MALFORMED, "token: not three parts of base64url");
	enum rc rc = object(parts.header, parts.header_n, &header, f);
	if (rc == RC_OK)
		rc = object(parts.payload, parts.payload_n, &payload, f);
	if (rc != RC_OK)
		return rc;
	buf_str(ret, "{\"header\":");
	rc = json_put(ret, header, false);
	buf_str(ret, ",\"payload\":");
	if (rc == RC_OK)
		rc = json_put(ret, payload, false);
	buf_str(ret, "}");
	return rc == RC_OK ? RC_OK : fault_set(f, rc, "token: it cannot be written as JSON");
}

static void put_time(struct buf *to, const char *name, int64_t v)
{
	if (v)
		buf_fmt(to, ", \"%s\": %" PRId64, name, v);
}

static void put_text(struct buf *to, const char *name, const char *s)
{
	if (!s)
		return;
	buf_fmt(to, ", \"%s\": ", name);
	json_put_str(to, s);
}

/* Spaces as in Steam's own tokens. */
static void put_payload(const struct jwt *t, struct buf *to)
{
	const char *const *aud = t->aud.at;

	buf_str(to, "{ \"iss\": ");
	json_put_str(to, t->iss ? t->iss : "");
	buf_fmt(to, ", \"sub\": \"%" PRIu64 "\", \"aud\": [", t->sub);
	for (size_t i = 0; i < t->aud.n; i++) {
		buf_str(to, i ? ", " : " ");
		json_put_str(to, aud[i]);
	}
	buf_str(to, " ]");
	put_time(to, "exp", t->exp);
	put_time(to, "nbf", t->nbf);
	put_time(to, "iat", t->iat);
	put_text(to, "jti", t->jti);
	put_time(to, "oat", t->oat);
	put_time(to, "rt_exp", t->rt_exp);
	buf_fmt(to, ", \"per\": %" PRId64, t->per);
	put_text(to, "ip_subject", t->ip_subject);
	put_text(to, "ip_confirmer", t->ip_confirmer);
	buf_str(to, " }");
}

static void own_pkey_p(EVP_PKEY **k) { EVP_PKEY_free(*k); }
static void own_md_p(EVP_MD_CTX **c) { EVP_MD_CTX_free(*c); }

enum rc jwt_write(const struct jwt *t, const uint8_t *secret, struct buf *to)
{
	static const char header[] = "{ \"typ\": \"JWT\", \"alg\": \"EdDSA\" }";
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *k =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, 32);
	__attribute__((cleanup(own_md_p))) EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct buf payload = { 0 }, token = { 0 };
	uint8_t sig[SIGNATURE];
	size_t sig_n = sizeof(sig);

	put_payload(t, &payload);
	base64_put_url(&token, header, sizeof(header) - 1);
	buf_u8(&token, '.');
	base64_put_url(&token, payload.p, payload.n);
	bool made = !payload.bad && !token.bad && k && c && EVP_DigestSignInit(c, NULL, NULL, NULL, k) == 1 &&
		    EVP_DigestSign(c, sig, &sig_n, token.p, token.n) == 1;
	if (made) {
		buf_u8(&token, '.');
		base64_put_url(&token, sig, sizeof(sig));
		buf_put(to, token.p, token.n);
	}
	made = made && !token.bad && !to->bad;
	buf_done(&payload);
	buf_done(&token);
	return made ? RC_OK : RC_NOMEM;
}

bool jwt_is_signed(const char *p, size_t n, const uint8_t *public)
{
	struct parts parts;
	struct jwt t = { 0 };
	struct arena a = { 0 };
	struct buf sig = { 0 };

	if (!cut(p, n, &parts))
		return false;
	bool is_ours = decode(header_fields, parts.header, parts.header_n, &a, &t, NULL) == RC_OK && t.alg &&
		       !strcmp(t.alg, "EdDSA") && base64_get_url(parts.signature, parts.signature_n, &sig) &&
		       !sig.bad && sig.n == SIGNATURE;
	arena_done(&a);
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *k =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, 32);
	__attribute__((cleanup(own_md_p))) EVP_MD_CTX *c = EVP_MD_CTX_new();
	is_ours = is_ours && k && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, k) == 1 &&
		  EVP_DigestVerify(c, sig.p, sig.n, (const uint8_t *)p, parts.header_n + 1 + parts.payload_n) == 1;
	buf_done(&sig);
	return is_ours;
}
