#include "control/people/sessions.h"
#include "control/sso/arrive.h"
#include "control/sso/oidc_page.h"
#include "control/sso/once.h"
#include "control/sso/saml_answer.h"
#include "control/sso/saml_call.h"
#include "control/sso/saml_expect.h"
#include "control/sso/saml_open.h"
#include "control/sso/saml_sessions.h"
#include "control/sso/saml_state.h"
#include "control/sso/saml_write.h"

#include <jansson.h>

#define RESPONSE_MAX  360000 /* characters of base64 */
#define METADATA_TYPE "application/samlmetadata+xml"
#define TRANSIENT     "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

/* --- there */

struct start_query {
	const char *go_to;
};
static const struct field start_fields[] = {
	{ .name = "returnTo",
		.type = FIELD_STR,
		FIELD_AT(struct start_query, go_to),
		.max = 512,
		.doc = "Where the browser goes after the log-on: a path here, such as /jobs." },
	{ 0 },
};

struct start_found {
	struct saml_found base;
	struct saml_sent sent;
	const char *cookie;
};

static enum rc ask(struct call *c, const struct saml_call *s, const struct saml_state *state, struct saml_sent *ret)
{
	const struct saml_endpoint *to = &s->way.idp.sso;
	const struct saml_head head = { state->request_id, to->url, c->tx.now_ms };
	const struct saml_conf *conf = &s->idp->saml;
	struct buf xml = { 0 };

	saml_write_authn_request(&s->sp, to, &head, conf->name_id_format, conf->force_authn, &xml);
	const struct saml_message m = { to->binding, to->url, "SAMLRequest", &xml, state->relay };
	enum rc rc = xml.bad ? RC_NOMEM : saml_send(&s->sp, &m, c->tx.arena, ret, c->tx.fault);
	buf_done(&xml);
	return rc;
}

static enum rc start_before(struct call *c)
{
	const struct start_query *q = c->query;
	struct start_found *found = arena_take(c->tx.arena, sizeof(*found));
	struct saml_call s = { 0 };
	struct saml_state state;

	if (!found)
		return RC_NOMEM;
	if (q->go_to && !saml_state_is_path(q->go_to))
		return field_json_problem(
			c->reader, "?returnTo", "malformed", "must be a path here, such as /jobs");
	enum rc rc = saml_call_keys(c, &s, &found->base);
	if (rc == RC_OK)
		rc = saml_call_way(c, &s, &found->base);
	if (rc == RC_OK)
		rc = saml_state_begin(&c->tx, s.idp, SAML_STATE_IN, q->go_to, &state, &found->cookie);
	if (rc == RC_OK)
		rc = ask(c, &s, &state, &found->sent);
	saml_call_done(&s);
	return saml_call_leave(c, &found->base, rc, NULL);
}

static enum rc start(struct call *c, void *ret_out)
{
	const struct start_found *found = c->found;
	struct provider *p;
	(void)ret_out;

	enum rc rc = saml_call_keep(c, &found->base, &p);
	if (rc != RC_OK)
		return rc;
	if (found->base.rc != RC_OK)
		return oidc_page(c, found->base.rc, NULL);
	saml_call_cookie(c, found->cookie);
	if (found->sent.page) {
		buf_str(c->body, found->sent.page);
		return c->body->bad ? RC_NOMEM : RC_OK;
	}
	c->status = 303;
	c->location = found->sent.location;
	return RC_OK;
}

/* --- and back */

struct acs_form {
	const char *response, *relay;
};
static const struct field acs_fields[] = {
	{ .name = "SAMLResponse",
		.type = FIELD_STR,
		FIELD_AT(struct acs_form, response),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = RESPONSE_MAX,
		.doc = "The provider's answer, XML in base64." },
	{ .name = "RelayState",
		.type = FIELD_STR,
		FIELD_AT(struct acs_form, relay),
		.max = 1024,
		.doc = "Which log-on it is." },
	{ 0 },
};

