#include "base/log.h"
#include "control/control.h"
#include "control/people/sessions.h"
#include "control/sso/arrive.h"
#include "control/sso/oidc_page.h"
#include "control/sso/oidc_state.h"
#include "control/sso/oidc_way.h"
#include "control/sso/once.h"

#include <jansson.h>

/* What `before` found out, for the `run` that follows. In the arena of the request. */
struct found {
	struct oidc_way_document at[OIDC_WAY_WHATS];
	enum rc rc;                    /* why it does not go on; RC_OK: it does */
	const char *location, *cookie; /* of a start */
	struct oidc_state state;       /* of a return, and the rest, too */
	struct oidc_who who;
	const char *claims;
};

static void tell_log(const struct call *c, const struct found *found)
{
	log_warn(c->tx.control->log, "single sign-on did not go on idp=%s peer=%s: %s", c->arg[0], c->tx.peer,
		c->tx.fault->text);
	(void)found;
}

/* A refusal is found out, too: it is answered with a page by `run`. What is wrong with ourselves is not. */
static enum rc leave(struct call *c, struct found *found, const struct oidc_way *way, enum rc rc)
{
	if (rc == RC_NOMEM || rc == RC_INTERNAL || rc == RC_IO)
		return rc;
	if (way)
		memcpy(found->at, way->at, sizeof(found->at));
	found->rc = rc;
	if (rc != RC_OK)
		tell_log(c, found);
	c->found = found;
	return RC_OK;
}

/* --- there */

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
	struct found *found = arena_take(c->tx.arena, sizeof(*found));
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	const char *go_to = q->go_to ? q->go_to : "/";
	struct oidc_way way;

	if (!found || !p)
		return RC_NOMEM;
	if (!oidc_is_path(go_to))
		return field_json_problem(
			c->reader, "?returnTo", "malformed", "must be a path here, such as /jobs");
	enum rc rc = provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p);
	if (rc != RC_OK)
		return rc;
	rc = oidc_way_begin(&c->tx, p, &way);
	if (rc == RC_OK)
		rc = oidc_state_begin(&c->tx, p, go_to, &found->state, &found->cookie);
	if (rc == RC_OK)
		rc = put_location(&c->tx, &way, &found->state, &found->location);
	return leave(c, found, &way, rc);
}

static enum rc start(struct call *c, void *ret_out)
{
	const struct found *found = c->found;
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	(void)ret_out;

	enum rc rc = p ? provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p) : RC_NOMEM;
	if (rc == RC_OK)
		rc = oidc_way_keep(&c->tx, p->row.id, found->at);
	if (rc != RC_OK)
		return rc;
	if (found->rc != RC_OK)
		return oidc_page(c, found->rc, NULL);
	c->status = 303;
	c->location = found->location;
	c->set_cookie[0] = found->cookie;
	return RC_OK;
}

/* --- and back */

struct callback_query {
	const char *code, *state, *iss, *error;
};
static const struct field callback_fields[] = {
	{ .name = "code",
		.type = FIELD_STR,
		FIELD_AT(struct callback_query, code),
		.max = 4096,
		.doc = "What the provider gives tokens for, once." },
	{ .name = "state",
		.type = FIELD_STR,
		FIELD_AT(struct callback_query, state),
		.max = 128,
		.doc = "Which log-on it is." },
	{ .name = "iss",
		.type = FIELD_STR,
		FIELD_AT(struct callback_query, iss),
		.max = 512,
		.doc = "Which provider." },
	{ .name = "error",
		.type = FIELD_STR,
		FIELD_AT(struct callback_query, error),
		.max = 256,
		.doc = "Why the provider does not let the person in." },
	{ 0 },
};

/* The answer is for this log-on, of this provider: before its code is shown to anybody. */
static enum rc check_answer(const struct oidc_way *way, const struct callback_query *q)
{
	struct fault *f = way->tx->fault;

	if (q->iss ? strcmp(q->iss, way->op.issuer) != 0 : way->op.says_issuer)
		return fault_set(f, RC_REFUSED, "the answer is another provider's, or does not say whose it is");
	if (q->error)
		return fault_set(f, RC_REFUSED, "the provider says: %.60s", q->error);
	return q->code ? RC_OK : fault_set(f, RC_REFUSED, "the answer has no code");
}

static enum rc verify_id_token(struct oidc_way *way, const struct oidc_way_tokens *tokens, const char *nonce,
	struct found *found, json_t **ret)
{
	static const char *const types[] = { "JWT", "", NULL };
	const struct oidc_conf *conf = &way->idp->oidc;
	const struct jwt_rules rules = { .algs = JWK_ANY,
		.types = types,
		.issuer = conf->issuer,
		.audience = conf->client_id,
		.party = conf->client_id,
		.needs = JWT_EXP | JWT_IAT | JWT_SUB,
		.now_s = way->tx->now_ms / 1000,
		.skew_s = OIDC_WAY_SKEW_S,
		.age_s = OIDC_WAY_AGE_S };
	struct jwt_said said = { 0 };

	enum rc rc = oidc_way_verify(way, tokens->id_token, &rules, &said);
	if (rc == RC_OK) {
		const struct oidc_expect e = { nonce, tokens->access_token, said.alg == JWK_EDDSA, conf->max_age_s,
			rules.now_s, rules.skew_s };
		rc = oidc_check_id_token(said.claims, &e, way->tx->arena, &found->who, way->tx->fault);
	}
	if (rc == RC_OK)
		*ret = json_incref(said.claims);
	jwt_verify_done(&said);
	return rc;
}

