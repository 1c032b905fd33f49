#include "wire/oidc.h"
#include "wire/base64.h"
#include "wire/json.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#define SUBJECT_MAX 255 /* OpenID Connect Core 2 */
#define URL_MAX     2048
#define DIGEST      32

static bool is_local(const char *host, size_t n)
{
	static const char *const local[] = { "127.0.0.1", "[::1]", "localhost" };

	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (n == strlen(local[i]) && !memcmp(host, local[i], n))
			return true;
	return false;
}

bool oidc_is_url(const char *url)
{
	bool tls = !strncmp(url, "https://", 8);
	const char *host = tls ? url + 8 : !strncmp(url, "http://", 7) ? url + 7 : NULL;

	if (!host || strlen(url) > URL_MAX || strpbrk(url, "@#\\\"<>^`{|}"))
		return false;
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return false;
	size_t all = strcspn(host, "/?"), n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?");
	return n > 0 && n <= all && (tls || is_local(host, n));
}

bool oidc_same_origin(const char *a, const char *b)
{
	const char *x = strstr(a, "://"), *y = strstr(b, "://");
	size_t n = x ? (size_t)(x - a) + 3 + strcspn(x + 3, "/?") : 0;
	size_t k = y ? (size_t)(y - b) + 3 + strcspn(y + 3, "/?") : 1;
	return n == k && !strncasecmp(a, b, n);
}

/* --- the provider */

static enum rc read_url(
	const json_t *j, const char *name, bool must, struct arena *a, const char **ret, struct fault *f)
{
	const char *s = json_string_value(json_object_get(j, name));

	if (!s)
		return must ? fault_set(f, RC_MALFORMED, "the provider's description has no %s", name) : RC_OK;
	if (!oidc_is_url(s))
		return fault_set(f, RC_REFUSED, "the provider's %s is no https:// address", name);
	*ret = arena_str(a, s);
	return *ret ? RC_OK : RC_NOMEM;
}

enum rc oidc_read_provider(
	const char *text, size_t n, const char *issuer, struct arena *a, struct oidc_provider *ret, struct fault *f)
{
	auto_json json_t *j = NULL;
	struct oidc_provider p = { .issuer = issuer };

	if (n > OIDC_TEXT_MAX)
		return fault_set(
			f, RC_TOO_LARGE, "the provider's description has more than %u bytes", OIDC_TEXT_MAX);
	enum rc rc = json_read(text, n, &j, NULL);
	if (rc != RC_OK || !json_is_object(j))
		return fault_set(f, RC_MALFORMED, "the provider's description is no JSON object");
	const char *says = json_string_value(json_object_get(j, "issuer"));
	if (!says || strcmp(says, issuer) != 0)
		return fault_set(f, RC_REFUSED, "the provider says that it is another issuer");
	const struct {
		const char *name;
		bool must;
		const char **to;
	} urls[] = { { "authorization_endpoint", true, &p.authorization }, { "token_endpoint", true, &p.token },
		{ "jwks_uri", true, &p.jwks }, { "userinfo_endpoint", false, &p.userinfo },
		{ "end_session_endpoint", false, &p.end_session } };
	for (size_t i = 0; rc == RC_OK && i < sizeof(urls) / sizeof(*urls); i++)
		rc = read_url(j, urls[i].name, urls[i].must, a, urls[i].to, f);
	p.says_issuer = json_is_true(json_object_get(j, "authorization_response_iss_parameter_supported"));
	if (rc == RC_OK)
		*ret = p;
	return rc;
}

/* --- what is sent */

void oidc_put_escaped(struct buf *to, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
			buf_u8(to, c);
		else
			buf_fmt(to, "%%%02X", c);
	}
}

void oidc_put_pair(struct buf *to, const char *name, const char *value)
{
	if (to->n && !strchr("?&", to->p[to->n - 1]))
		buf_u8(to, '&');
	buf_str(to, name);
	buf_u8(to, '=');
	oidc_put_escaped(to, value);
}

/* base64url of the first bytes, at most 32, of a text's digest; "" when there is none. */
static void digest_text(const char *s, const EVP_MD *md, size_t bytes, char ret[static OIDC_SECRET_MAX])
{
	uint8_t digest[EVP_MAX_MD_SIZE] = { 0 };
	struct buf b = { 0 };

	ret[0] = 0;
	if (EVP_Digest(s, strlen(s), digest, NULL, md, NULL) == 1)
		base64_put_url(&b, digest, bytes);
	if (!b.bad && b.n < OIDC_SECRET_MAX)
		memcpy(ret, buf_text(&b), b.n + 1);
	buf_done(&b);
}

void oidc_challenge(const char *verifier, char ret[static OIDC_SECRET_MAX])
{
	digest_text(verifier, EVP_sha256(), DIGEST, ret);
}

