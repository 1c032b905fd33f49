#include "control/sso/oidc_way.h"
#include "io/clock.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/jwt_sign.h"

#include <inttypes.h>
#include <jansson.h>

#define ASSERTION_S 60 /* how long our proof of who we are is good */

const char *oidc_way_redirect_uri(struct arena *a, const struct provider *idp)
{
	return arena_fmt(a, "%s/v1/auth/oidc/%s/callback", idp->row.base_url, idp->row.name);
}

enum rc oidc_way_begin(struct tx *tx, const struct provider *idp, struct oidc_way *ret)
{
	const char *issuer = idp->oidc.issuer;
	size_t n = strlen(issuer);

	*ret = (struct oidc_way){ .tx = tx, .idp = idp };
	enum rc rc = oidc_documents_load(tx, idp, &ret->docs);
	if (rc == RC_OK && ret->docs.at[OIDC_CALLS].due_at > tx->now_ms)
		return fault_set(tx->fault, RC_AWAY, "the provider did not answer a moment ago");
	const char *url = arena_fmt(
		tx->arena, "%s%s.well-known/openid-configuration", issuer, n && issuer[n - 1] == '/' ? "" : "/");
	if (rc == RC_OK)
		rc = url ? oidc_documents_need(&ret->docs, OIDC_DESCRIPTION, url, false) : RC_NOMEM;
	if (rc != RC_OK)
		return rc;
	const char *body = ret->docs.at[OIDC_DESCRIPTION].body;
	return oidc_read_provider(body, strlen(body), issuer, tx->arena, &ret->op, tx->fault);
}

/* --- what a code is worth */

static const char *random_id(struct arena *a)
{
	uint8_t random[16];
	struct buf b = { 0 };

	clock_random(random, sizeof(random));
	base64_put_url(&b, random, sizeof(random));
	const char *s = b.bad ? NULL : arena_str(a, buf_text(&b));
	buf_done(&b);
	return s;
}

/* private_key_jwt (OpenID Connect Core 9): we sign who we are. */
static enum rc put_assertion(struct oidc_way *w, const struct hush *pem, struct buf *to)
{
	const char *id = random_id(w->tx->arena);
	struct jwk key = { 0 };
	struct buf claims = { 0 };
	int64_t now = w->tx->now_ms / 1000;

	enum rc rc = id ? jwk_of_pem((const char *)pem->p, pem->n, NULL, &key, w->tx->fault) : RC_NOMEM;
	if (rc == RC_OK) {
		buf_str(&claims, "{\"iss\":");
		json_put_str(&claims, w->idp->oidc.client_id);
		buf_str(&claims, ",\"sub\":");
		json_put_str(&claims, w->idp->oidc.client_id);
		buf_str(&claims, ",\"aud\":");
		json_put_str(&claims, w->op.token);
		buf_fmt(&claims, ",\"jti\":\"%s\",\"iat\":%" PRId64 ",\"exp\":%" PRId64 "}", id, now,
			now + ASSERTION_S);
		rc = claims.bad ? RC_NOMEM
				: jwt_sign(&key, "JWT", (const char *)claims.p, claims.n, to, w->tx->fault);
	}
	buf_done(&claims);
	jwk_done(&key);
	return rc;
}

static const char *basic(struct oidc_way *w, const struct hush *secret)
{
	struct buf pair = { 0 }, text = { 0 };
	const char *s = arena_strn(w->tx->arena, (const char *)secret->p, secret->n);

	oidc_put_escaped(&pair, w->idp->oidc.client_id); /* RFC 6749 2.3.1 */
	buf_u8(&pair, ':');
	oidc_put_escaped(&pair, s ? s : "");
	base64_put(&text, pair.p, pair.n);
	const char *header =
		s && !pair.bad && !text.bad ? arena_fmt(w->tx->arena, "Basic %s", buf_text(&text)) : NULL;
	if (pair.p)
		hush_wipe(pair.p, pair.n);
	if (text.p)
		hush_wipe(text.p, text.n);
	buf_done(&pair);
	buf_done(&text);
	return header;
}

/* Says who we are, the way that was configured: in the form, or in a header. */
static enum rc put_client(struct oidc_way *w, struct buf *form, const char **ret_header)
{
	const struct oidc_conf *conf = &w->idp->oidc;
	struct buf assertion = { 0 };
	struct hush secret = { 0 };
	bool key = conf->auth == OIDC_AUTH_KEY;

	if (conf->auth != OIDC_AUTH_BASIC)
		oidc_put_pair(form, "client_id", conf->client_id);
	if (conf->auth == OIDC_AUTH_NONE)
		return RC_OK;
	enum rc rc = provider_secret(
		w->tx, w->idp->row.id, key ? PROVIDER_PRIVATE_KEY : PROVIDER_CLIENT_SECRET, &secret);
	if (rc == RC_MISSING)
		return fault_set(w->tx->fault, RC_REFUSED, "its secret %s was not set",
			key ? PROVIDER_PRIVATE_KEY : PROVIDER_CLIENT_SECRET);
	if (rc == RC_OK && key) {
		rc = put_assertion(w, &secret, &assertion);
		oidc_put_pair(
			form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
		oidc_put_pair(form, "client_assertion", buf_text(&assertion));
	} else if (rc == RC_OK && conf->auth == OIDC_AUTH_POST) {
		const char *text = arena_strn(w->tx->arena, (const char *)secret.p, secret.n);
		oidc_put_pair(form, "client_secret", text ? text : "");
	} else if (rc == RC_OK) {
		*ret_header = basic(w, &secret);
		rc = *ret_header ? RC_OK : RC_NOMEM;
	}
	buf_done(&assertion);
	hush_done(&secret);
	return rc;
}

static enum rc read_tokens(struct oidc_way *w, const char *body, size_t n, struct oidc_way_tokens *ret)
{
	auto_json json_t *j = NULL;
	struct fault f = { 0 }; /* its words would show a part of the answer */

