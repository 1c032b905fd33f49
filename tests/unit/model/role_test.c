#include "model/role.h"

#include "tests/unit/check.h"

#include <string.h>

static bool may(const char *role, enum scope s) { return role_covers(role_find(role), s, false); }
static bool own(const char *role, enum scope s) { return role_covers(role_find(role), s, true); }

int main(void)
{
	CHECK(role_find("agent") == ROLE_COUNT && role_find("") == ROLE_COUNT);
	for (int i = 0; i < ROLE_COUNT; i++) {
		CHECK(role_find(role_name((enum role)i)) == (enum role)i && strlen(role_doc((enum role)i)) > 10);
		CHECK(role_is_admin((enum role)i) == !strcmp(role_name((enum role)i), "owner"));
	}
	for (int s = SCOPE_NONE + 1; s < SCOPE_COUNT; s++) {
		const char *text = scope_text((enum scope)s);
		bool reads = strstr(text, ":read") != NULL, audits = !strncmp(text, "audit:", 6);
		bool owners = !strcmp(text, "tenants:write") || !strcmp(text, "identity:write") ||
			      !strcmp(text, "keyring:write") || !strncmp(text, "backups:", 8);
		CHECK(may("owner", (enum scope)s));
		CHECK(may("admin", (enum scope)s) == !owners);
		CHECK(may("auditor", (enum scope)s) == audits && !own("auditor", (enum scope)s));
		CHECK(may("viewer", (enum scope)s) == (reads && !audits));
		CHECK(!may("user", (enum scope)s));
	}
	const enum scope secrets[] = { SCOPE_ACCOUNTS_SECRETS, SCOPE_AUTHENTICATOR_CODE, SCOPE_GAME_KEYS_REVEAL,
		SCOPE_KEYS_WRITE, SCOPE_USERS_READ, SCOPE_USERS_WRITE, SCOPE_ROLES_WRITE, SCOPE_AUDIT_READ };
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		CHECK(!may("operator", secrets[i]) && !may("item-manager", secrets[i]) &&
			!may("developer", secrets[i]) && !own("user", secrets[i]));
	CHECK(own("developer", SCOPE_KEYS_WRITE) && own("developer", SCOPE_JOBS_WRITE) &&
		!may("developer", SCOPE_JOBS_READ));
	CHECK(may("operator", SCOPE_JOBS_WRITE) && may("operator", SCOPE_AGENTS_WRITE));
	CHECK(may("item-manager", SCOPE_CONFIRMATIONS_WRITE) && !may("item-manager", SCOPE_AGENTS_WRITE));
	return 0;
}
