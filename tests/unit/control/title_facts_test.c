/* Real records of Steam, as they are and with one thing changed: what kind of change it is, and that the patch says just that. */
#include "control/updates/depot_diff.h"
#include "control/updates/title_facts.h"
#include "model/title.h"
#include "tests/unit/wire/corpus.h"
#include "wire/steam/titles_facts.h"
#include "wire/steam/vdf_text.h"

#include <jansson.h>

static struct arena a;
static struct fault f;

/* The record as an agent tells it. */
static struct action_title told(const char *text, size_t n)
{
	struct action_title t = { .ref = "480", .status = "known" };
	struct titles_facts facts = { 0 };
	struct vdf *doc;

	CHECK(vdf_text_parse(text, n, &a, &doc, NULL, &f) == RC_OK &&
		titles_facts_read(doc, &a, &facts, &f) == RC_OK);
	struct action_title_branch *b = arena_take(&a, (facts.branches_n + 1) * sizeof(*b));
	struct action_title_depot *d = arena_take(&a, (facts.depots_n + 1) * sizeof(*d));
	struct action_title_section *s = arena_take(&a, (facts.sections_n + 1) * sizeof(*s));
	for (size_t i = 0; i < facts.branches_n; i++)
		b[i] = (struct action_title_branch){ .name = facts.branches[i].name,
			.build_id = facts.branches[i].build_id,
			.updated_ms = facts.branches[i].updated_ms,
			.locked = facts.branches[i].locked };
	for (size_t i = 0; i < facts.depots_n; i++)
		d[i] = (struct action_title_depot){ .depot = facts.depots[i].depot,
			.branch = facts.depots[i].branch,
			.manifest = facts.depots[i].manifest,
			.size = facts.depots[i].size,
			.os = facts.depots[i].os };
	for (size_t i = 0; i < facts.sections_n; i++)
		s[i] = (struct action_title_section){ facts.sections[i].name, facts.sections[i].sha1 };
	t.name = facts.name;
	t.kind = facts.kind;
	t.visibility = facts.state;
	t.branches = (struct field_list){ b, facts.branches_n };
	t.depots = (struct field_list){ d, facts.depots_n };
	t.sections = (struct field_list){ s, facts.sections_n };
	CHECK(title_settle(TITLE_STEAM, NULL, &t, &a) == RC_OK);
	return t;
}

/* The text with the first `from` behind `after` made `to`, of the same length. */
static char *altered(const struct buf *in, const char *after, const char *from, const char *to)
{
	char *copy = arena_strn(&a, (const char *)in->p, in->n), *at;

	CHECK(copy && strlen(from) == strlen(to));
	at = memmem(copy, in->n, after, strlen(after));
	CHECK(at);
	at = memmem(at, in->n - (size_t)(at - copy), from, strlen(from));
	CHECK(at);
	memcpy(at, to, strlen(to));
	return copy;
}

static bool sets(const char **all, const char *source, const struct action_title *t, struct title_facts_set *set)
{
	bool same = false, before = title_facts_same(*all, source, t, &same) == RC_OK && same;
	enum rc rc = title_facts_set(*all, source, t, &a, set, &f);

	*all = set->text;
	auto_json json_t *j = json_loads(*all, JSON_REJECT_DUPLICATES, NULL);
	return rc == RC_OK && set->same == before && json_is_object(j);
}

/* The kinds of changes between the record and its altered copy, as letters in the order of the classes; facts and patch on the way. */
static const char *kinds(const struct buf *in, const char *text, char ret[static 16], const char **ret_patch)
{
	static const char letters[] = "bBdmspvkw";
	struct action_title was = told((const char *)in->p, in->n), is = told(text, in->n), kept = { 0 };
	const char *all = NULL;
	struct title_facts_set set = { 0 };
	struct field_list l = { 0 };
	size_t n = 0;

	CHECK(title_facts_get(all, "steam.pics", &a, &kept, &f) == RC_MISSING);
	CHECK(sets(&all, "steam.pics", &was, &set) && !set.same && !set.patch);
	CHECK(sets(&all, "steam.pics", &was, &set) && set.same);
	CHECK(title_facts_get(all, "steam.pics", &a, &kept, &f) == RC_OK);
	CHECK(title_settle(TITLE_STEAM, &kept, &is, &a) == RC_OK);
	CHECK(title_compare(TITLE_STEAM, &kept, &is, &a, &l) == RC_OK);
	CHECK(sets(&all, "steam.pics", &is, &set) && !set.cut);
	*ret_patch = set.patch;
	for (size_t i = 0; i < l.n && n < 15; i++)
		if (n == 0 || ret[n - 1] != letters[((const struct title_change *)l.at)[i].class])
			ret[n++] = letters[((const struct title_change *)l.at)[i].class];
	ret[n] = 0;
	return ret;
}

