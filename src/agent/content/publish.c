#include "agent/content/publish.h"

#include "agent/content/package.h"
#include "io/blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK      (1u << 18)
#define LISTING_AT (1u << 20) /* the listing's text is written in pieces of about this size */

struct run {
	const struct publish *p;
	struct publish_way way;
	const struct publish_file **sorted; /* in the task's arena */
	struct listing_reader check;        /* reads the listing as the control plane will */
	struct arena links, line;
	struct buf text; /* of the listing, what is not written yet */
	int listing_fd, package_fd;
	EVP_MD_CTX *listing, *sha256, *sha1;
	struct package *package; /* NULL: none */
	uint64_t read;
	uint8_t *block;
	struct publish_done done;
};

static enum rc broken(struct fault *f, const char *what, const char *path)
{
	int e = errno;
	enum rc rc = e == ENOENT ? RC_MISSING : e == ENOMEM ? RC_NOMEM : RC_IO;
	return fault_set(f, rc, "cannot %s %.150s: %s", what, path, strerror(e));
}

static bool stops(const struct run *r) { return r->p->stop && atomic_load(r->p->stop); }

static int by_path(const void *a, const void *b)
{
	const struct publish_file *const *x = a, *const *y = b;
	return strcmp((*x)->path, (*y)->path);
}

static enum rc sort(struct run *r)
{
	r->sorted = arena_take(r->p->task->arena,
		(r->p->n + 1) *
			sizeof(const struct publish_file *)); /* NOLINT(bugprone-sizeof-expression): of pointers */
	if (!r->sorted)
		return RC_NOMEM;
	for (size_t i = 0; i < r->p->n; i++)
		r->sorted[i] = &r->p->files[i];
	qsort(r->sorted, r->p->n, sizeof(const struct publish_file *),
		by_path); /* NOLINT(bugprone-sizeof-expression) */
	return RC_OK;
}

/* ---- the listing ---- */

static enum rc write_listing(struct run *r, struct fault *f)
{
	size_t at = 0;

	if (r->text.bad)
		return RC_NOMEM;
	EVP_DigestUpdate(r->listing, r->text.p, r->text.n);
	while (at < r->text.n) {
		ssize_t n = write(r->listing_fd, r->text.p + at, r->text.n - at);
		if (n < 0 && errno != EINTR)
			return broken(f, "write", "the listing");
		at += n > 0 ? (size_t)n : 0;
	}
	r->text.n = 0;
	return RC_OK;
}

/* The first bad path ends it, before anything was brought. */
static enum rc check_path(const struct listing_file *file, struct fault *f)
{
	enum rc rc = listing_check_path(file->path, f);
	return rc == RC_OK && file->link ? listing_check_link(file->path, file->link, f) : rc;
}

static enum rc list(struct run *r, const struct listing_file *file, bool first, struct fault *f)
{
	listing_put(&r->text, file, first);
	r->done.files++;
	r->done.bytes += file->size;
	return r->text.n >= LISTING_AT ? write_listing(r, f) : RC_OK;
}

/* ---- one file ---- */

static enum rc take_block(struct run *r, size_t n, struct fault *f)
{
	EVP_DigestUpdate(r->sha256, r->block, n);
	EVP_DigestUpdate(r->sha1, r->block, n);
	r->read += n;
	if (r->p->told)
		r->p->told(r->p->ctx, r->read, r->package ? package_size(r->package) : 0);
	return r->package ? package_bytes(r->package, r->block, n, f) : RC_OK;
}

static enum rc read_file(struct run *r, int fd, const struct publish_file *file, struct fault *f)
{
	uint64_t size = 0;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		if (stops(r))
			return fault_set(f, RC_CANCELED, "it was canceled while it was published");
		ssize_t n = read(fd, r->block, BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return broken(f, "read", file->path);
		if (n == 0)
			break;
		size += (uint64_t)n;
		if (size > file->size)
			break;
		rc = take_block(r, (size_t)n, f);
	}
	if (rc == RC_OK && size != file->size)
		rc = fault_set(f, RC_INVALID, "%.150s has not the %llu bytes that it should have", file->path,
			(unsigned long long)file->size);
	return rc;
}

static enum rc check_sha1(struct run *r, const struct publish_file *file, struct fault *f)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_DigestFinal_ex(r->sha1, sum, &n) != 1)
		return RC_INTERNAL;
	return !file->sha1 || memcmp(sum, file->sha1, PUBLISH_SHA1) == 0
		       ? RC_OK
		       : fault_set(f, RC_INVALID, "%.150s is not what its manifest says", file->path);
}

static enum rc one_file(
	struct run *r, const struct publish_file *file, struct listing_file *entry, size_t i, struct fault *f)
{
	char sum[LISTING_HEX];
	auto_close int fd = -1;

	enum rc rc = publish_way_take(&r->way, i, file, &fd, f);
	if (rc == RC_OK && (EVP_DigestInit_ex(r->sha256, EVP_sha256(), NULL) != 1 ||
				   EVP_DigestInit_ex(r->sha1, EVP_sha1(), NULL) != 1))
		rc = RC_INTERNAL;
	entry->size = file->size;
	if (rc == RC_OK && r->package)
		rc = package_file(r->package, entry, f);
	if (rc == RC_OK)
		rc = read_file(r, fd, file, f);
	if (rc == RC_OK)
		rc = check_sha1(r, file, f);
	if (rc == RC_OK)
		rc = blobs_hash_end(r->sha256, sum);
	entry->sha256 = sum;
	if (rc == RC_OK)
		rc = list(r, entry, i == 0, f);
	entry->sha256 = NULL;
	return rc == RC_OK ? publish_way_has(&r->way, i, file, sum, f) : rc;
}

