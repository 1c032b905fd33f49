#include "wire/jwt_verify.h"
#include "wire/base64.h"
#include "wire/json.h"

#include <jansson.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#define HALF       32             /* of an ES256 signature */
#define SAME_KID   4              /* keys of one name that are tried */
#define MOMENT_MAX 253402300799.0 /* the end of the year 9999 */

/* The three parts, borrowed. */
struct parts {
	const char *at[3];
	size_t n[3];
	size_t signed_n; /* of the first two, with their dot */
};

static enum rc refuse(struct fault *f, const char *why)
{
	return fault_set(f, RC_UNAUTHENTICATED, "the token %s", why);
}

void jwt_verify_done(struct jwt_said *s)
{
	json_drop(s->header);
	json_drop(s->claims);
	*s = (struct jwt_said){ 0 };
}

static enum rc cut(const char *text, size_t n, struct parts *ret, struct fault *f)
{
	struct parts p = { .at = { text } };
	size_t k = 0;

	if (n > JWT_TOKEN_MAX)
		return fault_set(f, RC_TOO_LARGE, "the token has more than %d bytes", JWT_TOKEN_MAX);
	for (size_t i = 0; i < n && k < 3; i++) {
		if (text[i] != '.')
			continue;
		p.n[k] = (size_t)(text + i - p.at[k]);
		p.signed_n = i;
		if (++k < 3)
			p.at[k] = text + i + 1;
	}
	if (k != 2)
		return fault_set(f, RC_MALFORMED, "not a token: it has not three parts");
	p.n[2] = (size_t)(text + n - p.at[2]);
	*ret = p;
	return RC_OK;
}

static unsigned depth_of(const json_t *j)
{
	unsigned most = 0;
	const char *name;
	const json_t *at;
	size_t i;

	json_array_foreach(j, i, at) most = depth_of(at) > most ? depth_of(at) : most;
	json_object_foreach((json_t *)j, name, at) most = depth_of(at) > most ? depth_of(at) : most;
	return most + (json_is_array(j) || json_is_object(j));
}

/* A part as an object. The faults of JSON could quote the token, so they are not passed on. */
static enum rc read_object(const struct parts *p, size_t which, size_t max, struct json_t **ret, struct fault *f)
{
	struct buf text = { 0 };
	auto_json struct json_t *j = NULL;

	bool ok = base64_get_url_exact(p->at[which], p->n[which], &text) && !text.bad && text.n <= max &&
		  json_read((const char *)text.p, text.n, &j, NULL) == RC_OK && json_is_object(j) &&
		  depth_of(j) <= JWT_DEPTH_MAX;
	buf_done(&text);
	if (!ok)
		return fault_set(f, RC_MALFORMED,
			"not a token: its %s is not an object of JSON in base64url, within the limits",
			which ? "body" : "header");
	*ret = take(j);
	return RC_OK;
}

/* A text; *ret is NULL when the member is not there. False: it is of another type. */
static bool text_of(const json_t *in, const char *name, const char **ret)
{
	const json_t *v = json_object_get(in, name);

	*ret = json_string_value(v);
	return !v || json_is_string(v);
}

/* --- the header */

static bool is_type(const char *typ, const char *const *types)
{
	if (typ && !strncasecmp(typ, "application/", 12)) /* RFC 7515 section 4.1.9 */
		typ += 12;
	for (; types && *types; types++)
		if (typ ? **types && !strcasecmp(*types, typ) : !**types)
			return true;
	return false;
}

static enum rc check_header(const struct jwt_rules *rules, struct jwt_said *s, struct fault *f)
{
	const char *alg = NULL;

	if (!text_of(s->header, "alg", &alg) || !alg || !text_of(s->header, "typ", &s->type) ||
		!text_of(s->header, "kid", &s->kid))
		return fault_set(f, RC_MALFORMED, "not a token: alg, typ and kid of its header are texts");
	if (json_object_get(s->header, "crit"))
		return refuse(f, "asks for an extension (crit), and none is known here");
	if (!jwk_alg_of(alg, &s->alg) || !(rules->algs & JWK_BIT(s->alg)))
		return refuse(f, "is signed by an algorithm that is not allowed here");
	return is_type(s->type, rules->types) ? RC_OK
					      : refuse(f, "is of another type (typ) than is asked for here");
}

/* --- the signature */

