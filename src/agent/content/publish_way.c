#include "agent/content/publish_way.h"

#include "agent/action_run.h"
#include "agent/content/publish_bring.h"

#include "io/clock.h"
#include "io/contents.h"
#include "wire/sheet.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_MAX_   32
#define BRING_TRIES 3

static enum rc broken(struct fault *f, const char *what, const char *path)
{
	int e = errno;
	enum rc rc = e == ENOENT ? RC_MISSING : e == ENOMEM ? RC_NOMEM : RC_IO;
	return fault_set(f, rc, "cannot %s %.150s: %s", what, path, strerror(e));
}

enum rc publish_way_begin(struct publish_way *w, struct fault *f)
{
	uint8_t random[12];
	char name[NAME_MAX_];

	if (!w->conf || (!w->conf->store && !w->conf->work_dir))
		return fault_set(f, RC_INVALID, "this agent knows no store for what is fetched");
	clock_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(name + 2 * i, 3, "%02x", random[i]);
	enum rc rc = blobs_arrival(w->conf->store ? w->conf->store : w->conf->work_dir, name, w->arrival, f);
	if (rc != RC_OK)
		return rc;
	w->folder_fd = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->folder_fd < 0 ? broken(f, "open", w->folder) : RC_OK;
}

static void name_of(const struct publish_way *w, size_t i, char *ret, size_t n)
{
	snprintf(ret, n, "%s/%zu", w->arrival, i);
}

/* For a tree on another disk. */
static enum rc copy(int from, const char *to, uint64_t size, struct fault *f)
{
	auto_close int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	uint64_t left = size;

	while (fd >= 0 && left > 0) {
		ssize_t n = copy_file_range(from, NULL, fd, NULL, left, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		left -= (uint64_t)n;
	}
	return fd < 0 || left > 0 ? broken(f, "copy to", to) : RC_OK;
}

enum rc publish_way_take(
	struct publish_way *w, size_t i, const struct publish_file *file, int *ret_fd, struct fault *f)
{
	char path[BLOBS_PATH_MAX + NAME_MAX_];
	enum rc rc = RC_OK;

	auto_close int from = openat(w->folder_fd, file->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return broken(f, "open", file->path);
	if (!w->conf->store) { /* it is brought from where it is */
		*ret_fd = take_fd(from);
		return RC_OK;
	}
	name_of(w, i, path, sizeof(path));
	if (linkat(w->folder_fd, file->path, AT_FDCWD, path, 0) < 0)
		rc = errno == EXDEV || errno == EPERM || errno == EMLINK ? copy(from, path, file->size, f)
									 : broken(f, "link", file->path);
	if (rc != RC_OK)
		return rc;
	*ret_fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? broken(f, "open", path) : RC_OK;
}

enum rc publish_way_has(
	struct publish_way *w, size_t i, const struct publish_file *file, const char *sha256, struct fault *f)
{
	char path[BLOBS_PATH_MAX + NAME_MAX_], to[BLOBS_PATH_MAX + BLOBS_NAME];

	if (!w->conf->store)
		return RC_OK;
	name_of(w, i, path, sizeof(path));
	if (blobs_has(w->conf->store, sha256, file->size)) {
		unlink(path);
		return RC_OK;
	}
	snprintf(to, sizeof(to), "%s/%s", w->arrival, sha256);
	if (access(to, F_OK) == 0) { /* the same file stands twice in the tree */
		unlink(path);
		return RC_OK;
	}
	return rename(path, to) < 0 ? broken(f, "rename", path) : RC_OK;
}

static enum rc settle(struct publish_way *w, const char *name, const char *sha256, struct fault *f)
{
	char path[BLOBS_PATH_MAX + BLOBS_NAME];

	snprintf(path, sizeof(path), "%s/%s", w->arrival, name);
	return blobs_settle(w->conf->store, path, sha256, f);
}

static enum rc settle_files(struct publish_way *w, struct fault *f)
{
	DIR *d = opendir(w->arrival);
	enum rc rc = d ? RC_OK : broken(f, "list", w->arrival);

	for (struct dirent *e = d ? readdir(d) : NULL; e && rc == RC_OK; e = readdir(d))
		if (listing_is_sha256(e->d_name))
			rc = settle(w, e->d_name, e->d_name, f);
	if (d)
		closedir(d);
	return rc;
}

static enum rc write_sheet(struct publish_way *w, const struct publish_done *done, struct fault *f)
{
	const bool packed = done->package_bytes > 0;
	const struct sheet s = { .kind = w->kind,
		.bytes = (int64_t)done->bytes,
		.files = (int64_t)done->files,
		.package_format = packed ? w->package_format : "none",
		.package_bytes = (int64_t)done->package_bytes,
		.package_sha256 = packed ? done->package_sha256 : NULL };
	return contents_put_sheet(w->conf->store, done->content_id, &s, f);
}

/* What was found there may have been taken away by the store's cleaner meanwhile; what is there now stays. */
static enum rc check_whole(struct publish_way *w, const struct publish_done *done, struct fault *f)
{
	struct contents_sums sums = { 0 };
	char missing[BLOBS_NAME];

