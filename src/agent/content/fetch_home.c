#include "agent/content/fetch_home.h"

#include "base/log.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#define WAIT_MS     100
#define ABOUT_MAX   1024
#define FOLDERS_MAX 100000

struct fetch_home {
	struct fetch_home_conf conf;
	char folder[FETCH_HOME_PATH - 200];
	pthread_mutex_t lock; /* of room: who looks for it, and what was promised */
	uint64_t promised;    /* and is not taken from the disk yet */
};

static void sleep_some(void)
{
	const struct timespec t = { 0, WAIT_MS * 1000000L };
	nanosleep(&t, NULL);
}

enum rc fetch_home_new(const struct fetch_home_conf *conf, struct fetch_home **ret, struct fault *f)
{
	struct fetch_home *h = calloc(1, sizeof(*h));

	if (!h)
		return RC_NOMEM;
	h->conf = *conf;
	pthread_mutex_init(&h->lock, NULL);
	enum rc rc = RC_OK;
	if ((size_t)snprintf(h->folder, sizeof(h->folder), "%s", conf->folder) >= sizeof(h->folder))
		rc = fault_set(f, RC_INVALID, "the folder of contents has too long a path");
	if (rc == RC_OK)
		rc = file_mkdirs(h->folder, 0700, f);
	if (rc != RC_OK) {
		fetch_home_free(h);
		return rc;
	}
	if (!h->conf.percent_max)
		h->conf.percent_max = FETCH_HOME_PERCENT;
	*ret = h;
	return RC_OK;
}

void fetch_home_free(struct fetch_home *h)
{
	if (h)
		pthread_mutex_destroy(&h->lock);
	free(h);
}

bool fetch_home_is_beside(const struct fetch_home *h, const char *dir)
{
	char above[FETCH_HOME_PATH];
	struct stat mine, there;

	if (!dir || stat(h->folder, &mine) != 0)
		return false;
	if (stat(dir, &there) != 0) { /* it is made by the first content */
		snprintf(above, sizeof(above), "%s", dir);
		if (stat(dirname(above), &there) != 0)
			return false;
	}
	return mine.st_dev == there.st_dev;
}

const char *fetch_hold_path(const struct fetch_hold *h, const char *name, char ret[static FETCH_HOME_PATH])
{
	snprintf(ret, FETCH_HOME_PATH, "%.*s/%s", FETCH_HOME_PATH - 100, h->dir, name);
	return ret;
}

void fetch_hold_free(struct fetch_hold *h)
{
	if (!h)
		return;
	fetch_hold_placed(h);
	if (h->lock >= 0)
		close(h->lock);
	free(h);
}

/* ---- about ---- */

enum rc fetch_hold_note(struct fetch_hold *h, struct fault *f)
{
	char text[ABOUT_MAX], path[FETCH_HOME_PATH];
	int n = snprintf(text, sizeof(text), "bytes %llu\nline %s\ncontent %s\n", (unsigned long long)h->bytes,
		h->line, h->content_id);

	return file_write(fetch_hold_path(h, "about", path), text, (size_t)n, 0600, f);
}

static void copy_word(const char *text, const char *name, char *ret, size_t room)
{
	size_t n = strlen(name);

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, name, n)) {
			snprintf(ret, room, "%.*s", (int)strcspn(at + n, "\n"), at + n);
			return;
		}
	}
}

static void read_about(struct fetch_hold *h)
{
	char path[FETCH_HOME_PATH], bytes[24] = "0";
	struct buf b = { 0 };

	if (file_read(fetch_hold_path(h, "about", path), ABOUT_MAX, &b, NULL) == RC_OK) {
		const char *text = buf_text(&b);
		copy_word(text, "bytes ", bytes, sizeof(bytes));
		copy_word(text, "line ", h->line, sizeof(h->line));
		copy_word(text, "content ", h->content_id, sizeof(h->content_id));
		h->bytes = strtoull(bytes, NULL, 10);
	}
	buf_done(&b);
}

/* ---- holding ---- */

static struct fetch_hold *hold_new(struct fetch_home *h, const char *hex)
{
	struct fetch_hold *to = calloc(1, sizeof(*to));

