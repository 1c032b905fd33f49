#include "control/sso/oidc_answer.h"
#include "control/sso/oidc_found.h"
#include "control/sso/oidc_state.h"
#include "control/sso/oidc_way.h"
#include "wire/json.h"

#include <jansson.h>

const struct field oidc_answer_fields[] = {
	{ .name = "code",
		.type = FIELD_STR,
		FIELD_AT(struct oidc_answer, code),
		.max = 4096,
		.doc = "What the provider gives tokens for, once." },
	{ .name = "state",
		.type = FIELD_STR,
		FIELD_AT(struct oidc_answer, state),
		.max = 128,
		.doc = "Which log-on it is." },
	{ .name = "iss",
		.type = FIELD_STR,
		FIELD_AT(struct oidc_answer, iss),
		.max = 512,
		.doc = "Which provider." },
	{ .name = "error",
		.type = FIELD_STR,
		FIELD_AT(struct oidc_answer, error),
		.max = 256,
		.doc = "Why the provider does not let the person in." },
	{ 0 },
};

/* The answer is for this log-on, of this provider: before its code is shown to anybody. */
static enum rc check_answer(const struct oidc_way *way, const struct oidc_answer *q)
{
	struct fault *f = way->tx->fault;

	if (q->iss ? strcmp(q->iss, way->op.issuer) != 0 : way->op.says_issuer)
		return fault_set(f, RC_REFUSED, "the answer is another provider's, or does not say whose it is");
	if (q->error)
		return fault_set(f, RC_REFUSED, "the provider says: %.60s", q->error);
	return q->code ? RC_OK : fault_set(f, RC_REFUSED, "the answer has no code");
}

static enum rc verify_id_token(struct oidc_way *way, const struct oidc_way_tokens *tokens, const char *nonce,
	struct oidc_who *who, json_t **ret)
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
		rc = oidc_check_id_token(said.claims, &e, way->tx->arena, who, way->tx->fault);
	}
	if (rc == RC_OK)
		*ret = json_incref(said.claims);
	jwt_verify_done(&said);
	return rc;
}

/* All that is known of the person, as text: what the ID token says stands above what userinfo says. */
static enum rc gather(struct oidc_way *way, const struct oidc_way_tokens *tokens, json_t *claims,
	const struct oidc_who *who, const char **ret)
{
	auto_json json_t *all = NULL;
	struct buf text = { 0 };

	enum rc rc =
		way->idp->oidc.userinfo ? oidc_way_userinfo(way, tokens->access_token, who->subject, &all) : RC_OK;
	if (rc == RC_OK && !all)
		all = json_object();
	if (rc == RC_OK)
		rc = all ? json_merge(all, claims) : RC_NOMEM;
	if (rc == RC_OK)
		rc = json_put(&text, all, false);
	*ret = rc == RC_OK ? arena_strn(way->tx->arena, (const char *)text.p, text.n) : NULL;
	buf_done(&text);
	return rc == RC_OK && !*ret ? RC_NOMEM : rc;
}

static enum rc find_out(
	struct oidc_way *way, const struct oidc_answer *q, const struct oidc_state *state, struct oidc_found *found)
{
	struct oidc_way_tokens tokens = { 0 };
	struct oidc_who who = { 0 };
	auto_json json_t *claims = NULL;

	enum rc rc = check_answer(way, q);
	if (rc == RC_OK)
		rc = oidc_way_redeem(way, q->code, state->verifier, &tokens);
	if (rc == RC_OK)
		rc = verify_id_token(way, &tokens, state->nonce, &who, &claims);
	if (rc == RC_OK)
		rc = gather(way, &tokens, claims, &who, &found->claims);
	found->subject = who.subject;
	found->session = who.session;
	found->second_factor = who.second_factor;
	return rc;
}

/* Is it a log-on that this browser began, and that has not come back yet? */
static enum rc find_state(
	struct call *c, const struct provider *p, struct oidc_state *state, struct oidc_found *found)
{
	const struct oidc_answer *q = c->query;
	enum rc rc = oidc_state_open(&c->tx, p, c->cookies, q->state, state);

	if (rc != RC_OK)
		return rc;
	found->state = state->name;
	found->go_to = state->go_to;
	found->until_ms = state->began_ms + (int64_t)2 * OIDC_STATE_MS;
	found->forget = oidc_state_forget;
	return RC_OK;
}

enum rc oidc_answer_before(struct call *c)
{
	struct oidc_found *found = arena_take(c->tx.arena, sizeof(*found));
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	struct oidc_way *way = arena_take(c->tx.arena, sizeof(*way));
	struct oidc_state state = { 0 };

	if (!found || !p || !way)
		return RC_NOMEM;
	enum rc rc = provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p);
	if (rc != RC_OK)
		return rc;
	rc = find_state(c, p, &state, found);
	if (rc != RC_OK)
		return oidc_found_leave(c, found, rc);
	rc = oidc_way_begin(&c->tx, p, way);
	if (rc == RC_OK)
		rc = find_out(way, c->query, &state, found);
	found->documents = way->docs.at;
	/* What was denied from here on is not the browser's doing. */
	return oidc_found_leave(c, found, rc == RC_DENIED ? RC_REFUSED : rc);
}
