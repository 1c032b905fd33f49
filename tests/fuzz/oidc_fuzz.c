/* Any bytes as what a provider says: its description, the claims of its tokens, and a person's claims. */
#include "wire/claims.h"
#include "wire/json.h"
#include "wire/oidc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void check_description(const char *s, size_t n, struct arena *a)
{
	struct oidc_provider op = { 0 };

	if (oidc_read_provider(s, n, "https://op.test", a, &op, NULL) != RC_OK)
		return;
	expect(oidc_is_url(op.authorization) && oidc_is_url(op.token) && oidc_is_url(op.jwks));
	expect(!op.userinfo || oidc_is_url(op.userinfo));
	expect(!op.end_session || oidc_is_url(op.end_session));
}

static void check_tokens(const struct json_t *j, struct arena *a)
{
	const struct oidc_expect e = { "n", "access", false, 300, 1000, 60 };
	struct oidc_who who;
	struct oidc_logout l;

	if (oidc_check_id_token(j, &e, a, &who, NULL) == RC_OK)
		expect(who.subject && *who.subject);
	if (oidc_check_logout(j, a, &l, NULL) == RC_OK)
		expect((l.subject && *l.subject) || (l.session && *l.session));
}

static void check_claims(const struct json_t *j, struct arena *a)
{
	static const struct claims_group map[] = { { "*", "grp_all" }, { "ops-*", "grp_ops" } };
	const struct claims_rules rules = { .groups = "/a/g", .group_map = { (void *)map, 2 } };
	struct claims_person who;

	if (claims_read(&rules, j, a, &who) != RC_OK)
		return;
	expect(who.said.n <= CLAIMS_VALUES_MAX && who.groups.n <= 2);
	expect((who.said.n > 0) == (who.groups.n > 0));
	expect(!who.login || strlen(who.login) <= CLAIMS_TEXT_MAX);
	expect(!who.email_verified || who.email);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 1u << 20 };
	auto_json struct json_t *j = NULL;

	check_description((const char *)p, n, &a);
	if (json_read((const char *)p, n, &j, NULL) == RC_OK) {
		check_tokens(j, &a);
		check_claims(j, &a);
	}
	arena_done(&a);
	return 0;
}
