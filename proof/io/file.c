#include "io/file.h"
#include "proof/disk.h"
#include "proof/sim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum rc broken(struct fault *f, int e, const char *what, const char *path)
{
	enum rc rc = e == ENOENT ? RC_MISSING : RC_IO;
	return fault_set(f, rc, "%s %s: %s", what, path, strerror(e));
}

enum rc file_read(const char *path, size_t max, struct buf *ret, struct fault *f)
{
	const struct disk_file *at = disk_find(sim_me()->disk, path);

	if (!at)
		return broken(f, ENOENT, "cannot open", path);
	if (at->n > max)
		return fault_set(f, RC_TOO_LARGE, "%s has more than %zu bytes", path, max);
	buf_put(ret, at->p, at->n);
	return ret->bad ? RC_NOMEM : RC_OK;
}

enum rc file_read_secret(const char *path, size_t max, struct buf *ret, struct fault *f)
{
	return file_read(path, max, ret, f);
}

/* Written beside, synced and renamed: only when and whether is drawn, half of it never is there. */
enum rc file_write(const char *path, const void *p, size_t n, unsigned mode, struct fault *f)
{
	struct disk *d = sim_me()->disk;
	char beside[512];

	snprintf(beside, sizeof(beside), "%s.beside", path);
	struct disk_file *fresh = disk_make(d, beside, mode);
	int e = disk_cut(d, fresh, 0);
	if (!e)
		e = disk_write(d, fresh, 0, p, n);
	if (!e)
		e = disk_sync(d, fresh);
	if (e) {
		disk_unlink(d, fresh);
		return broken(f, e, "cannot write", path);
	}
	disk_rename(d, fresh, path);
	if (sim.current)
		fiber_sleep(sim_below(2000)); /* the folder's sync */
	return RC_OK;
}

enum rc file_mkdirs(const char *path, unsigned mode, struct fault *f)
{
	(void)path, (void)mode, (void)f;
	return RC_OK; /* the simulated disks have no folders */
}