static void the_record(void)
{
	struct buf in = corpus_read("tests/corpus/vdf_text/app_480_spacewar.vdf");
	const char *patch = NULL;
	char got[16];

	CHECK_STR(kinds(&in, (const char *)in.p, got, &patch), "");
	CHECK(!patch);
	/* A build of the branch alone; the branch's manifest is another thing. */
	CHECK_STR(kinds(&in, altered(&in, "\"public\"\n\t\t\t{\n\t\t\t\t\"buildid\"", "3538192", "3538193"), got,
			  &patch),
		"b");
	CHECK(strstr(patch, "\"path\":\"/branches/2/buildId\",\"value\":\"3538193\""));
	CHECK_STR(kinds(&in, altered(&in, "\"depots\"", "3183503801510301321", "3183503801510301322"), got, &patch),
		"d");
	CHECK(strstr(patch, "3183503801510301322") && !strstr(patch, "buildId"));
	/* Another branch's time, the name, and what nobody waits for. */
	CHECK_STR(kinds(&in, altered(&in, "316058", "1503510482", "1503510483"), got, &patch), "B");
	CHECK_STR(kinds(&in, altered(&in, "\"common\"", "Spacewar", "Spacewax"), got, &patch), "m");
	CHECK_STR(kinds(&in, altered(&in, "Telltale", "Telltale", "Telltole"), got, &patch), "m");
	buf_done(&in);
}

/* A patch that would be too long holds what fits, and says so. */
static void long_ones(void)
{
	struct action_title was = { 0 }, is = { 0 };
	const char *all = NULL;
	struct title_facts_set set = { 0 };
	struct action_title_depot *d = arena_take(&a, 20000 * sizeof(*d));

	for (size_t i = 0; i < 20000; i++)
		d[i] = (struct action_title_depot){ .depot = arena_fmt(&a, "%zu", i + 100000),
			.branch = "public",
			.manifest = "8382873932604653347" };
	is.depots = (struct field_list){ d, 20000 };
	CHECK(sets(&all, "s", &was, &set));
	CHECK(sets(&all, "s", &is, &set));
	CHECK(set.cut && strlen(set.patch) <= TITLE_FACTS_DIFF_MAX + 1);
	auto_json json_t *j = json_loads(set.patch, 0, NULL);
	CHECK(json_is_array(j));
	CHECK(title_facts_get(all, "s", &a, &was, &f) == RC_OK && was.depots.n == 20000);
}

/* Each source has its own part, whatever stands in the others. */
static void parts(void)
{
	struct action_title x = { .name = "a \"},{\\", .access = "public" }, y = { .name = "[{" }, got = { 0 };
	struct title_facts_set set = { 0 };
	const char *all = NULL;

	CHECK(sets(&all, "steam.pics", &x, &set) && !set.patch);
	CHECK(sets(&all, "steam.store_http", &y, &set) && !set.patch);
	CHECK(title_facts_get(all, "steam.pics", &a, &got, &f) == RC_OK);
	CHECK_STR(got.name, x.name);
	x.name = "x";
	CHECK(sets(&all, "steam.pics", &x, &set) && set.patch);
	CHECK(sets(&all, "steam.pics", &x, &set) && set.same);
	CHECK(title_facts_get(all, "steam.pics", &a, &got, &f) == RC_OK);
	CHECK_STR(got.name, "x");
	CHECK(title_facts_get(all, "steam.store_http", &a, &got, &f) == RC_OK);
	CHECK_STR(got.name, "[{");
	CHECK(title_facts_get(all, "steam", &a, &got, &f) == RC_MISSING);
}

static void depots(void)
{
	struct field_list l = { 0 };
	CHECK(depot_diff(
		      "[{\"depot\":\"1\",\"manifest\":\"a\",\"size\":\"5\"},{\"depot\":\"2\",\"manifest\":\"b\"},{"
		      "\"depot\":\"3\",\"manifest\":\"c\"}]",
		      "[{\"depot\":\"1\",\"manifest\":\"x\",\"size\":\"7\"},{\"depot\":\"3\",\"manifest\":\"c\"},{"
		      "\"depot\":\"4\",\"manifest\":\"d\"}]",
		      &a, &l, &f) == RC_OK);
	const struct depot_diff *d = l.at;
	CHECK(l.n == 4);
	CHECK_STR(d[0].change, "changed");
	CHECK(d[0].from_size == 5 && d[0].to_size == 7);
	CHECK_STR(d[1].change, "same");
	CHECK_STR(d[2].change, "added");
	CHECK_STR(d[3].change, "removed");
	CHECK_STR(d[3].depot, "2");
}

int main(void)
{
	the_record();
	long_ones();
	parts();
	depots();
	arena_done(&a);
	return 0;
}