	enum rc rc = contents_check(w->conf->store, done->content_id, &sums, missing, f);
	if (rc == RC_OK && done->package_bytes > 0 &&
		!blobs_has(w->conf->store, done->package_sha256, done->package_bytes))
		rc = RC_MISSING;
	return rc == RC_MISSING ? fault_set(f, RC_AWAY, "the store was cleaned meanwhile; publish it again") : rc;
}

/* What is under its hash is on the disk: so nobody who finds it there need look at it again. */
static enum rc settle_all(struct publish_way *w, const struct publish_done *done, struct fault *f)
{
	enum rc rc = blobs_sync(w->conf->store, f);
	if (rc == RC_OK)
		rc = settle_files(w, f);
	if (rc == RC_OK && done->package_bytes > 0)
		rc = settle(w, PUBLISH_WAY_PACKAGE, done->package_sha256, f);
	if (rc == RC_OK)
		rc = settle(w, PUBLISH_WAY_LISTING, done->content_id, f);
	if (rc == RC_OK)
		rc = blobs_sync(w->conf->store, f);
	if (rc == RC_OK)
		rc = check_whole(w, done, f);
	return rc == RC_OK ? write_sheet(w, done, f) : rc;
}

/* ---- over HTTP ---- */

struct bringing {
	struct publish_way *way;
	struct publish_bring *to;
};

static enum rc bring_file(void *ctx, const struct listing_file *file, struct fault *f)
{
	const struct bringing *b = ctx;
	const struct publish_bring_blob blob = { file->sha256, file->size, b->way->folder_fd, file->path };

	return file->link ? RC_OK : publish_bring_add(b->to, &blob, f);
}

static enum rc bring_own(
	const struct bringing *b, const char *name, const char *sha256, uint64_t size, struct fault *f)
{
	char path[BLOBS_PATH_MAX + NAME_MAX_];
	struct stat st = { .st_size = (off_t)size };

	snprintf(path, sizeof(path), "%s/%s", b->way->arrival, name);
	if (size == 0 && stat(path, &st) < 0)
		return broken(f, "look at", path);
	const struct publish_bring_blob blob = { sha256, (uint64_t)st.st_size, AT_FDCWD, path };
	return publish_bring_add(b->to, &blob, f);
}

static enum rc bring_once(const struct bringing *b, const struct publish_done *done, struct fault *f)
{
	const struct publish_way *w = b->way;
	char path[BLOBS_PATH_MAX + NAME_MAX_];
	const struct publish_bring_end end = { .content_id = done->content_id,
		.kind = w->kind,
		.format = done->package_bytes ? w->package_format : "none",
		.package_sha256 = done->package_bytes ? done->package_sha256 : NULL,
		.package_bytes = done->package_bytes };
	struct bringing ctx = *b;

	snprintf(path, sizeof(path), "%s/%s", w->arrival, PUBLISH_WAY_LISTING);
	enum rc rc = contents_each(path, bring_file, &ctx, f);
	if (rc == RC_OK && done->package_bytes > 0)
		rc = bring_own(b, PUBLISH_WAY_PACKAGE, done->package_sha256, done->package_bytes, f);
	if (rc == RC_OK)
		rc = bring_own(b, PUBLISH_WAY_LISTING, done->content_id, 0, f);
	return rc == RC_OK ? publish_bring_end(b->to, &end, f) : rc;
}

/* What came first may have been taken away by the store's cleaner before the last came: then what is missing now is brought once more. */
static enum rc bring_all(struct publish_way *w, const struct publish_done *done, struct fault *f)
{
	auto_of(publish_bring) struct publish_bring *to = NULL;
	enum rc rc = publish_bring_new(w->task, w->stop, &to, f);
	const struct bringing b = { w, to };

	if (rc == RC_OK)
		rc = bring_once(&b, done, f);
	for (int i = 1; rc == RC_CONFLICT && i < BRING_TRIES; i++)
		rc = bring_once(&b, done, f);
	return rc;
}

enum rc publish_way_end(struct publish_way *w, const struct publish_done *done, struct fault *f)
{
	return w->conf->store ? settle_all(w, done, f) : bring_all(w, done, f);
}

void publish_way_drop(struct publish_way *w)
{
	if (*w->arrival)
		blobs_arrival_drop(w->arrival);
	if (w->folder_fd >= 0)
		close(w->folder_fd);
}
