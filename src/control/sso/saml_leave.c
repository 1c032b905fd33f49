#include "control/http/route.h"
#include "control/people/sessions.h"
#include "control/sso/provider.h"
#include "control/sso/saml_ask.h"
#include "control/sso/saml_call.h"
#include "control/sso/saml_sessions.h"
#include "control/sso/saml_state.h"

struct logout_view {
	const char *method, *url, *message, *relay;
};
static const struct field logout_fields[] = {
	{ .name = "method",
		.type = FIELD_STR,
		FIELD_AT(struct logout_view, method),
		.doc = "How the browser goes there: GET, or POST of a form. null: the provider is not told." },
	{ .name = "url",
		.type = FIELD_STR,
		FIELD_AT(struct logout_view, url),
		.doc = "Where the browser goes to end the session at the identity provider." },
	{ .name = "samlRequest",
		.type = FIELD_STR,
		FIELD_AT(struct logout_view, message),
		.doc = "With POST: the form's SAMLRequest." },
	{ .name = "relayState",
		.type = FIELD_STR,
		FIELD_AT(struct logout_view, relay),
		.doc = "With POST: the form's RelayState." },
	{ 0 },
};

struct logout_found {
	struct saml_found base;
	struct saml_sent sent;
	const char *relay, *cookie;
};

static enum rc ask(
	struct call *c, const struct saml_call *s, const struct saml_subject *who, struct logout_found *found)
{
	struct saml_state state;

	if (!saml_ask_can_logout(s))
		return RC_OK;
	enum rc rc = saml_state_begin(&c->tx, s->idp, SAML_STATE_OUT, NULL, &state, &found->cookie);
	if (rc == RC_OK)
		rc = saml_ask_logout(&c->tx, s, &state, who, &found->sent);
	if (rc == RC_OK)
		found->relay = state.relay;
	return rc;
}

static enum rc logout_before(struct call *c)
{
	struct logout_found *found = arena_take(c->tx.arena, sizeof(*found));
	struct saml_call s = { 0 };
	struct saml_subject who = { 0 };

	if (!found)
		return RC_NOMEM;
	enum rc rc = saml_call_keys(c, &s, &found->base);
	if (rc == RC_OK && c->who->session_id)
		rc = saml_sessions_find(&c->tx, c->who->session_id, s.idp->row.id, &who);
	if (rc == RC_OK && !who.name_id)
		rc = fault_set(c->tx.fault, RC_MISSING, "this session did not come by that identity provider");
	if (rc == RC_OK)
		rc = saml_call_way(c, &s, &found->base);
	if (rc == RC_OK)
		rc = ask(c, &s, &who, found);
	saml_call_done(&s);
	return saml_call_leave(c, &found->base, rc, NULL);
}

/* Ours is over in any case, though the provider could not be told. */
static enum rc logout(struct call *c, void *ret_out)
{
	const struct logout_found *found = c->found;
	struct logout_view *view = ret_out;

	enum rc rc = saml_call_keep(c, &found->base, NULL, NULL);
	if (rc == RC_OK)
		rc = people_sessions_revoke(&c->tx, c->who->session_id, "logout");
	if (rc != RC_OK)
		return rc;
	c->set_cookie[0] = SESSIONS_COOKIE "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";
	if (found->cookie)
		saml_call_cookie(c, found->cookie);
	if (found->base.rc == RC_OK && found->sent.url)
		*view = (struct logout_view){ found->sent.message ? "POST" : "GET", found->sent.url,
			found->sent.message, found->sent.message ? found->relay : NULL };
	return RC_OK;
}

extern const struct route saml_leave_routes[]; /* named by http/routes */

const struct route saml_leave_routes[] = {
	{ .name = "logoutSaml",
		.method = "POST",
		.path = "/v1/auth/saml/{idp}/logout",
		.reach = REACH_SELF,
		.flags = ROUTE_WRITE,
		.out = logout_fields,
		.out_size = sizeof(struct logout_view),
		.before = logout_before,
		.run = logout,
		.doc = "Ends the session it is sent with, and says where the browser goes to end that of the "
		       "identity "
		       "provider." },
	{ 0 },
};