static enum rc one(struct run *r, size_t i, struct fault *f)
{
	const struct publish_file *file = r->sorted[i];
	struct listing_file entry = { .path = file->path,
		.link = file->link,
		.mode = file->link          ? 0777
			: file->mode & 0111 ? 0755
					    : 0644 };

	enum rc rc = check_path(&entry, f);
	if (rc != RC_OK || !file->link)
		return rc == RC_OK ? one_file(r, file, &entry, i, f) : rc;
	rc = r->package ? package_file(r->package, &entry, f) : RC_OK;
	return rc == RC_OK ? list(r, &entry, i == 0, f) : rc;
}

/* ---- all of it ---- */

static bool wants_package(const struct publish *p)
{
	return p->package_format && strcmp(p->package_format, "none") != 0;
}

static enum rc open_out(const struct run *r, const char *name, int *ret_fd, struct fault *f)
{
	char path[BLOBS_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", r->way.arrival, name);
	*ret_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return *ret_fd < 0 ? broken(f, "make", path) : RC_OK;
}

static enum rc begin(struct run *r, struct fault *f)
{
	r->block = malloc(BLOCK);
	r->listing = EVP_MD_CTX_new();
	r->sha256 = EVP_MD_CTX_new();
	r->sha1 = EVP_MD_CTX_new();
	if (!r->block || !r->listing || !r->sha256 || !r->sha1 ||
		EVP_DigestInit_ex(r->listing, EVP_sha256(), NULL) != 1)
		return RC_NOMEM;
	enum rc rc = sort(r);
	if (rc == RC_OK)
		rc = publish_way_begin(&r->way, f);
	if (rc == RC_OK)
		rc = open_out(r, PUBLISH_WAY_LISTING, &r->listing_fd, f);
	if (rc == RC_OK && wants_package(r->p))
		rc = open_out(r, PUBLISH_WAY_PACKAGE, &r->package_fd, f);
	if (rc == RC_OK && wants_package(r->p))
		rc = package_new(r->package_fd, r->p->package_format, r->p->package_level, &r->package, f);
	return rc;
}

/* Reads the listing as the control plane does: what it would refuse is refused here. */
static enum rc check_listing(struct run *r, struct fault *f)
{
	char path[BLOBS_PATH_MAX + 16], *line = NULL;
	size_t room = 0;
	enum rc rc = RC_OK;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", r->way.arrival, PUBLISH_WAY_LISTING);
	FILE *in = fopen(path, "re");
	if (!in)
		return broken(f, "read", path);
	r->check.arena = &r->links;
	while ((rc == RC_OK || rc == RC_MORE) && (n = getline(&line, &room, in)) > 0) {
		struct listing_file file;
		arena_reset(&r->line);
		rc = listing_line(&r->check, line, (size_t)n - 1, &r->line, &file, f);
	}
	free(line);
	fclose(in);
	if (rc == RC_MORE && r->check.over)
		return RC_OK;
	return rc == RC_OK || rc == RC_MORE ? fault_set(f, RC_INTERNAL, "the listing does not end") : rc;
}

static enum rc end(struct run *r, struct fault *f)
{
	enum rc rc = RC_OK;

	if (r->package)
		rc = package_end(r->package, r->done.package_sha256, &r->done.package_bytes, f);
	listing_end(&r->text);
	if (rc == RC_OK)
		rc = write_listing(r, f);
	if (rc == RC_OK)
		rc = check_listing(r, f);
	if (rc == RC_OK)
		rc = blobs_hash_end(r->listing, r->done.content_id);
	return rc == RC_OK ? publish_way_end(&r->way, &r->done, f) : rc;
}

static void drop(struct run *r)
{
	publish_way_drop(&r->way);
	package_free(r->package);
	EVP_MD_CTX_free(r->listing);
	EVP_MD_CTX_free(r->sha256);
	EVP_MD_CTX_free(r->sha1);
	if (r->listing_fd >= 0)
		close(r->listing_fd);
	if (r->package_fd >= 0)
		close(r->package_fd);
	free(r->block);
	buf_done(&r->text);
	arena_done(&r->links);
	arena_done(&r->line);
}

enum rc publish_tree(const struct publish *p, struct publish_done *ret, struct fault *f)
{
	struct run r = { .p = p,
		.way = { .task = p->task,
			.conf = p->task->publish,
			.stop = p->stop,
			.folder = p->folder,
			.kind = p->kind,
			.package_format = p->package_format,
			.folder_fd = -1 },
		.listing_fd = -1,
		.package_fd = -1 };

	if (p->n == 0)
		return fault_set(f, RC_INVALID, "a content has at least one file");
	if (p->n > LISTING_FILES_MAX)
		return fault_set(f, RC_TOO_LARGE, "a content has at most %d files", LISTING_FILES_MAX);
	enum rc rc = begin(&r, f);
	listing_begin(&r.text);
	for (size_t i = 0; rc == RC_OK && i < p->n; i++)
		rc = one(&r, i, f);
	if (rc == RC_OK)
		rc = end(&r, f);
	if (rc == RC_OK)
		*ret = r.done;
	drop(&r);
	return rc;
}
