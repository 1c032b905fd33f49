/* Worlds: what a file may say, that generated records are the same every time, and what a change does. */
#include "sim/world.h"

#include "tests/unit/check.h"
#include "wire/steam/vdf_text.h"

#include <unistd.h>

static char path[] = "/tmp/world_test_XXXXXX";

static enum rc load(struct world *w, const char *text, struct fault *f)
{
	FILE *out = fopen(path, "w");
	CHECK(out != NULL);
	fputs(text, out);
	fclose(out);
	return world_load(w, path, f);
}

static void demo(void)
{
	struct world w;
	struct fault f = { 0 };
	static const uint8_t sha_480[] = { 0x71, 0x05, 0x5f, 0xab }, sha_0[] = { 0x0a, 0x40, 0x88, 0x02 };

	CHECK(world_load(&w, "sim/data/demo.world", &f) == RC_OK);
	CHECK(w.n == 204 && w.change == 24483200);
	struct product *p = world_find(&w, PICS_APP, 480);
	CHECK(p && p->change == 24483107 && p->buffer.n == 3229 && !memcmp(p->sha, sha_480, 4));
	p = world_find(&w, PICS_PACKAGE, 0);
	CHECK(p && p->change == 23321079 && p->buffer.n == 9276 && !memcmp(p->sha, sha_0, 4));
	CHECK(!world_find(&w, PICS_APP, 0) && !world_find(&w, PICS_PACKAGE, 440));
	unsigned tokens = 0;
	for (size_t i = 0; i < w.n; i++)
		tokens += w.at[i].token != 0;
	CHECK(tokens == 10);
	world_done(&w);
}

static void same_every_time(void)
{
	struct world a, b;
	struct fault f = { 0 };

	CHECK(load(&a, "generate apps=10-60 seed=3 min=3000 max=20000\ngenerate package=5 apps=10-60\n", &f) ==
		RC_OK);
	CHECK(load(&b, "generate apps=10-70 seed=3 min=3000 max=20000\n", &f) == RC_OK);
	for (uint32_t id = 10; id <= 60; id++) {
		struct product *x = world_find(&a, PICS_APP, id), *y = world_find(&b, PICS_APP, id);
		struct arena arena = { 0 };
		struct vdf *doc;
		uint64_t n;
		CHECK(x && y && world_ready(x, &f) == RC_OK && world_ready(y, &f) == RC_OK);
		CHECK(x->buffer.n == y->buffer.n && !memcmp(x->buffer.p, y->buffer.p, x->buffer.n));
		CHECK(x->buffer.n >= 3000 && x->buffer.n < 22000 && x->buffer.p[x->buffer.n - 1] == 0);
		CHECK(pics_check(PICS_APP, x->buffer.p, x->buffer.n, x->sha, PICS_SHA, &f) == RC_OK);
		CHECK(pics_parse(PICS_APP, x->buffer.p, x->buffer.n, &arena, &doc, &f) == RC_OK);
		CHECK(vdf_number_at(doc, "appinfo/appid", &n) && n == id);
		CHECK(vdf_number_at(doc, "appinfo/depots/branches/public/buildid", &n) && n > 0);
		arena_done(&arena);
	}
	struct product *x = world_find(&a, PICS_APP, 10), *y = world_find(&a, PICS_APP, 11);
	CHECK(x->buffer.n != y->buffer.n || memcmp(x->buffer.p, y->buffer.p, x->buffer.n) != 0);
	world_done(&a);
	world_done(&b);
}

static uint64_t build_of(struct world *w, uint32_t id)
{
	struct product *p = world_find(w, PICS_APP, id);
	struct arena a = { 0 };
	struct vdf *doc;
	uint64_t build = 0;
	CHECK(pics_parse(PICS_APP, p->buffer.p, p->buffer.n, &a, &doc, NULL) == RC_OK);
	vdf_number_at(doc, "appinfo/depots/branches/public/buildid", &build);
	CHECK(pics_check(PICS_APP, p->buffer.p, p->buffer.n, p->sha, PICS_SHA, NULL) == RC_OK);
	arena_done(&a);
	return build;
}

static void changes(void)
{
	struct world w;
	struct fault f = { 0 };

	CHECK(load(&w, "change 70\ngenerate apps=1-2\ngenerate package=9 apps=1-2\n", &f) == RC_OK);
	CHECK(world_bump(&w, PICS_APP, 1, WORLD_BUMP_METADATA, &f) == RC_OK && w.change == 71);
	uint64_t build = build_of(&w, 1);
	CHECK(world_bump(&w, PICS_APP, 1, WORLD_BUMP_BUILD, &f) == RC_OK);
	CHECK(build_of(&w, 1) == build + 1 && w.change == 72);
	CHECK(world_bump(&w, PICS_PACKAGE, 9, WORLD_BUMP_BUILD, &f) == RC_OK && w.change == 73);
	CHECK(world_find(&w, PICS_APP, 1)->change == 72 && world_find(&w, PICS_APP, 2)->change == 70);
	CHECK(world_bump(&w, PICS_APP, 9, WORLD_BUMP_BUILD, &f) == RC_MISSING && w.change == 73);
	world_done(&w);
}

static void refused(void)
{
	static const char *const bad[] = { "what 5", "change", "change x", "change 0", "app", "app x y",
		"app 5 /nowhere/file", "generate", "generate apps=5", "generate apps=9-5",
		"generate apps=1-2 color=red", "generate apps=1-2 min=9 max=8",
		"generate apps=1-3\ngenerate apps=3-4", "generate apps=1-300000" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct world w;
		struct fault f = { 0 };
		if (load(&w, bad[i], &f) == RC_OK)
			fprintf(stderr, "taken: %s\n", bad[i]);
		CHECK(f.rc != RC_OK && f.text[0]);
		CHECK(w.at == NULL);
	}
}

int main(void)
{
	int fd = mkstemp(path);
	CHECK(fd >= 0);
	close(fd);
	demo();
	same_every_time();
	changes();
	refused();
	unlink(path);
	return 0;
}
