#include "control/sso/saml_expect.h"
#include "control/sso/provider.h"
#include "control/sso/saml_call.h"
#include "control/sso/saml_open.h"
#include "control/sso/saml_us.h"
#include "control/sso/saml_way.h"

void saml_expect_of(
	const struct call *c, const struct saml_call *s, struct saml_expect *ret, struct saml_opener *ret_opener)
{
	*ret = (struct saml_expect){ .entity_id = s->sp->entity_id,
		.acs_url = s->sp->acs_url,
		.slo_url = s->sp->slo_url,
		.idp_entity_id = s->way->idp.entity_id,
		.certs = &s->way->idp.certs,
		.opener = ret_opener,
		.now_ms = c->tx.now_ms };
	if (!ret_opener)
		return;
	*ret_opener = (struct saml_opener){ .cbc = s->idp->saml.aes_cbc };
	for (; ret_opener->n < s->sp->keys_n && ret_opener->n < SAML_OPENER_KEYS; ret_opener->n++)
		ret_opener->keys[ret_opener->n] = s->sp->keys[ret_opener->n].key;
}
