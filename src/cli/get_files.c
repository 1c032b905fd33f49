#include "cli/get_files.h"
#include "cli/api.h"
#include "cli/request.h"
#include "io/file.h"
#include "wire/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_HEX     64
#define READ_AT_ONCE (1u << 18)

/* One file on its way. */
struct file {
	struct get_files *g;
	const char *path, *sha256;
	uint64_t size;
	int dir; /* the folder it is in */
	char name[256], part[264];
	int fd;
	EVP_MD_CTX *hash;
	bool failed;     /* it could not be written */
	uint64_t before; /* bytes of the files before it */
	uint64_t at;
	uint64_t total;
};

/* Opens the folder of the path below `at`, made when it is not there; no link is followed. -1: errno says why. */
static int open_folder(int at, const char *path, char name[static 256])
{
	int dir = dup(at);

	for (const char *p = path; dir >= 0;) {
		size_t n = strcspn(p, "/");
		snprintf(name, 256, "%.*s", (int)n, p);
		if (!p[n])
			return dir;
		if (mkdirat(dir, name, 0755) != 0 && errno != EEXIST) {
			close(dir);
			return -1;
		}
		int next = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(dir);
		dir = next;
		p += n + 1;
	}
	return dir;
}

static bool hash_rest(struct file *f, int fd)
{
	struct buf room = { 0 };
	uint8_t *p = buf_room(&room, READ_AT_ONCE);
	ssize_t n = -1;

	while (p && (n = read(fd, p, READ_AT_ONCE)) > 0) {
		EVP_DigestUpdate(f->hash, p, (size_t)n);
		f->at += (uint64_t)n;
	}
	buf_done(&room);
	return n == 0;
}

static void hash_begin(struct file *f)
{
	EVP_DigestInit_ex(f->hash, EVP_sha256(), NULL);
	f->at = 0;
}

static bool hash_is_right(struct file *f)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	char hex[HASH_HEX + 1] = "";

	EVP_DigestFinal_ex(f->hash, sum, NULL);
	for (size_t i = 0; i < HASH_HEX / 2; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	return f->at == f->size && !strcmp(hex, f->sha256);
}

static bool is_there(struct file *f)
{
	struct stat s;
	int fd = openat(f->dir, f->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool right = fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && (uint64_t)s.st_size == f->size;

	hash_begin(f);
	right = right && hash_rest(f, fd) && hash_is_right(f);
	if (fd >= 0)
		close(fd);
	return right;
}

static bool on_bytes(void *ctx, const void *p, size_t n)
{
	struct file *f = ctx;
	const uint8_t *from = p;

	for (size_t done = 0; done < n;) {
		ssize_t k = write(f->fd, from + done, n - done);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			f->failed = true;
			return false;
		}
		done += (size_t)k;
	}
	EVP_DigestUpdate(f->hash, p, n);
	f->at += n;
	if (f->g->on_bytes)
		f->g->on_bytes(f->g->ctx, f->before + f->at, f->total);
	return f->at <= f->size;
}

static enum cli_exit fetch(struct file *f)
{
	struct buf path = { 0 };

	buf_str(&path, "/v1/artifacts/");
	request_escape(&path, f->g->artifact_id);
	buf_str(&path, "/content");
	request_query(&path, "path", f->path);
	const struct api_file ask = { .path = buf_text(&path), .from = f->at, .on_bytes = on_bytes, .ctx = f };
	enum cli_exit code = f->at < f->size || f->size == 0 ? api_fetch(f->g->c, &ask) : CLI_OK;
	buf_done(&path);
	if (f->failed) {
		cmd_say(f->g->c, "%s cannot be written: %s", f->path, strerror(errno));
		return CLI_FAILED;
	}
	return code;
}

/* The part that is there is gone on with; when the whole is then not right, it is fetched anew. */
static enum cli_exit fetch_right(struct file *f)
{
	enum cli_exit code = CLI_OK;

