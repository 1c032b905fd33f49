/*
 * warp_shim: a library preloaded into the programs of a test that makes their time run faster. The file that WARP names (struct
 * warp_time, see warp.h) says how many times, and from where on; the test may change it at any time, and all programs with the same
 * file share one time. Whoever waits for a time waits so much shorter, in short pieces: the next piece knows of a change. Nothing
 * else is touched.
 */
#include "tests/system/warp.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND   1000000000LL
#define PIECE_NS 20000000LL /* of true time */

static const struct warp_time *warp; /* NULL: nothing is different */

__attribute__((constructor)) static void read_warp(void)
{
	const char *path = getenv("WARP");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *p = mmap(NULL, sizeof(*warp), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	warp = p == MAP_FAILED ? NULL : p;
}

static int64_t ns_of(const struct timespec *t) { return (int64_t)t->tv_sec * SECOND + t->tv_nsec; }
static struct timespec spec_of(int64_t ns) { return (struct timespec){ ns / SECOND, ns % SECOND }; }

static int64_t true_now(clockid_t id)
{
	struct timespec t;
	syscall(SYS_clock_gettime, id, &t);
	return ns_of(&t);
}

static int64_t scale(void) { return atomic_load(&warp->scale); }

/* What a fast clock shows. */
static int64_t now_of(bool real)
{
	for (;;) {
		unsigned turn = atomic_load(&warp->turn);
		int64_t from = atomic_load(real ? &warp->real_from : &warp->mono_from);
		int64_t passed = (true_now(CLOCK_MONOTONIC) - atomic_load(&warp->true_from)) * scale();
		if (turn % 2 == 0 && atomic_load(&warp->turn) == turn)
			return from + passed;
	}
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	if (!warp)
		return (int)syscall(SYS_clock_gettime, id, ret);
	switch (id) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ret = spec_of(now_of(false));
		return 0;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ret = spec_of(now_of(true));
		return 0;
	default:
		return (int)syscall(SYS_clock_gettime, id, ret);
	}
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec t;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	*ret = (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	if (ret)
		*ret = t.tv_sec;
	return t.tv_sec;
}

/* ---- waiting for a while ---- */

/* The next piece of a wait that ends at this moment of the fast clock, in true time; 0: it is over. */
static int64_t piece(int64_t until, bool real)
{
	int64_t left = until - now_of(real);
	if (left <= 0)
		return 0;
	left = (left + scale() - 1) / scale();
	return left < PIECE_NS ? left : PIECE_NS;
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *wait, const sigset_t *mask)
{
	if (!warp || !wait || ns_of(wait) == 0)
		return (int)syscall(SYS_ppoll, fds, n, wait, mask, (size_t)8);
	int64_t until = now_of(false) + ns_of(wait);
	for (;;) {
		struct timespec t = spec_of(piece(until, false));
		bool last = ns_of(&t) == 0;
		long rc = syscall(SYS_ppoll, fds, n, &t, mask, (size_t)8);
		if (rc != 0 || last)
			return (int)rc;
	}
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	return ppoll(fds, n, ms < 0 ? NULL : &t, NULL);
}

int epoll_pwait(int fd, struct epoll_event *events, int n, int ms, const sigset_t *mask)
{
	if (!warp || ms <= 0)
		return (int)syscall(SYS_epoll_pwait, fd, events, n, ms, mask, (size_t)8);
	int64_t until = now_of(false) + (int64_t)ms * 1000000;
	for (;;) {
		int64_t left = piece(until, false);
		long rc =
			syscall(SYS_epoll_pwait, fd, events, n, (int)((left + 999999) / 1000000), mask, (size_t)8);
		if (rc != 0 || left == 0)
			return (int)rc;
	}
}

int epoll_wait(int fd, struct epoll_event *events, int n, int ms) { return epoll_pwait(fd, events, n, ms, NULL); }

/* In one piece. */
int select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *wait)
{
	struct timespec t;
	if (wait) {
		int64_t ns = (int64_t)wait->tv_sec * SECOND + wait->tv_usec * 1000;
		t = spec_of(warp ? (ns + scale() - 1) / scale() : ns);
	}
	return (int)syscall(SYS_pselect6, n, r, w, x, wait ? &t : NULL, NULL);
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *wait, struct timespec *left)
{
	bool real = id == CLOCK_REALTIME, to = flags & TIMER_ABSTIME;
	int64_t ns;

	if (!warp)
		return syscall(SYS_clock_nanosleep, id, flags, wait, left) ? errno : 0;
	int64_t until = to ? ns_of(wait) : now_of(real) + ns_of(wait);
	while ((ns = piece(until, real)) > 0) {
		struct timespec t = spec_of(ns);
		if (syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL) == 0)
			continue;
		ns = until - now_of(real);
		if (left && !to)
			*left = spec_of(ns > 0 ? ns : 0);
		return errno;
	}
	return 0;
}

int nanosleep(const struct timespec *wait, struct timespec *left)
{
	int rc = clock_nanosleep(CLOCK_MONOTONIC, 0, wait, left);
	if (rc)
		errno = rc;
	return rc ? -1 : 0;
}

int usleep(useconds_t us)
{
	struct timespec t = spec_of((int64_t)us * 1000);
	return nanosleep(&t, NULL);
}

/* ---- waiting for somebody, until a moment ---- */

typedef int timedwait_fn(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
typedef int clockwait_fn(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);

/* Which clock a moment is of is told by its size: one counts from the start of the machine. */
static bool is_real(const struct timespec *at) { return at->tv_sec > 1000000000; }

static struct timespec soon(int64_t ns, bool real)
{
	return spec_of(true_now(real ? CLOCK_REALTIME : CLOCK_MONOTONIC) + ns);
}

int pthread_cond_timedwait(
	pthread_cond_t *restrict c, pthread_mutex_t *restrict m, const struct timespec *restrict at)
{
	static timedwait_fn *next;
	bool real = is_real(at);

	if (!next)
		next = (timedwait_fn *)(uintptr_t)dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
	if (!next)
		next = (timedwait_fn *)(uintptr_t)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	if (!warp)
		return next(c, m, at);
	for (;;) {
		int64_t ns = piece(ns_of(at), real);
		struct timespec t = soon(ns, real);
		int rc = next(c, m, &t);
		if (rc != ETIMEDOUT || ns == 0)
			return rc;
	}
}

int pthread_cond_clockwait(
	pthread_cond_t *restrict c, pthread_mutex_t *restrict m, clockid_t id, const struct timespec *restrict at)
{
	static clockwait_fn *next;
	bool real = is_real(at);

	if (!next)
		next = (clockwait_fn *)(uintptr_t)dlsym(RTLD_NEXT, "pthread_cond_clockwait");
	if (!warp)
		return next(c, m, id, at);
	for (;;) {
		int64_t ns = piece(ns_of(at), real);
		struct timespec t = soon(ns, real);
		int rc = next(c, m, id, &t);
		if (rc != ETIMEDOUT || ns == 0)
			return rc;
	}
}
