/* What the real records say of branches, depots and sections; that order alone changes no digest; the limits. */
#include "tests/unit/wire/corpus.h"
#include "wire/steam/pics.h"
#include "wire/steam/titles_facts.h"
#include "wire/steam/vdf_text.h"

#include <string.h>

static struct titles_facts facts_of(const void *p, size_t n, struct arena *a, enum rc expect)
{
	struct titles_facts facts = { 0 };
	struct vdf *doc;
	struct fault f = { 0 };

	CHECK(vdf_text_parse(p, n, a, &doc, NULL, &f) == RC_OK);
	enum rc rc = titles_facts_read(doc, a, &facts, &f);
	if (rc != expect)
		fprintf(stderr, "%s\n", f.text);
	CHECK(rc == expect);
	return facts;
}

static const struct titles_facts_branch *branch(const struct titles_facts *t, const char *name)
{
	for (size_t i = 0; i < t->branches_n; i++)
		if (!strcmp(t->branches[i].name, name))
			return &t->branches[i];
	return NULL;
}

static const struct titles_facts_depot *depot(const struct titles_facts *t, const char *id, const char *branch)
{
	for (size_t i = 0; i < t->depots_n; i++)
		if (!strcmp(t->depots[i].depot, id) && !strcmp(t->depots[i].branch, branch))
			return &t->depots[i];
	return NULL;
}

static const char *section(const struct titles_facts *t, const char *name)
{
	for (size_t i = 0; i < t->sections_n; i++)
		if (!strcmp(t->sections[i].name, name))
			return t->sections[i].sha1;
	return NULL;
}

static void a_record_of_today(void)
{
	struct buf in = corpus_read("tests/corpus/vdf_text/app_480_spacewar.vdf");
	struct arena a = { 0 };
	struct titles_facts t = facts_of(in.p, in.n, &a, RC_OK);

	CHECK_STR(t.name, "Spacewar");
	CHECK_STR(t.kind, "game");
	CHECK_STR(t.state, "released");
	CHECK(t.updated_ms == 1549489971000);
	CHECK(t.branches_n == 3 && t.depots_n == 3);
	CHECK_STR(branch(&t, "public")->build_id, "3538192");
	CHECK(!branch(&t, "public")->locked && branch(&t, "private")->locked);
	CHECK_STR(branch(&t, "previous")->build_id, "316058");
	const struct titles_facts_depot *d = depot(&t, "481", "public");
	CHECK(d && d->size == 1906055 && d->download == 797632 && !d->os && !d->from_app && !d->shared);
	CHECK_STR(d->manifest, "3183503801510301321");
	CHECK_STR(depot(&t, "481", "previous")->manifest, "8382873932604653347");
	CHECK(!depot(&t, "481", "private")); /* encrypted */
	d = depot(&t, "229006", "");
	CHECK(d && d->shared);
	CHECK_STR(d->from_app, "228980");
	CHECK_STR(d->os, "windows");
	CHECK_STR(d->manifest, "");
	CHECK(t.sections_n == 6 && section(&t, "common") && section(&t, "depots") && section(&t, "sysreqs"));
	buf_done(&in);
	arena_done(&a);
}

/* Manifests were texts once. */
static void a_record_of_old(void)
{
	struct buf in = corpus_read("tests/corpus/vdf_text/app_440_steam_440.vdf");
	struct arena a = { 0 };
	struct titles_facts t = facts_of(in.p, in.n, &a, RC_OK);

	CHECK_STR(branch(&t, "competitive")->build_id, "1051562");
	CHECK(branch(&t, "competitive")->updated_ms == 1459464143000 && branch(&t, "dev_prerelease")->locked);
	CHECK_STR(depot(&t, "441", "public")->manifest, "2083859864140555065");
	CHECK_STR(depot(&t, "441", "competitive")->manifest, "4319183612061984249");
	CHECK_STR(depot(&t, "232253", "public")->os, "linux");
	CHECK_STR(depot(&t, "445", "public")->language, "russian");
	CHECK(!depot(&t, "445", "public")->os && depot(&t, "445", "public")->size == 0);
	buf_done(&in);
	arena_done(&a);
}

static struct titles_facts small(const char *text, struct arena *a)
{
	return facts_of(text, strlen(text), a, RC_OK);
}

static void digests(void)
{
	struct arena a = { 0 };
	struct titles_facts one = small("\"appinfo\"{\"common\"{\"a\" \"1\" \"b\" {\"x\" \"2\" \"y\" \"3\"}}}", &a),
			    two = small("\"appinfo\"{\"common\"{\"b\" {\"y\" \"3\" \"x\" \"2\"} \"a\" \"1\"}}", &a),
			    three = small(
				    "\"appinfo\"{\"common\"{\"b\" {\"y\" \"3\" \"x\" \"2\"} \"a\" \"2\"}}", &a);

	/* printf '{"a":"1","b":{"x":"2","y":"3"}}' | sha1sum */
	CHECK_STR(section(&one, "common"), "db34470028fa92e54b0f399937c4431eb501f9a8");
	CHECK_STR(section(&two, "common"), section(&one, "common"));
	CHECK(strcmp(section(&three, "common"), section(&one, "common")) != 0);
	arena_done(&a);
}

/* What is odd is left out or refused, and never read past. */
static void odd_ones(void)
{
	struct arena a = { 0 };
	struct titles_facts t =
		small("\"appinfo\"{\"depots\"{"
		      "\"12x\"{\"manifests\"{\"public\" \"1\"}}"
		      "\"7\" \"text\""
		      "\"8\"{\"manifests\" \"text\"}"
		      "\"9\"{\"manifests\"{\"public\" \"12a\" \"beta\"{\"gid\" \"\"}}}"
		      "\"branches\"{\"public\" \"no\" \"b\"{\"timeupdated\" \"99999999999999999999\"}}}}",
			&a);

	CHECK(t.depots_n == 2 && t.branches_n == 1 && t.branches[0].updated_ms == 0);
	CHECK_STR(t.branches[0].build_id, "");
	CHECK(depot(&t, "8", "") && depot(&t, "9", ""));
	(void)facts_of("", 0, &a, RC_MALFORMED);
	(void)facts_of("\"appinfo\" \"text\"", 16, &a, RC_MALFORMED);
	arena_done(&a);
}

static void limits(void)
{
	struct arena a = { 0 };
	struct buf b = { 0 };

	buf_str(&b, "\"appinfo\"{\"depots\"{\"branches\"{");
	for (int i = 0; i <= TITLES_FACTS_BRANCHES_MAX; i++)
		buf_fmt(&b, "\"b%d\"{\"buildid\" \"1\"}", i);
	buf_str(&b, "}}}");
	(void)facts_of(b.p, b.n, &a, RC_TOO_LARGE);
	buf_drop(&b, b.n);
	buf_str(&b, "\"appinfo\"{");
	for (int i = 0; i <= TITLES_FACTS_SECTIONS_MAX; i++)
		buf_fmt(&b, "\"s%d\"{}", i);
	buf_str(&b, "}");
	(void)facts_of(b.p, b.n, &a, RC_TOO_LARGE);
	buf_done(&b);
	arena_done(&a);
}

int main(void)
{
	a_record_of_today();
	a_record_of_old();
	digests();
	odd_ones();
	limits();
	return 0;
}
