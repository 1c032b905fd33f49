#include "model/content_match.h"
#include "model/content_path.h"

#include "tests/unit/check.h"

static const char *clean(const char *name)
{
	static struct buf b;
	struct fault f = { 0 };

	buf_done(&b);
	buf_str(&b, "x");
	enum rc rc = content_path_clean(name, &b, &f);
	CHECK(rc == RC_OK || (rc == RC_INVALID && b.n == 1 && *f.text));
	return rc == RC_OK ? buf_text(&b) + 1 : NULL;
}

static void names(void)
{
	char long_part[300], deep[400], long_path[1200];

	CHECK_STR(clean("a\\b/c.txt"), "a/b/c.txt");
	CHECK_STR(clean("...x/.hidden"), "...x/.hidden");
	CHECK_STR(clean("com10/console/null"), "com10/console/null");
	CHECK_STR(clean("\xd1\x84\xd0\xb0\xd0\xb9\xd0\xbb"), "\xd1\x84\xd0\xb0\xd0\xb9\xd0\xbb");
	static const char *const bad[] = { "", "/a", "\\a", "a//b", "a/", "../a", "a/../b", "a/..", "./a", "a/.",
		"C:\\a", "a:b", "a\nb", "a\x7f", "con", "NUL.txt", "a/Aux/b", "com1", "x/LPT9.dat", "nul .x",
		"conout$", "a.", "a ", "a. /b", "\xff", "a\xc3", "\xc0\xaf", "..\\..\\etc", "a/b\\..\\..\\..\\c" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(clean(bad[i]) == NULL);
	memset(long_part, 'a', sizeof(long_part));
	long_part[CONTENT_PATH_PART] = 0;
	CHECK(clean(long_part) != NULL);
	long_part[CONTENT_PATH_PART] = 'a';
	long_part[CONTENT_PATH_PART + 1] = 0;
	CHECK(clean(long_part) == NULL);
	for (size_t i = 0; i < sizeof(deep); i++)
		deep[i] = i % 2 ? '/' : 'a';
	deep[2 * CONTENT_PATH_DEPTH - 1] = 0;
	CHECK(clean(deep) != NULL);
	deep[2 * CONTENT_PATH_DEPTH - 1] = '/';
	deep[2 * CONTENT_PATH_DEPTH + 1] = 0;
	CHECK(clean(deep) == NULL);
	for (size_t i = 0; i < sizeof(long_path); i++)
		long_path[i] = i % 100 == 99 ? '/' : 'a';
	long_path[CONTENT_PATH_MAX + 1] = 0;
	CHECK(clean(long_path) == NULL);
}

static const char *target(const char *path, const char *to)
{
	static struct buf b;
	struct fault f = { 0 };

	buf_done(&b);
	enum rc rc = content_path_link(path, to, &b, &f);
	CHECK(rc == RC_OK || (rc == RC_INVALID && b.n == 0 && *f.text));
	return rc == RC_OK ? buf_text(&b) : NULL;
}

static void links(void)
{
	CHECK_STR(target("lib/a.so", "a.so.1"), "a.so.1");
	CHECK_STR(target("lib/a.so", "..\\bin\\b"), "../bin/b");
	CHECK_STR(target("a/b/c", "../../d"), "../../d");
	CHECK_STR(target("a/b", ".."), "..");
	static const char *const bad[][2] = { { "a", ".." }, { "a/b", "../../c" }, { "a", "/etc/passwd" },
		{ "a/b/c", "x/../../d" }, { "a/b", "b/.." }, { "a", "" }, { "a", "C:\\x" }, { "a/b", "./c" },
		{ "a", "..\\x" }, { "a/b", "..//etc" } };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(target(bad[i][0], bad[i][1]) == NULL);
}

static void order(void)
{
	CHECK(content_path_compare("A/b", "a/B") == 0 && content_path_compare("a", "b") < 0);
	CHECK(content_path_compare("a/z", "a.b") < 0 && content_path_compare("a", "a/b") < 0);
	CHECK(content_path_compare("\xc3\x84", "\xc3\xa4") == 0 &&
		content_path_compare("\xd0\x81", "\xd1\x91") == 0);
	CHECK(content_path_compare("\xd0\x96", "\xd0\xb6") == 0 &&
		content_path_compare("\xc3\x97", "\xc3\xb7") != 0);
	CHECK(content_path_is_below("A/b", "a") && !content_path_is_below("ab", "a") &&
		!content_path_is_below("a", "a"));
}

static struct arena a;

static struct content_match *rules(const char *include, const char *exclude, const char *file)
{
	static const char *texts[3];
	struct content_match *m;
	struct fault f = { 0 };

	texts[0] = include;
	texts[1] = exclude;
	texts[2] = file;
	struct field_list lists[3];
	for (int i = 0; i < 3; i++)
		lists[i] = (struct field_list){ &texts[i], texts[i] ? 1 : 0 };
	enum rc rc = content_match_new(&lists[0], &lists[1], &lists[2], &a, &m, &f);
	CHECK(rc == RC_OK || (rc == RC_INVALID && *f.text));
	return rc == RC_OK ? m : NULL;
}

static bool wants(const char *include, const char *path)
{
	struct content_match *m = rules(include, NULL, NULL);
	CHECK(m);
	return content_match_wants(m, path);
}

static void globs(void)
{
	CHECK(wants("*.txt", "a.txt") && wants("*.txt", "x/y/A.TXT") && !wants("*.txt", "a.txt.gz"));
	CHECK(wants("bin/*", "bin/a") && !wants("bin/*", "bin/a/b") && !wants("bin/*", "x/bin/a"));
	CHECK(wants("bin/**", "bin/a/b") && wants("**/a", "a") && wants("**/a", "x/y/a") && !wants("**/a", "xa"));
	CHECK(wants("bin/", "bin/a/b") && !wants("bin/", "bin") && wants("a\\b", "a/b"));
	CHECK(wants("a?c", "abc") && !wants("a?c", "a/c") && wants("[a-c]x", "bx") && !wants("[!a-c]x", "bx"));
	CHECK(wants("[]]", "]") && !rules("[a", NULL, NULL) && !rules("", NULL, NULL) &&
		!rules("[z-a]", NULL, NULL));
}

static void expressions(void)
{
	CHECK(wants("re:^bin/.*\\.dll$", "bin/x/a.dll") && !wants("re:^bin/.*\\.dll$", "xbin/a.dll"));
	CHECK(wants("re:b", "abc") && wants("re:a|x", "zx") && !wants("re:^(a|x)$", "ax"));
	CHECK(wants("re:^(ab)+$", "ababab") && !wants("re:^(ab)+$", "aba") && wants("re:^a?b*$", ""));
	CHECK(wants("re:^x(a?b*)*$", "xabbab") && wants("re:^\\d+\\w\\s$", "12z ") &&
		wants("re:[^/]+\\.pak", "a/b.pak"));
	CHECK(wants("re:^((a|b)?c|d)e$", "bce") && wants("re:^((a|b)?c|d)e$", "de") &&
		!wants("re:^((a|b)?c|d)e$", "ae"));
	CHECK(wants("re:^a.c$", "a/c") && wants("re:A\\.B", "a.b") && !wants("re:a\\.b", "axb"));
	static const char *const bad[] = { "re:", "re:(", "re:)", "re:*", "re:a{2}", "re:[", "re:\\", "re:\\1",
		"re:\\b", "re:(?:a)" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!rules(bad[i], NULL, NULL));
}

/* What makes other matchers take for ever. */
static void evil(void)
{
	char path[1025], pattern[CONTENT_MATCH_TEXT + 8] = "re:^";

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	CHECK(!wants("re:^(a+)+$x", path) && !wants("re:^((a*)*)*b$", path) && !wants("re:(a|a)*b$", path));
	for (int i = 0; i < 100; i++)
		strcat(pattern, "a?");
	for (int i = 0; i < 100; i++)
		strcat(pattern, "a");
	strcat(pattern, "$");
	path[100] = 0;
	CHECK(wants(pattern, path));
	memset(pattern + 3, '(', 40);
	pattern[43] = 0;
	CHECK(!rules(pattern, NULL, NULL));
}

static void together(void)
{
	CHECK(content_match_wants(rules(NULL, NULL, NULL), "a"));
	struct content_match *m = rules("*.txt", "b*", "x/Y.bin");
	CHECK(content_match_wants(m, "a.txt") && !content_match_wants(m, "b.txt") &&
		!content_match_wants(m, "c.bin"));
	CHECK(content_match_wants(m, "X/y.bin") && !content_match_wants(m, "x/y.bin2"));
	CHECK(!content_match_wants(rules(NULL, "x/**", NULL), "x/a") && !rules(NULL, NULL, "../x"));
}

int main(void)
{
	names();
	links();
	order();
	globs();
	expressions();
	evil();
	together();
	arena_done(&a);
	return 0;
}
