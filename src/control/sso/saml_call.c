#include "control/sso/saml_call.h"
#include "base/log.h"
#include "control/control.h"
#include "control/sso/provider.h"
#include "control/sso/saml_sp.h"
#include "control/sso/saml_way.h"

void saml_call_done(struct saml_call *s)
{
	if (s->way)
		saml_way_done(s->way);
	if (s->sp)
		saml_sp_done(s->sp);
}

/* The first key that we ever have for it. */
static enum rc make_key(struct call *c, struct saml_call *s, struct saml_found *found)
{
	struct saml_key_made *made = arena_take(c->tx.arena, sizeof(*made));
	enum rc rc = made ? saml_sp_make(&c->tx, s->idp, made) : RC_NOMEM;

	if (rc == RC_OK)
		rc = saml_sp_adopt(s->sp, made, c->tx.arena);
	found->made = made;
	return rc;
}

enum rc saml_call_keys(struct call *c, struct saml_call *ret, struct saml_found *found)
{
	*ret = (struct saml_call){ .idp = arena_take(c->tx.arena, sizeof(*ret->idp)),
		.way = arena_take(c->tx.arena, sizeof(*ret->way)),
		.sp = arena_take(c->tx.arena, sizeof(*ret->sp)) };
	if (!ret->idp || !ret->way || !ret->sp)
		return RC_NOMEM;
	enum rc rc = provider_named(&c->tx, c->arg[0], PROVIDER_SAML, ret->idp);
	if (rc == RC_OK)
		rc = saml_sp_load(&c->tx, ret->idp, true, ret->sp);
	return rc == RC_OK && ret->sp->keys_n == 0 ? make_key(c, ret, found) : rc;
}

enum rc saml_call_way(struct call *c, struct saml_call *s, struct saml_found *found)
{
	found->document = &s->way->document;
	return saml_way_begin(&c->tx, s->idp, false, s->way);
}

bool saml_call_again(struct call *c, struct saml_call *s, struct saml_found *found)
{
	struct saml_way *fresh = arena_take(c->tx.arena, sizeof(*fresh));

	if (!fresh || !saml_way_can_refresh(&c->tx, s->idp, s->way))
		return false;
	enum rc rc = saml_way_begin(&c->tx, s->idp, true, fresh);
	found->document = &fresh->document;
	saml_way_done(s->way);
	s->way = fresh;
	return rc == RC_OK && *fresh->document.error == 0;
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

enum rc saml_call_keep(
	struct call *c, const struct saml_found *found, struct provider **ret_idp, const char **ret_id)
{
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	enum rc rc = p ? provider_named(&c->tx, c->arg[0], PROVIDER_SAML, p) : RC_NOMEM;

	if (rc == RC_OK && found->document)
		rc = saml_way_keep(&c->tx, p->row.id, found->document);
	if (rc == RC_OK && found->made)
		rc = saml_sp_keep(&c->tx, p, found->made, SAML_KEY_CURRENT);
	if (rc == RC_EXISTS)
		return fault_set(c->tx.fault, RC_OVERLOADED, "its first key is being made just now: try again");
	if (rc == RC_OK && ret_idp)
		*ret_idp = p;
	if (rc == RC_OK && ret_id)
		*ret_id = p->row.id;
	return rc;
}

enum rc saml_call_show(struct call *c, const struct saml_sent *sent)
{
	if (sent->page) {
		buf_str(c->body, sent->page);
		return c->body->bad ? RC_NOMEM : RC_OK;
	}
	c->status = 303;
	c->location = sent->location ? sent->location : "/";
	return RC_OK;
}

void saml_call_cookie(struct call *c, const char *cookie)
{
	for (int i = 0; i < ROUTE_COOKIES_MAX; i++)
		if (!c->set_cookie[i]) {
			c->set_cookie[i] = cookie;
			return;
		}
}
