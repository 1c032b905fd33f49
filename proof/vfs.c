#include "proof/vfs.h"
#include "proof/disk.h"
#include "proof/sim.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCKS   8 /* SQLITE_SHM_NLOCK */
#define REGIONS 64

/* What all that have a file open share: as the kernel has it. */
struct shared {
	int readers;  /* with SQLITE_LOCK_SHARED or more */
	void *writer; /* with RESERVED or more */
	bool pending, exclusive;
	int users; /* of the shared memory */
	void *region[REGIONS];
	int held[LOCKS]; /* shared locks; -1: exclusive */
};

struct handle {
	sqlite3_file base;
	struct disk *disk;
	struct disk_file *file;
	struct shared *shared; /* as it was when it was opened */
	int lock;
	bool maps, drop;
	uint16_t shared_mask, exclusive_mask;
};

static struct shared *shared_of(struct disk_file *f)
{
	if (!f->of)
		f->of = calloc(1, sizeof(struct shared));
	if (!f->of)
		abort();
	return f->of;
}

void vfs_forget(struct disk_file *f) { f->of = NULL; }

static int error_of(int e, int other) { return e == ENOSPC ? SQLITE_FULL : e ? other : SQLITE_OK; }

static int x_close(sqlite3_file *file)
{
	struct handle *h = (struct handle *)file;
	if (h->drop)
		disk_unlink(h->disk, h->file);
	return SQLITE_OK;
}

static int x_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	struct handle *h = (struct handle *)file;
	size_t got = disk_read(h->file, (uint64_t)at, p, (size_t)n);
	if (got == (size_t)n)
		return SQLITE_OK;
	memset((char *)p + got, 0, (size_t)n - got);
	return SQLITE_IOERR_SHORT_READ;
}

static int x_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	struct handle *h = (struct handle *)file;
	return error_of(disk_write(h->disk, h->file, (uint64_t)at, p, (size_t)n), SQLITE_IOERR_WRITE);
}

static int x_truncate(sqlite3_file *file, sqlite3_int64 n)
{
	struct handle *h = (struct handle *)file;
	return error_of(disk_cut(h->disk, h->file, (uint64_t)n), SQLITE_IOERR_TRUNCATE);
}

static int x_sync(sqlite3_file *file, int flags)
{
	struct handle *h = (struct handle *)file;
	(void)flags;
	return error_of(disk_sync(h->disk, h->file), SQLITE_IOERR_FSYNC);
}

static int x_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((struct handle *)file)->file->n;
	return SQLITE_OK;
}

static int x_lock(sqlite3_file *file, int want)
{
	struct handle *h = (struct handle *)file;
	struct shared *s = h->shared;

	if (h->lock >= want)
		return SQLITE_OK;
	if (want == SQLITE_LOCK_SHARED) {
		if (s->pending || s->exclusive)
			return SQLITE_BUSY;
		s->readers++;
		h->lock = want;
		return SQLITE_OK;
	}
	if (s->writer && s->writer != h)
		return SQLITE_BUSY;
	s->writer = h;
	if (want == SQLITE_LOCK_EXCLUSIVE) {
		s->pending = true;
		h->lock = SQLITE_LOCK_PENDING;
		if (s->readers > 1)
			return SQLITE_BUSY;
		s->exclusive = true;
	}
	h->lock = want;
	return SQLITE_OK;
}

static int x_unlock(sqlite3_file *file, int want)
{
	struct handle *h = (struct handle *)file;
	struct shared *s = h->shared;

	if (h->lock > SQLITE_LOCK_SHARED && want <= SQLITE_LOCK_SHARED) {
		s->writer = NULL;
		s->pending = s->exclusive = false;
	}
	if (h->lock >= SQLITE_LOCK_SHARED && want == SQLITE_LOCK_NONE)
		s->readers--;
	if (want < h->lock)
		h->lock = want;
	return SQLITE_OK;
}

static int x_reserved(sqlite3_file *file, int *ret)
{
	*ret = ((struct handle *)file)->shared->writer != NULL;
	return SQLITE_OK;
}

static int x_control(sqlite3_file *file, int op, void *arg)
{
	(void)file, (void)op, (void)arg;
	return SQLITE_NOTFOUND;
}

static int x_sector(sqlite3_file *file)
{
	(void)file;
	return 4096;
}

