#include "control/sso/oidc_state.h"
#include "control/access/vault.h"
#include "control/control.h"
#include "control/sso/once.h"
#include "io/clock.h"
#include "wire/base64.h"
#include "wire/field_json.h"

#include <openssl/crypto.h>

#define RANDOM     32
#define COOKIE_MAX 4000 /* what every browser keeps */
#define SPAN       OIDC_STATE_COOKIE "="

const char oidc_state_forget[] = SPAN "; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";

static const struct field fields[] = {
	{ .name = "s", .type = FIELD_STR, FIELD_AT(struct oidc_state, state), .flags = FIELD_REQUIRED },
	{ .name = "n", .type = FIELD_STR, FIELD_AT(struct oidc_state, nonce), .flags = FIELD_REQUIRED },
	{ .name = "v", .type = FIELD_STR, FIELD_AT(struct oidc_state, verifier), .flags = FIELD_REQUIRED },
	{ .name = "g", .type = FIELD_STR, FIELD_AT(struct oidc_state, go_to), .flags = FIELD_REQUIRED },
	{ .name = "t", .type = FIELD_I64, FIELD_AT(struct oidc_state, began_ms), .flags = FIELD_REQUIRED },
	{ 0 },
};

static struct vault_at place(const struct provider *p)
{
	return (struct vault_at){ "oidc_state", p->row.id, "cookie" };
}

static const char *random_text(struct arena *a)
{
	uint8_t random[RANDOM];
	struct buf b = { 0 };

	clock_random(random, sizeof(random));
	base64_put_url(&b, random, sizeof(random));
	const char *s = b.bad ? NULL : arena_str(a, buf_text(&b));
	buf_done(&b);
	return s;
}

static enum rc seal(struct tx *tx, const struct provider *p, const struct oidc_state *s, struct buf *to)
{
	const struct vault_at at = place(p);
	struct hush value = { 0 };
	struct buf text = { 0 };

	field_json_encode(fields, s, &text);
	enum rc rc = text.bad ? RC_NOMEM : hush_set(&value, text.p, text.n);
	if (rc == RC_OK)
		rc = vault_seal(&tx->control->secrets, &at, 1, &value, to);
	if (text.p)
		hush_wipe(text.p, text.n);
	buf_done(&text);
	hush_done(&value);
	return rc;
}

enum rc oidc_state_begin(
	struct tx *tx, const struct provider *p, const char *go_to, struct oidc_state *ret, const char **ret_cookie)
{
	struct arena *a = tx->arena;
	struct oidc_state s = { random_text(a), random_text(a), random_text(a), go_to, tx->now_ms, NULL };
	struct buf sealed = { 0 };

	enum rc rc = s.state && s.nonce && s.verifier ? seal(tx, p, &s, &sealed) : RC_NOMEM;
	const char *cookie = rc == RC_OK
				     ? arena_fmt(a, SPAN "%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Lax",
					       buf_text(&sealed), OIDC_STATE_MS / 1000)
				     : NULL;
	buf_done(&sealed);
	if (rc == RC_OK && !cookie)
		return RC_NOMEM;
	if (rc == RC_OK && strlen(cookie) > COOKIE_MAX)
		return RC_TOO_LARGE;
	*ret = s;
	*ret_cookie = cookie;
	return rc;
}

/* The value of our cookie among those of the header; NULL: it is not there. One that comes twice was planted by somebody. */
static const char *cookie_of(const char *cookies, struct arena *a)
{
	const char *found = NULL;

	for (const char *at = cookies; at && *at;) {
		at += strspn(at, " ;");
		size_t n = strcspn(at, ";");
		if (n > sizeof(SPAN) - 1 && !strncmp(at, SPAN, sizeof(SPAN) - 1)) {
			if (found)
				return NULL;
			found = arena_strn(a, at + sizeof(SPAN) - 1, n - sizeof(SPAN) + 1);
		}
		at += n;
	}
	return found;
}

static enum rc unseal(struct tx *tx, const struct provider *p, const char *sealed, struct oidc_state *ret)
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

enum rc oidc_state_open(
	struct tx *tx, const struct provider *p, const char *cookies, const char *state, struct oidc_state *ret)
{
	const char *sealed = cookie_of(cookies, tx->arena);
	struct oidc_state s = { 0 };
	size_t n = state ? strlen(state) : 0;

	if (!sealed || unseal(tx, p, sealed, &s) != RC_OK)
		return fault_set(tx->fault, RC_DENIED, "this browser has begun no log-on with this provider");
	if (n != strlen(s.state) || CRYPTO_memcmp(state, s.state, n) != 0)
		return fault_set(tx->fault, RC_DENIED, "the state is another log-on's");
	if (tx->now_ms - s.began_ms > OIDC_STATE_MS || tx->now_ms < s.began_ms - OIDC_STATE_MS)
		return fault_set(tx->fault, RC_DENIED, "the log-on took too long");
	s.name = arena_fmt(tx->arena, "state:%s", s.state);
	enum rc rc = s.name ? once_unused(tx, p->row.id, s.name) : RC_NOMEM;
	if (rc == RC_OK)
		*ret = s;
	return rc == RC_EXISTS ? RC_DENIED : rc;
}
