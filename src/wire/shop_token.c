#include "wire/shop_token.h"
#include "wire/base64.h"
#include "wire/gcm.h"
#include "wire/json.h"
#include "wire/oidc.h"
#include "wire/tunnel_auth.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char purpose[] = "footplate: a login at a store";

/* ---- asking ---- */

static void put_hush(struct buf *to, const char *name, const struct hush *h)
{
	struct buf text = { .wipes = true };

	buf_put(&text, h->p, h->n);
	oidc_put_pair(to, name, buf_text(&text));
	to->bad |= text.bad;
	buf_done(&text);
}

static void put_grant(struct buf *to, enum shop_token_grant grant, const struct hush *value)
{
	bool code = grant == SHOP_TOKEN_CODE;

	oidc_put_pair(to, "grant_type", code ? "authorization_code" : "refresh_token");
	put_hush(to, code ? "code" : "refresh_token", value);
}

static void put_basic(struct buf *to, const struct shop_token_client *client)
{
	struct buf both = { .wipes = true };

	buf_fmt(&both, "%s:", client->id);
	buf_put(&both, client->secret->p, client->secret->n);
	buf_str(to, "Basic ");
	base64_put(to, both.p, both.n);
	to->bad |= both.bad;
	buf_done(&both);
}

enum rc shop_token_write(enum shop_token_form form, const struct shop_token_client *client,
	enum shop_token_grant grant, const struct hush *value, struct shop_token_request *ret)
{
	struct shop_token_request q = { { .wipes = true }, { .wipes = true }, { .wipes = true } };

	if (form == SHOP_TOKEN_EPIC) {
		put_basic(&q.authorization, client);
		put_grant(&q.body, grant, value);
		oidc_put_pair(&q.body, "token_type", "eg1");
	} else {
		oidc_put_pair(&q.query, "client_id", client->id);
		put_hush(&q.query, "client_secret", client->secret);
		put_grant(&q.query, grant, value);
		if (grant == SHOP_TOKEN_CODE)
			oidc_put_pair(&q.query, "redirect_uri", client->redirect);
	}
	if (q.query.bad || q.body.bad || q.authorization.bad) {
		shop_token_request_done(&q);
		return RC_NOMEM;
	}
	*ret = q;
	return RC_OK;
}

void shop_token_request_done(struct shop_token_request *q)
{
	buf_done(&q->query);
	buf_done(&q->body);
	buf_done(&q->authorization);
}

/* ---- the answer ---- */

void shop_token_done(struct shop_token *t)
{
	hush_done(&t->access);
	hush_done(&t->refresh);
	t->lasts_s = 0;
}

/* A token goes into a header as it is: no white space, nothing but ASCII. */
static enum rc take_token(const json_t *j, const char *name, struct hush *ret)
{
	const json_t *at = json_object_get(j, name);
	const char *text = json_string_value(at);
	size_t n = json_string_length(at);

	if (!text)
		return at && !json_is_null(at) ? RC_MALFORMED : RC_OK;
	if (n == 0 || n > SHOP_TOKEN_MAX)
		return RC_MALFORMED;
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return RC_MALFORMED;
	return hush_set(ret, text, n);
}

static enum rc take_answer(const json_t *j, struct shop_token *ret)
{
	const json_t *lasts = json_object_get(j, "expires_in");
	enum rc rc = take_token(j, "access_token", &ret->access);

	if (rc == RC_OK)
		rc = take_token(j, "refresh_token", &ret->refresh);
	if (rc != RC_OK)
		return rc;
	ret->lasts_s = json_integer_value(lasts);
	if (!ret->access.n || !json_is_integer(lasts) || ret->lasts_s <= 0)
		return RC_MALFORMED;
	if (ret->lasts_s > SHOP_TOKEN_LASTS_MAX)
		ret->lasts_s = SHOP_TOKEN_LASTS_MAX;
	return RC_OK;
}

enum rc shop_token_read(const void *p, size_t n, struct shop_token *ret, struct fault *f)
{
	auto_json struct json_t *j = NULL;
	struct shop_token t = { 0 };

	/* What stands in a broken answer is not told: it may be a token. */
	enum rc rc = n > SHOP_TOKEN_ANSWER ? RC_MALFORMED : json_read(p, n, &j, NULL);
	if (rc == RC_OK)
		rc = take_answer(j, &t);
	json_wipe(j);
	if (rc != RC_OK) {
		shop_token_done(&t);
		return rc == RC_NOMEM ? rc : fault_set(f, RC_MALFORMED, "the answer holds no token");
	}
	*ret = t;
	return RC_OK;
}

/* ---- what is kept ---- */

void shop_token_seed(const struct hush *configured, char ret[static 65])
{
	uint8_t sum[32] = { 0 };

	if (EVP_Digest(configured->p, configured->n, sum, NULL, EVP_sha256(), NULL) != 1)
		memset(sum, 0, sizeof(sum)); /* like no other: what was kept is then not known again */
	tunnel_auth_hex(sum, sizeof(sum), ret);
}

