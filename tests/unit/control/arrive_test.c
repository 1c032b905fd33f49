/* Who comes from an identity provider, and who they become: the rules, and the ways around them that people try. */
#include "control/sso/arrive.h"
#include "control/sso/once.h"
#include "tests/unit/control/desk.h"
#include "wire/json.h"

#include <jansson.h>

static struct desk desk;
static struct provider idp;

static void put(const char *sql_name, const struct store_query *q, const char *a, const char *b, const char *c)
{
	(void)sql_name;
	CHECK(store_do(desk.tx.db, q, STORE_ARGS(store_text(a), store_text(b), store_text(c)), &desk.fault) ==
		RC_OK);
}

static void add_user(const char *id, const char *login, const char *email)
{
	put("user",
		DESK_QUERY(
			"INSERT INTO users (id, tenant_id, login, name, email, created_by, created_at, updated_at) "
			"VALUES ($1, 'ten_default', $2, $2, $3, 'system', 1, 1)"),
		id, login, email);
}

static void add_group(const char *id, const char *tenant)
{
	put("group",
		DESK_QUERY(
			"INSERT INTO groups (id, tenant_id, name, created_by, created_at, updated_at) VALUES ($1, "
			"$2, $3, 'system', 1, 1)"),
		id, tenant, id);
}

static enum arrive_how come(const char *subject, const char *claims, const char **ret_id)
{
	auto_json json_t *j = NULL;
	struct call c = { 0 };
	struct arrive_plan plan;

	CHECK(json_read(claims, strlen(claims), &j, NULL) == RC_OK);
	desk_begin(&desk);
	c.tx = desk.tx;
	const char *id = NULL;
	CHECK(sso_arrive(&c, &(struct sso_person){ &idp, subject, j }, &plan, &id) == RC_OK);
	CHECK((plan.how == ARRIVE_REFUSED) == (id == NULL));
	CHECK((plan.how == ARRIVE_REFUSED) == (plan.why != NULL));
	static char kept[64];
	snprintf(kept, sizeof(kept), "%s", id ? id : "");
	*ret_id = kept;
	desk_commit(&desk);
	return plan.how;
}

#define NUMBER(sql, a, b) desk_number(&desk, DESK_QUERY(sql), a, b)

static void begin(void)
{
	desk_open(&desk);
	idp = (struct provider){ .row = { .id = "idp_1", .tenant_id = "ten_default", .name = "corp" } };
	desk_begin(&desk);
}

static void first_time_is_made_only_when_allowed(void)
{
	const char *id, *claims = "{\"preferred_username\":\"Ann\",\"name\":\"Ann A\",\"email\":\"ann@x.test\"}";

	begin();
	desk_commit(&desk);
	CHECK(come("s1", claims, &id) == ARRIVE_REFUSED);
	CHECK(NUMBER("SELECT COUNT(*) FROM users", NULL, NULL) == 0);
	idp.people.creates = true;
	CHECK(come("s1", claims, &id) == ARRIVE_CREATED);
	CHECK(NUMBER("SELECT COUNT(*) FROM users WHERE login = 'ann' AND source = 'idp_1' AND password IS NULL AND "
		     "email IS "
		     "NULL",
		      NULL, NULL) == 1);
	/* The same subject under another login is the same user; a new subject under the same login is nobody. */
	CHECK(come("s1", "{\"preferred_username\":\"other\",\"name\":\"Ann B\"}", &id) == ARRIVE_KNOWN);
	CHECK(NUMBER("SELECT COUNT(*) FROM users WHERE login = 'ann' AND name = 'Ann B'", NULL, NULL) == 1);
	CHECK(come("s2", claims, &id) == ARRIVE_REFUSED);
	CHECK(NUMBER("SELECT COUNT(*) FROM users", NULL, NULL) == 1);
	CHECK(NUMBER("SELECT COUNT(*) FROM events WHERE type = 'user.created'", NULL, NULL) == 1);
	CHECK(NUMBER("SELECT COUNT(*) FROM audit WHERE action = 'user.sso_refused'", NULL, NULL) == 2);
	desk_close(&desk);
}

