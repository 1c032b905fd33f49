#include "control/sso/saml_ask.h"
#include "base/buf.h"
#include "control/sso/saml_call.h"
#include "control/sso/saml_sp.h"
#include "control/sso/saml_state.h"
#include "control/sso/saml_way.h"
#include "control/sso/saml_write.h"
#include "control/tx.h"

static enum rc send(struct tx *tx, const struct saml_call *s, const struct saml_message *m, struct saml_sent *ret)
{
	return m->xml->bad ? RC_NOMEM : saml_write_send(s->sp, m, tx->arena, ret, tx->fault);
}

enum rc saml_ask_login(struct tx *tx, const struct saml_call *s, const struct saml_state *state,
	const char *name_format, bool force, struct saml_sent *ret)
{
	const struct saml_endpoint *to = &s->way->idp.sso;
	const struct saml_head head = { state->request_id, to->url, tx->now_ms };
	struct buf xml = { 0 };

	saml_write_authn_request(s->sp, to, &head, name_format, force, &xml);
	enum rc rc = send(tx, s, &(struct saml_message){ to, false, &xml, state->relay }, ret);
	buf_done(&xml);
	return rc;
}

bool saml_ask_can_logout(const struct saml_call *s) { return s->way->idp.slo.binding != SAML_NONE; }

enum rc saml_ask_logout(struct tx *tx, const struct saml_call *s, const struct saml_state *state,
	const struct saml_subject *who, struct saml_sent *ret)
{
	const struct saml_endpoint *to = &s->way->idp.slo;
	const struct saml_head head = { state->request_id, to->url, tx->now_ms };
	struct buf xml = { 0 };

	saml_write_logout_request(s->sp, to, &head, who, &xml);
	enum rc rc = send(tx, s, &(struct saml_message){ to, false, &xml, state->relay }, ret);
	buf_done(&xml);
	return rc;
}

enum rc saml_ask_done(struct tx *tx, const struct saml_call *s, const char *in_response_to, const char *relay,
	struct saml_sent *ret)
{
	const struct saml_endpoint *to = &s->way->idp.slo;
	const struct saml_head head = { saml_state_id(tx->arena), to->response_url, tx->now_ms };
	struct buf xml = { 0 };

	if (!head.id)
		return RC_NOMEM;
	saml_write_logout_response(s->sp, to, &head, in_response_to, &xml);
	enum rc rc = send(tx, s, &(struct saml_message){ to, true, &xml, relay }, ret);
	buf_done(&xml);
	return rc;
}
