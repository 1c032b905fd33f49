/*
 * warp_shim: a library preloaded into the programs of a test that makes their time run faster. WARP="SCALE MONO REAL" says how
 * many times, and what both clocks showed (nanoseconds) when the test began; all programs with the same text share one time. Clocks are
 * read as begin + (now - begin) * SCALE; whoever waits for a time waits SCALE times shorter. Nothing else is touched.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static int64_t scale = 1, mono_begin, real_begin;

__attribute__((constructor)) static void read_warp(void)
{
	const char *text = getenv("WARP");
	long long s = 1, m = 0, r = 0;
	if (text && sscanf(text, "%lld %lld %lld", &s, &m, &r) == 3 && s >= 1) {
		mono_begin = m;
		real_begin = r;
		scale = s;
	}
}

static int64_t ns_of(const struct timespec *t) { return (int64_t)t->tv_sec * SECOND + t->tv_nsec; }
static struct timespec spec_of(int64_t ns) { return (struct timespec){ ns / SECOND, ns % SECOND }; }

static int64_t true_mono(void)
{
	struct timespec t;
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return ns_of(&t);
}

static int64_t passed(void) { return (true_mono() - mono_begin) * scale; }

int clock_gettime(clockid_t id, struct timespec *ret)
{
	if (scale == 1)
		return (int)syscall(SYS_clock_gettime, id, ret);
	switch (id) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ret = spec_of(mono_begin + passed());
		return 0;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ret = spec_of(real_begin + passed());
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

static int shorter_ms(int ms) { return ms <= 0 ? ms : (int)((ms + scale - 1) / scale); }

static struct timespec *shorter(const struct timespec *from, struct timespec *to)
{
	if (!from)
		return NULL;
	*to = spec_of((ns_of(from) + scale - 1) / scale);
	return to;
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	int wait = shorter_ms(ms);
	struct timespec t = { wait / 1000, (long)(wait % 1000) * 1000000 };
	return (int)syscall(SYS_ppoll, fds, n, ms < 0 ? NULL : &t, NULL, (size_t)8);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *wait, const sigset_t *mask)
{
	struct timespec t;
	return (int)syscall(SYS_ppoll, fds, n, shorter(wait, &t), mask, (size_t)8);
}

int epoll_wait(int fd, struct epoll_event *events, int n, int ms)
{
	return (int)syscall(SYS_epoll_pwait, fd, events, n, shorter_ms(ms), NULL, (size_t)8);
}

int epoll_pwait(int fd, struct epoll_event *events, int n, int ms, const sigset_t *mask)
{
	return (int)syscall(SYS_epoll_pwait, fd, events, n, shorter_ms(ms), mask, (size_t)8);
}

int select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *wait)
{
	struct timespec t;
	if (wait)
		t = spec_of(((int64_t)wait->tv_sec * SECOND + wait->tv_usec * 1000 + scale - 1) / scale);
	return (int)syscall(SYS_pselect6, n, r, w, x, wait ? &t : NULL, NULL);
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *wait, struct timespec *left)
{
	struct timespec now, t;
	int64_t for_ns = ns_of(wait);

	if (flags & TIMER_ABSTIME) {
		clock_gettime(id, &now);
		for_ns -= ns_of(&now);
	}
	if (for_ns <= 0)
		return 0;
	t = spec_of((for_ns + scale - 1) / scale);
	long rc = syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, left);
	if (rc && left)
		*left = spec_of(ns_of(left) * scale);
	return rc ? errno : 0;
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

/* ---- waiting until a moment ---- */

/* A moment of the fast clocks, by their own. They are told apart by their size: one counts from the start of the machine. */
static struct timespec true_moment(const struct timespec *at)
{
	int64_t ns = ns_of(at);
	if (scale == 1)
		return *at;
	if (at->tv_sec > 1000000000) {
		struct timespec now;
		syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
		int64_t for_ns = (ns - (real_begin + passed())) / scale;
		return spec_of(ns_of(&now) + (for_ns > 0 ? for_ns : 0));
	}
	return spec_of(mono_begin + (ns - mono_begin) / scale);
}

typedef int timedwait_fn(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
typedef int clockwait_fn(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);

int pthread_cond_timedwait(
	pthread_cond_t *restrict c, pthread_mutex_t *restrict m, const struct timespec *restrict at)
{
	static timedwait_fn *next;
	struct timespec t = true_moment(at);
	if (!next)
		next = (timedwait_fn *)(uintptr_t)dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
	if (!next)
		next = (timedwait_fn *)(uintptr_t)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	return next(c, m, &t);
}

int pthread_cond_clockwait(
	pthread_cond_t *restrict c, pthread_mutex_t *restrict m, clockid_t id, const struct timespec *restrict at)
{
	static clockwait_fn *next;
	struct timespec t = true_moment(at);
	if (!next)
		next = (clockwait_fn *)(uintptr_t)dlsym(RTLD_NEXT, "pthread_cond_clockwait");
	return next(c, m, id, &t);
}