/* A user that is there is not taken over by its login, its address, or another provider's subject. */
static void nobody_is_taken_over(void)
{
	const char *id;

	begin();
	add_user("usr_root", "root", "root@x.test");
	desk_commit(&desk);
	idp.people.creates = true;
	CHECK(come("s1", "{\"preferred_username\":\"root\"}", &id) == ARRIVE_REFUSED);
	CHECK(come("s1", "{\"preferred_username\":\"ROOT\"}", &id) == ARRIVE_REFUSED);
	CHECK(come("usr_root", "{\"email\":\"root@x.test\",\"email_verified\":true}", &id) == ARRIVE_CREATED);
	CHECK(strcmp(id, "usr_root") != 0);
	CHECK(come("s3", "{\"preferred_username\":\"ro ot\"}", &id) == ARRIVE_REFUSED);
	CHECK(come("s3", "{}", &id) == ARRIVE_REFUSED);
	CHECK(come("", "{\"preferred_username\":\"nobody\"}", &id) == ARRIVE_REFUSED);
	desk_close(&desk);
}

static void links_only_by_a_verified_address_of_one_user(void)
{
	const char *id;

	begin();
	add_user("usr_1", "one", "One@x.test");
	add_user("usr_2", "two", "same@x.test");
	add_user("usr_3", "three", "same@x.test");
	desk_commit(&desk);
	idp.people.links = true;
	CHECK(come("s1", "{\"email\":\"one@x.test\"}", &id) == ARRIVE_REFUSED);
	CHECK(come("s1", "{\"email\":\"one@x.test\",\"email_verified\":\"false\"}", &id) == ARRIVE_REFUSED);
	CHECK(come("s1", "{\"email\":\"same@x.test\",\"email_verified\":true}", &id) == ARRIVE_REFUSED);
	CHECK(NUMBER("SELECT COUNT(*) FROM user_identities", NULL, NULL) == 0);
	CHECK(come("s1", "{\"email\":\"one@x.test\",\"email_verified\":true}", &id) == ARRIVE_LINKED);
	CHECK_STR(id, "usr_1");
	/* One who is somebody of this provider already is not a second one's, too. */
	CHECK(come("s9", "{\"email\":\"one@x.test\",\"email_verified\":true}", &id) == ARRIVE_REFUSED);
	/* Once linked, the address does not matter. */
	CHECK(come("s1", "{\"email\":\"same@x.test\",\"email_verified\":true}", &id) == ARRIVE_KNOWN);
	CHECK_STR(id, "usr_1");
	desk_close(&desk);
}

/* Somebody is made with another's address, unverified, to be linked to when that one comes by a better provider. */
static void an_unverified_address_is_no_trap(void)
{
	const char *id;

	begin();
	desk_commit(&desk);
	idp.people.creates = idp.people.links = true;
	CHECK(come("evil", "{\"preferred_username\":\"evil\",\"email\":\"boss@x.test\"}", &id) == ARRIVE_CREATED);
	CHECK(come("boss", "{\"preferred_username\":\"boss\",\"email\":\"boss@x.test\",\"email_verified\":true}",
		      &id) == ARRIVE_CREATED);
	CHECK(NUMBER("SELECT COUNT(*) FROM users WHERE email = 'boss@x.test' AND login = 'boss'", NULL, NULL) == 1);
	CHECK(NUMBER("SELECT COUNT(*) FROM users WHERE email = 'boss@x.test'", NULL, NULL) == 1);
	desk_close(&desk);
}

static void groups_follow_the_provider(void)
{
	static struct claims_group map[] = { { "ops", "grp_ops" }, { "dev-*", "grp_dev" }, { "x", "grp_other" } };
	const char *id;

	begin();
	add_group("grp_ops", "ten_default");
	add_group("grp_dev", "ten_default");
	add_group("grp_other", "ten_other"); /* mapped, but another tenant's */
	desk_commit(&desk);
	idp.people = (struct claims_rules){ .creates = true, .group_map = { map, 3 } };
	CHECK(come("s1", "{\"preferred_username\":\"ann\",\"groups\":[\"ops\",\"dev-eu\",\"x\"]}", &id) ==
		ARRIVE_CREATED);
	CHECK(NUMBER("SELECT COUNT(*) FROM group_members WHERE source = 'idp_1'", NULL, NULL) == 2);
	desk_begin(&desk);
	put("by hand", DESK_QUERY("INSERT INTO group_members (group_id, user_id, source) VALUES ($1, $2, $3)"),
		"grp_ops", id, "");
	desk_commit(&desk);
	CHECK(come("s1", "{\"groups\":[\"dev-us\"]}", &id) == ARRIVE_KNOWN);
	CHECK(NUMBER("SELECT COUNT(*) FROM group_members WHERE source = 'idp_1' AND group_id = 'grp_dev'", NULL,
		      NULL) == 1);
	CHECK(NUMBER("SELECT COUNT(*) FROM group_members WHERE source = 'idp_1'", NULL, NULL) == 1);
	CHECK(NUMBER("SELECT COUNT(*) FROM group_members WHERE source = ''", NULL, NULL) == 1);
	CHECK(come("s1", "{}", &id) == ARRIVE_KNOWN); /* the claim is gone: so are they */
	CHECK(NUMBER("SELECT COUNT(*) FROM group_members WHERE source = 'idp_1'", NULL, NULL) == 0);
	CHECK(NUMBER("SELECT COUNT(*) FROM events WHERE type = 'user.regrouped'", NULL, NULL) == 3);
	desk_close(&desk);
}

