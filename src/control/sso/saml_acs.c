#include "control/http/route.h"
#include "control/sso/arrive.h"
#include "control/sso/oidc_page.h"
#include "control/sso/once.h"
#include "control/sso/saml_acs_read.h"
#include "control/sso/saml_state.h"

#define RESPONSE_MAX 360000 /* characters of base64 */

static const struct field acs_fields[] = {
	{ .name = "SAMLResponse",
		.type = FIELD_STR,
		FIELD_AT(struct saml_acs_form, response),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = RESPONSE_MAX,
		.doc = "The provider's answer, XML in base64." },
	{ .name = "RelayState",
		.type = FIELD_STR,
		FIELD_AT(struct saml_acs_form, relay),
		.max = 1024,
		.doc = "Which log-on it is." },
	{ 0 },
};

struct acs_found {
	struct saml_found base;
	struct saml_arrival arrival;
};

static enum rc acs_before(struct call *c)
{
	struct acs_found *found = arena_take(c->tx.arena, sizeof(*found));
	struct fault why = { 0 };

	if (!found)
		return RC_NOMEM;
	return saml_call_leave(c, &found->base, saml_acs_read(c, c->in, &found->base, &found->arrival, &why), &why);
}

/* Neither the request nor the assertion was used before, on any instance. RC_EXISTS: one was. */
static enum rc use_once(struct call *c, const struct provider *p, const struct saml_arrival *a)
{
	const char *assertion = arena_fmt(c->tx.arena, "assertion:%s", a->assertion_id);
	const char *request = a->request_id ? arena_fmt(c->tx.arena, "request:%s", a->request_id) : NULL;

	if (!assertion || (a->request_id && !request))
		return RC_NOMEM;
	enum rc rc = once_use(&c->tx, p->row.id, assertion, a->until_ms);
	if (rc == RC_OK && request)
		rc = once_use(&c->tx, p->row.id, request, a->began_ms + (int64_t)2 * SAML_STATE_MS);
	return rc;
}

/* They are who they say. Let them in, if they may. */
static enum rc enter(struct call *c, const struct provider *p, const struct saml_arrival *a)
{
	auto_json struct json_t *claims = NULL;
	struct saml_session session = a->session;
	struct arrive_plan plan;
	const char *user = NULL;

	c->tx.actor = arena_fmt(c->tx.arena, "idp:%s", p->row.id);
	enum rc rc = c->tx.actor ? json_read(a->claims, strlen(a->claims), &claims, c->tx.fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = sso_arrive(c, &(struct sso_person){ p, session.subject, claims }, &plan, &user);
	if (rc == RC_OK && !user)
		return oidc_page(c, RC_DENIED, plan.why);
	session.user_id = user;
	session.idp_id = p->row.id;
	if (rc == RC_OK)
		rc = saml_sessions_open(c, &session);
	if (rc != RC_OK)
		return rc;
	c->status = 303;
	c->location = arena_str(c->tx.arena, a->go_to);
	return c->location ? RC_OK : RC_NOMEM;
}

static enum rc acs(struct call *c, void *ret_out)
{
	const struct acs_found *found = c->found;
	struct provider *p;
	(void)ret_out;

	enum rc rc = saml_call_keep(c, &found->base, &p, NULL);
	if (rc != RC_OK)
		return rc;
	if (found->base.rc != RC_OK)
		return oidc_page(c, found->base.rc, NULL);
	rc = use_once(c, p, &found->arrival);
	if (rc == RC_EXISTS)
		return oidc_page(c, RC_DENIED, NULL);
	if (rc == RC_OK)
		rc = enter(c, p, &found->arrival);
	if (rc == RC_OK && found->arrival.relay)
		saml_call_cookie(c, saml_state_forget(c->tx.arena, found->arrival.relay));
	return rc;
}

extern const struct route saml_acs_routes[]; /* named by http/routes */

const struct route saml_acs_routes[] = {
	{ .name = "finishSamlLogin",
		.method = "POST",
		.path = "/v1/auth/saml/{idp}/acs",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_RAW | ROUTE_FORM | ROUTE_LENIENT,
		.out_type = "text/html; charset=utf-8",
		.in = acs_fields,
		.in_size = sizeof(struct saml_acs_form),
		.before = acs_before,
		.run = acs,
		.doc = "The assertion consumer service: where a SAML identity provider has a browser post its "
		       "answer. Makes "
		       "the session and goes on where the log-on was begun." },
	{ 0 },
};