struct acs_found {
	struct saml_found base;
	struct saml_state state; /* without request_id: it came unasked */
	struct saml_person person;
	const char *subject, *claims;
	bool second_factor;
};

/* The request that this browser made; unasked, where the settings let people come so. */
static enum rc open_state(struct call *c, const struct provider *p, struct saml_state *ret)
{
	const struct acs_form *form = c->in;
	enum rc rc = saml_state_open(&c->tx, p, SAML_STATE_IN, c->cookies, form->relay, ret);

	if (rc != RC_DENIED || !p->saml.unsolicited)
		return rc;
	*ret = (struct saml_state){ .go_to = "/" };
	return RC_OK;
}

static enum rc read_answer(struct call *c, const struct saml_call *s, const struct buf *xml,
	struct acs_found *found, struct fault *why)
{
	struct saml_opener opener = { .cbc = s->idp->saml.aes_cbc };
	const struct saml_expect e = { .entity_id = s->sp.entity_id,
		.acs_url = s->sp.acs_url,
		.idp_entity_id = s->way.idp.entity_id,
		.certs = &s->way.idp.certs,
		.opener = &opener,
		.request_id = found->state.request_id,
		.signed_response = s->idp->saml.signed_response,
		.encrypted = s->idp->saml.encrypted,
		.now_ms = c->tx.now_ms,
		.reason = why };

	for (; opener.n < s->sp.keys_n && opener.n < SAML_OPENER_KEYS; opener.n++)
		opener.keys[opener.n] = s->sp.keys[opener.n].key;
	*why = (struct fault){ 0 };
	return saml_answer_read(xml->p, xml->n, &e, c->tx.arena, &found->person, c->tx.fault);
}

/* Once more with metadata of just now: its keys may have changed. */
static enum rc read_answer_of_now(struct call *c, struct saml_call *s, struct acs_found *found, struct fault *why)
{
	const struct acs_form *form = c->in;
	struct buf xml = { 0 };

	enum rc rc = saml_received(form->response, false, &xml, c->tx.fault);
	if (rc == RC_OK)
		rc = read_answer(c, s, &xml, found, why);
	if (rc == RC_DENIED && saml_call_again(c, s, &found->base))
		rc = read_answer(c, s, &xml, found, why);
	buf_done(&xml);
	return rc;
}

/* Who they are for ever. */
static enum rc find_subject(struct call *c, const struct saml_conf *conf, struct acs_found *found)
{
	const struct saml_person *p = &found->person;

	if (conf->subject_attribute) {
		const json_t *list = json_object_get(p->attributes, conf->subject_attribute);
		const char *text = json_array_size(list) == 1 ? json_string_value(json_array_get(list, 0)) : NULL;
		if (!text)
			return fault_set(c->tx.fault, RC_REFUSED, "the attribute %s has not one value",
				conf->subject_attribute);
		found->subject = arena_str(c->tx.arena, text);
	} else if (p->name_format && !strcmp(p->name_format, TRANSIENT)) {
		return fault_set(c->tx.fault, RC_REFUSED,
			"the NameID is transient: it tells nobody for ever; set subjectAttribute or nameIdFormat");
	} else {
		found->subject = p->name_id;
	}
	if (found->subject && strlen(found->subject) > ARRIVE_SUBJECT_MAX)
		return fault_set(
			c->tx.fault, RC_REFUSED, "the subject is longer than %d bytes", ARRIVE_SUBJECT_MAX);
	return found->subject ? RC_OK : RC_NOMEM;
}

static bool has_second_factor(const struct saml_conf *conf, const char *context)
{
	const char *const *s = conf->second_factors.at;

	for (size_t i = 0; context && i < conf->second_factors.n; i++)
		if (!strcmp(s[i], context))
			return true;
	return false;
}