static void who_may_not_come_in_loses_the_groups(void)
{
	static struct claims_group map[] = { { "ops", "grp_ops" } };
	const char *id;

	begin();
	add_group("grp_ops", "ten_default");
	desk_commit(&desk);
	idp.people = (struct claims_rules){ .creates = true, .needs_group = true, .group_map = { map, 1 } };
	CHECK(come("s1", "{\"preferred_username\":\"ann\"}", &id) == ARRIVE_REFUSED);
	CHECK(come("s1", "{\"preferred_username\":\"ann\",\"groups\":\"ops\"}", &id) == ARRIVE_CREATED);
	CHECK(come("s1", "{\"preferred_username\":\"ann\"}", &id) == ARRIVE_REFUSED);
	CHECK(NUMBER("SELECT COUNT(*) FROM group_members", NULL, NULL) == 0);
	desk_close(&desk);
}

static void disabled_and_foreign_are_refused(void)
{
	const char *id;
	static const char *domains[] = { "x.test" };

	begin();
	desk_commit(&desk);
	idp.people.creates = true;
	CHECK(come("s1", "{\"preferred_username\":\"ann\"}", &id) == ARRIVE_CREATED);
	desk_begin(&desk);
	CHECK(store_do(desk.tx.db, DESK_QUERY("UPDATE users SET enabled = 0"), STORE_NO_ARGS, NULL) == RC_OK);
	desk_commit(&desk);
	CHECK(come("s1", "{\"preferred_username\":\"ann\"}", &id) == ARRIVE_REFUSED);
	idp.people.domains = (struct field_list){ domains, 1 };
	CHECK(come("s2", "{\"preferred_username\":\"b\",\"email\":\"b@y.test\",\"email_verified\":true}", &id) ==
		ARRIVE_REFUSED);
	CHECK(come("s2", "{\"preferred_username\":\"b\",\"email\":\"b@x.test\"}", &id) == ARRIVE_REFUSED);
	CHECK(come("s2", "{\"preferred_username\":\"b\",\"email\":\"b@x.test\",\"email_verified\":true}", &id) ==
		ARRIVE_CREATED);
	/* A user that was given to another tenant since is not the provider's any more. */
	desk_begin(&desk);
	CHECK(store_do(desk.tx.db, DESK_QUERY("UPDATE users SET tenant_id = 'ten_b' WHERE login = 'b'"),
		      STORE_NO_ARGS, NULL) == RC_OK);
	desk_commit(&desk);
	CHECK(come("s2", "{\"preferred_username\":\"b\",\"email\":\"b@x.test\",\"email_verified\":true}", &id) ==
		ARRIVE_REFUSED);
	desk_close(&desk);
}

static void once_is_once(void)
{
	begin();
	CHECK(once_use(&desk.tx, "idp_1", "jti:a", desk.tx.now_ms + 1000) == RC_OK);
	CHECK(once_use(&desk.tx, "idp_1", "jti:a", desk.tx.now_ms + 1000) == RC_EXISTS);
	CHECK(once_use(&desk.tx, "idp_2", "jti:a", desk.tx.now_ms + 1000) == RC_OK);
	CHECK(once_use(&desk.tx, "idp_1", "state:a", desk.tx.now_ms + 1000) == RC_OK);
	desk_commit(&desk);
	desk_again(&desk);
	desk_begin(&desk);
	CHECK(once_use(&desk.tx, "idp_1", "jti:a", desk.tx.now_ms + 1000) == RC_EXISTS);
	desk.tx.now_ms += 1001; /* now it is refused for its age, and forgotten */
	CHECK(once_use(&desk.tx, "idp_1", "jti:b", desk.tx.now_ms + 1000) == RC_OK);
	CHECK(NUMBER("SELECT COUNT(*) FROM sso_used", NULL, NULL) == 1);
	desk_commit(&desk);
	desk_close(&desk);
}

int main(void)
{
	first_time_is_made_only_when_allowed();
	nobody_is_taken_over();
	links_only_by_a_verified_address_of_one_user();
	an_unverified_address_is_no_trap();
	groups_follow_the_provider();
	who_may_not_come_in_loses_the_groups();
	disabled_and_foreign_are_refused();
	once_is_once();
	return 0;
}