	if (!to)
		return NULL;
	to->home = h;
	to->lock = -1;
	snprintf(to->dir, sizeof(to->dir), "%s/%s", h->folder, hex);
	return to;
}

/* Is it still the folder's lock? Whoever cleans may have taken the folder away meanwhile. */
static bool is_there(const struct fetch_hold *h)
{
	char path[FETCH_HOME_PATH];
	struct stat mine, there;

	return fstat(h->lock, &mine) == 0 && stat(fetch_hold_path(h, "lock", path), &there) == 0 &&
	       mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

/* RC_OVERLOADED: another has it. */
static enum rc try_lock(struct fetch_hold *h, int how, bool make, struct fault *f)
{
	char path[FETCH_HOME_PATH];

	if (make && mkdir(h->dir, 0700) != 0 && errno != EEXIST)
		return fault_set(
			f, errno == ENOSPC ? RC_QUOTA : RC_IO, "cannot make %.150s: %s", h->dir, strerror(errno));
	fetch_hold_path(h, "lock", path);
	h->lock = open(path, O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
	if (h->lock < 0)
		return fault_set(f, make && errno != ENOENT ? RC_IO : RC_OVERLOADED, "cannot open %.150s: %s", path,
			strerror(errno));
	if (flock(h->lock, how | LOCK_NB) == 0 && is_there(h)) {
		if (how == LOCK_EX && make)
			futimens(h->lock, NULL); /* when it was used last */
		return RC_OK;
	}
	close(take_fd(h->lock));
	return RC_OVERLOADED;
}

enum rc fetch_home_hold(struct fetch_home *h, const char *hex, bool (*stop)(void *ctx), void *ctx,
	struct fetch_hold **ret, struct fault *f)
{
	auto_of(fetch_hold) struct fetch_hold *to = hold_new(h, hex);

	if (!to)
		return RC_NOMEM;
	for (;;) {
		enum rc rc = try_lock(to, LOCK_EX, true, f);
		if (rc == RC_OK)
			break;
		if (rc != RC_OVERLOADED)
			return rc;
		if (stop && stop(ctx))
			return RC_CANCELED;
		sleep_some();
	}
	read_about(to);
	*ret = take(to);
	return RC_OK;
}

static bool has_tree(const struct fetch_hold *h)
{
	char path[FETCH_HOME_PATH];
	struct stat s;

	return stat(fetch_hold_path(h, "sheet", path), &s) == 0 && stat(fetch_hold_path(h, "tree", path), &s) == 0;
}

/* ---- all of them ---- */

struct entry {
	char name[FETCH_PLAN_HEX];
	int64_t used_ms;
};

static int by_use(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return x->used_ms < y->used_ms ? -1 : x->used_ms > y->used_ms;
}

/* Those that were used longest ago first. The caller frees. */
static struct entry *list(struct fetch_home *h, size_t *ret_n)
{
	struct entry *all = NULL;
	size_t n = 0, room = 0;
	DIR *d = opendir(h->folder);

	for (const struct dirent *e; d && (e = readdir(d)) && n < FOLDERS_MAX;) {
		char path[FETCH_HOME_PATH];
		struct stat s;
		if (strlen(e->d_name) != FETCH_PLAN_HEX - 1)
			continue;
		snprintf(path, sizeof(path), "%s/%.64s/lock", h->folder, e->d_name);
		if (stat(path, &s) != 0)
			continue;
		if (n == room) {
			struct entry *more = realloc(all, (room = room * 2 + 64) * sizeof(*all));
			if (!more)
				break;
			all = more;
		}
		snprintf(all[n].name, sizeof(all[n].name), "%.64s", e->d_name);
		all[n++].used_ms = s.st_mtim.tv_sec * 1000 + s.st_mtim.tv_nsec / 1000000;
	}
	if (d)
		closedir(d);
	if (n)
		qsort(all, n, sizeof(*all), by_use);
	*ret_n = n;
	return all;
}

enum rc fetch_home_base(struct fetch_home *h, const char *content_id, const char *line, const char *but,
	struct fetch_hold **ret, struct fault *f)
{
	size_t n;
	auto_free struct entry *all = list(h, &n);

	for (size_t i = n; i-- > 0;) {
		auto_of(fetch_hold) struct fetch_hold *one = hold_new(h, all[i].name);
		if (!one)
			return RC_NOMEM;
		if (!strcmp(all[i].name, but))
			continue;
		read_about(one);
		bool fits = content_id ? !strcmp(one->content_id, content_id) : line && !strcmp(one->line, line);
		if (!fits || !has_tree(one) || try_lock(one, LOCK_SH, false, f) != RC_OK || !has_tree(one))
			continue;
		*ret = take(one);
		return RC_OK;
	}
	return fault_set(f, RC_MISSING, "no earlier build is here");
}

/* ---- room ---- */

static bool disk_is_fuller(const struct fetch_home *h, uint64_t more)
{
	struct statvfs s;

	if (statvfs(h->folder, &s) != 0)
		return false;
	uint64_t all = (uint64_t)s.f_blocks * s.f_frsize, left = (uint64_t)s.f_bavail * s.f_frsize;
	uint64_t keep = all / 100 * (100 - h->conf.percent_max);
	more += h->promised;
	return left < more || left - more < keep;
}

/* Nobody holds it, then it goes. */
static bool drop(struct fetch_home *h, const struct entry *e)
{
	auto_of(fetch_hold) struct fetch_hold *one = hold_new(h, e->name);
	struct fault f = { 0 };

	if (!one || try_lock(one, LOCK_EX, false, &f) != RC_OK)
		return false;
	if (tree_remove(one->dir, &f) != RC_OK) {
		log_warn(h->conf.log, "content not removed: %s", f.text);
		return false;
	}
	log_info(h->conf.log, "content removed key=%s", e->name);
	return true;
}

static uint64_t bytes_of(struct fetch_home *h, const struct entry *e, bool *ret_whole)
{
	auto_of(fetch_hold) struct fetch_hold *one = hold_new(h, e->name);

	if (!one)
		return 0;
	read_about(one);
	*ret_whole = has_tree(one);
	return one->bytes;
}

static enum rc find_room(const struct fetch_hold *own, uint64_t bytes, struct fault *f)
{
	struct fetch_home *h = own->home;
	size_t n;
	auto_free struct entry *all = list(h, &n);
	uint64_t sum = own->bytes;
	int64_t old_ms = clock_wall_ms() - FETCH_HOME_HALF_S * 1000;

	for (size_t i = 0; i < n; i++) {
		bool whole = true;
		if (!strcmp(own->dir + strlen(h->folder) + 1, all[i].name)) {
			all[i].name[0] = 0;
			continue;
		}
		uint64_t one = bytes_of(h, &all[i], &whole);
		if (whole || all[i].used_ms > old_ms || !drop(h, &all[i]))
			sum += one;
		else
			all[i].name[0] = 0;
	}
	for (size_t i = 0; i < n; i++) {
		bool whole, over = h->conf.bytes_max && sum > h->conf.bytes_max;
		if (!over && !disk_is_fuller(h, bytes))
			return RC_OK;
		uint64_t one = all[i].name[0] ? bytes_of(h, &all[i], &whole) : 0;
		if (all[i].name[0] && drop(h, &all[i]))
			sum -= one;
	}
	if (h->conf.bytes_max && sum > h->conf.bytes_max)
		return fault_set(f, RC_QUOTA, "with its %llu bytes there are more than downloads.cache_mib allows",
			(unsigned long long)own->bytes);
	if (disk_is_fuller(h, bytes))
		return fault_set(f, RC_QUOTA, "the disk has no room for %llu bytes below its mark of %u percent",
			(unsigned long long)bytes, h->conf.percent_max);
	return RC_OK;
}

enum rc fetch_hold_room(struct fetch_hold *own, uint64_t bytes, struct fault *f)
{
	struct fetch_home *h = own->home;

	fetch_hold_placed(own);
	pthread_mutex_lock(&h->lock);
	enum rc rc = find_room(own, bytes, f);
	own->promised = rc == RC_OK ? bytes : 0;
	h->promised += own->promised;
	pthread_mutex_unlock(&h->lock);
	return rc;
}

void fetch_hold_placed(struct fetch_hold *own)
{
	struct fetch_home *h = own->home;

	if (!own->promised)
		return;
	pthread_mutex_lock(&h->lock);
	h->promised -= own->promised;
	pthread_mutex_unlock(&h->lock);
	own->promised = 0;
}
