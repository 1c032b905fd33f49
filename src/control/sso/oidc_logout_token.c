#include "control/sso/oidc_logout_token.h"
#include "control/sso/oidc_way.h"

const struct field oidc_logout_fields[] = {
	{ .name = "logout_token",
		.type = FIELD_STR,
		FIELD_AT(struct oidc_logout_form, token),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = JWT_TOKEN_MAX,
		.doc = "A logout token, signed by the provider." },
	{ 0 },
};

/* Before the provider is asked for anything: does the token even say that it is this provider's? */
static enum rc glance(struct tx *tx, const struct provider *p, const char *token)
{
	struct buf kid = { 0 }, issuer = { 0 };
	enum rc rc = jwt_verify_peek(token, strlen(token), &kid, &issuer, tx->fault);

	if (rc == RC_OK && strcmp(buf_text(&issuer), p->oidc.issuer) != 0)
		rc = fault_set(tx->fault, RC_DENIED, "the logout token is another provider's");
	buf_done(&kid);
	buf_done(&issuer);
	return rc;
}

static enum rc verify(struct oidc_way *way, const char *token, struct oidc_logout_found *found)
{
	static const char *const types[] = { "logout+jwt", "JWT", "", NULL };
	const struct oidc_conf *conf = &way->idp->oidc;
	const struct jwt_rules rules = { .algs = JWK_ANY,
		.types = types,
		.issuer = conf->issuer,
		.audience = conf->client_id,
		.needs = JWT_IAT | JWT_JTI,
		.now_s = way->tx->now_ms / 1000,
		.skew_s = OIDC_WAY_SKEW_S,
		.age_s = OIDC_WAY_LOGOUT_S };
	struct jwt_said said = { 0 };
	struct oidc_logout whose = { 0 };

	enum rc rc = oidc_way_verify(way, token, &rules, &said);
	if (rc == RC_OK)
		rc = oidc_check_logout(said.claims, way->tx->arena, &whose, way->tx->fault);
	if (rc == RC_OK) {
		found->once = arena_fmt(way->tx->arena, "logout:%s", said.id);
		/* Its age counts from iat, and clocks differ by the skew both ways. */
		found->until_ms = (said.issued_s + OIDC_WAY_LOGOUT_S + (int64_t)2 * OIDC_WAY_SKEW_S) * 1000;
		rc = found->once ? RC_OK : RC_NOMEM;
	}
	jwt_verify_done(&said);
	found->base.subject = whose.subject;
	found->base.session = whose.session;
	return rc;
}

enum rc oidc_logout_before(struct call *c)
{
	const struct oidc_logout_form *in = c->in;
	struct oidc_logout_found *found = arena_take(c->tx.arena, sizeof(*found));
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	struct oidc_way *way = arena_take(c->tx.arena, sizeof(*way));

	if (!found || !p || !way)
		return RC_NOMEM;
	enum rc rc = provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p);
	if (rc != RC_OK)
		return rc;
	rc = glance(&c->tx, p, in->token);
	if (rc == RC_OK) {
		rc = oidc_way_begin(&c->tx, p, way);
		found->base.documents = way->docs.at;
	}
	if (rc == RC_OK)
		rc = verify(way, in->token, found);
	return oidc_found_leave(c, &found->base, rc);
}
