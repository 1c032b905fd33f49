#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static enum rc rc_of_errno(int e)
{
	switch (e) {
	case ENOENT:
	case ENOTDIR:
		return RC_MISSING;
	case EACCES:
	case EPERM:
	case EROFS:
		return RC_DENIED;
	case EEXIST:
		return RC_EXISTS;
	default:
		return RC_IO;
	}
}

static enum rc broken(struct fault *f, const char *what, const char *path)
{
	int e = errno;
	return fault_set(f, rc_of_errno(e), "%s %s: %s", what, path, strerror(e));
}

static enum rc read_all(int fd, const char *path, size_t max, struct buf *ret, struct fault *f)
{
	struct buf b = { 0 };
	for (;;) {
		uint8_t *room = buf_room(&b, 4096);
		ssize_t n = room ? read(fd, room, 4096) : -1;
		if (n < 0 && room && errno == EINTR)
			continue;
		if (n > 0 && b.n + (size_t)n <= max) {
			b.n += (size_t)n;
			continue;
		}
		if (n == 0) {
			*ret = b;
			return RC_OK;
		}
		enum rc rc = !room   ? RC_NOMEM
			     : n < 0 ? broken(f, "cannot read", path)
				     : fault_set(f, RC_TOO_LARGE, "%s is larger than %zu bytes", path, max);
		buf_done(&b);
		return rc;
	}
}

enum rc file_read(const char *path, size_t max, struct buf *ret, struct fault *f)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return broken(f, "cannot open", path);
	return read_all(fd, path, max, ret, f);
}

enum rc file_read_secret(const char *path, size_t max, struct buf *ret, struct fault *f)
{
	struct stat st;

	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return broken(f, "cannot open", path);
	if (fstat(fd, &st) < 0)
		return broken(f, "cannot look at", path);
	if (st.st_mode & 077)
		return fault_set(f, RC_DENIED, "%s holds a secret but others may read it (mode %03o): chmod 600 it",
			path, (unsigned)(st.st_mode & 0777));
	return read_all(fd, path, max, ret, f);
}

static enum rc write_all(int fd, const char *path, const void *p, size_t n, struct fault *f)
{
	const char *at = p;
	while (n > 0) {
		ssize_t done = write(fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return broken(f, "cannot write", path);
		at += done;
		n -= (size_t)done;
	}
	if (fsync(fd) < 0)
		return broken(f, "cannot sync", path);
	return RC_OK;
}

/* Makes the rename last: an entry of a folder is on the disk when the folder is. */
static enum rc sync_folder_of(const char *path, struct fault *f)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else
		snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	auto_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return broken(f, "cannot sync", folder);
	return RC_OK;
}

enum rc file_write(const char *path, const void *p, size_t n, unsigned mode, struct fault *f)
{
	char beside[PATH_MAX];
	int len = snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
	if (len < 0 || (size_t)len >= sizeof(beside))
		return fault_set(f, RC_INVALID, "%.100s…: the path is too long", path);

	auto_close int fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return broken(f, "cannot make a file beside", path);
	enum rc rc = fchmod(fd, (mode_t)mode) < 0 ? broken(f, "cannot set the mode of", path)
						  : write_all(fd, path, p, n, f);
	if (rc == RC_OK && rename(beside, path) < 0)
		rc = broken(f, "cannot replace", path);
	if (rc != RC_OK) {
		unlink(beside);
		return rc;
	}
	return sync_folder_of(path, f);
}

enum rc file_mkdirs(const char *path, unsigned mode, struct fault *f)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(part))
		return fault_set(f, RC_INVALID, "'%.100s' is no path of a folder", path);
	memcpy(part, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (part[i] != '/' && part[i] != 0)
			continue;
		char cut = part[i];
		part[i] = 0;
		if (mkdir(part, (mode_t)mode) < 0 && errno != EEXIST)
			return broken(f, "cannot make the folder", part);
		part[i] = cut;
	}
	struct stat st;
	if (stat(path, &st) < 0)
		return broken(f, "cannot look at", path);
	if (!S_ISDIR(st.st_mode))
		return fault_set(f, RC_EXISTS, "%s exists and is not a folder", path);
	return RC_OK;
}

enum rc file_lock(const char *path, int *ret_fd, struct fault *f)
{
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int bad = fd < 0;

	while (!bad && (bad = flock(fd, LOCK_EX)) != 0 && errno == EINTR)
		bad = 0;
	if (bad)
		return broken(f, "cannot lock", path);
	*ret_fd = take_fd(fd);
	return RC_OK;
}

enum rc file_remove(const char *path, struct fault *f)
{
	return unlink(path) == 0 ? RC_OK : broken(f, "cannot remove", path);
}