/* The person as text for the writer: the attributes, and the NameID beside them. */
static enum rc gather(struct call *c, const struct saml_conf *conf, struct acs_found *found)
{
	struct saml_person *p = &found->person;
	struct buf text = { 0 };

	if (conf->force_authn && found->state.request_id && p->authn_ms + SAML_SKEW_MS < found->state.began_ms)
		return fault_set(c->tx.fault, RC_REFUSED, "the person did not prove anew who they are");
	enum rc rc = find_subject(c, conf, found);
	if (rc == RC_OK)
		rc = json_object_set_new(p->attributes, "NameID", json_pack("[s]", p->name_id)) == 0
			     ? json_put(&text, p->attributes, false)
			     : RC_NOMEM;
	found->claims = rc == RC_OK ? arena_strn(c->tx.arena, (const char *)text.p, text.n) : NULL;
	found->second_factor = has_second_factor(conf, p->context);
	buf_done(&text);
	return rc == RC_OK && !found->claims ? RC_NOMEM : rc;
}

static enum rc acs_before(struct call *c)
{
	struct acs_found *found = arena_take(c->tx.arena, sizeof(*found));
	struct saml_call s = { 0 };
	struct fault why = { 0 };

	if (!found)
		return RC_NOMEM;
	enum rc rc = saml_call_keys(c, &s, &found->base);
	if (rc == RC_OK)
		rc = open_state(c, s.idp, &found->state);
	bool known = rc == RC_OK; /* what is denied after it is not the browser's doing */
	if (rc == RC_OK)
		rc = saml_call_way(c, &s, &found->base);
	if (rc == RC_OK)
		rc = read_answer_of_now(c, &s, found, &why);
	if (rc == RC_OK)
		rc = gather(c, &s.idp->saml, found);
	saml_person_done(&found->person);
	saml_call_done(&s);
	return saml_call_leave(c, &found->base, known && rc == RC_DENIED ? RC_REFUSED : rc, &why);
}

/* Neither the request nor the assertion was used before, on any instance. RC_EXISTS: one was. */
static enum rc use_once(struct call *c, const struct provider *p, const struct acs_found *found)
{
	const struct saml_state *s = &found->state;
	const char *assertion = arena_fmt(c->tx.arena, "assertion:%s", found->person.assertion_id);
	const char *request = s->request_id ? arena_fmt(c->tx.arena, "request:%s", s->request_id) : NULL;

	if (!assertion || (s->request_id && !request))
		return RC_NOMEM;
	enum rc rc = once_use(&c->tx, p->row.id, assertion, found->person.until_ms);
	if (rc == RC_OK && request)
		rc = once_use(&c->tx, p->row.id, request, s->began_ms + 2 * SAML_STATE_MS);
	return rc;
}

static enum rc open_session(
	struct call *c, const struct provider *p, const struct acs_found *found, const char *user)
{
	const struct saml_person *is = &found->person;
	const struct saml_subject who = { is->name_id, is->name_format, is->name_qualifier, is->sp_name_qualifier,
		is->session_index };
	struct session_made made = { 0 };

	enum rc rc = people_sessions_open(c,
		&(struct session_new){ .user_id = user,
			.kind = SESSION_COOKIE,
			.method = "saml",
			.second_factor = found->second_factor,
			.idp_id = p->row.id,
			.idp_subject = found->subject,
			.idp_session = is->session_index },
		&made);
	if (rc == RC_OK)
		rc = saml_sessions_add(&c->tx, made.id, p->row.id, &who, is->session_until_ms);
	return rc;
}

/* They are who they say. Let them in, if they may. */
static enum rc enter(struct call *c, const struct provider *p, const struct acs_found *found)
{
	auto_json json_t *claims = NULL;
	struct arrive_plan plan;
	const char *user = NULL;