static int x_traits(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int x_shm_map(sqlite3_file *file, int at, int size, int extend, void volatile **ret)
{
	struct handle *h = (struct handle *)file;
	struct shared *s = h->shared;

	if (!h->maps)
		s->users++;
	h->maps = true;
	*ret = NULL;
	if (at >= REGIONS)
		return SQLITE_NOMEM;
	if (!s->region[at] && extend && !(s->region[at] = calloc(1, (size_t)size)))
		return SQLITE_NOMEM;
	*ret = s->region[at];
	return SQLITE_OK;
}

static int x_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
	struct handle *h = (struct handle *)file;
	int *held = h->shared->held;
	uint16_t mask = (uint16_t)(((1u << n) - 1) << at);

	if (flags & SQLITE_SHM_UNLOCK) {
		for (int i = at; i < at + n; i++) {
			if (h->exclusive_mask & 1u << i)
				held[i] = 0;
			else if (h->shared_mask & 1u << i)
				held[i]--;
		}
		h->exclusive_mask &= (uint16_t)~mask;
		h->shared_mask &= (uint16_t)~mask;
		return SQLITE_OK;
	}
	if (flags & SQLITE_SHM_SHARED) {
		if (h->shared_mask & mask)
			return SQLITE_OK;
		if (held[at] < 0)
			return SQLITE_BUSY;
		held[at]++;
		h->shared_mask |= mask;
		return SQLITE_OK;
	}
	for (int i = at; i < at + n; i++)
		if (held[i] && !(h->exclusive_mask & 1u << i))
			return SQLITE_BUSY;
	for (int i = at; i < at + n; i++)
		held[i] = -1;
	h->exclusive_mask |= mask;
	return SQLITE_OK;
}

static void x_shm_barrier(sqlite3_file *file) { (void)file; }

static int x_shm_unmap(sqlite3_file *file, int drop)
{
	struct handle *h = (struct handle *)file;
	struct shared *s = h->shared;
	(void)drop;

	if (!h->maps)
		return SQLITE_OK;
	h->maps = false;
	if (--s->users == 0)
		for (int i = 0; i < REGIONS; i++) {
			free(s->region[i]);
			s->region[i] = NULL;
		}
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = { 2, x_close, x_read, x_write, x_truncate, x_sync, x_size, x_lock,
	x_unlock, x_reserved, x_control, x_sector, x_traits, x_shm_map, x_shm_lock, x_shm_barrier, x_shm_unmap,
	NULL, NULL };

static int x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	struct handle *h = (struct handle *)file;
	struct machine *m = sim_me();
	char spare[64];
	static unsigned numbers;
	(void)vfs;

	memset(h, 0, sizeof(*h));
	if (!m)
		return SQLITE_CANTOPEN;
	if (!name) {
		snprintf(spare, sizeof(spare), "/tmp/%u", numbers++);
		name = spare;
	}
	struct disk_file *f = disk_find(m->disk, name);
	if (!f && !(flags & SQLITE_OPEN_CREATE))
		return SQLITE_CANTOPEN;
	h->disk = m->disk;
	h->file = f ? f : disk_make(m->disk, name, 0600);
	h->shared = shared_of(h->file);
	h->drop = flags & SQLITE_OPEN_DELETEONCLOSE;
	h->base.pMethods = &methods;
	if (ret_flags)
		*ret_flags = flags;
	return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	struct disk_file *f = disk_find(sim_me()->disk, name);
	(void)vfs, (void)sync;
	if (!f)
		return SQLITE_IOERR_DELETE_NOENT;
	disk_unlink(sim_me()->disk, f);
	return SQLITE_OK;
}

static int x_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
	const struct disk_file *f = disk_find(sim_me()->disk, name);
	(void)vfs;
	*ret = f && (flags != SQLITE_ACCESS_EXISTS || f->n > 0);
	return SQLITE_OK;
}

static int x_path(sqlite3_vfs *vfs, const char *name, int n, char *ret)
{
	(void)vfs;
	snprintf(ret, (size_t)n, "%s", name);
	return SQLITE_OK;
}

static int x_random(sqlite3_vfs *vfs, int n, char *ret)
{
	(void)vfs;
	for (int i = 0; i < n; i++)
		ret[i] = sim.quiet ? (char)i : (char)sim_rand();
	return n;
}

static int x_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	if (sim.current)
		fiber_sleep((uint64_t)us);
	return us;
}

static int x_time(sqlite3_vfs *vfs, sqlite3_int64 *ret)
{
	(void)vfs;
	*ret = (sqlite3_int64)(sim.now_us / 1000) + 210866760000000LL;
	return SQLITE_OK;
}

static int x_last(sqlite3_vfs *vfs, int n, char *ret)
{
	(void)vfs, (void)n, (void)ret;
	return 0;
}

void vfs_register(void)
{
	static sqlite3_vfs vfs = { .iVersion = 2,
		.szOsFile = sizeof(struct handle),
		.mxPathname = 512,
		.zName = "proof",
		.xOpen = x_open,
		.xDelete = x_delete,
		.xAccess = x_access,
		.xFullPathname = x_path,
		.xRandomness = x_random,
		.xSleep = x_sleep,
		.xGetLastError = x_last,
		.xCurrentTimeInt64 = x_time };
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_vfs_register(&vfs, 1);
}
