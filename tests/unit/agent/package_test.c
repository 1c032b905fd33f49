/*
 * Packages as other programs read them: python's zipfile and tarfile, unzip, bsdtar where it is there. More entries than zip's 16 bits count,
 * and, when PACKAGE_MIB says so (4608 in `make soak`), more bytes than its 32 bits do
 * (PACKAGE_FORMAT: in that format alone; PACKAGE_NOISE_MIB: so many of them do not shrink).
 */
#include "agent/content/package.h"
#include "tests/unit/check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY  70000
#define BLOCK (1u << 20)

static char top[64], out[96];

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
	char line[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	int status = system(line);
	if (status != 0)
		fprintf(stderr, "%s\n", line);
	CHECK(status == 0);
}

static struct package *begin(const char *format, int *ret_fd)
{
	struct package *p = NULL;
	struct fault f = { 0 };

	*ret_fd = open(out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(*ret_fd >= 0);
	CHECK(package_new(*ret_fd, format, 1, &p, &f) == RC_OK);
	return p;
}

static void end(struct package *p, int fd, char ret_sha256[static LISTING_HEX])
{
	uint64_t size = 0;
	struct fault f = { 0 };

	CHECK(package_end(p, ret_sha256, &size, &f) == RC_OK);
	CHECK(size == (uint64_t)lseek(fd, 0, SEEK_END) && size == package_size(p));
	package_free(p);
	close(fd);
	shell("test \"$(sha256sum <%s | cut -c1-64)\" = %s", out, ret_sha256);
}

static void many(void)
{
	struct fault f = { 0 };
	char path[64], sha256[LISTING_HEX];
	int fd;
	struct package *p = begin("zip", &fd);

	for (int i = 0; i < MANY; i++) {
		int n = snprintf(path, sizeof(path), "dir%03d/file-%05d", i / 1000, i);
		const struct listing_file file = { .path = path, .size = (uint64_t)n, .mode = 0644 };
		CHECK(package_file(p, &file, &f) == RC_OK && package_bytes(p, path, (size_t)n, &f) == RC_OK);
	}
	end(p, fd, sha256);
	/* The order of the entries is ours, and each holds its own name. */
	shell("python3 -c \"\n"
	      "import zipfile\n"
	      "z = zipfile.ZipFile('%s')\n"
	      "want = ['dir%%03d/file-%%05d' %% (i // 1000, i) for i in range(%d)]\n"
	      "assert z.namelist() == want, len(z.namelist())\n"
	      "assert all(z.read(n) == n.encode() for n in want[::97] + want[65530:65540] + want[-1:])\n\"",
		out, MANY);
	shell("test $(unzip -Z1 %s | wc -l) -eq %d", out, MANY);
	shell("test \"$(unzip -p %s dir069/file-69999)\" = dir069/file-69999", out);
	shell("! command -v bsdtar >/dev/null || test $(bsdtar -tf %s | wc -l) -eq %d", out, MANY);
}

/* ---- more than 4 GiB ---- */

/* Bytes that do not shrink, so that what stands behind them is far out in the package, too. */
static void fill(uint8_t *block, uint64_t n)
{
	uint64_t x = n * 0x9e3779b97f4a7c15ull + 1;

	for (size_t i = 0; i < BLOCK; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(block + i, &x, 8);
	}
}

static void put_long(struct package *p, const char *path, uint64_t blocks, bool zeros)
{
	const struct listing_file file = { .path = path, .size = blocks * BLOCK, .mode = 0644 };
	uint8_t *block = calloc(1, BLOCK);
	struct fault f = { 0 };

	CHECK(block && package_file(p, &file, &f) == RC_OK);
	for (uint64_t i = 0; i < blocks; i++) {
		if (!zeros)
			fill(block, i);
		CHECK(package_bytes(p, block, BLOCK, &f) == RC_OK);
	}
	free(block);
}

/* Reads all of it with a program that is not ours: names, sizes, checksums, and the first and last bytes of each. */
static void read_back(const char *format, uint64_t noise, uint64_t zeros)
{
	static const char zip[] =
		"import zipfile\n"
		"z = zipfile.ZipFile('%s')\n"
		"assert [(i.filename, i.file_size) for i in z.infolist()] == [('noise', %llu), ('small', 5), "
		"('zeros', %llu)]\n"
		"assert z.testzip() is None and z.read('small') == b'small'\n";
	static const char tar[] = "import tarfile\n"
				  "t = tarfile.open('%s', 'r|')\n"
				  "got = [(m.name, m.size) for m in t]\n"
				  "assert got == [('noise', %llu), ('small', 5), ('zeros', %llu)], got\n";
	char script[1024], path[128];

	snprintf(path, sizeof(path), "%s%s", !strcmp(format, "tar.zst") ? "/dev/stdin" : out, "");
	snprintf(script, sizeof(script), strcmp(format, "zip") ? tar : zip, path, (unsigned long long)noise,
		(unsigned long long)zeros);
	shell("%s %s | python3 -c \"%s\"", !strcmp(format, "tar.zst") ? "zstd -dcq" : "true", out, script);
	if (!strcmp(format, "zip"))
		shell("test \"$(unzip -p %s small)\" = small && unzip -tq %s >/dev/null", out, out);
	shell("! command -v bsdtar >/dev/null || test \"$(bsdtar -xOf %s small)\" = small", out);
}

/* Of noise and of zeros so many MiB each. */
static void huge(uint64_t noise, uint64_t zeros)
{
	static const char *const formats[] = { "zip", "tar", "tar.zst" };
	const struct listing_file small = { .path = "small", .size = 5, .mode = 0644 };
	const char *only = getenv("PACKAGE_FORMAT");
	char sha256[LISTING_HEX];
	struct fault f = { 0 };
	int fd;

	for (size_t i = 0; i < 3; i++) {
		if (only && strcmp(only, formats[i]) != 0)
			continue;
		struct package *p = begin(formats[i], &fd);
		put_long(p, "noise", noise, false);
		CHECK(package_file(p, &small, &f) == RC_OK && package_bytes(p, "small", 5, &f) == RC_OK);
		put_long(p, "zeros", zeros, true);
		end(p, fd, sha256);
		read_back(formats[i], noise * BLOCK, zeros * BLOCK);
		printf("%s of %llu and %llu MiB is read by others\n", formats[i], (unsigned long long)noise,
			(unsigned long long)zeros);
	}
}

int main(void)
{
	const char *mib = getenv("PACKAGE_MIB"), *noise = getenv("PACKAGE_NOISE_MIB");

	snprintf(top, sizeof(top), "/tmp/package_test.XXXXXX");
	CHECK(mkdtemp(top));
	snprintf(out, sizeof(out), "%s/package", top);
	many();
	const uint64_t most = mib ? strtoull(mib, NULL, 10) : 2;
	huge(noise ? strtoull(noise, NULL, 10) : most, most);
	unlink(out);
	rmdir(top);
	return 0;
}