	c->tx.actor = arena_fmt(c->tx.arena, "idp:%s", p->row.id);
	enum rc rc = c->tx.actor ? json_read(found->claims, strlen(found->claims), &claims, c->tx.fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = sso_arrive(c, &(struct sso_person){ p, found->subject, claims }, &plan, &user);
	if (rc == RC_OK && !user)
		return oidc_page(c, RC_DENIED, plan.why);
	if (rc == RC_OK)
		rc = open_session(c, p, found, user);
	if (rc != RC_OK)
		return rc;
	c->status = 303;
	c->location = arena_str(c->tx.arena, found->state.go_to);
	return c->location ? RC_OK : RC_NOMEM;
}

static enum rc acs(struct call *c, void *ret_out)
{
	const struct acs_found *found = c->found;
	struct provider *p;
	(void)ret_out;

	enum rc rc = saml_call_keep(c, &found->base, &p);
	if (rc != RC_OK)
		return rc;
	if (found->base.rc != RC_OK)
		return oidc_page(c, found->base.rc, NULL);
	rc = use_once(c, p, found);
	if (rc == RC_EXISTS)
		return oidc_page(c, RC_DENIED, NULL);
	if (rc == RC_OK)
		rc = enter(c, p, found);
	if (rc == RC_OK && found->state.relay)
		saml_call_cookie(c, saml_state_forget(c->tx.arena, found->state.relay));
	return rc;
}

/* --- who we are */

struct metadata_found {
	struct saml_found base;
	const char *text;
};

static enum rc metadata_before(struct call *c)
{
	struct metadata_found *found = arena_take(c->tx.arena, sizeof(*found));
	const char *id = saml_state_id(c->tx.arena);
	struct saml_call s = { 0 };
	struct buf xml = { 0 };

	if (!found || !id)
		return RC_NOMEM;
	enum rc rc = saml_call_keys(c, &s, &found->base);
	if (rc == RC_OK)
		rc = saml_write_metadata(&s.sp, id, &xml, c->tx.fault);
	if (rc == RC_OK && !(found->text = arena_strn(c->tx.arena, (const char *)xml.p, xml.n)))
		rc = RC_NOMEM;
	buf_done(&xml);
	saml_call_done(&s);
	return saml_call_leave(c, &found->base, rc, NULL);
}

static enum rc metadata(struct call *c, void *ret_out)
{
	const struct metadata_found *found = c->found;
	struct provider *p;
	(void)ret_out;

	enum rc rc = saml_call_keep(c, &found->base, &p);
	if (rc == RC_OK)
		rc = found->base.rc;
	if (rc == RC_OK)
		buf_str(c->body, found->text);
	return rc == RC_OK && c->body->bad ? RC_NOMEM : rc;
}

extern const struct route saml_routes[]; /* named by http/routes */

const struct route saml_routes[] = {
	{ .name = "startSamlLogin",
		.method = "GET",
		.path = "/v1/auth/saml/{idp}/start",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_RAW,
		.out_type = "text/html; charset=utf-8",
		.query = start_fields,
		.query_size = sizeof(struct start_query),
		.before = start_before,
		.run = start,
		.doc = "Sends a browser to a SAML identity provider to log on." },
	{ .name = "finishSamlLogin",
		.method = "POST",
		.path = "/v1/auth/saml/{idp}/acs",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_RAW | ROUTE_FORM | ROUTE_LENIENT,
		.out_type = "text/html; charset=utf-8",
		.in = acs_fields,
		.in_size = sizeof(struct acs_form),
		.before = acs_before,
		.run = acs,
		.doc = "The assertion consumer service: where a SAML identity provider has a browser post its "
		       "answer. Makes "
		       "the session and goes on where the log-on was begun." },
	{ .name = "getSamlMetadata",
		.method = "GET",
		.path = "/v1/auth/saml/{idp}/metadata",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_RAW,
		.out_type = METADATA_TYPE,
		.before = metadata_before,
		.run = metadata,
		.doc = "What we are for this SAML identity provider: our addresses and certificates, signed." },
	{ 0 },
};
