#include "tests/system/power.h"

#include "tests/system/rig.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE       4096
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
		uint64_t n = PAGE - (r->at + at) % PAGE;
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

uint64_t power_cut(const char *log, const char *root)
{
	static const uint8_t *writes[WRITES_MAX]; /* records, with their bytes */
	struct stat st;
	size_t writes_n = 0;
	uint64_t lost = 0;
	int fd = open(log, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0; /* it wrote nothing */
	CHECK(fstat(fd, &st) == 0);
	files_n = 0;
	CHECK(nftw(root, add_file, 16, FTW_PHYS) == 0);
	size_t size = (size_t)st.st_size;
	const uint8_t *all = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	CHECK(all != MAP_FAILED);
	/* One that the kill cut short is the last. */
	for (size_t i = 0; i + sizeof(struct power_record) <= size;) {
		struct power_record r;
		memcpy(&r, all + i, sizeof(r));
		if (r.kind == POWER_SYNC) {
			note_sync(&r);
		} else if (i + sizeof(r) + r.n <= size) {
			CHECK(writes_n < WRITES_MAX);
			writes[writes_n++] = all + i;
		}
		i += sizeof(r) + (r.kind == POWER_WRITE ? r.n : 0);
	}
	while (writes_n > 0) {
		const uint8_t *p = writes[--writes_n];
		struct power_record r;
		memcpy(&r, p, sizeof(r));
		lost += undo(&r, p + sizeof(r));
	}
	if (all)
		munmap((void *)(uintptr_t)all, size);
	close(fd);
	CHECK(unlink(log) == 0);
	return lost;
}
