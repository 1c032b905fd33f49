/* A person logs out here, and there (RP-Initiated Logout 1.0). */
#include "base/buf.h"
#include "control/people/sessions.h"
#include "control/sso/oidc_documents.h"
#include "wire/oidc.h"

struct leave_view {
	const char *location;
};
static const struct field leave_fields[] = {
	{ .name = "location",
		.type = FIELD_STR,
		FIELD_AT(struct leave_view, location),
		.doc = "Where the browser goes to log out at the provider, too; null: nowhere." },
	{ 0 },
};

/* The provider's address for it, when we know one and are to use it. */
static enum rc put_end(struct tx *tx, const struct provider *p, const char **ret)
{
	struct oidc_documents docs;
	struct oidc_provider op = { 0 };
	struct fault f = { 0 };
	struct buf to = { 0 };
	const char *home = arena_fmt(tx->arena, "%s/", p->row.base_url);

	enum rc rc = home ? oidc_documents_load(tx, p, &docs) : RC_NOMEM;
	const char *body = rc == RC_OK ? docs.at[OIDC_DESCRIPTION].body : NULL;
	if (!body || !p->oidc.logout_redirect)
		return rc;
	if (oidc_read_provider(body, strlen(body), p->oidc.issuer, tx->arena, &op, &f) != RC_OK || !op.end_session)
		return RC_OK;
	buf_str(&to, op.end_session);
	buf_u8(&to, strchr(op.end_session, '?') ? '&' : '?');
	oidc_put_pair(&to, "client_id", p->oidc.client_id);
	oidc_put_pair(&to, "post_logout_redirect_uri", home);
	*ret = to.bad ? NULL : arena_str(tx->arena, buf_text(&to));
	buf_done(&to);
	return *ret ? RC_OK : RC_NOMEM;
}

/* Did this session come by this provider? */
static enum rc check_session(struct call *c, const struct provider *p)
{
	static const struct store_query find = { .sql = "SELECT idp_id FROM auth_sessions WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;

	if (!c->who->session_id)
		return fault_set(c->tx.fault, RC_CONFLICT, "the caller has no session that could end");
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(c->who->session_id)), &r, c->tx.fault);
	const char *idp = rc == RC_OK ? store_col_text(r, 0) : NULL;
	if (rc == RC_OK && (!idp || strcmp(idp, p->row.id) != 0))
		return fault_set(c->tx.fault, RC_CONFLICT, "the session did not come by this identity provider");
	return rc;
}

static enum rc leave(struct call *c, void *ret_out)
{
	struct leave_view *v = ret_out;
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));

	enum rc rc = p ? provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p) : RC_NOMEM;
	if (rc == RC_OK)
		rc = check_session(c, p);
	if (rc == RC_OK)
		rc = people_sessions_revoke(&c->tx, c->who->session_id, "logout");
	if (rc == RC_OK)
		rc = put_end(&c->tx, p, &v->location);
	c->set_cookie[0] = SESSIONS_COOKIE "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";
	return rc;
}

extern const struct route oidc_leave_routes[]; /* named by http/routes */

const struct route oidc_leave_routes[] = {
	{ .name = "oidcLogout",
		.method = "POST",
		.path = "/v1/auth/oidc/{idp}/logout",
		.reach = REACH_SELF,
		.flags = ROUTE_WRITE,
		.out = leave_fields,
		.out_size = sizeof(struct leave_view),
		.run = leave,
		.doc = "Ends the caller's own session, and tells where to log out at the provider." },
	{ 0 },
};
