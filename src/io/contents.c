#include "io/contents.h"
#include "io/blobs.h"
#include "io/clock.h"
#include "io/file.h"
#include "wire/listing.h"
#include "wire/sheet.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HASH     32
#define STALE_MS ((int64_t)86400000) /* of what arrives */

/* ---- what a content is made of ---- */

struct reading {
	enum rc (*each)(void *ctx, const struct listing_file *file, struct fault *f);
	void *ctx;
	struct arena links, line;
	struct listing_reader r;
};

static enum rc read_lines(struct reading *g, FILE *in, struct fault *f)
{
	char *line = NULL;
	size_t room = 0;
	enum rc rc = RC_OK;
	ssize_t n;

	while ((rc == RC_OK || rc == RC_MORE) && (n = getline(&line, &room, in)) > 0) {
		struct listing_file file;
		arena_reset(&g->line);
		rc = line[n - 1] == '\n' ? listing_line(&g->r, line, (size_t)n - 1, &g->line, &file, f)
					 : RC_MALFORMED;
		if (rc == RC_OK)
			rc = g->each(g->ctx, &file, f);
	}
	free(line);
	if (rc == RC_MORE && g->r.over)
		return RC_OK;
	return rc == RC_OK || rc == RC_MORE || rc == RC_MALFORMED
		       ? fault_set(f, RC_MALFORMED, "a content's listing is damaged")
		       : rc;
}

static enum rc read_stream(struct reading *g, FILE *in, struct fault *f)
{
	g->r.arena = &g->links;
	enum rc rc = read_lines(g, in, f);
	fclose(in);
	arena_done(&g->links);
	arena_done(&g->line);
	return rc;
}

static enum rc read_listing(struct reading *g, const char *dir, const char *content_id, struct fault *f)
{
	uint64_t size = 0;
	int fd = -1;

	enum rc rc = blobs_open(dir, content_id, &fd, &size, f);
	if (rc != RC_OK)
		return rc;
	FILE *in = fdopen(fd, "r");
	if (in)
		return read_stream(g, in, f);
	close(fd);
	return RC_NOMEM;
}

enum rc contents_each(const char *path,
	enum rc (*each)(void *ctx, const struct listing_file *file, struct fault *f), void *ctx, struct fault *f)
{
	struct reading g = { .each = each, .ctx = ctx };
	FILE *in = fopen(path, "re");

	return in ? read_stream(&g, in, f) : fault_set(f, RC_IO, "cannot open %.150s: %s", path, strerror(errno));
}

struct checking {
	const char *dir;
	char *missing;
};

static enum rc check_one(void *ctx, const struct listing_file *file, struct fault *f)
{
	const struct checking *k = ctx;

	if (file->link || blobs_has(k->dir, file->sha256, file->size))
		return RC_OK;
	snprintf(k->missing, BLOBS_NAME, "%s", file->sha256);
	return fault_set(f, RC_MISSING, "the store has not all that the content is made of");
}

/* NOLINTBEGIN(readability-non-const-parameter): check_one writes it */
enum rc contents_check(const char *dir, const char *content_id, struct contents_sums *ret,
	char ret_missing[static 65], struct fault *f)
{
	struct checking k = { dir, ret_missing };
	struct reading g = { .each = check_one, .ctx = &k };

	enum rc rc = read_listing(&g, dir, content_id, f);
	if (rc == RC_OK)
		*ret = (struct contents_sums){ g.r.files, g.r.bytes };
	return rc;
}

/* NOLINTEND(readability-non-const-parameter) */

enum rc contents_put_sheet(const char *dir, const char *content_id, const struct sheet *sheet, struct fault *f)
{
	struct buf b = { 0 };
	char path[BLOBS_PATH_MAX], folder[BLOBS_PATH_MAX];

	sheet_write(sheet, &b);
	blobs_sheet_path(dir, content_id, sheet->package_format, path);
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	enum rc rc = b.bad ? RC_NOMEM : file_mkdirs(folder, 0700, f);
	if (rc == RC_OK)
		rc = file_write(path, b.p, b.n, 0600, f);
	buf_done(&b);
	return rc;
}

/* ---- sweeping ---- */

struct sweep {
	const char *dir;
	int64_t before_ms;
	uint8_t (*found)[HASH]; /* sorted */
	bool *kept;
	size_t n, room;
	bool more;
	uint64_t bytes; /* see contents_measure */
};

