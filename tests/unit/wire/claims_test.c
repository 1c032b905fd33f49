#include "wire/claims.h"
#include "wire/json.h"

#include "tests/unit/check.h"

#include <jansson.h>

static struct arena arena;

static json_t *read_json(const char *text)
{
	json_t *j = NULL;
	CHECK(json_read(text, strlen(text), &j, NULL) == RC_OK);
	return j;
}

static void finds_by_name_and_pointer(void)
{
	auto_json json_t *j =
		read_json("{\"a.b\":\"1\",\"x\":{\"y/z\":\"2\",\"~\":\"3\"},\"https://e/g\":[\"4\"],\"n\":7,"
			  "\"two\":[\"a\",\"b\"]}");

	CHECK_STR(claims_text(j, "a.b", &arena), "1");
	CHECK_STR(claims_text(j, "/x/y~1z", &arena), "2");
	CHECK_STR(claims_text(j, "/x/~0", &arena), "3");
	CHECK_STR(claims_text(j, "https://e/g", &arena), "4");
	CHECK(!claims_text(j, "x", &arena));
	CHECK(!claims_text(j, "n", &arena));
	CHECK(!claims_text(j, "two", &arena));
	CHECK(!claims_text(j, "/x/none/deeper", &arena));
	CHECK(!claims_text(j, "/", &arena));
}

static void text_is_plain_and_short(void)
{
	auto_json json_t *j = json_object();
	char longer[CLAIMS_TEXT_MAX + 2];

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	json_object_set_new(j, "long", json_string(longer));
	json_object_set_new(j, "fits", json_string(longer + 1));
	json_object_set_new(j, "line", json_string("a\nb"));
	json_object_set_new(j, "nul", json_stringn("a\0b", 3));
	json_object_set_new(j, "empty", json_string(""));
	CHECK(!claims_text(j, "long", &arena));
	CHECK(claims_text(j, "fits", &arena) != NULL);
	CHECK(!claims_text(j, "line", &arena));
	CHECK(!claims_text(j, "nul", &arena));
	CHECK(!claims_text(j, "empty", &arena));
}

static void one_star_matches(void)
{
	CHECK(claims_matches("ops", "ops"));
	CHECK(!claims_matches("ops", "ops2"));
	CHECK(!claims_matches("ops", "Ops"));
	CHECK(claims_matches("*", ""));
	CHECK(claims_matches("ops-*", "ops-eu"));
	CHECK(!claims_matches("ops-*", "dev-ops-eu"));
	CHECK(claims_matches("*-admin", "eu-admin"));
	CHECK(!claims_matches("*-admin", "eu-admins"));
	CHECK(claims_matches("a*a", "aa"));
	CHECK(!claims_matches("a*a", "a"));
	CHECK(!claims_matches("ab*ba", "aba"));
}

static bool in_list(const struct field_list *l, size_t i, const char *s)
{
	return i < l->n && !strcmp(((const char *const *)l->at)[i], s);
}

static void groups_are_mapped(void)
{
	const struct claims_group map[] = { { "ops-*", "grp_ops" }, { "eu", "grp_eu" }, { "ops-eu", "grp_ops" } };
	const struct claims_rules rules = { .groups = "/realm/roles", .group_map = { (void *)map, 3 } };
	auto_json json_t *many =
		read_json("{\"realm\":{\"roles\":[\"ops-eu\",\"eu\",\"x\",7,[\"nested\",\"y\"],\"eu\"]}}");
	auto_json json_t *one = read_json("{\"realm\":{\"roles\":\"eu\"}}");
	auto_json json_t *none = read_json("{\"realm\":{\"roles\":{\"eu\":true}}}");
	struct claims_person p;

	CHECK(claims_read(&rules, many, &arena, &p) == RC_OK);
	CHECK(p.said.n == 3 && p.groups.n == 2);
	CHECK(in_list(&p.groups, 0, "grp_ops") && in_list(&p.groups, 1, "grp_eu"));
	CHECK(claims_read(&rules, one, &arena, &p) == RC_OK);
	CHECK(p.groups.n == 1 && in_list(&p.groups, 0, "grp_eu"));
	CHECK(claims_read(&rules, none, &arena, &p) == RC_OK);
	CHECK(p.said.n == 0 && p.groups.n == 0);
}