	if (json_read(body, n, &j, &f) != RC_OK || !json_is_object(j))
		return fault_set(w->tx->fault, RC_REFUSED, "the token answer is no JSON object");
	const char *id = json_string_value(json_object_get(j, "id_token")),
		   *access = json_string_value(json_object_get(j, "access_token"));
	if (!id)
		return fault_set(w->tx->fault, RC_REFUSED, "the token answer has no ID token");
	ret->id_token = arena_str(w->tx->arena, id);
	ret->access_token = access ? arena_str(w->tx->arena, access) : NULL;
	json_wipe(j);
	return ret->id_token && (!access || ret->access_token) ? RC_OK : RC_NOMEM;
}

enum rc oidc_way_redeem(struct oidc_way *w, const char *code, const char *verifier, struct oidc_way_tokens *ret)
{
	const char *uri = oidc_way_redirect_uri(w->tx->arena, w->idp), *header = NULL, *body = NULL;
	struct buf form = { 0 };
	size_t n = 0;

	if (!uri)
		return RC_NOMEM;
	oidc_put_pair(&form, "grant_type", "authorization_code");
	oidc_put_pair(&form, "code", code);
	oidc_put_pair(&form, "redirect_uri", uri);
	oidc_put_pair(&form, "code_verifier", verifier);
	enum rc rc = put_client(w, &form, &header);
	if (rc == RC_OK)
		rc = form.bad ? RC_NOMEM
			      : oidc_documents_call(&w->docs,
					&(struct oidc_ask){ w->op.token, header, buf_text(&form) }, &body, &n);
	if (form.p)
		hush_wipe(form.p, form.n);
	buf_done(&form);
	return rc == RC_OK ? read_tokens(w, body, n, ret) : rc;
}

/* --- whose word it is */

static enum rc verify_with(
	struct oidc_way *w, const char *token, const struct jwt_rules *rules, struct jwt_said *ret, struct fault *f)
{
	const char *body = w->docs.at[OIDC_KEYS].body;
	struct jwk_set keys = { 0 };
	struct jwt_rules all = *rules;

	enum rc rc = jwk_read_set(body, strlen(body), &keys, f);
	if (rc != RC_OK)
		return fault_set(f, RC_REFUSED, "the provider's keys cannot be read");
	all.keys = &keys;
	rc = jwt_verify(token, strlen(token), &all, ret, f);
	jwk_set_done(&keys);
	return rc;
}

enum rc oidc_way_verify(struct oidc_way *w, const char *token, const struct jwt_rules *rules, struct jwt_said *ret)
{
	enum rc rc = oidc_documents_need(&w->docs, OIDC_KEYS, w->op.jwks, false);

	if (rc != RC_OK)
		return rc;
	rc = verify_with(w, token, rules, ret, w->tx->fault);
	if (rc != RC_MISSING || w->docs.at[OIDC_KEYS].asked) /* newer ones there are not */
		return rc == RC_MISSING ? RC_DENIED : rc;
	rc = oidc_documents_need(&w->docs, OIDC_KEYS, w->op.jwks, true); /* it may have new ones */
	if (rc == RC_OK)
		rc = verify_with(w, token, rules, ret, w->tx->fault);
	return rc == RC_MISSING ? RC_DENIED : rc;
}

enum rc oidc_way_userinfo(struct oidc_way *w, const char *access_token, const char *subject, struct json_t **ret)
{
	const char *header, *body = NULL;
	auto_json json_t *j = NULL;
	struct fault f = { 0 };
	size_t n = 0;

	if (!w->op.userinfo || !access_token) {
		*ret = json_object();
		return *ret ? RC_OK : RC_NOMEM;
	}
	header = arena_fmt(w->tx->arena, "Bearer %s", access_token);
	enum rc rc = header ? oidc_documents_call(
				      &w->docs, &(struct oidc_ask){ w->op.userinfo, header, NULL }, &body, &n)
			    : RC_NOMEM;
	if (rc != RC_OK)
		return rc;
	if (json_read(body, n, &j, &f) != RC_OK || !json_is_object(j))
		return fault_set(w->tx->fault, RC_REFUSED, "userinfo is no JSON object");
	const char *sub = json_string_value(json_object_get(j, "sub")); /* OpenID Connect Core 5.3.4 */
	if (!sub || strcmp(sub, subject) != 0)
		return fault_set(w->tx->fault, RC_DENIED, "userinfo speaks of somebody else");
	*ret = take(j);
	return RC_OK;
}
