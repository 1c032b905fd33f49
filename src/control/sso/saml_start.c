#include "control/sso/oidc_page.h"
#include "control/sso/provider.h"
#include "control/sso/saml_ask.h"
#include "control/sso/saml_call.h"
#include "control/sso/saml_sp.h"
#include "control/sso/saml_state.h"
#include "control/sso/saml_write.h"

#define METADATA_TYPE "application/samlmetadata+xml"

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
		rc = saml_ask_login(
			&c->tx, &s, &state, s.idp->saml.name_id_format, s.idp->saml.force_authn, &found->sent);
	saml_call_done(&s);
	return saml_call_leave(c, &found->base, rc, NULL);
}

static enum rc start(struct call *c, void *ret_out)
{
	const struct start_found *found = c->found;
	(void)ret_out;

	enum rc rc = saml_call_keep(c, &found->base, NULL, NULL);
	if (rc != RC_OK)
		return rc;
	if (found->base.rc != RC_OK)
		return oidc_page(c, found->base.rc, NULL);
	saml_call_cookie(c, found->cookie);
	return saml_call_show(c, &found->sent);
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
		rc = saml_write_metadata(s.sp, id, &xml, c->tx.fault);
	if (rc == RC_OK && !(found->text = arena_strn(c->tx.arena, (const char *)xml.p, xml.n)))
		rc = RC_NOMEM;
	buf_done(&xml);
	saml_call_done(&s);
	return saml_call_leave(c, &found->base, rc, NULL);
}

static enum rc metadata(struct call *c, void *ret_out)
{
	const struct metadata_found *found = c->found;
	(void)ret_out;

	enum rc rc = saml_call_keep(c, &found->base, NULL, NULL);
	if (rc == RC_OK)
		rc = found->base.rc;
	if (rc == RC_OK)
		buf_str(c->body, found->text);
	return rc == RC_OK && c->body->bad ? RC_NOMEM : rc;
}

extern const struct route saml_start_routes[]; /* named by http/routes */

const struct route saml_start_routes[] = {
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
