#include "model/scope.h"

#include "tests/unit/check.h"

static const struct {
	const char *text, *doc;
} rows[] = {
#define SCOPE(name, text, doc) { text, doc },
#include "model/scopes.def"
#undef SCOPE
};
#define ROWS ((int)(sizeof(rows) / sizeof(*rows)))

static void the_table(void)
{
	CHECK(SCOPE_COUNT == ROWS + 1);
	CHECK_STR(scope_text(SCOPE_NONE), "");
	for (int i = 0; i < ROWS; i++) {
		enum scope s = (enum scope)(i + 1);
		CHECK_STR(scope_text(s), rows[i].text);
		CHECK_STR(scope_doc(s), rows[i].doc);
		const char *bar = strchr(rows[i].text, ':');
		CHECK(bar && bar > rows[i].text && bar[1] && strlen(rows[i].text) < SCOPE_TEXT_MAX);
		CHECK(strspn(rows[i].text, "abcdefghijklmnopqrstuvwxyz_:") == strlen(rows[i].text));
		CHECK(strncmp(rows[i].text, "admin:", 6) != 0); /* it would clash with the wildcard for all */
		CHECK(i == 0 || strcmp(rows[i - 1].text, rows[i].text) < 0);
		CHECK(*rows[i].doc && rows[i].doc[strlen(rows[i].doc) - 1] == '.');
	}
	CHECK(*scope_doc(SCOPE_NONE));
}

static bool same_part(const char *a, const char *b, bool verb)
{
	const char *abar = strchr(a, ':'), *bbar = strchr(b, ':');
	if (verb)
		return !strcmp(abar, bbar);
	return abar - a == bbar - b && !strncmp(a, b, (size_t)(abar - a));
}

/* Every scope as a grant, and every wildcard that it makes, against every scope. */
static void matrix(void)
{
	char grant[SCOPE_TEXT_MAX + 2];

	for (int g = 0; g < ROWS; g++)
		for (int w = 0; w < ROWS; w++) {
			enum scope want = (enum scope)(w + 1);
			const char *text = rows[g].text, *bar = strchr(text, ':');
			CHECK(scope_covers(text, want) == (g == w));
			snprintf(grant, sizeof(grant), "%.*s:*", (int)(bar - text), text);
			CHECK(scope_covers(grant, want) == same_part(text, rows[w].text, false));
			snprintf(grant, sizeof(grant), "*%s", bar);
			CHECK(scope_covers(grant, want) == same_part(text, rows[w].text, true));
			CHECK(scope_covers("admin:*", want));
			CHECK(scope_covers(text, SCOPE_NONE));
		}
	CHECK(scope_covers("", SCOPE_NONE));
}

static void what_covers_nothing(void)
{
	const char *const none[] = { "", ":", "*", "*:", "*:*", "jobs", "jobs:", "jobs:*x", "jobs:**", "jobs:rea",
		"jobs:readx", "jobs:read ", " jobs:read", "Jobs:read", "job:*", "jobss:*", "*:rea", "*:readx",
		"admin", "admin:", "admin:read", "admin:*x", "jobs:read,jobs:write", "jobs*", "j*:read", "jobs:*:*",
		"jobs:delete", "*:jobs:read" };

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		for (int w = 1; w < SCOPE_COUNT; w++)
			CHECK(!scope_covers(none[i], (enum scope)w));
		CHECK(!scope_is_grant(none[i]));
	}
}

static void grants(void)
{
	for (int i = 0; i < ROWS; i++)
		CHECK(scope_is_grant(rows[i].text));
	CHECK(scope_is_grant("admin:*") && scope_is_grant("jobs:*") && scope_is_grant("*:read"));
	CHECK(scope_is_grant("*:enroll") && scope_is_grant("agents:*") && !scope_is_grant("plugins:*"));
}

int main(void)
{
	the_table();
	matrix();
	what_covers_nothing();
	grants();
	return 0;
}
