#include "agent/content/publish.h"
#include "io/blobs.h"
#include "io/file.h"
#include "tests/unit/check.h"
#include "wire/sheet.h"

#include <ftw.h>
#include <openssl/sha.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char top[64], tree[128], store[128];

/*
 * Ours in place of the library's: a blob takes its place only after the disk was synced, and a sheet, which makes the content whole, only when the
 * blobs' places were synced, too.
 */
static bool bytes_synced, places_synced;

int syncfs(int fd)
{
	bytes_synced = places_synced = true;
	return (int)syscall(SYS_syncfs, fd);
}

ssize_t write(int fd, const void *p, size_t n)
{
	if (fd > STDERR_FILENO)
		bytes_synced = false;
	return syscall(SYS_write, fd, p, n);
}

int rename(const char *from, const char *to)
{
	if (strstr(to, "/store/blobs/")) {
		CHECK(bytes_synced);
		places_synced = false;
	} else if (strstr(to, "/store/contents/"))
		CHECK(places_synced);
	return (int)syscall(SYS_rename, from, to);
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void put(const char *path, const char *text, mode_t mode)
{
	char full[512];
	struct fault f;

	snprintf(full, sizeof(full), "%s/%s", tree, path);
	char *slash = strrchr(full, '/');
	*slash = 0;
	CHECK(file_mkdirs(full, 0755, &f) == RC_OK);
	*slash = '/';
	FILE *to = fopen(full, "w");
	CHECK(to && fputs(text, to) >= 0 && fclose(to) == 0 && chmod(full, mode) == 0);
}

static int files_below(const char *dir)
{
	char cmd[300];
	int n = -1;

	snprintf(cmd, sizeof(cmd), "find %s/%s -type f 2>/dev/null | wc -l", store, dir);
	FILE *p = popen(cmd, "r");
	CHECK(p && fscanf(p, "%d", &n) == 1);
	pclose(p);
	return n;
}

static enum rc publish(
	const struct publish_file *files, size_t n, const char *format, struct publish_done *ret, struct fault *f)
{
	struct arena a = { 0 };
	const struct publish_conf conf = { .store = store };
	struct action_task t = { .arena = &a, .publish = &conf };
	const struct publish p = { .task = &t,
		.download_id = "dl_1",
		.folder = tree,
		.kind = "app",
		.files = files,
		.n = n,
		.package_format = format,
		.package_level = 1 };

	*f = (struct fault){ 0 };
	*ret = (struct publish_done){ 0 };
	bytes_synced = places_synced = false;
	enum rc rc = publish_tree(&p, ret, f);
	if (rc != RC_OK)
		fprintf(stderr, "%s: %s\n", rc_name(rc), f->text);
	arena_done(&a);
	CHECK(files_below("arriving") == 0);
	return rc;
}

static void run(const char *cmd_fmt, const char *what)
{
	char cmd[1200];
	snprintf(cmd, sizeof(cmd), cmd_fmt, what, top, top, tree);
	CHECK(system(cmd) == 0);
}

static const struct publish_file good[] = {
	{ .path = "b/two.bin", .size = 3, .mode = 0644 },
	{ .path = "a.txt", .size = 5, .mode = 0644 },
	{ .path = "b/run.sh", .size = 9, .mode = 0755 },
	{ .path = "b/l\xc3\xa4nk", .link = "two.bin" },
	{ .path = "copy.txt", .size = 5, .mode = 0644 },
	{ .path = "gr\xc3\xb6\xc3\x9f"
		  "e.txt",
		.size = 0,
		.mode = 0644 },
};
#define GOOD (sizeof(good) / sizeof(*good))

static void make_tree(void)
{
	put("b/two.bin", "two", 0644);
	put("a.txt", "hello", 0644);
	put("copy.txt", "hello", 0644);
	put("b/run.sh", "#!/bin/sh", 0755);
	put("gr\xc3\xb6\xc3\x9f"
	    "e.txt",
		"", 0644);
}

static void whole(void)
{
	struct publish_done done, again;
	struct fault f;
	struct buf b = { 0 };
	char path[BLOBS_PATH_MAX];

	CHECK(publish(good, GOOD, NULL, &done, &f) == RC_OK);
	CHECK(done.files == 6 && done.bytes == 22 && done.package_bytes == 0 && !*done.package_sha256);
	CHECK(files_below("blobs") == 5); /* four different files, and the listing */
	CHECK(blobs_has(store, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", 5));
	CHECK(!blobs_has(store, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", 4));

	blobs_path(store, done.content_id, path);
	CHECK(file_read(path, 65536, &b, &f) == RC_OK);
	CHECK(!strncmp(
		buf_text(&b), "{\"files\":[\n{\"mode\":\"0644\",\"path\":\"a.txt\",\"sha256\":\"2cf24d", 56));
	buf_done(&b);
	blobs_sheet_path(store, done.content_id, "none", path);
	CHECK(file_read(path, 65536, &b, &f) == RC_OK);
	buf_done(&b);

	CHECK(publish(good, GOOD, "zip", &again, &f) == RC_OK);
	CHECK_STR(again.content_id, done.content_id);
	CHECK(again.package_bytes > 0 && files_below("blobs") == 6);
}

/* What the system's own programs make of it is the tree; and the same tree makes the same bytes. */
static void packages(void)
{
	static const struct {
		const char *format, *unpack;
	} each[] = {
		{ "zip", "unzip -q %s -d %s/out" },
		{ "tar", "mkdir %2$s/out && tar -xf %1$s -C %2$s/out" },
		{ "tar.zst", "mkdir %2$s/out && zstd -dc %1$s | tar -xf - -C %2$s/out" },
	};

	for (size_t i = 0; i < 3; i++) {
		struct publish_done one, two;
		struct fault f;
		char path[BLOBS_PATH_MAX], first[70];

		CHECK(publish(good, GOOD, each[i].format, &one, &f) == RC_OK);
		blobs_path(store, one.package_sha256, path);
		run(each[i].unpack, path);
		char link[300];
		snprintf(link, sizeof(link), "ln -s two.bin '%s/b/l\xc3\xa4nk'", tree);
		CHECK(i > 0 || system(link) == 0);
		run("%s; diff -r --no-dereference %s/out %3$s/tree && test -x %2$s/out/b/run.sh && rm -r %2$s/out",
			"true");
		snprintf(first, sizeof(first), "%s", one.package_sha256);
		CHECK(unlink(path) == 0);
		CHECK(publish(good, GOOD, each[i].format, &two, &f) == RC_OK);
		CHECK_STR(two.package_sha256, first);
	}
}

static void refused(void)
{
	static const char *const paths[] = { "../up", "/etc/passwd", "a/../../b", "C:/x", "a//b", "", "a/./b",
		"x\\y", "bad\x01name", "\xff\xfe" };
	struct publish_done done;
	struct fault f;
	uint8_t sha1[20];

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		const struct publish_file bad[] = { { .path = "a.txt", .size = 5 },
			{ .path = paths[i], .size = 5 } };
		CHECK(publish(bad, 2, "zip", &done, &f) == RC_INVALID);
	}
	static const struct publish_file links[][2] = {
		{ { .path = "a.txt", .size = 5 }, { .path = "l", .link = "/etc" } },
		{ { .path = "a.txt", .size = 5 }, { .path = "l", .link = "../x" } },
		{ { .path = "a.txt", .size = 5 }, { .path = "d/l", .link = "a/../../.." } },
		{ { .path = "d", .link = "b" }, { .path = "d/two.bin", .size = 3 } }, /* through a link */
	};
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		CHECK(publish(links[i], 2, NULL, &done, &f) != RC_OK);
	static const struct publish_file twice[] = { { .path = "a.txt", .size = 5 },
		{ .path = "a.txt", .size = 5 } };
	CHECK(publish(twice, 2, NULL, &done, &f) == RC_MALFORMED);
	static const struct publish_file longer[] = { { .path = "a.txt", .size = 6 } };
	CHECK(publish(longer, 1, NULL, &done, &f) == RC_INVALID);
	static const struct publish_file shorter[] = { { .path = "a.txt", .size = 4 } };
	CHECK(publish(shorter, 1, "tar", &done, &f) == RC_INVALID);
	SHA1((const uint8_t *)"hello", 5, sha1);
	const struct publish_file right[] = { { .path = "a.txt", .size = 5, .sha1 = sha1 } };
	CHECK(publish(right, 1, NULL, &done, &f) == RC_OK);
	sha1[0] ^= 1;
	CHECK(publish(right, 1, NULL, &done, &f) == RC_INVALID);
	CHECK(publish(good, 0, NULL, &done, &f) == RC_INVALID);
	CHECK(publish(good, GOOD, "rar", &done, &f) == RC_INVALID);
}

static void stopped(void)
{
	struct arena a = { 0 };
	const struct publish_conf conf = { .store = store };
	struct action_task t = { .arena = &a, .publish = &conf };
	_Atomic bool stop = true;
	const struct publish p = {
		.task = &t, .folder = tree, .kind = "app", .files = good, .n = GOOD, .stop = &stop
	};
	struct publish_done done;
	struct fault f;

	CHECK(publish_tree(&p, &done, &f) == RC_CANCELED);
	arena_done(&a);
	CHECK(files_below("arriving") == 0);
}

int main(void)
{
	snprintf(top, sizeof(top), "/tmp/publish_test.XXXXXX");
	CHECK(mkdtemp(top));
	snprintf(tree, sizeof(tree), "%s/tree", top);
	snprintf(store, sizeof(store), "%s/store", top);
	make_tree();
	refused();
	stopped();
	CHECK(nftw(store, drop, 16, FTW_DEPTH | FTW_PHYS) == 0);
	whole();
	packages();
	CHECK(nftw(top, drop, 16, FTW_DEPTH | FTW_PHYS) == 0);
	return 0;
}
