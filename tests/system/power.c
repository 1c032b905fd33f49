#include "tests/system/power.h"

#include "tests/system/rig.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX  4096
#define WRITES_MAX 1000000

static struct {
	uint64_t inode, synced; /* writes up to this tick are on the disk */
	char path[512];
} files[FILES_MAX];
static unsigned files_n;

static int add_file(const char *path, const struct stat *st, int kind, struct FTW *w)
{
	(void)w;
	if (kind != FTW_F || !S_ISREG(st->st_mode) || files_n == FILES_MAX)
		return 0;
	files[files_n].inode = st->st_ino;
	files[files_n].synced = 0;
	snprintf(files[files_n++].path, sizeof(files[0].path), "%s", path);
	return 0;
}

static int file_of(uint64_t inode)
{
	for (unsigned i = 0; i < files_n; i++)
		if (files[i].inode == inode)
			return (int)i;
	return -1; /* it is gone */
}

static void note_sync(const struct power_record *r)
{
	for (unsigned i = 0; i < files_n; i++)
		if ((r->inode == 0 || r->inode == files[i].inode) && files[i].synced < r->tick)
			files[i].synced = r->tick;
}

/* Each page is on the disk, or is not: who knows. */
static uint64_t undo(const struct power_record *r, const uint8_t *old)
{
	int k = file_of(r->inode);
	uint64_t lost = 0;

	if (k < 0 || r->tick <= files[k].synced)
		return 0;
	int fd = open(files[k].path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	for (uint64_t at = 0; at < r->n;) {
		uint64_t n = POWER_PAGE - (r->at + at) % POWER_PAGE;
		n = n < r->n - at ? n : r->n - at;
		if (rig_random(4) > 0) {
			CHECK(pwrite(fd, old + at, n, (off_t)(r->at + at)) == (ssize_t)n);
			lost += n;
		}
		at += n;
	}
	close(fd);
	return lost;
}

/* The log, mapped; NULL: nothing was written. */
static const uint8_t *map_log(const char *log, size_t *ret_size)
{
	struct stat st;
	int fd = open(log, O_RDONLY | O_CLOEXEC);

	*ret_size = 0;
	if (fd < 0)
		return NULL;
	CHECK(fstat(fd, &st) == 0);
	*ret_size = (size_t)st.st_size;
	const uint8_t *all = *ret_size ? mmap(NULL, *ret_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	CHECK(all != MAP_FAILED);
	close(fd);
	return all;
}

/* NULL: it is the last one, which the kill cut short. */
static const uint8_t *next(const uint8_t *at, const uint8_t *end, struct power_record *ret)
{
	if ((size_t)(end - at) < sizeof(*ret))
		return NULL;
	memcpy(ret, at, sizeof(*ret));
	size_t n = sizeof(*ret) + (ret->kind == POWER_WRITE ? ret->n * (1 + ret->fresh) : 0);
	return (size_t)(end - at) < n ? NULL : at + n;
}

void power_records(
	const char *log, void (*each)(void *ctx, const struct power_record *r, const uint8_t *fresh), void *ctx)
{
	size_t size;
	const uint8_t *all = map_log(log, &size), *at = all, *then;
	struct power_record r;

	for (; at && (then = next(at, all + size, &r)); at = then)
		each(ctx, &r, r.fresh ? at + sizeof(r) + r.n : NULL);
	if (all)
		munmap((void *)(uintptr_t)all, size);
}

uint64_t power_cut(const char *log, const char *root)
{
	static const uint8_t *writes[WRITES_MAX]; /* records, with their bytes */
	struct power_record r;
	size_t writes_n = 0, size;
	uint64_t lost = 0;
	const uint8_t *all = map_log(log, &size), *at = all, *then;

	files_n = 0;
	CHECK(nftw(root, add_file, 16, FTW_PHYS) == 0);
	for (; at && (then = next(at, all + size, &r)); at = then) {
		CHECK(writes_n < WRITES_MAX);
		if (r.kind == POWER_SYNC)
			note_sync(&r);
		else
			writes[writes_n++] = at;
	}
	while (writes_n > 0) {
		const uint8_t *p = writes[--writes_n];
		memcpy(&r, p, sizeof(r));
		lost += undo(&r, p + sizeof(r));
	}
	if (all)
		munmap((void *)(uintptr_t)all, size);
	unlink(log);
	return lost;
}
