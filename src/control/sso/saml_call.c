#include "control/sso/saml_call.h"
#include "base/log.h"
#include "control/control.h"

void saml_call_done(struct saml_call *s)
{
	saml_way_done(&s->way);
	saml_sp_done(&s->sp);
}

enum rc saml_call_keys(struct call *c, struct saml_call *ret, struct saml_found *found)
{
	struct saml_call s = { .idp = arena_take(c->tx.arena, sizeof(*s.idp)) };

	enum rc rc = s.idp ? provider_named(&c->tx, c->arg[0], PROVIDER_SAML, s.idp) : RC_NOMEM;
	if (rc == RC_OK)
		rc = saml_sp_load(&c->tx, s.idp, true, &s.sp);
	if (rc == RC_OK && s.sp.keys_n == 0) {
		rc = saml_sp_make(&c->tx, s.idp, &found->made);
		if (rc == RC_OK)
			rc = saml_sp_adopt(&s.sp, &found->made, c->tx.arena);
	}
	if (rc == RC_OK)
		*ret = s;
	else
		saml_call_done(&s);
	return rc;
}

enum rc saml_call_way(struct call *c, struct saml_call *s, struct saml_found *found)
{
	enum rc rc = saml_way_begin(&c->tx, s->idp, false, &s->way);
	found->document = s->way.document;
	return rc;
}

bool saml_call_again(struct call *c, struct saml_call *s, struct saml_found *found)
{
	struct saml_way fresh = { 0 };

	if (!saml_way_can_refresh(&c->tx, s->idp, &s->way))
		return false;
	enum rc rc = saml_way_begin(&c->tx, s->idp, true, &fresh);
	found->document = fresh.document;
	saml_way_done(&s->way);
	s->way = fresh;
	return rc == RC_OK && *fresh.document.error == 0;
}

enum rc saml_call_leave(struct call *c, struct saml_found *found, enum rc rc, const struct fault *why)
{
	if (rc == RC_NOMEM || rc == RC_INTERNAL || rc == RC_IO || rc == RC_MISSING)
		return rc;
	found->rc = rc;
	if (rc != RC_OK)
		log_warn(c->tx.control->log, "SAML did not go on idp=%s peer=%s: %s", c->arg[0], c->tx.peer,
			why && why->rc != RC_OK ? why->text : c->tx.fault->text);
	c->found = found;
	return RC_OK;
}

enum rc saml_call_keep(struct call *c, const struct saml_found *found, struct provider **ret)
{
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	enum rc rc = p ? provider_named(&c->tx, c->arg[0], PROVIDER_SAML, p) : RC_NOMEM;

	if (rc == RC_OK)
		rc = saml_way_keep(&c->tx, p->row.id, &found->document);
	if (rc == RC_OK && found->made.certificate)
		rc = saml_sp_keep(&c->tx, p, &found->made, SAML_KEY_CURRENT);
	if (rc == RC_EXISTS)
		return fault_set(c->tx.fault, RC_OVERLOADED, "its first key is being made just now: try again");
	if (rc == RC_OK)
		*ret = p;
	return rc;
}

void saml_call_cookie(struct call *c, const char *cookie)
{
	for (int i = 0; i < ROUTE_COOKIES_MAX; i++)
		if (!c->set_cookie[i]) {
			c->set_cookie[i] = cookie;
			return;
		}
}
