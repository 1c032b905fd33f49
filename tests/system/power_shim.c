/*
 * power_shim: a library preloaded into an agent that writes down what a loss of power would undo: before each write to a file below
 * POWER_SHIM_ROOT the bytes that stand there, and after each sync that it has ended. The log (POWER_SHIM_LOG) outlives kill -9, and
 * tests/system/power.c undoes from it what no sync has covered. Names (mkdir, rename) are not undone.
 */
#include "tests/system/power.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(ret, name, ...) ((ret(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static uint64_t ticks;

static int is_ours(int fd, struct stat *st)
{
	const char *root = getenv("POWER_SHIM_ROOT");
	char link[64], path[4096];

	if (!root || fstat(fd, st) != 0 || !S_ISREG(st->st_mode))
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	return n > 0 && !strncmp(path, root, strlen(root));
}

static void put(const struct power_record *r, const void *bytes, size_t n, const void *fresh)
{
	const size_t more = r->fresh ? n : 0;
	const struct iovec v[] = { { (void *)(uintptr_t)r, sizeof(*r) }, { (void *)(uintptr_t)bytes, n },
		{ (void *)(uintptr_t)fresh, more } };
	const char *path = getenv("POWER_SHIM_LOG");

	if (log_fd < 0 && path)
		log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd < 0 || writev(log_fd, v, 3) != (ssize_t)(sizeof(*r) + n + more))
		abort();
}

/* Under the lock: writes to one place have an order. */
static void will_write(const struct stat *st, int fd, const void *fresh, size_t n, off64_t at)
{
	char path[64];
	char *old = calloc(1, n + 1);
	struct power_record r = { .kind = POWER_WRITE,
		.fresh = n == POWER_PAGE,
		.tick = ++ticks,
		.inode = st->st_ino,
		.at = (uint64_t)at,
		.n = n };

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int same = open(path, O_RDONLY | O_CLOEXEC); /* `fd` may be for writing alone */
	if (!old || same < 0 || pread(same, old, n, at) < 0)
		abort();
	close(same);
	put(&r, old, n, fresh);
	free(old);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	struct stat st;

	if (!is_ours(fd, &st))
		return REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)(fd, p, n, at);
	pthread_mutex_lock(&lock);
	will_write(&st, fd, p, n, at);
	ssize_t done = REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)(fd, p, n, at);
	pthread_mutex_unlock(&lock);
	return done;
}

static uint64_t now(void)
{
	pthread_mutex_lock(&lock);
	uint64_t t = ticks;
	pthread_mutex_unlock(&lock);
	return t;
}

/* What was written before it began is there for good when it has ended. */
static void synced(uint64_t began, uint64_t inode)
{
	const struct power_record r = { .kind = POWER_SYNC, .tick = began, .inode = inode };

	pthread_mutex_lock(&lock);
	put(&r, NULL, 0, NULL);
	pthread_mutex_unlock(&lock);
}

int fdatasync(int fd)
{
	struct stat st;
	uint64_t began = now();
	int e = REAL(int, fdatasync, int)(fd);
	if (e == 0 && is_ours(fd, &st))
		synced(began, st.st_ino);
	return e;
}

int fsync(int fd)
{
	struct stat st;
	uint64_t began = now();
	int e = REAL(int, fsync, int)(fd);
	if (e == 0 && is_ours(fd, &st))
		synced(began, st.st_ino);
	return e;
}

int syncfs(int fd)
{
	uint64_t began = now();
	int e = REAL(int, syncfs, int)(fd);
	if (e == 0 && getenv("POWER_SHIM_ROOT"))
		synced(began, 0);
	return e;
}