enum rc oidc_put_request(const char *authorization, const struct oidc_request *r, struct buf *to)
{
	char age[16];

	buf_str(to, authorization);
	buf_u8(to, strchr(authorization, '?') ? '&' : '?');
	oidc_put_pair(to, "response_type", "code");
	oidc_put_pair(to, "client_id", r->client_id);
	oidc_put_pair(to, "redirect_uri", r->redirect_uri);
	oidc_put_pair(to, "scope", r->scope);
	oidc_put_pair(to, "state", r->state);
	oidc_put_pair(to, "nonce", r->nonce);
	oidc_put_pair(to, "code_challenge", r->challenge);
	oidc_put_pair(to, "code_challenge_method", "S256");
	if (r->prompt)
		oidc_put_pair(to, "prompt", r->prompt);
	if (r->max_age_s) {
		snprintf(age, sizeof(age), "%u", r->max_age_s);
		oidc_put_pair(to, "max_age", age);
	}
	return to->bad ? RC_NOMEM : RC_OK;
}

/* --- what tokens say */

/* A text that can be a key of ours: printable, not too long. NULL: absent or none. */
static const char *name_of(const json_t *claims, const char *name, struct arena *a)
{
	const json_t *v = json_object_get(claims, name);
	const char *s = json_string_value(v);
	size_t n = s ? json_string_length(v) : 0;

	if (n == 0 || n > SUBJECT_MAX || strlen(s) != n)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return NULL;
	return arena_str(a, s);
}

static bool same(const char *a, const char *b)
{
	size_t n = strlen(a);
	return n == strlen(b) && CRYPTO_memcmp(a, b, n) == 0;
}

static bool tells_of_more(const json_t *amr)
{
	static const char *const more[] = { "mfa", "mca" };

	for (size_t i = 0; i < json_array_size(amr); i++)
		for (size_t k = 0; k < sizeof(more) / sizeof(*more); k++) {
			const char *s = json_string_value(json_array_get(amr, i));
			if (s && !strcmp(s, more[k]))
				return true;
		}
	return false;
}

enum rc oidc_check_id_token(const struct json_t *claims, const struct oidc_expect *e, struct arena *a,
	struct oidc_who *ret, struct fault *f)
{
	const char *nonce = json_string_value(json_object_get(claims, "nonce"));
	const json_t *at_hash = json_object_get(claims, "at_hash"), *auth = json_object_get(claims, "auth_time");
	char half[OIDC_SECRET_MAX];
	struct oidc_who who = { 0 };

	if (!nonce || !same(nonce, e->nonce))
		return fault_set(f, RC_DENIED, "the ID token has another nonce");
	if (at_hash && e->access_token) {
		digest_text(e->access_token, e->sha512 ? EVP_sha512() : EVP_sha256(),
			e->sha512 ? DIGEST : DIGEST / 2, half);
		if (!*half || !json_is_string(at_hash) || !same(json_string_value(at_hash), half))
			return fault_set(f, RC_DENIED, "the ID token belongs to another access token");
	}
	if (e->max_age_s &&
		(!json_is_integer(auth) ||
			json_integer_value(auth) + (int64_t)e->max_age_s + (int64_t)e->skew_s < e->now_s))
		return fault_set(f, RC_DENIED, "the person proved who they are too long ago");
	who.subject = name_of(claims, "sub", a);
	if (!who.subject)
		return fault_set(f, RC_DENIED, "the ID token names nobody that could be kept");
	who.session = name_of(claims, "sid", a);
	who.second_factor = tells_of_more(json_object_get(claims, "amr"));
	*ret = who;
	return RC_OK;
}

enum rc oidc_check_logout(const struct json_t *claims, struct arena *a, struct oidc_logout *ret, struct fault *f)
{
	static const char event[] = "http://schemas.openid.net/event/backchannel-logout";
	const json_t *events = json_object_get(claims, "events");

	if (!json_is_object(json_object_get(events, event)))
		return fault_set(f, RC_DENIED, "the token is no logout token");
	if (json_object_get(claims, "nonce"))
		return fault_set(f, RC_DENIED, "a logout token must not have a nonce");
	struct oidc_logout l = { name_of(claims, "sub", a), name_of(claims, "sid", a) };
	if ((json_object_get(claims, "sub") && !l.subject) || (json_object_get(claims, "sid") && !l.session))
		return fault_set(f, RC_DENIED, "the logout token names nobody that could be kept");
	if (!l.subject && !l.session)
		return fault_set(f, RC_DENIED, "the logout token names neither a person nor a session");
	*ret = l;
	return RC_OK;
}

bool oidc_is_path(const char *s)
{
	if (s[0] != '/' || s[1] == '/' || strlen(s) > OIDC_PATH_MAX)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f || strchr("\\\"<>^`{|}", *s))
			return false;
	return true;
}