/* A list without end costs no more than its first values. */
static void long_lists_are_cut(void)
{
	auto_json json_t *j = json_object();
	json_t *list = json_array();
	const struct claims_rules rules = { 0 };
	struct claims_person p;
	char text[16];

	for (int i = 0; i < 2 * CLAIMS_VALUES_MAX; i++) {
		snprintf(text, sizeof(text), "g%d", i);
		json_array_append_new(list, json_string(text));
	}
	json_object_set_new(j, "groups", list);
	CHECK(claims_read(&rules, j, &arena, &p) == RC_OK);
	CHECK(p.said.n == CLAIMS_VALUES_MAX);
}

static void login_falls_back_to_email(void)
{
	auto_json json_t *j = read_json("{\"email\":\"Ann@Example.org\",\"name\":\"Ann\"}");
	struct claims_rules rules = { 0 };
	struct claims_person p;

	CHECK(claims_read(&rules, j, &arena, &p) == RC_OK);
	CHECK_STR(p.login, "ann@example.org");
	CHECK_STR(p.name, "Ann");
	CHECK(!p.email_verified);
	rules.login = "upn"; /* what an administrator named is not guessed otherwise */
	CHECK(claims_read(&rules, j, &arena, &p) == RC_OK);
	CHECK(!p.login);
}

static bool verified(const char *text, bool trusts)
{
	auto_json json_t *j = read_json(text);
	const struct claims_rules rules = { .trusts_email = trusts };
	struct claims_person p;

	CHECK(claims_read(&rules, j, &arena, &p) == RC_OK);
	return p.email_verified;
}

static void only_true_is_verified(void)
{
	CHECK(verified("{\"email\":\"a@b\",\"email_verified\":true}", false));
	CHECK(verified("{\"email\":\"a@b\",\"email_verified\":\"true\"}", false));
	CHECK(verified("{\"email\":[\"a@b\"],\"email_verified\":[\"true\"]}", false));
	CHECK(!verified("{\"email\":\"a@b\",\"email_verified\":false}", false));
	CHECK(!verified("{\"email\":\"a@b\",\"email_verified\":\"false\"}", false));
	CHECK(!verified("{\"email\":\"a@b\",\"email_verified\":1}", false));
	CHECK(!verified("{\"email\":\"a@b\",\"email_verified\":{}}", false));
	CHECK(!verified("{\"email\":\"a@b\"}", false));
	CHECK(verified("{\"email\":\"a@b\"}", true));
	CHECK(!verified("{\"email_verified\":true}", true));
}

static void domain_is_what_follows_the_last_at(void)
{
	const char *of[] = { "example.org", "corp.test" };
	const struct field_list domains = { of, 2 }, none = { 0 };

	CHECK(claims_in_domains(&domains, "a@example.org"));
	CHECK(claims_in_domains(&domains, "a@EXAMPLE.org"));
	CHECK(!claims_in_domains(&domains, "a@example.org@evil.test"));
	CHECK(!claims_in_domains(&domains, "a@sub.example.org"));
	CHECK(!claims_in_domains(&domains, "a@evilexample.org"));
	CHECK(!claims_in_domains(&domains, "@example.org"));
	CHECK(!claims_in_domains(&domains, "example.org"));
	CHECK(!claims_in_domains(&domains, NULL));
	CHECK(claims_in_domains(&none, NULL));
}

int main(void)
{
	finds_by_name_and_pointer();
	text_is_plain_and_short();
	one_star_matches();
	groups_are_mapped();
	long_lists_are_cut();
	login_falls_back_to_email();
	only_true_is_verified();
	domain_is_what_follows_the_last_at();
	arena_done(&arena);
	return 0;
}