static bool of_hex(const char *s, uint8_t ret[static HASH])
{
	if (!listing_is_sha256(s))
		return false;
	for (int i = 0; i < HASH; i++) {
		const char byte[3] = { s[0], s[1], 0 };
		ret[i] = (uint8_t)strtoul(byte, NULL, 16);
		s += 2;
	}
	return true;
}

static int64_t touched_ms(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

static enum rc add(struct sweep *s, const uint8_t hash[static HASH])
{
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 1024;
		void *p = realloc(s->found, room * HASH);
		if (!p)
			return RC_NOMEM;
		s->found = p;
		s->room = room;
	}
	memcpy(s->found[s->n++], hash, HASH);
	return RC_OK;
}

typedef enum rc walk_each(struct sweep *s, const char *path, const char *name, struct fault *f);

/* Calls `each` for what is in the folder; one that is not there is empty. */
static enum rc walk(struct sweep *s, const char *path, walk_each *each, struct fault *f)
{
	char below[BLOBS_PATH_MAX + 300];
	DIR *d = opendir(path);
	enum rc rc = d || errno == ENOENT ? RC_OK : fault_set(f, RC_IO, "cannot list %.150s", path);

	for (struct dirent *e = d ? readdir(d) : NULL; e && rc == RC_OK; e = readdir(d)) {
		if (*e->d_name == '.')
			continue;
		int n = snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		rc = n < (int)sizeof(below) ? each(s, below, e->d_name, f)
					    : fault_set(f, RC_TOO_LARGE, "%.150s: a path that is too long", path);
	}
	if (d)
		closedir(d);
	return rc;
}

static enum rc look_at_blob(struct sweep *s, const char *path, const char *name, struct fault *f)
{
	uint8_t hash[HASH];
	struct stat st;
	(void)f;

	if (!of_hex(name, hash) || lstat(path, &st) < 0 || touched_ms(&st) >= s->before_ms)
		return RC_OK;
	s->more |= s->n >= CONTENTS_SWEEP_MAX;
	return s->n < CONTENTS_SWEEP_MAX ? add(s, hash) : RC_OK;
}

static enum rc walk_blobs(struct sweep *s, const char *path, const char *name, struct fault *f)
{
	(void)name;
	return walk(s, path, look_at_blob, f);
}

static enum rc walk_two(struct sweep *s, const char *path, const char *name, struct fault *f)
{
	(void)name;
	return walk(s, path, walk_blobs, f);
}

/* ---- measuring ---- */

static enum rc count_file(struct sweep *s, const char *path, const char *name, struct fault *f)
{
	struct stat st;
	(void)name, (void)f;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		s->bytes += (uint64_t)st.st_blocks * 512;
	return RC_OK;
}

static enum rc count_arriving(struct sweep *s, const char *path, const char *name, struct fault *f)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return walk(s, path, count_file, f);
	return count_file(s, path, name, f);
}

static enum rc count_blobs(struct sweep *s, const char *path, const char *name, struct fault *f)
{
	(void)name;
	return walk(s, path, count_file, f);
}

static enum rc count_two(struct sweep *s, const char *path, const char *name, struct fault *f)
{
	(void)name;
	return walk(s, path, count_blobs, f);
}

enum rc contents_measure(const char *dir, uint64_t *ret_bytes, struct fault *f)
{
	struct sweep s = { .dir = dir };
	char path[BLOBS_PATH_MAX];

	snprintf(path, sizeof(path), "%s/blobs", dir);
	enum rc rc = walk(&s, path, count_two, f);
	snprintf(path, sizeof(path), "%s/arriving", dir);
	if (rc == RC_OK)
		rc = walk(&s, path, count_arriving, f);
	if (rc == RC_OK)
		*ret_bytes = s.bytes;
	return rc;
}

/* What is written by nobody any more. */
static enum rc drop_stale(struct sweep *s, const char *path, const char *name, struct fault *f)
{
	struct stat st;
	(void)s, (void)name, (void)f;

	if (lstat(path, &st) < 0 || touched_ms(&st) > clock_wall_ms() - STALE_MS)
		return RC_OK;
	if (S_ISDIR(st.st_mode))
		blobs_arrival_drop(path);
	else
		unlink(path);
	return RC_OK;
}

/* ---- what stays ---- */

static int by_hash(const void *a, const void *b) { return memcmp(a, b, HASH); }