/* All that is known of the person, as text: what the ID token says stands above what userinfo says. */
static enum rc gather(
	struct oidc_way *way, const struct oidc_way_tokens *tokens, json_t *claims, struct found *found)
{
	auto_json json_t *all = NULL;
	struct buf text = { 0 };

	enum rc rc = way->idp->oidc.userinfo
			     ? oidc_way_userinfo(way, tokens->access_token, found->who.subject, &all)
			     : RC_OK;
	if (rc == RC_OK && !all)
		all = json_object();
	if (rc == RC_OK)
		rc = all ? json_merge(all, claims) : RC_NOMEM;
	if (rc == RC_OK)
		rc = json_put(&text, all, false);
	found->claims = rc == RC_OK ? arena_strn(way->tx->arena, (const char *)text.p, text.n) : NULL;
	buf_done(&text);
	return rc == RC_OK && !found->claims ? RC_NOMEM : rc;
}

static enum rc find_out(struct oidc_way *way, const struct callback_query *q, struct found *found)
{
	struct oidc_way_tokens tokens = { 0 };
	auto_json json_t *claims = NULL;

	enum rc rc = check_answer(way, q);
	if (rc == RC_OK)
		rc = oidc_way_redeem(way, q->code, found->state.verifier, &tokens);
	if (rc == RC_OK)
		rc = verify_id_token(way, &tokens, found->state.nonce, found, &claims);
	return rc == RC_OK ? gather(way, &tokens, claims, found) : rc;
}

static const char *once_name(struct call *c, const struct oidc_state *s)
{
	return arena_fmt(c->tx.arena, "state:%s", s->state);
}

static enum rc callback_before(struct call *c)
{
	const struct callback_query *q = c->query;
	struct found *found = arena_take(c->tx.arena, sizeof(*found));
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	struct oidc_way way = { 0 };

	if (!found || !p)
		return RC_NOMEM;
	enum rc rc = provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p);
	if (rc != RC_OK)
		return rc;
	rc = oidc_state_open(&c->tx, p, c->cookies, q->state, &found->state);
	if (rc == RC_OK) {
		const char *name = once_name(c, &found->state);
		rc = name ? once_unused(&c->tx, p->row.id, name) : RC_NOMEM;
	}
	if (rc != RC_OK)
		return leave(c, found, NULL, rc == RC_EXISTS ? RC_DENIED : rc);
	rc = oidc_way_begin(&c->tx, p, &way);
	if (rc == RC_OK)
		rc = find_out(&way, q, found);
	/* What was denied from here on is not the browser's doing. */
	return leave(c, found, &way, rc == RC_DENIED ? RC_REFUSED : rc);
}

static void forget_state(struct call *c)
{
	for (int i = 0; i < ROUTE_COOKIES_MAX; i++)
		if (!c->set_cookie[i]) {
			c->set_cookie[i] = oidc_state_forget;
			return;
		}
}

/* They are who they say. Let them in, if they may. */
static enum rc enter(struct call *c, const struct provider *p, const struct found *found)
{
	auto_json json_t *claims = NULL;
	struct arrive_plan plan;
	struct session_made made = { 0 };
	const char *user = NULL;

	c->tx.actor = arena_fmt(c->tx.arena, "idp:%s", p->row.id);
	enum rc rc = c->tx.actor ? json_read(found->claims, strlen(found->claims), &claims, c->tx.fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = sso_arrive(c, &(struct sso_person){ p, found->who.subject, claims }, &plan, &user);
	if (rc == RC_OK && !user)
		return oidc_page(c, RC_DENIED, plan.why);
	if (rc == RC_OK)
		rc = people_sessions_open(c,
			&(struct session_new){ .user_id = user,
				.kind = SESSION_COOKIE,
				.method = "oidc",
				.second_factor = p->oidc.trusts_mfa && found->who.second_factor,
				.idp_id = p->row.id,
				.idp_subject = found->who.subject,
				.idp_session = found->who.session },
			&made);
	if (rc != RC_OK)
		return rc;
	c->status = 303;
	c->location = arena_str(c->tx.arena, found->state.go_to);
	return c->location ? RC_OK : RC_NOMEM;
}

static enum rc callback(struct call *c, void *ret_out)
{
	const struct found *found = c->found;
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	(void)ret_out;

	enum rc rc = p ? provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p) : RC_NOMEM;
	if (rc == RC_OK)
		rc = oidc_way_keep(&c->tx, p->row.id, found->at);
	if (rc == RC_OK && found->state.state) { /* whatever came of it: this state is over */
		const char *name = once_name(c, &found->state);
		rc = name ? once_use(&c->tx, p->row.id, name, found->state.began_ms + 2 * OIDC_STATE_MS) : RC_NOMEM;
	}
	if (rc == RC_EXISTS)
		return oidc_page(c, RC_DENIED, NULL);
	if (rc != RC_OK)
		return rc;
	rc = found->rc != RC_OK ? oidc_page(c, found->rc, NULL) : enter(c, p, found);
	if (rc == RC_OK && found->state.state)
		forget_state(c);
	return rc;
}

extern const struct route oidc_routes[]; /* named by http/routes */

const struct route oidc_routes[] = {
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
	{ .name = "finishOidcLogin",
		.method = "GET",
		.path = "/v1/auth/oidc/{idp}/callback",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_RAW | ROUTE_LENIENT,
		.out_type = "text/html; charset=utf-8",
		.query = callback_fields,
		.query_size = sizeof(struct callback_query),
		.before = callback_before,
		.run = callback,
		.doc = "Where an OpenID provider sends a browser back to: makes the session and goes on where the "
		       "log-on "
		       "was begun." },
	{ 0 },
};
