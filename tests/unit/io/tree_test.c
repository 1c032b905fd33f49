#include "io/tree.h"

#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/footplate-tree-XXXXXX", path[200];
static struct fault f;

static const char *in(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void files(struct tree *t)
{
	char got[8] = "";
	bool shared = true;

	CHECK(tree_make(t, "a/b/c", 100, &f) == RC_OK && tree_has(t, "a/b/c", 100, &shared) && !shared);
	CHECK(tree_write(t, "a/b/c", 95, "hello", 5, &f) == RC_OK);
	CHECK(tree_read(t, "a/b/c", 94, got, 6, &f) == RC_OK && memcmp(got, "\0hello", 6) == 0);
	CHECK(tree_read(t, "a/b/c", 96, got, 5, &f) == RC_MALFORMED);
	CHECK(tree_write(t, "a/x", 0, "x", 1, &f) == RC_MISSING && !tree_has(t, "a/b", 0, NULL));
	CHECK(tree_make(t, "a/b/c", 3, &f) == RC_OK && tree_read(t, "a/b/c", 0, got, 3, &f) == RC_OK &&
		got[0] == 0);
	CHECK(tree_folder(t, "a/b/d", &f) == RC_OK && tree_folder(t, "a/b/d", &f) == RC_OK);
	CHECK(tree_folder(t, "a/b/c", &f) != RC_OK && tree_make(t, "a/b/c/d", 1, &f) != RC_OK);
	CHECK(tree_make(t, "a/b", 1, &f) != RC_OK);
	CHECK(tree_mode(t, "a/b/c", 0755, &f) == RC_OK);
	struct stat s;
	CHECK(stat(in("in/a/b/c"), &s) == 0 && (s.st_mode & 0777) == 0755);
	CHECK(tree_sync_file(t, "a/b/c", &f) == RC_OK && tree_sync_file(t, "nothing", &f) == RC_MISSING);
	CHECK(tree_make(t, "huge", (uint64_t)1 << 60, &f) != RC_OK);
}

/* Somebody put links there: nothing goes through them. */
static void no_way_out(struct tree *t)
{
	CHECK(mkdir(in("out"), 0755) == 0);
	FILE *file = fopen(in("out/secret"), "w");
	CHECK(file && fputs("secret", file) >= 0 && fclose(file) == 0);
	char got[6];
	CHECK(symlink("../out", in("in/way")) == 0 && symlink("../out/secret", in("in/leaf")) == 0);
	CHECK(tree_make(t, "way/x", 1, &f) != RC_OK && access(in("out/x"), F_OK) != 0);
	CHECK(tree_folder(t, "way/y", &f) != RC_OK && access(in("out/y"), F_OK) != 0);
	CHECK(tree_read(t, "way/secret", 0, got, 6, &f) != RC_OK && tree_read(t, "leaf", 0, got, 6, &f) != RC_OK);
	CHECK(tree_read(t, "../out/secret", 0, got, 6, &f) != RC_OK &&
		tree_write(t, "leaf", 0, "x", 1, &f) != RC_OK);
	CHECK(tree_make(t, "../out/z", 1, &f) != RC_OK && tree_make(t, "/tmp/footplate-z", 1, &f) != RC_OK);
	CHECK(access(in("out/z"), F_OK) != 0 && tree_mode(t, "leaf", 0777, &f) != RC_OK);
	CHECK(tree_link(t, "way/l", "x", &f) != RC_OK && !tree_has(t, "leaf", 6, NULL));
	/* What is made in place of a link replaces the link. */
	CHECK(tree_make(t, "leaf", 1, &f) == RC_OK && tree_write(t, "leaf", 0, "x", 1, &f) == RC_OK);
	struct stat s;
	CHECK(stat(in("out/secret"), &s) == 0 && s.st_size == 6);
	CHECK(tree_link(t, "deep/l", "../a/b/c", &f) == RC_OK && tree_link(t, "deep/l", "m", &f) == RC_OK);
	CHECK(lstat(in("in/deep/l"), &s) == 0 && S_ISLNK(s.st_mode) && s.st_size == 1);
}

static void taken(struct tree *t)
{
	struct tree *u;
	char got[5];
	bool shared = false;

	CHECK(mkdir(in("next"), 0755) == 0 && tree_open(in("next"), &u, &f) == RC_OK);
	CHECK(tree_make(t, "base", 5, &f) == RC_OK && tree_write(t, "base", 0, "bytes", 5, &f) == RC_OK);
	CHECK(tree_take(u, "x/same", t, "base", false, &f) == RC_OK && tree_has(u, "x/same", 5, &shared) && shared);
	CHECK(tree_write(u, "x/same", 0, "other", 5, &f) == RC_DENIED &&
		tree_write(t, "base", 0, "other", 5, &f) == RC_DENIED);
	CHECK(tree_take(u, "x/copy", t, "base", true, &f) == RC_OK && tree_has(u, "x/copy", 5, &shared) && !shared);
	CHECK(tree_write(u, "x/copy", 0, "other", 5, &f) == RC_OK);
	CHECK(tree_read(t, "base", 0, got, 5, &f) == RC_OK && memcmp(got, "bytes", 5) == 0);
	CHECK(tree_make(u, "x/same", 5, &f) == RC_OK && tree_read(t, "base", 0, got, 5, &f) == RC_OK &&
		got[0] == 'b');
	CHECK(tree_take(u, "y", t, "no", false, &f) == RC_MISSING);
	tree_free(u);
}

int main(void)
{
	struct tree *t;

	CHECK(mkdtemp(dir) && mkdir(in("in"), 0755) == 0);
	CHECK(tree_open(in("in"), &t, &f) == RC_OK);
	files(t);
	no_way_out(t);
	taken(t);
	CHECK(tree_sync(t, &f) == RC_OK);
	tree_free(t);
	CHECK(symlink("../out", in("in/back")) == 0);
	CHECK(tree_remove(in("in"), &f) == RC_OK && access(in("out/secret"), F_OK) == 0 &&
		access(in("in"), F_OK) != 0);
	CHECK(tree_remove(in("in"), &f) == RC_OK && tree_open(in("in"), &t, &f) == RC_MISSING);
	CHECK(tree_remove(dir, &f) == RC_OK);
	return 0;
}
