#include "control/access/audit.h"
#include "control/people/sessions.h"
#include "control/sso/oidc_logout_token.h"
#include "control/sso/once.h"
#include "control/sso/provider.h"

/* Every refusal of a token is a 400 to the provider (2.8); what it can mend by trying again is a 503. */
static enum rc refuse(struct call *c, enum rc why)
{
	bool later = why == RC_AWAY || why == RC_TIMEOUT || why == RC_OVERLOADED;

	c->refuse = later ? RC_AWAY : RC_MALFORMED;
	fault_set(c->tx.fault, c->refuse,
		later ? "the keys to check it cannot be had now; send it again later"
		      : "the logout token was not accepted");
	return RC_OK;
}

static enum rc end_sessions(struct call *c, const struct provider *p, const struct oidc_logout_found *found)
{
	struct tx *tx = &c->tx;
	size_t n = 0;

	tx->actor = arena_fmt(tx->arena, "idp:%s", p->row.id);
	enum rc rc = tx->actor ? people_sessions_revoke_idp(tx, p->row.id, found->base.subject, found->base.session,
					 "backchannel_logout", &n)
			       : RC_NOMEM;
	/* A provider that named no session at the log-on, or another one: rather all of the person than none. */
	if (rc == RC_OK && n == 0 && found->base.session && found->base.subject)
		rc = people_sessions_revoke_idp(tx, p->row.id, found->base.subject, NULL, "backchannel_logout", &n);
	const char *words = arena_fmt(tx->arena, "%zu sessions", n);
	if (rc == RC_OK)
		rc = words ? audit_note(tx, "auth.backchannel_logout", p->row.id, words) : RC_NOMEM;
	return rc;
}

static enum rc logout(struct call *c, void *ret_out)
{
	const struct oidc_logout_found *found = c->found;
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	(void)ret_out;

	enum rc rc = p ? provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p) : RC_NOMEM;
	if (rc == RC_OK)
		rc = oidc_found_keep(&c->tx, p->row.id, &found->base);
	if (rc != RC_OK)
		return rc;
	if (found->base.rc != RC_OK)
		return refuse(c, found->base.rc);
	rc = once_use(&c->tx, p->row.id, found->once, found->until_ms);
	if (rc == RC_EXISTS)
		return refuse(c, rc);
	return rc == RC_OK ? end_sessions(c, p, found) : rc;
}

extern const struct route oidc_logout_routes[]; /* named by http/routes */

const struct route oidc_logout_routes[] = {
	{ .name = "oidcBackchannelLogout",
		.method = "POST",
		.path = "/v1/auth/oidc/{idp}/backchannel-logout",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_FORM | ROUTE_LENIENT,
		.in = oidc_logout_fields,
		.in_size = sizeof(struct oidc_logout_form),
		.before = oidc_logout_before,
		.run = logout,
		.doc = "An OpenID provider says that somebody logged out there: their sessions that came by it "
		       "end." },
	{ 0 },
};
