#include "base/log.h"
#include "control/access/audit.h"
#include "control/control.h"
#include "control/people/sessions.h"
#include "control/sso/oidc_documents.h"
#include "control/sso/oidc_page.h"
#include "control/sso/oidc_way.h"
#include "control/sso/once.h"

/* --- the provider says that somebody logged out (Back-Channel Logout 1.0) */

struct logout_form {
	const char *token;
};
static const struct field logout_fields[] = {
	{ .name = "logout_token",
		.type = FIELD_STR,
		FIELD_AT(struct logout_form, token),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = JWT_TOKEN_MAX,
		.doc = "A logout token, signed by the provider." },
	{ 0 },
};

/* What `before` found out. In the arena of the request. */
struct found {
	struct oidc_way_document at[OIDC_WAY_WHATS];
	enum rc rc;
	const char *why;  /* for the log */
	const char *once; /* the token's own name */
	int64_t until_ms; /* from when on the token would be too old */
	struct oidc_logout whose;
};

/* Before the provider is asked for anything: does the token even say that it is this provider's? */
static enum rc glance(struct tx *tx, const struct provider *p, const char *token)
{
	struct buf kid = { 0 }, issuer = { 0 };
	enum rc rc = jwt_verify_peek(token, strlen(token), &kid, &issuer, tx->fault);

	if (rc == RC_OK && strcmp(buf_text(&issuer), p->oidc.issuer) != 0)
		rc = fault_set(tx->fault, RC_DENIED, "the logout token is another provider's");
	buf_done(&kid);
	buf_done(&issuer);
	return rc;
}

static enum rc verify(struct oidc_way *way, const char *token, struct found *found)
{
	static const char *const types[] = { "logout+jwt", "JWT", "", NULL };
	const struct oidc_conf *conf = &way->idp->oidc;
	const struct jwt_rules rules = { .algs = JWK_ANY,
		.types = types,
		.issuer = conf->issuer,
		.audience = conf->client_id,
		.needs = JWT_IAT | JWT_JTI,
		.now_s = way->tx->now_ms / 1000,
		.skew_s = OIDC_WAY_SKEW_S,
		.age_s = OIDC_WAY_LOGOUT_S };
	struct jwt_said said = { 0 };

	enum rc rc = oidc_way_verify(way, token, &rules, &said);
	if (rc == RC_OK)
		rc = oidc_check_logout(said.claims, way->tx->arena, &found->whose, way->tx->fault);
	if (rc == RC_OK) {
		found->once = arena_fmt(way->tx->arena, "logout:%s", said.id);
		/* Its age counts from iat, and clocks differ by the skew both ways. */
		found->until_ms = (said.issued_s + OIDC_WAY_LOGOUT_S + 2 * OIDC_WAY_SKEW_S) * 1000;
		rc = found->once ? RC_OK : RC_NOMEM;
	}
	jwt_verify_done(&said);
	return rc;
}

static enum rc logout_before(struct call *c)
{
	const struct logout_form *in = c->in;
	struct found *found = arena_take(c->tx.arena, sizeof(*found));
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	struct oidc_way way = { 0 };

	if (!found || !p)
		return RC_NOMEM;
	enum rc rc = provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p);
	if (rc != RC_OK)
		return rc;
	rc = glance(&c->tx, p, in->token);
	if (rc == RC_OK)
		rc = oidc_way_begin(&c->tx, p, &way);
	if (rc == RC_OK)
		rc = verify(&way, in->token, found);
	if (rc == RC_NOMEM || rc == RC_INTERNAL || rc == RC_IO)
		return rc;
	memcpy(found->at, way.at, sizeof(found->at));
	found->rc = rc;
	found->why = rc == RC_OK ? NULL : arena_str(c->tx.arena, c->tx.fault->text);
	c->found = found;
	return RC_OK;
}

/* Every refusal of a token is a 400 to the provider (2.8); what it can mend by trying again is a 503. */
static enum rc refuse(struct call *c, enum rc why, const char *words)
{
	bool later = why == RC_AWAY || why == RC_TIMEOUT || why == RC_OVERLOADED;

	log_warn(c->tx.control->log, "a logout token was refused idp=%s peer=%s: %s", c->arg[0], c->tx.peer,
		words ? words : "");
	c->refuse = later ? RC_AWAY : RC_MALFORMED;
	fault_set(c->tx.fault, c->refuse,
		later ? "the keys to check it cannot be had now; send it again later"
		      : "the logout token was not accepted");
	return RC_OK;
}

static enum rc end_sessions(struct call *c, const struct provider *p, const struct found *found)
{
	struct tx *tx = &c->tx;
	size_t n = 0;

	tx->actor = arena_fmt(tx->arena, "idp:%s", p->row.id);
	enum rc rc = tx->actor ? people_sessions_revoke_idp(tx, p->row.id, found->whose.subject, found->whose.session,
					 "backchannel_logout", &n)
			       : RC_NOMEM;
	/* A provider that named no session at the log-on, or another one: rather all of the person than none. */
	if (rc == RC_OK && n == 0 && found->whose.session && found->whose.subject)
		rc = people_sessions_revoke_idp(tx, p->row.id, found->whose.subject, NULL, "backchannel_logout", &n);
	const char *words = arena_fmt(tx->arena, "%zu sessions", n);
	if (rc == RC_OK)
		rc = words ? audit_note(tx, "auth.backchannel_logout", p->row.id, words) : RC_NOMEM;
	return rc;
}

static enum rc logout(struct call *c, void *ret_out)
{
	const struct found *found = c->found;
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	(void)ret_out;

	enum rc rc = p ? provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p) : RC_NOMEM;
	if (rc == RC_OK)
		rc = oidc_way_keep(&c->tx, p->row.id, found->at);
	if (rc != RC_OK)
		return rc;
	if (found->rc != RC_OK)
		return refuse(c, found->rc, found->why);
	rc = once_use(&c->tx, p->row.id, found->once, found->until_ms);
	if (rc == RC_EXISTS)
		return refuse(c, rc, "it was used before");
	return rc == RC_OK ? end_sessions(c, p, found) : rc;
}

/* --- a person logs out here, and there (RP-Initiated Logout 1.0) */

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
	struct oidc_way way = { .tx = tx, .idp = p };
	struct oidc_provider op = { 0 };
	struct fault f = { 0 };
	struct buf to = { 0 };
	const char *home = arena_fmt(tx->arena, "%s/", p->row.base_url);

	enum rc rc = home ? oidc_documents_load(&way) : RC_NOMEM;
	const char *body = way.at[OIDC_WAY_DESCRIPTION].body;
	if (rc != RC_OK || !p->oidc.logout_redirect || !body)
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

extern const struct route oidc_logout_routes[]; /* named by http/routes */

const struct route oidc_logout_routes[] = {
	{ .name = "oidcBackchannelLogout",
		.method = "POST",
		.path = "/v1/auth/oidc/{idp}/backchannel-logout",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_FORM | ROUTE_LENIENT,
		.in = logout_fields,
		.in_size = sizeof(struct logout_form),
		.before = logout_before,
		.run = logout,
		.doc = "An OpenID provider says that somebody logged out there: their sessions that came by it "
		       "end." },
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
