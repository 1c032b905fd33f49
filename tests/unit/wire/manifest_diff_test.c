/* What came, went and changed between two manifests, and what has to be fetched for it. */
#include "tests/unit/check.h"
#include "wire/steam/manifest_diff.h"

#include <string.h>

static struct arena arena;

/* A file of one chunk a letter: the same letter is the same content. */
static struct manifest_file file(const char *name, const char *letters)
{
	size_t n = strlen(letters);
	struct manifest_file f = { .name = name, .chunks = arena_take(&arena, (n + 1) * sizeof(*f.chunks)) };

	f.chunks_n = (uint32_t)n;
	f.size = 100 * n;
	for (size_t i = 0; i < n; i++) {
		memset(f.chunks[i].sha, letters[i], MANIFEST_SHA);
		f.chunks[i].size = 100;
		f.chunks[i].packed = 50;
		f.chunks[i].offset = 100 * i;
		f.sha[i % MANIFEST_SHA] = (uint8_t)letters[i];
	}
	return f;
}

static struct manifest_file folder(const char *name)
{
	return (struct manifest_file){ .name = name, .flags = MANIFEST_DIRECTORY };
}

#define OF(...)                                                                                           \
	{                                                                                                 \
		.files = (struct manifest_file[]){ __VA_ARGS__ },                                         \
		.files_n = sizeof((struct manifest_file[]){ __VA_ARGS__ }) / sizeof(struct manifest_file) \
	}

static const struct manifest_diff_file *find(const struct manifest_diff *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (!strcmp(d->files[i].file->name, name))
			return &d->files[i];
	return NULL;
}

static struct manifest_diff diff(struct manifest *from, struct manifest *to)
{
	struct manifest_diff d;
	struct fault f = { 0 };

	CHECK(manifest_diff_make(from, to, &arena, &d, &f) == RC_OK);
	return d;
}

static void an_update(void)
{
	struct manifest from = OF(file("z", "ab"), folder("dir"), file("dir\\gone", "c"), file("Same", "de"),
				file("old", "")),
			to = OF(file("Same", "de"), file("z", "axy"), folder("dir"), folder("dir2"),
				file("dir\\new", "cyx"), file("old", ""));
	struct manifest_diff d = diff(&from, &to);

	CHECK(d.n == 3 && d.added == 1 && d.removed == 1 && d.changed == 1);
	CHECK(find(&d, "dir\\gone")->kind == MANIFEST_DIFF_REMOVED && find(&d, "dir\\gone")->fetched == 0);
	/* c was in a file that went; x and y are counted where they are first needed. */
	CHECK(find(&d, "dir\\new")->kind == MANIFEST_DIFF_ADDED && find(&d, "dir\\new")->fetched == 100);
	CHECK(find(&d, "z")->kind == MANIFEST_DIFF_CHANGED && find(&d, "z")->fetched == 0);
	CHECK(d.fetched == 100);
	CHECK(!find(&d, "Same") && !find(&d, "dir2") && !find(&d, "old"));
}

static void edges(void)
{
	struct manifest none = { 0 }, also = { 0 }, one = OF(file("a", "aaa"), file("b", "a"));
	struct manifest_diff d = diff(&none, &also);

	CHECK(d.n == 0 && d.fetched == 0);
	d = diff(&none, &one);
	CHECK(d.added == 2 && d.fetched == 50);
	d = diff(&one, &none);
	CHECK(d.removed == 2 && d.fetched == 0);
	d = diff(&one, &one);
	CHECK(d.n == 0);

	/* A name in other letters is the same file, and has changed; a folder in place of a file is none. */
	struct manifest lower = OF(file("readme", "a")), upper = OF(file("README", "a")),
			as_folder = OF(folder("readme"));
	d = diff(&lower, &upper);
	CHECK(d.n == 1 && d.changed == 1 && d.fetched == 0);
	d = diff(&lower, &as_folder);
	CHECK(d.n == 1 && d.removed == 1);
	d = diff(&as_folder, &lower);
	CHECK(d.n == 1 && d.added == 1 && d.fetched == 50);

	struct manifest hidden = OF(file("a", "a"));
	hidden.encrypted = true;
	struct fault f;
	CHECK(manifest_diff_make(&hidden, &one, &arena, &d, &f) == RC_INVALID);
}

int main(void)
{
	an_update();
	edges();
	arena_done(&arena);
	return 0;
}
