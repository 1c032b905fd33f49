#include "control/sso/oidc_state.h"
#include "control/sso/once.h"
#include "control/sso/provider.h"
#include "control/sso/sealed_cookie.h"

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

enum rc oidc_state_begin(
	struct tx *tx, const struct provider *p, const char *go_to, struct oidc_state *ret, const char **ret_cookie)
{
	struct arena *a = tx->arena;
	const struct vault_at at = place(p);
	struct oidc_state s = { sealed_cookie_random(a, RANDOM), sealed_cookie_random(a, RANDOM),
		sealed_cookie_random(a, RANDOM), go_to, tx->now_ms, NULL };
	struct buf sealed = { 0 };

	enum rc rc = s.state && s.nonce && s.verifier ? sealed_cookie_put(tx, &at, fields, &s, &sealed) : RC_NOMEM;
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

enum rc oidc_state_open(
	struct tx *tx, const struct provider *p, const char *cookies, const char *state, struct oidc_state *ret)
{
	const struct vault_at at = place(p);
	struct oidc_state s = { 0 };
	size_t n = state ? strlen(state) : 0;

	if (sealed_cookie_get(tx, &at, fields, cookies, SPAN, &s) != RC_OK)
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
