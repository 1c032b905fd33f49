#include "control/sso/saml_state.h"
#include "control/sso/provider.h"
#include "control/sso/sealed_cookie.h"
#include "io/clock.h"

#include <openssl/crypto.h>

#define COOKIE     "__Host-footplate-saml-"
#define NAMED      8 /* characters of the relay in the cookie's name */
#define RELAY      16
#define GO_TO_MAX  512
#define ATTRIBUTES "; Path=/; Secure; HttpOnly; SameSite=None"

static const char *const kind_words[] = { "in", "out", NULL };

static const struct field fields[] = {
	{ .name = "k",
		.type = FIELD_ENUM,
		FIELD_AT(struct saml_state, kind),
		.flags = FIELD_REQUIRED,
		.words = kind_words },
	{ .name = "r", .type = FIELD_STR, FIELD_AT(struct saml_state, request_id), .flags = FIELD_REQUIRED },
	{ .name = "y", .type = FIELD_STR, FIELD_AT(struct saml_state, relay), .flags = FIELD_REQUIRED },
	{ .name = "g", .type = FIELD_STR, FIELD_AT(struct saml_state, go_to), .flags = FIELD_REQUIRED },
	{ .name = "t", .type = FIELD_I64, FIELD_AT(struct saml_state, began_ms), .flags = FIELD_REQUIRED },
	{ 0 },
};

static struct vault_at place(const struct provider *p)
{
	return (struct vault_at){ "saml_state", p->row.id, "cookie" };
}

const char *saml_state_id(struct arena *a)
{
	uint64_t random[2];

	clock_random(random, sizeof(random));
	return arena_fmt(a, "_%016llx%016llx", (unsigned long long)random[0], (unsigned long long)random[1]);
}

bool saml_state_is_path(const char *s)
{
	if (*s != '/' || s[1] == '/' || s[1] == '\\' || strlen(s) > GO_TO_MAX)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 127 || strchr("\\\"<>;", *s))
			return false;
	return true;
}

enum rc saml_state_begin(struct tx *tx, const struct provider *p, enum saml_state_kind kind, const char *go_to,
	struct saml_state *ret, const char **ret_cookie)
{
	struct arena *a = tx->arena;
	struct saml_state s = { (int)kind, saml_state_id(a), sealed_cookie_random(a, RELAY), go_to ? go_to : "/",
		tx->now_ms };
	const struct vault_at at = place(p);
	struct buf sealed = { 0 };

	if (!saml_state_is_path(s.go_to))
		return fault_set(tx->fault, RC_INVALID, "returnTo is to be a path of ours, such as /accounts");
	enum rc rc = s.request_id && s.relay ? sealed_cookie_put(tx, &at, fields, &s, &sealed) : RC_NOMEM;
	const char *cookie = rc == RC_OK ? arena_fmt(a, COOKIE "%.*s=%s; Max-Age=%d" ATTRIBUTES, NAMED, s.relay,
						   buf_text(&sealed), SAML_STATE_MS / 1000)
					 : NULL;
	buf_done(&sealed);
	if (rc == RC_OK && !cookie)
		return RC_NOMEM;
	*ret = s;
	*ret_cookie = cookie;
	return rc;
}

const char *saml_state_forget(struct arena *a, const char *relay)
{
	return arena_fmt(a, COOKIE "%.*s=; Max-Age=0" ATTRIBUTES, NAMED, relay);
}

static bool is_relay(const char *s)
{
	return s && strlen(s) >= NAMED && strlen(s) <= SAML_RELAY_MAX &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(s);
}

enum rc saml_state_open(struct tx *tx, const struct provider *p, enum saml_state_kind kind, const char *cookies,
	const char *relay, struct saml_state *ret)
{
	const char *name = is_relay(relay) ? arena_fmt(tx->arena, COOKIE "%.*s=", NAMED, relay) : NULL;
	const struct vault_at at = place(p);
	struct saml_state s = { 0 };

	if (!name || sealed_cookie_get(tx, &at, fields, cookies, name, &s) != RC_OK || s.kind != (int)kind)
		return fault_set(tx->fault, RC_DENIED, "this browser has asked this identity provider nothing");
	if (strlen(relay) != strlen(s.relay) || CRYPTO_memcmp(relay, s.relay, strlen(relay)) != 0)
		return fault_set(tx->fault, RC_DENIED, "the answer is to another question than this browser's");
	if (tx->now_ms - s.began_ms > SAML_STATE_MS || tx->now_ms < s.began_ms - SAML_STATE_MS)
		return fault_set(tx->fault, RC_DENIED, "it took too long: begin anew");
	*ret = s;
	return RC_OK;
}
