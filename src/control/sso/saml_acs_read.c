#include "control/sso/saml_acs_read.h"
#include "control/http/route.h"
#include "control/sso/provider.h"
#include "control/sso/saml_answer.h"
#include "control/sso/saml_expect.h"
#include "control/sso/saml_open.h"
#include "control/sso/saml_state.h"
#include "control/sso/saml_write.h"

#include <jansson.h>

#define SUBJECT_MAX 255 /* bytes */
#define TRANSIENT   "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

/* The request that this browser made; unasked, where the settings let people come so. */
static enum rc open_state(
	struct call *c, const struct provider *p, const struct saml_acs_form *form, struct saml_arrival *ret)
{
	struct saml_state s = { 0 };
	enum rc rc = saml_state_open(&c->tx, p, SAML_STATE_IN, c->cookies, form->relay, &s);

	if (rc == RC_DENIED && p->saml.unsolicited)
		s = (struct saml_state){ .go_to = "/" };
	else if (rc != RC_OK)
		return rc;
	ret->request_id = s.request_id;
	ret->relay = s.relay;
	ret->go_to = s.go_to;
	ret->began_ms = s.began_ms;
	return RC_OK;
}

static enum rc read_answer(struct call *c, const struct saml_call *s, const struct buf *xml,
	const struct saml_arrival *arrival, struct saml_person *ret, struct fault *why)
{
	struct saml_opener opener;
	struct saml_expect e;

	saml_expect_of(c, s, &e, &opener);
	e.request_id = arrival->request_id;
	e.signed_response = s->idp->saml.signed_response;
	e.encrypted = s->idp->saml.encrypted;
	e.reason = why;
	*why = (struct fault){ 0 };
	return saml_answer_read(xml->p, xml->n, &e, c->tx.arena, ret, c->tx.fault);
}

/* Who they are for ever. */
static enum rc find_subject(
	struct call *c, const struct saml_conf *conf, const struct saml_person *p, struct saml_arrival *ret)
{
	const char *text = p->name_id;

	if (conf->subject_attribute) {
		const json_t *list = json_object_get(p->attributes, conf->subject_attribute);
		text = json_array_size(list) == 1 ? json_string_value(json_array_get(list, 0)) : NULL;
		if (!text)
			return fault_set(c->tx.fault, RC_REFUSED, "the attribute %s has not one value",
				conf->subject_attribute);
	} else if (p->name_format && !strcmp(p->name_format, TRANSIENT)) {
		return fault_set(c->tx.fault, RC_REFUSED,
			"the NameID is transient: it tells nobody for ever; set subjectAttribute or nameIdFormat");
	}
	if (strlen(text) > SUBJECT_MAX)
		return fault_set(c->tx.fault, RC_REFUSED, "the subject is longer than %d bytes", SUBJECT_MAX);
	ret->session.subject = arena_str(c->tx.arena, text);
	return ret->session.subject ? RC_OK : RC_NOMEM;
}

static bool has_second_factor(const struct saml_conf *conf, const char *context)
{
	const char *const *s = conf->second_factors.at;

	for (size_t i = 0; context && i < conf->second_factors.n; i++)
		if (!strcmp(s[i], context))
			return true;
	return false;
}

/* The attributes as text, and the NameID beside them. */
static enum rc put_claims(struct call *c, const struct saml_person *p, struct saml_arrival *ret)
{
	struct buf text = { 0 };
	enum rc rc = json_object_set_new(p->attributes, "NameID", json_pack("[s]", p->name_id)) == 0
			     ? json_put(&text, p->attributes, false)
			     : RC_NOMEM;

	ret->claims = rc == RC_OK ? arena_strn(c->tx.arena, (const char *)text.p, text.n) : NULL;
	buf_done(&text);
	return rc == RC_OK && !ret->claims ? RC_NOMEM : rc;
}

static enum rc gather(
	struct call *c, const struct saml_conf *conf, const struct saml_person *p, struct saml_arrival *ret)
{
	if (conf->force_authn && ret->request_id && p->authn_ms + SAML_SKEW_MS < ret->began_ms)
		return fault_set(c->tx.fault, RC_REFUSED, "the person did not prove anew who they are");
	enum rc rc = find_subject(c, conf, p, ret);
	if (rc == RC_OK)
		rc = put_claims(c, p, ret);
	ret->assertion_id = p->assertion_id;
	ret->until_ms = p->until_ms;
	ret->session.who = (struct saml_subject){ p->name_id, p->name_format, p->name_qualifier,
		p->sp_name_qualifier, p->session_index };
	ret->session.until_ms = p->session_until_ms;
	ret->session.second_factor = has_second_factor(conf, p->context);
	return rc;
}

/* Once more with metadata of just now, when a signature is by no key of what we have: it may have changed. */
static enum rc judge(struct call *c, struct saml_call *s, const struct saml_acs_form *form,
	struct saml_found *found, struct saml_arrival *ret, struct fault *why)
{
	struct saml_person person = { 0 };
	struct buf xml = { 0 };

	enum rc rc = saml_write_received(form->response, false, &xml, c->tx.fault);
	if (rc == RC_OK)
		rc = read_answer(c, s, &xml, ret, &person, why);
	if (rc == RC_DENIED && saml_call_again(c, s, found))
		rc = read_answer(c, s, &xml, ret, &person, why);
	if (rc == RC_OK)
		rc = gather(c, &s->idp->saml, &person, ret);
	saml_answer_done(&person);
	buf_done(&xml);
	return rc == RC_DENIED ? RC_REFUSED : rc; /* it is not the browser's doing */
}

enum rc saml_acs_read(struct call *c, const struct saml_acs_form *form, struct saml_found *found,
	struct saml_arrival *ret, struct fault *why)
{
	struct saml_call s = { 0 };

	enum rc rc = saml_call_keys(c, &s, found);
	if (rc == RC_OK)
		rc = open_state(c, s.idp, form, ret);
	if (rc == RC_OK)
		rc = saml_call_way(c, &s, found);
	if (rc == RC_OK)
		rc = judge(c, &s, form, found, ret, why);
	saml_call_done(&s);
	return rc;
}
