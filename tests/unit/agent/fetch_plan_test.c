#include "agent/content/fetch_plan.h"

#include "model/content_match.h"
#include "tests/unit/check.h"

static struct arena a;
static struct fault f;
static struct content_match *all;
static struct content_chunk chunks[] = {
	{ .sum = { CONTENT_SHA1, "one" }, .size = 10, .packed = 5 },
	{ .sum = { CONTENT_SHA1, "two" }, .size = 20, .packed = 6 },
	{ .sum = { CONTENT_SHA1, "one" }, .size = 10, .packed = 5 }, /* the same again */
	{ .sum = { CONTENT_MD5, "one" }, .size = 30, .packed = 7 },
	{ .sum = { CONTENT_SHA1, "unwanted" }, .size = 1, .packed = 1 },
};
static struct content_piece big[] = { { 30, 2, 0, 10 }, { 0, 0, 0, 10 }, { 10, 1, 0, 20 } };
static struct content_piece slice[] = { { 0, 3, 5, 7 }, { 7, 1, 19, 1 } };

static struct content_file file(const char *path, uint64_t size, struct content_piece *pieces, uint32_t n)
{
	return (struct content_file){ .path = path, .size = size, .pieces = pieces, .pieces_n = n };
}

static enum rc make(struct content_file *files, size_t n, struct content_match *m, struct fetch_plan *p)
{
	struct content_listing *l = arena_take(&a, sizeof(*l));
	*l = (struct content_listing){ .files = files, .files_n = n, .chunks = chunks, .chunks_n = 5 };
	f = (struct fault){ 0 };
	return fetch_plan_make(l, m, &a, p, &f);
}

static void each_chunk_once(void)
{
	struct content_file files[] = { file("z\\slice", 8, slice, 2), file("a", 40, big, 3),
		file("Z/empty", 0, NULL, 0), { .path = "z", .flags = CONTENT_FOLDER },
		{ .path = "l", .link = "z\\slice", .flags = CONTENT_LINK } };
	struct fetch_plan p, q;

	CHECK(make(files, 5, all, &p) == RC_OK);
	CHECK(p.files_n == 5 && p.real_files == 3 && p.bytes == 48 && p.places_n == 5);
	CHECK_STR(p.files[0].path, "a");
	CHECK_STR(p.files[1].link, "z/slice");
	CHECK_STR(p.files[3].path, "z/empty"); /* the folder is one, however it is spelled */
	CHECK_STR(p.files[4].path, "z/slice");
	CHECK(p.chunks_n == 3 && p.packed == 18);
	CHECK(p.chunks[0].first == 0 && p.chunks[1].first == 2 && p.chunks[2].first == 4 && p.chunks[3].first == 5);
	CHECK(p.places[0].at == 0 && p.places[1].at == 30 && p.places[1].file == 0 && p.places[0].n == 10);
	CHECK(p.places[2].file == 0 && p.places[2].at == 10 && p.places[3].file == 4 && p.places[3].at == 7 &&
		p.places[3].from == 19);
	CHECK(p.places[4].from == 5 && p.places[4].n == 7 && fetch_plan_chunk(&p, 2)->size == 30);
	CHECK(fetch_plan_is_whole(&p, 0, &p.places[0]) && !fetch_plan_is_whole(&p, 2, &p.places[4]));
	/* The same in another order has the same key; another flag another. */
	struct content_file turned[] = { files[4], files[3], files[2], files[1], files[0] };
	CHECK(make(turned, 5, all, &q) == RC_OK && !strcmp(p.hex, q.hex) && strlen(p.hex) == 64);
	turned[3].flags = CONTENT_EXECUTABLE;
	CHECK(make(turned, 5, all, &q) == RC_OK && strcmp(p.hex, q.hex) != 0);
}

static void refused(enum rc want, struct content_file x, struct content_file y)
{
	struct content_file files[] = { x, y };
	struct fetch_plan p;

	CHECK(make(files, 2, all, &p) == want);
	CHECK(*f.text);
}

static void what_is_not_lawful(void)
{
	struct content_file good = file("a", 40, big, 3), empty = file("b", 0, NULL, 0);
	struct content_file up = { .path = "l", .link = "../x", .flags = CONTENT_LINK };
	struct content_file none = { .path = "l", .flags = CONTENT_LINK };
	struct content_piece hole[] = { { 0, 0, 0, 10 }, { 11, 1, 0, 20 } },
			     twice[] = { { 0, 0, 0, 10 }, { 0, 0, 0, 10 } };
	struct content_piece past[] = { { 0, 0, 5, 10 } }, other[] = { { 0, 5, 0, 10 } },
			     over[] = { { 0, 0, UINT32_MAX, 10 } };
	struct content_piece nothing[] = { { 0, 0, 0, 0 } };

	refused(RC_INVALID, good, file("../b", 0, NULL, 0));
	refused(RC_INVALID, good, file("A", 0, NULL, 0));
	refused(RC_INVALID, good, file("a/b", 0, NULL, 0));
	refused(RC_INVALID, good, up);
	refused(RC_INVALID, good, none);
	struct content_file link = { .path = "dir", .link = "b", .flags = CONTENT_LINK };
	refused(RC_INVALID, link, file("dir/x", 0, NULL, 0)); /* it would be written where the link leads */
	refused(RC_MALFORMED, empty, file("a", 31, hole, 2));
	refused(RC_MALFORMED, empty, file("a", 20, twice, 2));
	refused(RC_MALFORMED, empty, file("a", 10, past, 1));
	refused(RC_MALFORMED, empty, file("a", 10, other, 1));
	refused(RC_MALFORMED, empty, file("a", 10, over, 1));
	refused(RC_MALFORMED, empty, file("a", 41, big, 3));
	refused(RC_MALFORMED, empty, file("a", 39, big, 3));
	refused(RC_MALFORMED, empty, file("a", 1, NULL, 0));
	refused(RC_MALFORMED, empty, file("a", 0, nothing, 1));
	refused(RC_TOO_LARGE, file("x", CONTENT_BYTES_MAX, NULL, 0), file("y", 1, NULL, 0));
	struct content_chunk was = chunks[2];
	chunks[2].size = 11;
	refused(RC_MALFORMED, good, empty);
	chunks[2] = was;
	struct fetch_plan p;
	CHECK(make(NULL, 0, all, &p) == RC_MISSING);
}

static void filtered(void)
{
	const char *text = "z/*";
	const struct field_list some = { &text, 1 }, none = { 0 };
	struct content_file files[] = { file("z/slice", 8, slice, 2), file("a", 40, big, 3) };
	struct content_match *m;
	struct fetch_plan p;

	CHECK(content_match_new(&some, &none, &none, &a, &m, &f) == RC_OK);
	CHECK(make(files, 2, m, &p) == RC_OK && p.files_n == 1 && p.chunks_n == 2 && p.bytes == 8);
	CHECK(make(files + 1, 1, m, &p) == RC_MISSING);
}

int main(void)
{
	const struct field_list none = { 0 };
	CHECK(content_match_new(&none, &none, &none, &a, &all, &f) == RC_OK);
	each_chunk_once();
	what_is_not_lawful();
	filtered();
	arena_done(&a);
	return 0;
}