static bool make_key(const struct shop_token_seal *seal, uint8_t ret[static SHOP_TOKEN_KEY])
{
	unsigned n = 0;

	return HMAC(EVP_sha256(), seal->secret, SHOP_TOKEN_KEY, (const uint8_t *)purpose, sizeof(purpose) - 1, ret,
		       &n) &&
	       n == SHOP_TOKEN_KEY;
}

static void put_text(struct buf *to, const char *name, const struct hush *h)
{
	if (!h->n)
		return;
	buf_fmt(to, ",\"%s\":", name);
	json_put_strn(to, (const char *)h->p, h->n);
}

/* Members are those of an answer, and two more. */
static void write_plain(const struct shop_token_kept *k, struct buf *to)
{
	buf_fmt(to, "{\"seed\":\"%s\",\"until\":%lld,\"expires_in\":%lld", k->seed, (long long)k->until_ms,
		(long long)(k->token.lasts_s > 0 ? k->token.lasts_s : 1));
	put_text(to, "access_token", &k->token.access);
	put_text(to, "refresh_token", &k->token.refresh);
	buf_str(to, "}");
}

static enum rc seal_plain(
	const struct buf *plain, const struct shop_token_seal *seal, const uint8_t *nonce, struct buf *to)
{
	uint8_t key[SHOP_TOKEN_KEY], *out = malloc(plain->n + GCM_TAG);
	struct buf bound = { 0 };
	enum rc rc = out && !plain->bad ? RC_OK : RC_NOMEM;

	buf_str(&bound, seal->name);
	if (rc == RC_OK && (bound.bad || !make_key(seal, key) ||
				   !gcm_seal(&(struct gcm){ key, nonce, &bound }, plain->p, plain->n, out)))
		rc = RC_INTERNAL;
	if (rc == RC_OK) {
		buf_put(to, nonce, SHOP_TOKEN_NONCE);
		buf_put(to, out, plain->n + GCM_TAG);
		rc = to->bad ? RC_NOMEM : RC_OK;
	}
	hush_wipe(key, sizeof(key));
	buf_done(&bound);
	free(out);
	return rc;
}

enum rc shop_token_keep(const struct shop_token_kept *k, const struct shop_token_seal *seal,
	const uint8_t nonce[static SHOP_TOKEN_NONCE], struct buf *to)
{
	struct buf plain = { .wipes = true };

	write_plain(k, &plain);
	enum rc rc = seal_plain(&plain, seal, nonce, to);
	buf_done(&plain);
	return rc;
}

static enum rc read_plain(const uint8_t *p, size_t n, struct shop_token_kept *ret)
{
	auto_json struct json_t *j = NULL;
	struct shop_token_kept k = { 0 };
	enum rc rc = json_read((const char *)p, n, &j, NULL);

	if (rc == RC_OK)
		rc = take_answer(j, &k.token);
	const json_t *seed = json_object_get(j, "seed"), *until = json_object_get(j, "until");
	if (rc == RC_OK && (json_string_length(seed) != sizeof(k.seed) - 1 || !json_is_integer(until)))
		rc = RC_MALFORMED;
	if (rc == RC_OK) {
		memcpy(k.seed, json_string_value(seed), sizeof(k.seed));
		k.until_ms = json_integer_value(until);
	}
	json_wipe(j);
	if (rc != RC_OK) {
		shop_token_done(&k.token);
		return rc;
	}
	*ret = k;
	return RC_OK;
}

enum rc shop_token_kept_read(
	const void *p, size_t n, const struct shop_token_seal *seal, struct shop_token_kept *ret, struct fault *f)
{
	const uint8_t *nonce = p, *sealed = nonce + SHOP_TOKEN_NONCE;
	const size_t head = SHOP_TOKEN_NONCE + GCM_TAG;
	uint8_t key[SHOP_TOKEN_KEY];
	struct buf bound = { 0 };

	if (n <= head || n > SHOP_TOKEN_ANSWER)
		return fault_set(f, RC_MALFORMED, "what was kept of the login is no such file");
	uint8_t *plain = malloc(n);
	buf_str(&bound, seal->name);
	enum rc rc = plain && !bound.bad ? RC_OK : RC_NOMEM;
	if (rc == RC_OK &&
		(!make_key(seal, key) || !gcm_open(&(struct gcm){ key, nonce, &bound }, sealed, n - head, plain)))
		rc = fault_set(
			f, RC_MALFORMED, "what was kept of the login was sealed by another agent, or is broken");
	if (rc == RC_OK && (rc = read_plain(plain, n - head, ret)) == RC_MALFORMED)
		rc = fault_set(f, RC_MALFORMED, "what was kept of the login cannot be read");
	hush_wipe(key, sizeof(key));
	if (plain)
		hush_wipe(plain, n);
	free(plain);
	buf_done(&bound);
	return rc;
}
