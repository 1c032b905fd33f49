#include "tests/unit/check.h"
#include "wire/listing.h"

#include <string.h>

#define SUM         "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define FILE_(path) "{\"mode\":\"0644\",\"path\":\"" path "\",\"sha256\":\"" SUM "\",\"size\":5}"

/* The rc of the first line that is not taken; RC_OK: all were, and it is over. */
static enum rc read_all(const char *text, uint64_t *ret_files)
{
	struct arena links = { 0 }, a = { 0 };
	struct listing_reader r = { .arena = &links };
	enum rc rc = RC_MORE;

	for (const char *at = text; *at && (rc == RC_OK || rc == RC_MORE);) {
		struct listing_file file;
		size_t n = strcspn(at, "\n");
		rc = listing_line(&r, at, n, &a, &file, NULL);
		at += n + (at[n] == '\n');
	}
	*ret_files = r.files;
	bool over = r.over;
	arena_done(&links);
	arena_done(&a);
	return rc == RC_MORE && over ? RC_OK : rc == RC_OK || rc == RC_MORE ? RC_MORE : rc;
}

static void round_trip(void)
{
	static const struct listing_file files[] = {
		{ .path = "a \"b\"\t", .sha256 = SUM, .size = 0, .mode = 0644 },
		{ .path = "b", .link = "c/d", .mode = 0777 },
		{ .path = "c/d", .sha256 = SUM, .size = 7, .mode = 0755 }
	};
	struct buf b = { 0 };
	uint64_t n;

	listing_begin(&b);
	for (size_t i = 1; i < 3; i++)
		listing_put(&b, &files[i], i == 1);
	listing_end(&b);
	CHECK(read_all(buf_text(&b), &n) == RC_OK && n == 2);
	buf_done(&b);
}

int main(void)
{
	static const struct {
		const char *text;
		enum rc want;
	} each[] = {
		{ "{\"files\":[\n" FILE_("a") ",\n" FILE_("b") "\n]}\n", RC_OK },
		{ "{\"files\":[\n" FILE_("a") "\n]}\n", RC_OK },
		{ "{\"files\":[\n" FILE_("a") ",\n", RC_MORE }, /* not its end */
		{ "{\"files\":[\n]}\n", RC_MALFORMED },
		{ "{\"files\":[\n" FILE_("a") ",\n]}\n", RC_MALFORMED },
		{ "{\"files\":[\n" FILE_("a") "\n" FILE_("b") "\n]}\n", RC_MALFORMED },
		{ "{\"files\":[\n" FILE_("b") ",\n" FILE_("a") "\n]}\n", RC_MALFORMED },
		{ "{\"files\":[\n" FILE_("a") ",\n" FILE_("a") "\n]}\n", RC_MALFORMED },
		{ "{\"files\":[\n" FILE_("a") "\n]}\nx\n", RC_MALFORMED },
		{ "{\"files\": [\n" FILE_("a") "\n]}\n", RC_MALFORMED },
		{ "{\"files\":[\n " FILE_("a") "\n]}\n", RC_MALFORMED },
		{ "{\"files\":[\n" FILE_("../a") "\n]}\n", RC_INVALID },
		{ "{\"files\":[\n" FILE_("a/..") "\n]}\n", RC_INVALID },
		{ "{\"files\":[\n" FILE_("/a") "\n]}\n", RC_INVALID },
		{ "{\"files\":[\n" FILE_("c:a") "\n]}\n", RC_INVALID },
		{ "{\"files\":[\n" FILE_("a\\u0000b") "\n]}\n", RC_MALFORMED },
		{ "{\"files\":[\n{\"link\":\"d\",\"mode\":\"0777\",\"path\":\"a\"},\n" FILE_("a/b") "\n]}\n",
			RC_INVALID },
		{ "{\"files\":[\n{\"link\":\"d\",\"mode\":\"0777\",\"path\":\"a\"},\n" FILE_("a-b") ",\n" FILE_(
			  "a/b") "\n]}\n",
			RC_INVALID },
		{ "{\"files\":[\n{\"link\":\"..\",\"mode\":\"0777\",\"path\":\"a\"}\n]}\n", RC_INVALID },
		{ "{\"files\":[\n{\"link\":\"..\",\"mode\":\"0777\",\"path\":\"a/b\"}\n]}\n", RC_OK },
		{ "{\"files\":[\n{\"link\":\"../../x\",\"mode\":\"0777\",\"path\":\"a/b\"}\n]}\n", RC_INVALID },
		{ "{\"files\":[\n{\"link\":\"c/../../..\",\"mode\":\"0777\",\"path\":\"a/b\"}\n]}\n", RC_INVALID },
		{ "{\"files\":[\n{\"link\":\"d\",\"mode\":\"0644\",\"path\":\"a\"}\n]}\n", RC_MALFORMED },
		{ "{\"files\":[\n{\"mode\":\"4755\",\"path\":\"a\",\"sha256\":\"" SUM "\",\"size\":5}\n]}\n",
			RC_MALFORMED },
		{ "{\"files\":[\n{\"mode\":\"0644\",\"path\":\"a\",\"sha256\":\"" SUM "\",\"size\":-5}\n]}\n",
			RC_MALFORMED },
		{ "{\"files\":[\n{\"mode\":\"0644\",\"path\":\"a\",\"sha256\":\"x\",\"size\":5}\n]}\n",
			RC_MALFORMED },
	};
	uint64_t n;

	round_trip();
	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++) {
		enum rc got = read_all(each[i].text, &n);
		if (got != each[i].want)
			fprintf(stderr, "%s: %s\n", each[i].text, rc_name(got));
		CHECK(got == each[i].want);
	}
	CHECK(listing_is_sha256(SUM) && !listing_is_sha256(SUM "0") && !listing_is_sha256("A") &&
		!listing_is_sha256(NULL));
	return 0;
}
