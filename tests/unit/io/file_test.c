#include "io/file.h"
#include "tests/unit/check.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/file_test.XXXXXX";

static const char *at(const char *name)
{
	static char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void writes_and_reads_back(void)
{
	struct buf b = { 0 };
	struct fault f = { 0 };
	struct stat st;

	CHECK(file_write(at("a"), "one", 3, 0640, &f) == RC_OK);
	CHECK(file_write(at("a"), "second", 6, 0600, &f) == RC_OK);
	CHECK(stat(at("a"), &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(file_read(at("a"), 6, &b, &f) == RC_OK);
	CHECK(b.n == 6 && !memcmp(b.p, "second", 6));
	buf_done(&b);
	CHECK(file_read(at("a"), 5, &b, &f) == RC_TOO_LARGE && b.p == NULL);
	CHECK(strstr(f.text, "larger than 5 bytes"));
	CHECK(file_read(at("none"), 5, &b, &f) == RC_MISSING);
	CHECK(file_write(at("no/such/folder"), "x", 1, 0600, &f) == RC_MISSING);

	char *big = malloc(100000);
	memset(big, 'b', 100000);
	CHECK(file_write(at("big"), big, 100000, 0600, &f) == RC_OK);
	CHECK(file_read(at("big"), 1 << 20, &b, &f) == RC_OK && b.n == 100000 && !memcmp(b.p, big, b.n));
	buf_done(&b);
	free(big);
}

static void a_failed_write_leaves_the_old_file(void)
{
	struct buf b = { 0 };
	struct fault f = { 0 };

	CHECK(file_mkdirs(at("taken"), 0700, &f) == RC_OK);
	CHECK(file_write(at("taken"), "x", 1, 0600, &f) != RC_OK); /* a folder cannot be replaced by a file */
	CHECK(system("test $(ls /tmp/file_test.*/taken.* 2>/dev/null | wc -l) = 0") == 0);
	CHECK(file_read(at("a"), 100, &b, &f) == RC_OK && b.n == 6);
	buf_done(&b);
}

static void a_secret_must_be_closed_to_others(void)
{
	struct buf b = { 0 };
	struct fault f = { 0 };

	CHECK(file_write(at("key"), "k", 1, 0644, &f) == RC_OK);
	CHECK(file_read_secret(at("key"), 10, &b, &f) == RC_DENIED && strstr(f.text, "chmod 600"));
	CHECK(chmod(at("key"), 0600) == 0);
	CHECK(file_read_secret(at("key"), 10, &b, &f) == RC_OK && b.n == 1);
	buf_done(&b);
}

static void makes_folders(void)
{
	struct fault f = { 0 };
	struct stat st;

	CHECK(file_mkdirs(at("x/y/z"), 0700, &f) == RC_OK);
	CHECK(file_mkdirs(at("x/y/z/"), 0700, &f) == RC_OK);
	CHECK(stat(at("x/y/z"), &st) == 0 && S_ISDIR(st.st_mode));
	CHECK(file_mkdirs(at("a"), 0700, &f) == RC_EXISTS);
	CHECK(file_mkdirs(at("a/b"), 0700, &f) == RC_MISSING);
	CHECK(file_mkdirs("", 0700, &f) == RC_INVALID);
}

int main(void)
{
	char gone[64];
	CHECK(mkdtemp(folder));
	writes_and_reads_back();
	a_failed_write_leaves_the_old_file();
	a_secret_must_be_closed_to_others();
	makes_folders();
	snprintf(gone, sizeof(gone), "rm -r %s", folder);
	return system(gone);
}