	for (int tries = 0; tries < 2; tries++) {
		f->fd = openat(
			f->dir, f->part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (tries ? O_TRUNC : 0), 0644);
		if (f->fd < 0) {
			cmd_say(f->g->c, "%s cannot be written: %s", f->path, strerror(errno));
			return CLI_FAILED;
		}
		hash_begin(f);
		bool read = hash_rest(f, f->fd);
		bool part = f->at > 0;
		code = read ? fetch(f) : CLI_FAILED;
		bool right = code == CLI_OK && hash_is_right(f);
		if (right && fsync(f->fd) != 0)
			right = false;
		close(f->fd);
		if (right)
			return renameat(f->dir, f->part, f->dir, f->name) == 0 ? CLI_OK : CLI_FAILED;
		if (!part)
			break;
	}
	if (code == CLI_OK) {
		unlinkat(f->dir, f->part, 0);
		cmd_say(f->g->c, "%s came damaged", f->path);
		code = CLI_FAILED;
	}
	return code;
}

static enum cli_exit put_link(struct file *f, const char *to)
{
	if (unlinkat(f->dir, f->name, 0) != 0 && errno != ENOENT) {
		cmd_say(f->g->c, "%s cannot be replaced: %s", f->path, strerror(errno));
		return CLI_FAILED;
	}
	if (symlinkat(to, f->dir, f->name) == 0)
		return CLI_OK;
	cmd_say(f->g->c, "the link %s cannot be made: %s", f->path, strerror(errno));
	return CLI_FAILED;
}

static enum cli_exit bring_one(struct file *f, const struct listing_file *row)
{
	enum cli_exit code = CLI_OK;

	snprintf(f->part, sizeof(f->part), ".%.240s.part", f->name);
	if (row->link)
		return put_link(f, row->link);
	if (is_there(f))
		f->g->kept++;
	else
		code = fetch_right(f);
	if (code == CLI_OK && fchmodat(f->dir, f->name, row->mode & 0111 ? 0755 : 0644, 0) != 0)
		code = CLI_FAILED;
	return code;
}

static enum cli_exit bring_row(struct get_files *g, int at, const struct listing_file *row, uint64_t total)
{
	struct file f = { .g = g,
		.path = row->path,
		.sha256 = row->sha256 ? row->sha256 : "",
		.size = row->size,
		.before = g->bytes,
		.total = total };

	f.dir = open_folder(at, f.path, f.name);
	if (f.dir < 0) {
		cmd_say(g->c, "the folder of %s cannot be made: %s", f.path, strerror(errno));
		return CLI_FAILED;
	}
	f.hash = EVP_MD_CTX_new();
	enum cli_exit code = f.hash ? bring_one(&f, row) : CLI_FAILED;
	EVP_MD_CTX_free(f.hash);
	close(f.dir);
	g->files++;
	g->bytes += f.size;
	return code;
}

/* All of it is read once before the first file is touched: at < 0. Then each is brought. */
static enum cli_exit walk(struct get_files *g, int at, const struct buf *text, uint64_t *total)
{
	struct arena links = { 0 }, line = { 0 };
	struct listing_reader r = { .arena = &links };
	const char *p = (const char *)text->p, *end = p + text->n;
	struct fault f = { 0 };
	enum cli_exit code = CLI_OK;

	while (code == CLI_OK && p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct listing_file row;
		size_t n = (size_t)((stop ? stop : end) - p);
		enum rc rc = listing_line(&r, p, n, &line, &row, &f);
		if (rc != RC_OK && rc != RC_MORE) {
			cmd_say(g->c, "the server's listing cannot be used: %s", f.text);
			code = CLI_FAILED;
		} else if (rc == RC_OK && at >= 0) {
			code = bring_row(g, at, &row, *total);
		}
		arena_done(&line);
		p += n + 1;
	}
	if (code == CLI_OK && !r.over) {
		cmd_say(g->c, "the server's listing is not whole");
		code = CLI_FAILED;
	}
	*total = r.bytes;
	arena_done(&links);
	return code;
}

enum cli_exit get_files_bring(struct get_files *g, const struct buf *listing)
{
	struct fault f = { 0 };
	uint64_t total = 0;
	enum cli_exit code = walk(g, -1, listing, &total);

	if (code != CLI_OK)
		return code;
	if (file_mkdirs(g->folder, 0755, &f) != RC_OK) {
		cmd_say(g->c, "%s", f.text);
		return CLI_FAILED;
	}
	auto_close int at = open(g->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at < 0) {
		cmd_say(g->c, "%s: %s", g->folder, strerror(errno));
		return CLI_FAILED;
	}
	return walk(g, at, listing, &total);
}
