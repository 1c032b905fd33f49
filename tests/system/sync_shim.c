/*
 * sync_shim: a library preloaded into the server that watches its system calls: which job ids were written into the write-ahead
 * log, which of them a completed fdatasync has covered, and whether a "201 Created" names one that is not covered yet. At the
 * end it writes "answers=N early=N" into the file that SYNC_SHIM_OUT names.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define ID_CHARS 30 /* job_ and a ULID */
#define IDS      65536

enum { WRITTEN = 1, SYNCED };

struct seen {
	char id[ID_CHARS + 1];
	int state, fd;
	unsigned long at; /* of the write */
};

static struct seen table[IDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long clock_ticks, answers, early;

static struct seen *slot_of(const char *id)
{
	unsigned h = 2166136261u;
	for (int i = 0; i < ID_CHARS; i++)
		h = (h ^ (unsigned char)id[i]) * 16777619u;
	for (unsigned i = 0; i < IDS; i++) {
		struct seen *s = &table[(h + i) % IDS];
		if (!*s->id || !memcmp(s->id, id, ID_CHARS))
			return s;
	}
	abort();
}

static const char *next_id(const char *p, const char *end)
{
	for (; p + ID_CHARS <= end; p++) {
		p = memchr(p, 'j', (size_t)(end - p));
		if (!p || p + ID_CHARS > end)
			return NULL;
		if (!memcmp(p, "job_0", 5))
			return p;
	}
	return NULL;
}

static void wrote(int fd, const char *p, size_t n)
{
	pthread_mutex_lock(&lock);
	clock_ticks++;
	for (const char *at = next_id(p, p + n); at; at = next_id(at + 1, p + n)) {
		struct seen *s = slot_of(at);
		if (*s->id)
			continue;
		memcpy(s->id, at, ID_CHARS);
		*s = (struct seen){ .state = WRITTEN, .fd = fd, .at = clock_ticks };
		memcpy(s->id, at, ID_CHARS);
	}
	pthread_mutex_unlock(&lock);
}

/* What was written before the sync began is covered when it has ended. */
static void synced(int fd, unsigned long began)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < IDS; i++)
		if (table[i].state == WRITTEN && table[i].fd == fd && table[i].at <= began)
			table[i].state = SYNCED;
	pthread_mutex_unlock(&lock);
}

static void sent(const char *p, size_t n)
{
	const char *end = p + n;

	pthread_mutex_lock(&lock);
	for (const char *a = p; (a = memmem(a, (size_t)(end - a), "HTTP/1.1 201", 12)); a++) {
		const char *id = next_id(a, end);
		if (!id)
			continue;
		answers++;
		early += slot_of(id)->state != SYNCED;
	}
	pthread_mutex_unlock(&lock);
}

/*
 * SYNC_SHIM_FULL and SYNC_SHIM_EIO name files: while the one exists, what would make the database grow has no room; while the other
 * does, a sync fails.
 */
static int is_there(const char *variable)
{
	const char *path = getenv(variable);
	return path && access(path, F_OK) == 0;
}

#define REAL(ret, name, ...) ((ret(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	if (is_there("SYNC_SHIM_FULL")) {
		errno = ENOSPC;
		return -1;
	}
	wrote(fd, p, n);
	return REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)(fd, p, n, at);
}
/* SYNC_SHIM_SLOW names a file: while it exists, every fdatasync takes a good while longer. */
static void be_slow(void)
{
	const char *path = getenv("SYNC_SHIM_SLOW");
	for (int i = 0; path && i < 100 && access(path, F_OK) == 0; i++)
		usleep(100000);
}

int fdatasync(int fd)
{
	be_slow();
	if (is_there("SYNC_SHIM_EIO")) {
		errno = EIO;
		return -1;
	}
	pthread_mutex_lock(&lock);
	unsigned long began = clock_ticks;
	pthread_mutex_unlock(&lock);
	int e = REAL(int, fdatasync, int)(fd);
	if (e == 0)
		synced(fd, began);
	return e;
}
int fsync(int fd)
{
	if (is_there("SYNC_SHIM_EIO")) {
		errno = EIO;
		return -1;
	}
	pthread_mutex_lock(&lock);
	unsigned long began = clock_ticks;
	pthread_mutex_unlock(&lock);
	int e = REAL(int, fsync, int)(fd);
	if (e == 0)
		synced(fd, began);
	return e;
}
ssize_t write(int fd, const void *p, size_t n)
{
	sent(p, n);
	return REAL(ssize_t, write, int, const void *, size_t)(fd, p, n);
}
ssize_t send(int fd, const void *p, size_t n, int flags)
{
	sent(p, n);
	return REAL(ssize_t, send, int, const void *, size_t, int)(fd, p, n, flags);
}
ssize_t writev(int fd, const struct iovec *v, int n)
{
	for (int i = 0; i < n; i++)
		sent(v[i].iov_base, v[i].iov_len);
	return REAL(ssize_t, writev, int, const struct iovec *, int)(fd, v, n);
}
ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	for (size_t i = 0; i < m->msg_iovlen; i++)
		sent(m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
	return REAL(ssize_t, sendmsg, int, const struct msghdr *, int)(fd, m, flags);
}

__attribute__((destructor)) static void tell(void)
{
	const char *path = getenv("SYNC_SHIM_OUT");
	FILE *f = path ? fopen(path, "w") : NULL;
	if (!f)
		return;
	fprintf(f, "answers=%lu early=%lu\n", answers, early);
	fclose(f);
}
