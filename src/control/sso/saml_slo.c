#include "control/people/sessions.h"
#include "control/sso/oidc_page.h"
#include "control/sso/once.h"
#include "control/sso/saml_call.h"
#include "control/sso/saml_logout.h"
#include "control/sso/saml_sessions.h"
#include "control/sso/saml_state.h"
#include "control/sso/saml_write.h"

#define MESSAGE_MAX 90000 /* characters of base64 */

/* --- a message of the identity provider */

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
	const struct saml_expect e = { .acs_url = s->sp.slo_url,
		.idp_entity_id = s->way.idp.entity_id,
		.certs = &s->way.idp.certs,
		.now_ms = c->tx.now_ms };

	return saml_logout_read(&in, &e, c->tx.arena, &found->said, c->tx.fault);
}

/* The answer that goes back when the sessions are over; where to, the metadata says, and not the request. */
static enum rc answer(struct call *c, const struct saml_call *s, struct slo_found *found)
{
	const struct saml_endpoint *to = &s->way.idp.slo;
	const struct slo_in *form = c->in ? c->in : c->query;
	const struct saml_head head = { saml_state_id(c->tx.arena), to->response_url, c->tx.now_ms };
	struct buf xml = { 0 };

	if (to->binding == SAML_NONE)
		return RC_OK;
	if (form->relay && strlen(form->relay) > SAML_RELAY_MAX)
		return fault_set(c->tx.fault, RC_INVALID, "RelayState is longer than %d bytes", SAML_RELAY_MAX);
	if (!head.id)
		return RC_NOMEM;
	saml_write_logout_response(&s->sp, to, &head, found->said.id, &xml);
	const struct saml_message m = { to->binding, to->response_url, "SAMLResponse", &xml, form->relay };
	enum rc rc = xml.bad ? RC_NOMEM : saml_send(&s->sp, &m, c->tx.arena, &found->answer, c->tx.fault);
	buf_done(&xml);
	return rc;
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

static enum rc show(struct call *c, const struct saml_sent *sent)
{
	if (sent->page) {
		buf_str(c->body, sent->page);
		return c->body->bad ? RC_NOMEM : RC_OK;
	}
	c->status = 303;
	c->location = sent->location ? sent->location : "/";
	return RC_OK;
}

static enum rc end_sessions(struct call *c, const struct provider *p, const struct slo_found *found)
{
	const char *name = arena_fmt(c->tx.arena, "logout:%s", found->said.id);
	size_t n = 0;

	c->tx.actor = arena_fmt(c->tx.arena, "idp:%s", p->row.id);
	if (!name || !c->tx.actor)
		return RC_NOMEM;
	enum rc rc = once_use(&c->tx, p->row.id, name, found->said.until_ms);
	if (rc == RC_EXISTS)
		return oidc_page(c, RC_DENIED, NULL);
	if (rc == RC_OK)
		rc = saml_sessions_end(&c->tx, p->row.id, found->said.name_id, &found->said.indexes, &n);
	return rc == RC_OK ? show(c, &found->answer) : rc;
}

static enum rc slo(struct call *c, void *ret_out)
{
	const struct slo_found *found = c->found;
	struct provider *p;
	(void)ret_out;

	enum rc rc = saml_call_keep(c, &found->base, &p);
	if (rc != RC_OK)
		return rc;
	if (found->base.rc != RC_OK)
		return oidc_page(c, found->base.rc, NULL);
	if (!found->is_response)
		return end_sessions(c, p, found);
	saml_call_cookie(c, saml_state_forget(c->tx.arena, found->state.relay));
	return show(c, &found->answer);
}

/* --- begun here */

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
	const struct saml_endpoint *to = &s->way.idp.slo;
	struct saml_state state;
	struct buf xml = { 0 };

	if (to->binding == SAML_NONE)
		return RC_OK;
	enum rc rc = saml_state_begin(&c->tx, s->idp, SAML_STATE_OUT, NULL, &state, &found->cookie);
	if (rc != RC_OK)
		return rc;
	const struct saml_head head = { state.request_id, to->url, c->tx.now_ms };
	saml_write_logout_request(&s->sp, to, &head, who, &xml);
	const struct saml_message m = { to->binding, to->url, "SAMLRequest", &xml, state.relay };
	rc = xml.bad ? RC_NOMEM : saml_send(&s->sp, &m, c->tx.arena, &found->sent, c->tx.fault);
	found->relay = state.relay;
	buf_done(&xml);
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
	struct provider *p;

	enum rc rc = saml_call_keep(c, &found->base, &p);
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
