#include "io/append.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static enum rc broken(struct fault *f, const char *what, const struct append *a)
{
	return fault_set(f, RC_IO, "cannot %s %s: %s", what, a->path, strerror(errno));
}

enum rc append_open(const char *path, struct append *a, struct fault *f)
{
	struct append fresh = { .fd = -1, .path = strdup(path) };
	struct stat st;

	if (!fresh.path)
		return RC_NOMEM;
	fresh.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fresh.fd < 0 || fstat(fresh.fd, &st) < 0) {
		enum rc rc = broken(f, "open", &fresh);
		append_close(&fresh);
		return rc;
	}
	fresh.n = (uint64_t)st.st_size;
	*a = fresh;
	return RC_OK;
}

void append_close(struct append *a)
{
	if (a->fd >= 0)
		close(a->fd);
	free(a->path);
	*a = (struct append){ .fd = -1 };
}

static bool write_at(const struct append *a, const uint8_t *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = pwrite(a->fd, p + done, n - done, (off_t)(a->n + done));
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		done += (size_t)k;
	}
	return true;
}

enum rc append_add(struct append *a, const void *p, size_t n, struct fault *f)
{
	if (!write_at(a, p, n) || fdatasync(a->fd) < 0) {
		enum rc rc = broken(f, "write to", a);
		/* When even this fails, the next try writes over the same place. */
		if (ftruncate(a->fd, (off_t)a->n) < 0)
			return rc;
		return rc;
	}
	a->n += n;
	return RC_OK;
}

enum rc append_read(const struct append *a, uint64_t at, void *p, size_t n, struct fault *f)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = pread(a->fd, (char *)p + done, n - done, (off_t)(at + done));
		if (k < 0 && errno == EINTR)
			continue;
		if (k == 0)
			return fault_set(f, RC_IO, "%s ends too early", a->path);
		if (k < 0)
			return broken(f, "read", a);
		done += (size_t)k;
	}
	return RC_OK;
}

enum rc append_cut(struct append *a, uint64_t n, struct fault *f)
{
	if (ftruncate(a->fd, (off_t)n) < 0 || fdatasync(a->fd) < 0)
		return broken(f, "shorten", a);
	a->n = n;
	return RC_OK;
}

/* A rename is durable when the folder is. */
static bool sync_folder(const char *path)
{
	char copy[4096];
	if ((size_t)snprintf(copy, sizeof(copy), "%s", path) >= sizeof(copy))
		return false;
	auto_close int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0;
}

enum rc append_replace(struct append *a, struct append *fresh, struct fault *f)
{
	if (fsync(fresh->fd) < 0 || rename(fresh->path, a->path) < 0)
		return broken(f, "replace", a);
	close(a->fd);
	a->fd = take_fd(fresh->fd);
	a->n = fresh->n;
	append_close(fresh);
	return sync_folder(a->path) ? RC_OK : broken(f, "sync the folder of", a);
}
