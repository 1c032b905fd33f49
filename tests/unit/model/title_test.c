/* What is a change, of which kind; what is a build and what is none, of each store. */
#include "model/title.h"

#include "tests/unit/check.h"

static struct arena a;

static const struct title_change *only(const struct field_list *l, enum title_class class)
{
	const struct title_change *c = l->at;
	CHECK(l->n == 1 && c->class == class);
	return c;
}

static void refs(void)
{
	CHECK(title_is_ref(TITLE_STEAM, "730") && title_is_ref(TITLE_GOG, "1207658691"));
	CHECK(!title_is_ref(TITLE_STEAM, "") && !title_is_ref(TITLE_STEAM, "0730") &&
		!title_is_ref(TITLE_STEAM, "7a"));
	CHECK(!title_is_ref(TITLE_STEAM, "12345678901234567890"));
	CHECK(title_is_ref(TITLE_EPIC, "fn:4fe75bbc5a674f4f9b356b5c90567da5:Fortnite") &&
		title_is_ref(TITLE_EPIC, "Sugar"));
	CHECK(!title_is_ref(TITLE_EPIC, "a::b") && !title_is_ref(TITLE_EPIC, ":a") &&
		!title_is_ref(TITLE_EPIC, "a:"));
	CHECK(!title_is_ref(TITLE_EPIC, "a/b") && !title_is_ref(TITLE_EPIC, "a:b:c:d"));
	CHECK(title_store_of("steam.pics") == TITLE_STEAM && title_store_of("steam.workshop") == TITLE_WORKSHOP);
	CHECK(title_store_of("gog.product_http") == TITLE_GOG && title_store_of("itch.io") == TITLE_STORES);
}

static void rollbacks(void)
{
	struct action_title_branch old = { .build_id = "99", .updated_ms = 500 },
				   new = { .build_id = "100", .updated_ms = 400 };
	CHECK(title_is_rollback(TITLE_STEAM, &new, &old) && !title_is_rollback(TITLE_STEAM, &old, &new));
	CHECK(title_is_rollback(TITLE_GOG, &old, &new)); /* by the day it was published */
	CHECK(title_is_rollback(TITLE_EPIC, &old, &new) && !title_is_rollback(TITLE_EPIC, &new, &old));
	old.updated_ms = 0;
	CHECK(!title_is_rollback(TITLE_EPIC, &new, &old)); /* nobody knows */
}

/* Order is nothing. */
static void order(void)
{
	struct action_title_branch p[] = { { .name = "b", .build_id = "2" }, { .name = "a", .build_id = "1" } },
				   q[] = { { .name = "a", .build_id = "1", .os = "" },
					   { .name = "b", .build_id = "2" }, { .name = "a", .build_id = "1" } };
	const char *s[] = { "9", "8" }, *t[] = { "8", "9", "9" };
	struct action_title was = { .branches = { p, 2 }, .children = { s, 2 } },
			    is = { .branches = { q, 3 }, .children = { t, 3 } };
	struct field_list l = { 0 };

	CHECK(title_settle(TITLE_STEAM, NULL, &was, &a) == RC_OK &&
		title_settle(TITLE_STEAM, &was, &is, &a) == RC_OK);
	CHECK(is.branches.n == 2 && is.children.n == 2);
	CHECK(title_compare(TITLE_STEAM, &was, &is, &a, &l) == RC_OK && l.n == 0);
}

/* Who may see less sees less: that is no change of what there is. */
static void shut_out(void)
{
	struct action_title_branch b = { .name = "public", .build_id = "1" };
	struct action_title was = { .access = "public", .branches = { &b, 1 } }, is = { .access = "denied" };
	struct field_list l = { 0 };

	CHECK(title_settle(TITLE_STEAM, NULL, &was, &a) == RC_OK &&
		title_settle(TITLE_STEAM, &was, &is, &a) == RC_OK);
	CHECK(title_compare(TITLE_STEAM, &was, &is, &a, &l) == RC_OK);
	only(&l, TITLE_VISIBILITY);
}

static struct action_title item(int64_t updated_ms, const char *manifest, uint64_t size, const char *votes)
{
	struct action_title_section *s = arena_take(&a, sizeof(*s));
	*s = (struct action_title_section){ "votes", votes };
	return (struct action_title){
		.updated_ms = updated_ms, .manifest = manifest, .size = size, .sections = { s, 1 }, .kind = "item"
	};
}

/* Votes and comments are none; nor is a time alone, nor a manifest alone. */
static void items(void)
{
	struct action_title was = item(1000, "m1", 5, "1"), is;
	struct field_list l = { 0 };

	CHECK(title_settle(TITLE_WORKSHOP, NULL, &was, &a) == RC_OK);
	is = item(1000, "m1", 5, "2");
	CHECK(title_settle(TITLE_WORKSHOP, &was, &is, &a) == RC_OK);
	CHECK(title_compare(TITLE_WORKSHOP, &was, &is, &a, &l) == RC_OK);
	only(&l, TITLE_WORKSHOP_ITEM);
	is = item(2000, "m1", 5, "1");
	CHECK(title_settle(TITLE_WORKSHOP, &was, &is, &a) == RC_OK);
	CHECK(title_compare(TITLE_WORKSHOP, &was, &is, &a, &l) == RC_OK);
	only(&l, TITLE_WORKSHOP_ITEM);
	is = item(2000, "m2", 6, "1");
	CHECK(title_settle(TITLE_WORKSHOP, &was, &is, &a) == RC_OK);
	CHECK(title_compare(TITLE_WORKSHOP, &was, &is, &a, &l) == RC_OK);
	const struct title_change *c = l.at;
	CHECK(l.n == 2 && c[0].class == TITLE_BUILD && c[1].class == TITLE_WORKSHOP_ITEM);
	CHECK_STR(c[0].build->build_id, "m2");
	CHECK(!c[0].rollback);
}

/* Each kind of section is its own kind of change, and a package's are a package's. */
static void sections(void)
{
	static const struct {
		const char *name, *kind;
		enum title_class class;
	} all[] = { { "common", "game", TITLE_METADATA }, { "price", "game", TITLE_PRICE },
		{ "store_page", "game", TITLE_STORE_PAGE }, { "visibility", NULL, TITLE_VISIBILITY },
		{ "extended", "package", TITLE_PACKAGE } };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct action_title_section s = { all[i].name, "1" }, t = { all[i].name, "2" };
		struct action_title was = { .kind = all[i].kind, .sections = { &s, 1 } },
				    is = { .kind = all[i].kind, .sections = { &t, 1 } };
		struct field_list l = { 0 };
		CHECK(title_compare(TITLE_STEAM, &was, &is, &a, &l) == RC_OK);
		only(&l, all[i].class);
		CHECK(title_compare(TITLE_STEAM, &is, &is, &a, &l) == RC_OK && l.n == 0);
		CHECK(title_compare(TITLE_STEAM, NULL, &is, &a, &l) == RC_OK && l.n == 0);
	}
	CHECK_STR(title_class_words[TITLE_WORKSHOP_ITEM], "workshop_item");
	CHECK(!title_class_words[TITLE_CLASSES] && !title_store_words[TITLE_STORES]);
}

int main(void)
{
	refs();
	rollbacks();
	order();
	shut_out();
	items();
	sections();
	arena_done(&a);
	return 0;
}
