/* What a person may do comes from the roles that are bound to them and to their groups, in their own tenant, while they are enabled. */
#include "control/people/users.h"

#include "tests/unit/control/people_desk.h"

static struct desk d;

static bool may(const char *user, enum scope s, const struct grant_object *o)
{
	struct grants g = { 0 };
	char actor[64];

	snprintf(actor, sizeof(actor), "user:%s", user);
	desk_ok(&d, users_grants(&d.tx, user, &g));
	return o ? grant_covers_object(&g, s, actor, o) : grant_covers(&g, s);
}

static void group(const char *id, const char *tenant, const char *user)
{
	DESK_DO(&d,
		"INSERT INTO groups (id, tenant_id, name, created_by, created_at, updated_at) VALUES ($1, $2, $1, "
		"'t', 1, 1)",
		store_text(id), store_text(tenant));
	DESK_DO(&d, "INSERT INTO group_members (group_id, user_id) VALUES ($1, $2)", store_text(id),
		store_text(user));
}

static void selectors(void)
{
	struct field_pair red[] = { { "team", "red" } };
	const struct grant_object eu = { .region_id = "rgn_eu", .owner = "user:usr_ann" },
				  us = { .region_id = "rgn_us", .owner = "user:usr_bob" },
				  of_red = { .labels = { red, 1 } }, none = { 0 };

	people_bind(&d, "ten_a", "usr_bob", "operator", "{\"regions\":[\"rgn_eu\"]}");
	CHECK(may("usr_bob", SCOPE_JOBS_READ, &eu) && !may("usr_bob", SCOPE_JOBS_READ, &us) &&
		!may("usr_bob", SCOPE_JOBS_READ, &none));
	people_bind(&d, "ten_a", "usr_bob", "viewer", "{\"accountLabels\":{\"team\":\"red\"}}");
	CHECK(may("usr_bob", SCOPE_ACCOUNTS_READ, &of_red) && !may("usr_bob", SCOPE_ACCOUNTS_WRITE, &of_red) &&
		!may("usr_bob", SCOPE_ACCOUNTS_READ, &none));
	/* A developer has what is theirs; narrowed by a region besides, both. */
	people_bind(&d, "ten_a", "usr_ann", "developer", "{}");
	CHECK(may("usr_ann", SCOPE_JOBS_WRITE, &eu) && !may("usr_ann", SCOPE_JOBS_WRITE, &us) &&
		may("usr_ann", SCOPE_ACCOUNTS_READ, &us));
	people_bind(&d, "ten_a", "usr_cat", "developer", "{\"regions\":[\"rgn_us\"]}");
	const struct grant_object mine = { .region_id = "rgn_us", .owner = "user:usr_cat" },
				  away = { .region_id = "rgn_eu", .owner = "user:usr_cat" };
	CHECK(may("usr_cat", SCOPE_JOBS_WRITE, &mine) && !may("usr_cat", SCOPE_JOBS_WRITE, &away) &&
		!may("usr_cat", SCOPE_ACCOUNTS_READ, &eu));
}

static void groups_and_roles(void)
{
	const struct grant_object none = { 0 };

	people_user(&d, "ten_a", "dan", NULL);
	group("grp_1", "ten_a", "usr_dan");
	people_bind(&d, "ten_a", "grp_1", "auditor", "{}");
	CHECK(may("usr_dan", SCOPE_AUDIT_READ, &none) && !may("usr_dan", SCOPE_JOBS_READ, NULL) &&
		!may("usr_dan", SCOPE_USERS_READ, NULL));
	/* What belongs to another tenant gives nothing: a group, a role, a binding. */
	group("grp_2", "ten_b", "usr_dan");
	people_bind(&d, "ten_b", "grp_2", "owner", "{}");
	people_bind(&d, "ten_a", "grp_2", "owner", "{}");
	people_bind(&d, "ten_b", "usr_dan", "owner", "{}");
	DESK_DO(&d,
		"INSERT INTO roles (id, tenant_id, name, scopes, created_by, created_at, updated_at) VALUES "
		"($1, 'ten_b', 'r', '[\"jobs:*\"]', 't', 1, 1)",
		store_text("rol_b"));
	people_bind(&d, "ten_a", "usr_dan", "rol_b", "{}");
	people_bind(&d, "ten_a", "usr_dan", "no-such-role", "{}");
	CHECK(!may("usr_dan", SCOPE_JOBS_READ, NULL));
	DESK_DO(&d, "UPDATE roles SET tenant_id = 'ten_a' WHERE id = $1", store_text("rol_b"));
	CHECK(may("usr_dan", SCOPE_JOBS_READ, &none) && !may("usr_dan", SCOPE_ACCOUNTS_READ, NULL));
	/* A disabled person may nothing. */
	DESK_DO(&d, "UPDATE users SET enabled = 0 WHERE id = $1", store_text("usr_dan"));
	CHECK(!may("usr_dan", SCOPE_AUDIT_READ, NULL) && !may("usr_none", SCOPE_AUDIT_READ, NULL));
}

/* A selector that cannot be read narrows to nothing at all: never to everything. */
static void damaged(void)
{
	static const char *const texts[] = { "", "[]", "{\"regions\":\"x\"}", "{\"region\":[\"x\"]}", "{" };
	struct grants g;

	people_user(&d, "ten_a", "eve", NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		DESK_DO(&d, "DELETE FROM role_bindings WHERE subject_id = $1", store_text("usr_eve"));
		people_bind(&d, "ten_a", "usr_eve", "owner", texts[i]);
		CHECK(users_grants(&d.tx, "usr_eve", &g) == RC_INTERNAL);
	}
}

int main(void)
{
	struct user_row u;
	struct grants g = { 0 };

	desk_open(&d, 1000);
	people_user(&d, "ten_a", "ann", NULL);
	people_user(&d, "ten_a", "bob", NULL);
	people_user(&d, "ten_a", "cat", NULL);
	CHECK(users_find_login(&d.tx, "ANN", &u) == RC_OK && !strcmp(u.id, "usr_ann") && !u.password && u.enabled);
	CHECK(users_find_login(&d.tx, "nobody", &u) == RC_MISSING && users_find(&d.tx, "usr_bob", &u) == RC_OK);
	selectors();
	groups_and_roles();
	people_bind(&d, "ten_a", "usr_bob", "owner", "{}");
	desk_ok(&d, users_grants(&d.tx, "usr_bob", &g));
	CHECK(grant_is_admin(&g));
	damaged();
	desk_close(&d);
	return 0;
}
