#include "io/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FOLDER_MODE 0755
#define FILE_MODE   0644
#define COPY_BYTES  (1u << 20)
#define REMOVE_DEEP 128

struct tree {
	int root;
	_Atomic bool sparse;
};

static enum rc broken(struct fault *f, const char *what, const char *path)
{
	int e = errno;
	if (e == ENOSPC || e == EDQUOT)
		return fault_set(f, RC_QUOTA, "%s %.150s: the disk is full", what, path);
	return fault_set(
		f, e == ENOENT || e == ENOTDIR ? RC_MISSING : RC_IO, "%s %.150s: %s", what, path, strerror(e));
}

static int open_below(int at, const char *path, int flags, unsigned mode)
{
	const struct open_how how = { .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	long fd;

	do
		fd = syscall(SYS_openat2, at, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return (int)fd;
}

enum rc tree_open(const char *folder, struct tree **ret, struct fault *f)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		return RC_NOMEM;
	t->root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->root < 0) {
		enum rc rc = broken(f, "cannot open the folder", folder);
		free(t);
		return rc;
	}
	*ret = t;
	return RC_OK;
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	close(t->root);
	free(t);
}

static bool part_of(const char *path, size_t n, char ret[static NAME_MAX + 1])
{
	return n > 0 && n <= NAME_MAX && snprintf(ret, NAME_MAX + 1, "%.*s", (int)n, path) == (int)n;
}

/* Opens the folder that is the first `n` bytes of the path, making it and those above it. */
static enum rc enter(struct tree *t, const char *path, size_t n, int *ret, struct fault *f)
{
	char part[NAME_MAX + 1];
	int at = dup(t->root);

	for (size_t from = 0; at >= 0 && from < n;) {
		size_t len = 0;
		while (from + len < n && path[from + len] != '/')
			len++;
		if (!part_of(path + from, len, part)) {
			errno = ENAMETOOLONG;
			break;
		}
		auto_close int above = at;
		at = mkdirat(above, part, FOLDER_MODE) == 0 || errno == EEXIST
			     ? open_below(above, part, O_RDONLY | O_DIRECTORY, 0)
			     : -1;
		from += len + 1;
		if (from >= n && at >= 0) {
			*ret = at;
			return RC_OK;
		}
	}
	if (n == 0 && at >= 0) {
		*ret = at;
		return RC_OK;
	}
	enum rc rc = broken(f, "cannot make the folder of", path);
	if (at >= 0)
		close(at);
	return rc;
}

enum rc tree_folder(struct tree *t, const char *path, struct fault *f)
{
	int fd;
	enum rc rc = enter(t, path, strlen(path), &fd, f);
	if (rc == RC_OK)
		close(fd);
	return rc;
}

/* The folder that holds it, made when it is not there, and its name in it. */
static enum rc enter_above(struct tree *t, const char *path, int *ret, const char **ret_name, struct fault *f)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	return enter(t, path, slash ? (size_t)(slash - path) : 0, ret, f);
}

static int room_for(struct tree *t, int fd, uint64_t size)
{
	if (size == 0)
		return 0;
	if (fallocate(fd, 0, 0, (off_t)size) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	t->sparse = true;
	return ftruncate(fd, (off_t)size);
}

bool tree_is_sparse(const struct tree *t) { return t->sparse; }

enum rc tree_make(struct tree *t, const char *path, uint64_t size, struct fault *f)
{
	const char *name;
	auto_close int above = -1;
	enum rc rc = enter_above(t, path, &above, &name, f);

	if (rc != RC_OK)
		return rc;
	if (unlinkat(above, name, 0) != 0 && errno != ENOENT)
		return broken(f, "cannot replace", path);
	auto_close int fd = open_below(above, name, O_RDWR | O_CREAT | O_EXCL, FILE_MODE);
	if (fd < 0)
		return broken(f, "cannot make", path);
	return room_for(t, fd, size) == 0 ? RC_OK : broken(f, "there is no room for", path);
}

static bool is_shared(int fd)
{
	struct stat s;
	return fstat(fd, &s) != 0 || s.st_nlink != 1;
}

enum rc tree_write(struct tree *t, const char *path, uint64_t at, const void *p, size_t n, struct fault *f)
{
	auto_close int fd = open_below(t->root, path, O_WRONLY, 0);

	if (fd < 0)
		return broken(f, "cannot open", path);
	if (is_shared(fd))
		return fault_set(f, RC_DENIED, "%.150s has another name besides: it is not written to", path);
	for (size_t done = 0; done < n;) {
		ssize_t got = pwrite(fd, (const char *)p + done, n - done, (off_t)(at + done));
		if (got < 0 && errno != EINTR)
			return broken(f, "cannot write", path);
		if (got > 0)
			done += (size_t)got;
	}
	return RC_OK;
}

enum rc tree_read(struct tree *t, const char *path, uint64_t at, void *p, size_t n, struct fault *f)
{
	auto_close int fd = open_below(t->root, path, O_RDONLY, 0);

	if (fd < 0)
		return broken(f, "cannot open", path);
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, (char *)p + done, n - done, (off_t)(at + done));
		if (got == 0)
			return fault_set(f, RC_MALFORMED, "%.150s is shorter than it was", path);
		if (got < 0 && errno != EINTR)
			return broken(f, "cannot read", path);
		if (got > 0)
			done += (size_t)got;
	}
	return RC_OK;
}

