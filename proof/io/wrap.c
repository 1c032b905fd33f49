/* The few questions that rooms above io put to the system themselves (-Wl,--wrap): here the simulated disk answers. */
#include "proof/disk.h"
#include "proof/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int __wrap_open64(const char *path, int flags, ...);
int __wrap_access(const char *path, int mode);
int __wrap_stat64(const char *path, struct stat64 *to);
int __wrap_statvfs64(const char *path, struct statvfs64 *to);
int __wrap_pthread_mutex_lock(void *m);

/* The caller closes it at once. */
int __wrap_open64(const char *path, int flags, ...)
{
	struct disk *d = sim_me()->disk;

	if (!disk_find(d, path) && (flags & O_CREAT))
		disk_make(d, path, 0600);
	if (disk_find(d, path))
		return dup(STDERR_FILENO);
	errno = ENOENT;
	return -1;
}

int __wrap_access(const char *path, int mode)
{
	(void)mode;
	if (disk_find(sim_me()->disk, path))
		return 0;
	errno = ENOENT;
	return -1;
}

int __wrap_stat64(const char *path, struct stat64 *to)
{
	const struct disk_file *f = disk_find(sim_me()->disk, path);

	memset(to, 0, sizeof(*to));
	if (f) {
		to->st_mode = S_IFREG | f->mode;
		to->st_size = (off_t)f->n;
		return 0;
	}
	errno = ENOENT;
	return -1;
}

int __wrap_statvfs64(const char *path, struct statvfs64 *to)
{
	(void)path;
	memset(to, 0, sizeof(*to));
	to->f_frsize = 4096;
	to->f_bavail = sim_me()->disk->full ? 0 : 1u << 24;
	return 0;
}
