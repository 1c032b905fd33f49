#include "control/http/route.h"
#include "control/sso/oidc_page.h"
#include "control/sso/once.h"
#include "control/sso/saml_ask.h"
#include "control/sso/saml_call.h"
#include "control/sso/saml_expect.h"
#include "control/sso/saml_logout.h"
#include "control/sso/saml_sessions.h"
#include "control/sso/saml_state.h"

#define MESSAGE_MAX 90000 /* characters of base64 */

struct slo_in {
	const char *request, *response, *relay, *algorithm, *signature;
};
#define SLO_FIELDS                                                                                    \
	{ .name = "SAMLRequest",                                                                      \
		.type = FIELD_STR,                                                                    \
		FIELD_AT(struct slo_in, request),                                                     \
		.max = MESSAGE_MAX,                                                                   \
		.doc = "A LogoutRequest of the provider's, XML in base64." },                         \
		{ .name = "SAMLResponse",                                                             \
			.type = FIELD_STR,                                                            \
			FIELD_AT(struct slo_in, response),                                            \
			.max = MESSAGE_MAX,                                                           \
			.doc = "Its answer to a LogoutRequest of ours." },                            \
	{                                                                                             \
		.name = "RelayState", .type = FIELD_STR, FIELD_AT(struct slo_in, relay), .max = 1024, \
		.doc = "Which logout it is."                                                          \
	}

static const struct field query_fields[] = { SLO_FIELDS,
	{ .name = "SigAlg",
		.type = FIELD_STR,
		FIELD_AT(struct slo_in, algorithm),
		.max = 256,
		.doc = "How the query is signed." },
	{ .name = "Signature",
		.type = FIELD_STR,
		FIELD_AT(struct slo_in, signature),
		.max = 4096,
		.doc = "Its signature, in base64." },
	{ 0 } };
static const struct field form_fields[] = { SLO_FIELDS, { 0 } };

struct slo_found {
	struct saml_found base;
	struct saml_logout said;
	struct saml_sent answer; /* to a request */
	struct saml_state state; /* of a response: the request that it answers; without request_id: none */
	bool is_response;
};

static enum rc read_message(struct call *c, const struct saml_call *s, struct slo_found *found)
{
	const struct slo_in *form = c->in ? c->in : c->query;
	const struct saml_logout_in in = { .message = found->is_response ? form->response : form->request,
		.relay = form->relay,
		.is_response = found->is_response,
		.by_query = !c->in,
		.query = c->query_text,
		.algorithm = form->algorithm,
		.signature = form->signature };
	struct saml_expect e;

	saml_expect_of(c, s, &e, NULL);
	return saml_logout_read(&in, &e, c->tx.arena, &found->said, c->tx.fault);
}

static enum rc answer(struct call *c, const struct saml_call *s, struct slo_found *found)
{
	const struct slo_in *form = c->in ? c->in : c->query;

	if (!saml_ask_can_logout(s))
		return RC_OK;
	if (form->relay && strlen(form->relay) > SAML_RELAY_MAX)
		return fault_set(c->tx.fault, RC_INVALID, "RelayState is longer than %d bytes", SAML_RELAY_MAX);
	return saml_ask_done(&c->tx, s, found->said.id, form->relay, &found->answer);
}

/* Of a response: it answers what this browser asked. */
static enum rc check_asked(struct call *c, const struct saml_call *s, struct slo_found *found)
{
	const struct slo_in *form = c->in ? c->in : c->query;
	enum rc rc = saml_state_open(&c->tx, s->idp, SAML_STATE_OUT, c->cookies, form->relay, &found->state);

	if (rc != RC_OK)
		return rc;
	if (!found->said.in_response_to || strcmp(found->said.in_response_to, found->state.request_id) != 0)
		return fault_set(c->tx.fault, RC_DENIED, "the response answers another request");
	return RC_OK;
}

static enum rc slo_before(struct call *c)
{
	const struct slo_in *form = c->in ? c->in : c->query;
	struct slo_found *found = arena_take(c->tx.arena, sizeof(*found));
	struct saml_call s = { 0 };

	if (!found)
		return RC_NOMEM;
	if (!form->request == !form->response)
		return fault_set(c->tx.fault, RC_INVALID, "send either SAMLRequest or SAMLResponse");
	found->is_response = form->response != NULL;
	enum rc rc = saml_call_keys(c, &s, &found->base);
	if (rc == RC_OK)
		rc = saml_call_way(c, &s, &found->base);
	if (rc == RC_OK)
		rc = read_message(c, &s, found);
	if (rc == RC_DENIED && saml_call_again(c, &s, &found->base))
		rc = read_message(c, &s, found);
	if (rc == RC_OK)
		rc = found->is_response ? check_asked(c, &s, found) : answer(c, &s, found);
	saml_call_done(&s);
	return saml_call_leave(c, &found->base, rc, NULL);
}

static enum rc end_sessions(struct call *c, const char *idp_id, const struct slo_found *found)
{
	const char *name = arena_fmt(c->tx.arena, "logout:%s", found->said.id);
	size_t n = 0;

	c->tx.actor = arena_fmt(c->tx.arena, "idp:%s", idp_id);
	if (!name || !c->tx.actor)
		return RC_NOMEM;
	enum rc rc = once_use(&c->tx, idp_id, name, found->said.until_ms);
	if (rc == RC_EXISTS)
		return oidc_page(c, RC_DENIED, NULL);
	if (rc == RC_OK)
		rc = saml_sessions_end(&c->tx, idp_id, found->said.name_id, &found->said.indexes, &n);
	return rc == RC_OK ? saml_call_show(c, &found->answer) : rc;
}

static enum rc slo(struct call *c, void *ret_out)
{
	const struct slo_found *found = c->found;
	const char *idp_id;
	(void)ret_out;

	enum rc rc = saml_call_keep(c, &found->base, NULL, &idp_id);
	if (rc != RC_OK)
		return rc;
	if (found->base.rc != RC_OK)
		return oidc_page(c, found->base.rc, NULL);
	if (!found->is_response)
		return end_sessions(c, idp_id, found);
	saml_call_cookie(c, saml_state_forget(c->tx.arena, found->state.relay));
	return saml_call_show(c, &found->answer);
}

#define SLO .reach = REACH_OPEN, .out_type = "text/html; charset=utf-8", .before = slo_before, .run = slo

extern const struct route saml_slo_routes[]; /* named by http/routes */

const struct route saml_slo_routes[] = {
	{ .name = "samlLogoutByQuery",
		.method = "GET",
		.path = "/v1/auth/saml/{idp}/slo",
		SLO,
		.flags = ROUTE_WRITE | ROUTE_RAW | ROUTE_LENIENT,
		.query = query_fields,
		.query_size = sizeof(struct slo_in),
		.doc = "The single logout service: where a SAML identity provider sends a browser to end sessions "
		       "here, or "
		       "back after it ended its own. Signed in the query." },
	{ .name = "samlLogoutByForm",
		.method = "POST",
		.path = "/v1/auth/saml/{idp}/slo",
		SLO,
		.flags = ROUTE_WRITE | ROUTE_RAW | ROUTE_FORM | ROUTE_LENIENT,
		.in = form_fields,
		.in_size = sizeof(struct slo_in),
		.doc = "The same by a form, signed in the XML." },
	{ 0 },
};
