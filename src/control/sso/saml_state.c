#include "control/sso/saml_state.h"
#include "control/access/vault.h"
#include "control/control.h"
#include "control/sso/provider.h"
#include "io/clock.h"
#include "wire/base64.h"

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

static const char *random_relay(struct arena *a)
{
	uint8_t random[RELAY];
	struct buf b = { 0 };

	clock_random(random, sizeof(random));
	base64_put_url(&b, random, sizeof(random));
	const char *s = b.bad ? NULL : arena_str(a, buf_text(&b));
	buf_done(&b);
	return s;
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

static enum rc seal(struct tx *tx, const struct provider *p, const struct saml_state *s, struct buf *to)
{
	const struct vault_at at = place(p);
	struct hush value = { 0 };
	struct buf text = { 0 };

	field_json_encode(fields, s, &text);
	enum rc rc = text.bad ? RC_NOMEM : hush_set(&value, text.p, text.n);
	if (rc == RC_OK)
		rc = vault_seal(&tx->control->secrets, &at, 1, &value, to);
	buf_done(&text);
	hush_done(&value);
	return rc;
}

enum rc saml_state_begin(struct tx *tx, const struct provider *p, enum saml_state_kind kind, const char *go_to,
	struct saml_state *ret, const char **ret_cookie)
{
	struct arena *a = tx->arena;
	struct saml_state s = { (int)kind, saml_state_id(a), random_relay(a), go_to ? go_to : "/", tx->now_ms };
	struct buf sealed = { 0 };

	if (!saml_state_is_path(s.go_to))
		return fault_set(tx->fault, RC_INVALID, "returnTo is to be a path of ours, such as /accounts");
	enum rc rc = s.request_id && s.relay ? seal(tx, p, &s, &sealed) : RC_NOMEM;
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

/* The value of this cookie among those of the header; NULL: it is not there. One that comes twice was planted by somebody. */
static const char *cookie_of(const char *cookies, const char *name, struct arena *a)
{
	const char *found = NULL;
	size_t name_n = strlen(name);

	for (const char *at = cookies; at && *at;) {
		at += strspn(at, " ;");
		size_t n = strcspn(at, ";");
		if (n > name_n && !strncmp(at, name, name_n)) {
			if (found)
				return NULL;
			found = arena_strn(a, at + name_n, n - name_n);
		}
		at += n;
	}
	return found;
}

static enum rc unseal(struct tx *tx, const struct provider *p, const char *sealed, struct saml_state *ret)
{
	const struct vault_at at = place(p);
	struct field_reader r = { .arena = tx->arena };
	auto_json struct json_t *j = NULL;
	struct hush value = { 0 };
	struct fault f = { 0 };

	enum rc rc = vault_open(&tx->control->secrets, &at, 1, sealed, &value, &f);
	if (rc == RC_OK)
		rc = json_read((const char *)value.p, value.n, &j, &f);
	if (rc == RC_OK)
		rc = field_json_decode(fields, j, &r, ret, &f);
	hush_done(&value);
	return rc;
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
	const char *sealed = name ? cookie_of(cookies, name, tx->arena) : NULL;
	struct saml_state s = { 0 };

	if (!sealed || unseal(tx, p, sealed, &s) != RC_OK || s.kind != (int)kind)
		return fault_set(tx->fault, RC_DENIED, "this browser has asked this identity provider nothing");
	if (strlen(relay) != strlen(s.relay) || CRYPTO_memcmp(relay, s.relay, strlen(relay)) != 0)
		return fault_set(tx->fault, RC_DENIED, "the answer is to another question than this browser's");
	if (tx->now_ms - s.began_ms > SAML_STATE_MS || tx->now_ms < s.began_ms - SAML_STATE_MS)
		return fault_set(tx->fault, RC_DENIED, "it took too long: begin anew");
	*ret = s;
	return RC_OK;
}