bool tree_has(struct tree *t, const char *path, uint64_t size, bool *ret_shared)
{
	auto_close int fd = tree_fd(t, path);
	struct stat s;

	if (fd < 0 || fstat(fd, &s) != 0 || !S_ISREG(s.st_mode) || (uint64_t)s.st_size != size)
		return false;
	if (ret_shared)
		*ret_shared = s.st_nlink > 1;
	return true;
}

int tree_fd(struct tree *t, const char *path) { return open_below(t->root, path, O_RDONLY | O_NONBLOCK, 0); }

static bool is_unable(int e) { return e == EXDEV || e == ENOSYS || e == EOPNOTSUPP || e == EINVAL; }

/* As one piece of disk. *ret_whole: to the end; else the file system cannot, and bytes are to go on from where both files stand. */
static enum rc copy_disk(int from, int to, const char *path, bool *ret_whole, struct fault *f)
{
	ssize_t n;

	do
		n = copy_file_range(from, NULL, to, NULL, (size_t)1 << 30, 0);
	while (n > 0 || (n < 0 && errno == EINTR));
	*ret_whole = n == 0;
	return n == 0 || is_unable(errno) ? RC_OK : broken(f, "cannot copy", path);
}

static enum rc copy_bytes(int from, int to, const char *path, struct fault *f)
{
	auto_free char *room = malloc(COPY_BYTES);
	ssize_t n;

	if (!room)
		return RC_NOMEM;
	while ((n = read(from, room, COPY_BYTES)) != 0) {
		if (n < 0 && errno != EINTR)
			return broken(f, "cannot read", path);
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(to, room + done, (size_t)(n - done));
			if (w <= 0)
				return broken(f, "cannot copy", path);
		}
	}
	return RC_OK;
}

static enum rc copy(int from, int to, const char *path, struct fault *f)
{
	bool whole = false;
	enum rc rc = copy_disk(from, to, path, &whole, f);

	return rc == RC_OK && !whole ? copy_bytes(from, to, path, f) : rc;
}

enum rc tree_take(
	struct tree *t, const char *path, struct tree *from, const char *from_path, bool as_copy, struct fault *f)
{
	const char *name;
	char proc[64];
	auto_close int source = tree_fd(from, from_path), above = -1;

	if (source < 0)
		return broken(f, "cannot open", from_path);
	enum rc rc = enter_above(t, path, &above, &name, f);
	if (rc != RC_OK)
		return rc;
	if (unlinkat(above, name, 0) != 0 && errno != ENOENT)
		return broken(f, "cannot replace", path);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", source);
	if (!as_copy && linkat(AT_FDCWD, proc, above, name, AT_SYMLINK_FOLLOW) == 0)
		return RC_OK;
	auto_close int fd = open_below(above, name, O_RDWR | O_CREAT | O_EXCL, FILE_MODE);
	return fd < 0 ? broken(f, "cannot make", path) : copy(source, fd, path, f);
}

enum rc tree_link(struct tree *t, const char *path, const char *target, struct fault *f)
{
	const char *name;
	auto_close int above = -1;
	enum rc rc = enter_above(t, path, &above, &name, f);

	if (rc != RC_OK)
		return rc;
	if (unlinkat(above, name, 0) != 0 && errno != ENOENT)
		return broken(f, "cannot replace", path);
	return symlinkat(target, above, name) == 0 ? RC_OK : broken(f, "cannot link", path);
}

enum rc tree_mode(struct tree *t, const char *path, unsigned mode, struct fault *f)
{
	auto_close int fd = tree_fd(t, path);
	struct stat s;

	if (fd < 0 || fstat(fd, &s) != 0)
		return broken(f, "cannot open", path);
	if ((s.st_mode & 07777) == mode)
		return RC_OK;
	return fchmod(fd, mode) == 0 ? RC_OK : broken(f, "cannot set the mode of", path);
}

enum rc tree_sync_file(struct tree *t, const char *path, struct fault *f)
{
	auto_close int fd = tree_fd(t, path);
	if (fd < 0)
		return broken(f, "cannot open", path);
	return fdatasync(fd) == 0 ? RC_OK : broken(f, "cannot sync", path);
}

enum rc tree_sync(struct tree *t, struct fault *f)
{
	return syncfs(t->root) == 0 ? RC_OK : broken(f, "cannot sync", "the tree");
}

static int remove_all(int at, const char *name, unsigned deep)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	int bad = 0;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return errno == ENOTDIR || errno == ELOOP ? unlinkat(at, name, 0) : -1;
	}
	for (const struct dirent *e; bad == 0 && (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) == 0)
			continue;
		bad = (errno == EISDIR || errno == EPERM) && deep < REMOVE_DEEP
			      ? remove_all(fd, e->d_name, deep + 1)
			      : -1;
	}
	closedir(d);
	return bad ? bad : unlinkat(at, name, AT_REMOVEDIR);
}

enum rc tree_remove(const char *folder, struct fault *f)
{
	if (remove_all(AT_FDCWD, folder, 0) == 0 || errno == ENOENT)
		return RC_OK;
	return broken(f, "cannot remove", folder);
}
