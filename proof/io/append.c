#include "io/append.h"
#include "proof/disk.h"
#include "proof/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The real one's steps, one by one, over the simulated disk. The descriptor is the file's place in this table. */
#define FILES 256
static struct disk_file *files[FILES];
static int next_fd;

static struct disk_file *file_of(const struct append *a) { return files[a->fd % FILES]; }

static enum rc broken(struct fault *f, int e, const char *what, const struct append *a)
{
	return fault_set(f, RC_IO, "cannot %s %s: %s", what, a->path, strerror(e));
}

enum rc append_open(const char *path, struct append *a, struct fault *f)
{
	struct disk_file *file = disk_make(sim_me()->disk, path, 0600);

	(void)f;
	*a = (struct append){ .fd = next_fd++, .n = file->n, .path = strdup(path) };
	files[a->fd % FILES] = file;
	return a->path ? RC_OK : RC_NOMEM;
}

void append_close(struct append *a)
{
	free(a->path);
	*a = (struct append){ .fd = -1 };
}

enum rc append_add(struct append *a, const void *p, size_t n, struct fault *f)
{
	struct disk *d = sim_me()->disk;
	int e = disk_write(d, file_of(a), a->n, p, n);

	if (!e)
		e = disk_sync(d, file_of(a));
	if (e) {
		enum rc rc = broken(f, e, "write to", a);
		(void)disk_cut(d, file_of(a), a->n);
		return rc;
	}
	a->n += n;
	return RC_OK;
}

enum rc append_read(const struct append *a, uint64_t at, void *p, size_t n, struct fault *f)
{
	if (disk_read(file_of(a), at, p, n) == n)
		return RC_OK;
	return fault_set(f, RC_IO, "%s ends too early", a->path);
}

enum rc append_cut(struct append *a, uint64_t n, struct fault *f)
{
	struct disk *d = sim_me()->disk;
	int e = disk_cut(d, file_of(a), n);

	if (!e)
		e = disk_sync(d, file_of(a));
	if (e)
		return broken(f, e, "shorten", a);
	a->n = n;
	return RC_OK;
}

enum rc append_replace(struct append *a, struct append *fresh, struct fault *f)
{
	struct disk *d = sim_me()->disk;
	int e = disk_sync(d, file_of(fresh));

	if (e)
		return broken(f, e, "replace", a);
	disk_rename(d, file_of(fresh), a->path);
	a->fd = fresh->fd;
	a->n = fresh->n;
	append_close(fresh);
	if (sim.current)
		fiber_sleep(sim_below(2000));
	return RC_OK;
}
