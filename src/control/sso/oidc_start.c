#include "control/sso/oidc_found.h"
#include "control/sso/oidc_page.h"
#include "control/sso/oidc_state.h"
#include "control/sso/oidc_way.h"
#include "wire/field_json.h"

struct start_query {
	const char *go_to;
};
static const struct field start_fields[] = {
	{ .name = "returnTo",
		.type = FIELD_STR,
		FIELD_AT(struct start_query, go_to),
		.max = OIDC_PATH_MAX,
		.doc = "Where the browser goes after the log-on: a path here, such as /jobs." },
	{ 0 },
};

static const char *scope_of(struct arena *a, const struct oidc_conf *conf)
{
	const char *const *s = conf->scopes.at, *text = "openid";

	if (conf->scopes.n == 0)
		return "openid profile email";
	for (size_t i = 0; text && i < conf->scopes.n; i++)
		text = arena_fmt(a, "%s %s", text, s[i]);
	return text;
}

static enum rc put_location(
	struct tx *tx, const struct oidc_way *way, const struct oidc_state *state, const char **ret)
{
	const struct oidc_conf *conf = &way->idp->oidc;
	char challenge[OIDC_SECRET_MAX];
	struct buf to = { 0 };

	oidc_challenge(state->verifier, challenge);
	const struct oidc_request r = { .client_id = conf->client_id,
		.redirect_uri = oidc_way_redirect_uri(tx->arena, way->idp),
		.scope = scope_of(tx->arena, conf),
		.state = state->state,
		.nonce = state->nonce,
		.challenge = challenge,
		.prompt = conf->prompt,
		.max_age_s = conf->max_age_s };
	enum rc rc = r.redirect_uri && r.scope && *challenge ? oidc_put_request(way->op.authorization, &r, &to)
							     : RC_NOMEM;
	*ret = rc == RC_OK ? arena_str(tx->arena, buf_text(&to)) : NULL;
	buf_done(&to);
	return rc == RC_OK && !*ret ? RC_NOMEM : rc;
}

static enum rc start_before(struct call *c)
{
	const struct start_query *q = c->query;
	struct oidc_found *found = arena_take(c->tx.arena, sizeof(*found));
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	struct oidc_way *way = arena_take(c->tx.arena, sizeof(*way));
	const char *go_to = q->go_to ? q->go_to : "/";
	struct oidc_state state;

	if (!found || !p || !way)
		return RC_NOMEM;
	if (!oidc_is_path(go_to))
		return field_json_problem(
			c->reader, "?returnTo", "malformed", "must be a path here, such as /jobs");
	enum rc rc = provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p);
	if (rc != RC_OK)
		return rc;
	rc = oidc_way_begin(&c->tx, p, way);
	if (rc == RC_OK)
		rc = oidc_state_begin(&c->tx, p, go_to, &state, &found->cookie);
	if (rc == RC_OK)
		rc = put_location(&c->tx, way, &state, &found->location);
	found->documents = way->docs.at;
	return oidc_found_leave(c, found, rc);
}

static enum rc start(struct call *c, void *ret_out)
{
	const struct oidc_found *found = c->found;
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	(void)ret_out;

	enum rc rc = p ? provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p) : RC_NOMEM;
	if (rc == RC_OK)
		rc = oidc_found_keep(&c->tx, p->row.id, found);
	if (rc != RC_OK)
		return rc;
	if (found->rc != RC_OK)
		return oidc_page(c, found->rc, NULL);
	c->status = 303;
	c->location = found->location;
	c->set_cookie[0] = found->cookie;
	return RC_OK;
}

extern const struct route oidc_start_routes[]; /* named by http/routes */

const struct route oidc_start_routes[] = {
	{ .name = "startOidcLogin",
		.method = "GET",
		.path = "/v1/auth/oidc/{idp}/start",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_RAW,
		.out_type = "text/html; charset=utf-8",
		.query = start_fields,
		.query_size = sizeof(struct start_query),
		.before = start_before,
		.run = start,
		.doc = "Sends a browser to an OpenID provider to log on." },
	{ 0 },
};