static bool der_of_plain(const uint8_t *plain, size_t n, struct buf *to)
{
	ECDSA_SIG *s = n == (size_t)2 * HALF ? ECDSA_SIG_new() : NULL;
	BIGNUM *a = s ? BN_bin2bn(plain, HALF, NULL) : NULL, *b = s ? BN_bin2bn(plain + HALF, HALF, NULL) : NULL;
	uint8_t *der = NULL;
	int der_n = 0;

	if (a && b && ECDSA_SIG_set0(s, a, b) == 1) /* takes them over */
		der_n = i2d_ECDSA_SIG(s, &der);
	else {
		BN_free(a);
		BN_free(b);
	}
	if (der_n > 0)
		buf_put(to, der, (size_t)der_n);
	OPENSSL_free(der);
	ECDSA_SIG_free(s);
	return der_n > 0 && !to->bad;
}

static bool is_signed(const struct jwk *k, const struct parts *p, const struct buf *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *md = k->alg == JWK_EDDSA ? NULL : EVP_sha256();
	struct buf der = { 0 };
	const struct buf *in = signature;

	bool ok = ctx != NULL;
	if (k->alg == JWK_ES256) {
		ok = ok && der_of_plain(signature->p, signature->n, &der);
		in = &der;
	}
	ok = ok && EVP_DigestVerifyInit(ctx, NULL, md, NULL, k->key) == 1 &&
	     EVP_DigestVerify(ctx, in->p, in->n, (const uint8_t *)p->at[0], p->signed_n) == 1;
	EVP_MD_CTX_free(ctx);
	buf_done(&der);
	return ok;
}

/* The keys that this token may be signed with; *ret_n 0: the set has none of that name. */
static enum rc find_keys(const struct jwt_rules *rules, const struct jwt_said *s, const struct jwk *ret[SAME_KID],
	size_t *ret_n, struct fault *f)
{
	size_t named = 0, n = 0;

	for (size_t i = 0; i < rules->keys->n; i++) {
		const struct jwk *k = &rules->keys->at[i];
		bool is = s->kid ? !strcmp(k->kid, s->kid) : k->alg == s->alg;
		named += is;
		if (is && k->alg == s->alg && n < SAME_KID)
			ret[n++] = k;
	}
	if (named == 0 || (!s->kid && named > 1))
		return fault_set(f, RC_MISSING, "no key is known that this token is signed with");
	*ret_n = n;
	return n ? RC_OK : refuse(f, "names a key that is for another algorithm");
}

static enum rc check_signature(
	const struct jwt_rules *rules, const struct parts *p, const struct jwt_said *s, struct fault *f)
{
	const struct jwk *keys[SAME_KID];
	struct buf signature = { 0 };
	size_t n = 0;
	bool ok = false;

	enum rc rc = find_keys(rules, s, keys, &n, f);
	if (rc != RC_OK)
		return rc;
	bool read = base64_get_url_exact(p->at[2], p->n[2], &signature) && !signature.bad && signature.n > 0;
	for (size_t i = 0; read && !ok && i < n; i++)
		ok = is_signed(keys[i], p, &signature);
	buf_done(&signature);
	return ok ? RC_OK : refuse(f, "is not signed by its key");
}

/* --- the claims */

/* Seconds since 1970, as a number (RFC 7519 section 2). False: it is there, but is none. */
static bool moment_of(const json_t *in, const char *name, int64_t *ret)
{
	const json_t *v = json_object_get(in, name);
	double d = json_number_value(v);

	*ret = 0;
	if (!v)
		return true;
	if (!json_is_number(v) || !(d >= 1) || d > MOMENT_MAX)
		return false;
	*ret = (int64_t)d;
	return true;
}

static enum rc check_times(const struct jwt_rules *rules, struct jwt_said *s, struct fault *f)
{
	int64_t skew = rules->skew_s < JWT_SKEW_MAX_S ? rules->skew_s : JWT_SKEW_MAX_S;

	if (!moment_of(s->claims, "exp", &s->expires_s) || !moment_of(s->claims, "iat", &s->issued_s) ||
		!moment_of(s->claims, "nbf", &s->not_before_s))
		return refuse(f, "has a moment (exp, iat, nbf) that is not a number of seconds since 1970");
	if (s->not_before_s && rules->now_s + skew < s->not_before_s)
		return refuse(f, "is not valid yet (nbf)");
	if (s->issued_s && rules->now_s + skew < s->issued_s)
		return refuse(f, "was issued in the future (iat): a clock is wrong");
	if (rules->age_s && (!s->issued_s || rules->now_s - s->issued_s > (int64_t)rules->age_s + skew))
		return refuse(f, "was issued too long ago (iat)");
	return RC_OK;
}