static void keep(struct sweep *s, const char *sha256)
{
	uint8_t hash[HASH];
	uint8_t(*at)[HASH] = of_hex(sha256, hash) ? bsearch(hash, s->found, s->n, HASH, by_hash) : NULL;

	if (at)
		s->kept[at - s->found] = true;
}

static enum rc keep_file(void *ctx, const struct listing_file *file, struct fault *f)
{
	(void)f;
	if (!file->link)
		keep(ctx, file->sha256);
	return RC_OK;
}

static enum rc keep_package(struct sweep *s, const char *path, struct fault *f)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct sheet sheet = { 0 };

	enum rc rc = file_read(path, SHEET_MAX, &b, f);
	if (rc == RC_OK)
		rc = sheet_read(b.p, b.n, &a, &sheet, f);
	if (rc == RC_OK && sheet.package_sha256)
		keep(s, sheet.package_sha256);
	buf_done(&b);
	arena_done(&a);
	return rc;
}

static bool is_sheet(const char *id, const char *name)
{
	static const char *const kinds[] = { ".none", ".zip", ".tar", ".tar.zst" };
	bool is = false;

	for (size_t i = 0; listing_is_sha256(id) && i < sizeof(kinds) / sizeof(*kinds); i++)
		is |= !strcmp(name + strlen(id), kinds[i]);
	return is;
}

static enum rc look_at_sheet(struct sweep *s, const char *path, const char *name, struct fault *f)
{
	struct reading g = { .each = keep_file, .ctx = s };
	char id[BLOBS_NAME];

	snprintf(id, sizeof(id), "%.64s", name);
	if (!is_sheet(id, name)) /* one that is being written, or was by one that was killed */
		return drop_stale(s, path, name, f);
	enum rc rc = keep_package(s, path, f);
	if (rc == RC_OK)
		rc = read_listing(&g, s->dir, id, f);
	if (rc != RC_OK && access(path, F_OK) != 0)
		return RC_OK; /* it went meanwhile */
	keep(s, id);
	return rc;
}

static enum rc walk_sheets(struct sweep *s, const char *path, const char *name, struct fault *f)
{
	(void)name;
	return walk(s, path, look_at_sheet, f);
}

/* Out of the way first, and back when somebody touched it: who looks for it after that does not find it, and brings it again. */
static void take_away(const struct sweep *s, const uint8_t hash[static HASH], struct contents_swept *ret)
{
	char name[BLOBS_NAME], path[BLOBS_PATH_MAX], away[BLOBS_PATH_MAX];
	struct stat st;

	for (int i = 0; i < HASH; i++)
		snprintf(name + 2 * (size_t)i, 3, "%02x", hash[i]);
	blobs_path(s->dir, name, path);
	snprintf(away, sizeof(away), "%s/arriving/%s", s->dir, name);
	if (rename(path, away) < 0 || lstat(away, &st) < 0)
		return;
	if (touched_ms(&st) >= s->before_ms) {
		(void)!rename(away, path);
		return;
	}
	if (unlink(away) == 0) {
		ret->blobs++;
		ret->bytes += (uint64_t)st.st_size;
	}
}

static enum rc mark(struct sweep *s, struct fault *f)
{
	char path[BLOBS_PATH_MAX];

	snprintf(path, sizeof(path), "%s/blobs", s->dir);
	enum rc rc = walk(s, path, walk_two, f);
	if (rc != RC_OK || s->n == 0)
		return rc;
	qsort(s->found, s->n, HASH, by_hash);
	s->kept = calloc(s->n, sizeof(*s->kept));
	if (!s->kept)
		return RC_NOMEM;
	snprintf(path, sizeof(path), "%s/contents", s->dir);
	return walk(s, path, walk_sheets, f);
}

enum rc contents_sweep(const char *dir, int64_t before_ms, struct contents_swept *ret, struct fault *f)
{
	struct sweep s = { .dir = dir, .before_ms = before_ms };
	char path[BLOBS_PATH_MAX];

	*ret = (struct contents_swept){ 0 };
	snprintf(path, sizeof(path), "%s/arriving", dir);
	enum rc rc = walk(&s, path, drop_stale, f);
	if (rc == RC_OK)
		rc = file_mkdirs(path, 0700, f);
	if (rc == RC_OK)
		rc = mark(&s, f);
	for (size_t i = 0; rc == RC_OK && i < s.n; i++)
		if (!s.kept[i])
			take_away(&s, s.found[i], ret);
	ret->more = s.more;
	free(s.found);
	free(s.kept);
	return rc;
}