static enum rc check_there(const struct jwt_rules *rules, const struct jwt_said *s, struct fault *f)
{
	if ((rules->needs & JWT_EXP) && !s->expires_s)
		return refuse(f, "does not say when it ends (exp)");
	if ((rules->needs & JWT_IAT) && !s->issued_s)
		return refuse(f, "does not say when it was issued (iat)");
	if ((rules->needs & JWT_NBF) && !s->not_before_s)
		return refuse(f, "does not say from when it is valid (nbf)");
	if ((rules->needs & JWT_JTI) && (!s->id || !*s->id))
		return refuse(f, "has no id (jti)");
	if ((rules->needs & JWT_SUB) && (!s->subject || !*s->subject))
		return refuse(f, "does not say whose it is (sub)");
	return RC_OK;
}

/* Whom it is for: a text, or a list of texts. */
static enum rc check_audience(const struct jwt_rules *rules, const struct jwt_said *s, struct fault *f)
{
	const json_t *aud = json_object_get(s->claims, "aud"), *one;
	const char *party = NULL;
	bool ours = false;
	size_t i, n = json_is_array(aud) ? json_array_size(aud) : aud ? 1 : 0;

	if (!text_of(s->claims, "azp", &party))
		return refuse(f, "has an azp that is no text");
	if (n > JWT_AUDIENCES || (aud && !json_is_array(aud) && !json_is_string(aud)))
		return refuse(f, "has an aud that is neither a text nor a short list of texts");
	json_array_foreach(aud, i, one)
	{
		if (!json_is_string(one))
			return refuse(f, "has an aud that is neither a text nor a short list of texts");
		ours |= rules->audience && !strcmp(json_string_value(one), rules->audience);
	}
	if (json_is_string(aud))
		ours = rules->audience && !strcmp(json_string_value(aud), rules->audience);
	if (rules->audience && !ours)
		return refuse(f, "is for somebody else (aud)");
	if (rules->party && (party ? strcmp(party, rules->party) != 0 : n > 1))
		return refuse(f, "was given to somebody else (azp)");
	return RC_OK;
}

static enum rc check_claims(const struct jwt_rules *rules, struct jwt_said *s, struct fault *f)
{
	if (!text_of(s->claims, "iss", &s->issuer) || !text_of(s->claims, "sub", &s->subject) ||
		!text_of(s->claims, "jti", &s->id))
		return refuse(f, "has an iss, sub or jti that is no text");
	if (rules->issuer && (!s->issuer || strcmp(s->issuer, rules->issuer) != 0))
		return refuse(f, "is from somebody else (iss)");
	enum rc rc = check_audience(rules, s, f);
	if (rc == RC_OK)
		rc = check_times(rules, s, f);
	if (rc == RC_OK)
		rc = check_there(rules, s, f);
	int64_t skew = rules->skew_s < JWT_SKEW_MAX_S ? rules->skew_s : JWT_SKEW_MAX_S;
	if (rc == RC_OK && s->expires_s && rules->now_s >= s->expires_s + skew)
		return fault_set(f, RC_EXPIRED, "the token is over (exp)");
	return rc;
}

enum rc jwt_verify(const char *text, size_t n, const struct jwt_rules *rules, struct jwt_said *ret, struct fault *f)
{
	struct jwt_said s = { 0 };
	struct parts p;

	enum rc rc = cut(text, n, &p, f);
	if (rc == RC_OK)
		rc = read_object(&p, 0, JWT_HEADER_MAX, &s.header, f);
	if (rc == RC_OK)
		rc = check_header(rules, &s, f);
	if (rc == RC_OK)
		rc = check_signature(rules, &p, &s, f);
	if (rc == RC_OK)
		rc = read_object(&p, 1, JWT_TOKEN_MAX, &s.claims, f);
	if (rc == RC_OK)
		rc = check_claims(rules, &s, f);
	if (rc == RC_OK)
		*ret = s;
	else
		jwt_verify_done(&s);
	return rc;
}

enum rc jwt_verify_peek(const char *text, size_t n, struct buf *ret_kid, struct buf *ret_issuer, struct fault *f)
{
	auto_json struct json_t *header = NULL, *claims = NULL;
	const char *kid = NULL, *issuer = NULL;
	struct parts p;

	enum rc rc = cut(text, n, &p, f);
	if (rc == RC_OK)
		rc = read_object(&p, 0, JWT_HEADER_MAX, &header, f);
	if (rc == RC_OK)
		rc = read_object(&p, 1, JWT_TOKEN_MAX, &claims, f);
	if (rc != RC_OK)
		return rc;
	if (!text_of(header, "kid", &kid) || !text_of(claims, "iss", &issuer))
		return fault_set(f, RC_MALFORMED, "not a token: kid and iss are texts");
	buf_put(ret_kid, kid ? kid : "", (kid ? strlen(kid) : 0) + 1);
	buf_put(ret_issuer, issuer ? issuer : "", (issuer ? strlen(issuer) : 0) + 1);
	return ret_kid->bad || ret_issuer->bad ? RC_NOMEM : RC_OK;
}
