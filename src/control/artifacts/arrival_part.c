#include "control/artifacts/arrival_part.h"
#include "io/blobs.h"
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define BOOT 40

/* What stands in the file beside the part. */
struct progress {
	char boot[BOOT];
	uint64_t size, received;
	crypto_hash_sha256_state hash;
};

static enum rc broken(struct fault *f, const char *what, const char *path)
{
	int e = errno;
	enum rc rc = e == ENOENT                  ? RC_MISSING
		     : e == ENOMEM                ? RC_NOMEM
		     : e == ENOSPC || e == EDQUOT ? RC_OVERLOADED
						  : RC_IO;
	return fault_set(f, rc, "cannot %s %.150s: %s", what, path, strerror(e));
}

static void name_boot(char ret[static BOOT])
{
	struct buf b = { 0 };

	memset(ret, 0, BOOT);
	if (file_read("/proc/sys/kernel/random/boot_id", BOOT, &b, NULL) == RC_OK)
		snprintf(ret, BOOT, "%s", buf_text(&b));
	buf_done(&b);
}

static void name_of(const struct arrival_part *p, const char *what, char ret[static BLOBS_PATH_MAX])
{
	snprintf(ret, BLOBS_PATH_MAX, "%s/arriving/%s.%s.%s", p->dir, p->agent_id, p->sha256, what);
}

/* False: there is none that counts. */
static bool read_progress(const struct arrival_part *p, struct progress *ret)
{
	char path[BLOBS_PATH_MAX], boot[BOOT];

	name_of(p, "hash", path);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	name_boot(boot);
	return fd >= 0 && pread(fd, ret, sizeof(*ret), 0) == (ssize_t)sizeof(*ret) && ret->size == p->size &&
	       ret->received < ret->size && !memcmp(ret->boot, boot, BOOT);
}

static enum rc write_progress(const struct arrival_part *p, const struct progress *g, struct fault *f)
{
	char path[BLOBS_PATH_MAX];

	name_of(p, "hash", path);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd >= 0 && pwrite(fd, g, sizeof(*g), 0) == (ssize_t)sizeof(*g) ? RC_OK : broken(f, "write", path);
}

static void begin(const struct arrival_part *p, struct progress *g)
{
	memset(g, 0, sizeof(*g)); /* its padding goes to a file */
	g->size = p->size;
	name_boot(g->boot);
	crypto_hash_sha256_init(&g->hash);
}

enum rc arrival_part_received(const struct arrival_part *p, uint64_t *ret, struct fault *f)
{
	struct progress g;
	(void)f;

	*ret = read_progress(p, &g) ? g.received : 0;
	return RC_OK;
}

static enum rc write_all(int fd, const char *path, const void *bytes, size_t n, uint64_t at, struct fault *f)
{
	const uint8_t *from = bytes;

	while (n > 0) {
		ssize_t done = pwrite(fd, from, n, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return broken(f, "write", path);
		from += done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	return RC_OK;
}

static void forget(const struct arrival_part *p)
{
	char path[BLOBS_PATH_MAX];

	name_of(p, "part", path);
	unlink(path);
	name_of(p, "hash", path);
	unlink(path);
}

static enum rc end(const struct arrival_part *p, struct progress *g, int fd, const char *path, struct fault *f)
{
	uint8_t sum[crypto_hash_sha256_BYTES];
	char hex[BLOBS_NAME];

	crypto_hash_sha256_final(&g->hash, sum);
	sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
	if (strcmp(hex, p->sha256) != 0) {
		forget(p);
		return fault_set(
			f, RC_INVALID, "the bytes that came have not the hash that they were announced with");
	}
	if (fsync(fd) < 0)
		return broken(f, "sync", path);
	enum rc rc = blobs_settle(p->dir, path, p->sha256, f);
	if (rc == RC_OK)
		forget(p);
	return rc;
}

static enum rc take_piece(const struct arrival_part *p, const struct arrival_piece *piece, const char *path, int fd,
	struct arrival_state *ret, struct fault *f)
{
	struct progress g;

	if (!read_progress(p, &g))
		begin(p, &g);
	*ret = (struct arrival_state){ .received = g.received };
	if (piece->offset != g.received)
		return RC_OK;
	if (piece->n > p->size - piece->offset)
		return fault_set(f, RC_INVALID, "more came than the blob was announced with");
	enum rc rc = write_all(fd, path, piece->bytes, piece->n, piece->offset, f);
	crypto_hash_sha256_update(&g.hash, piece->bytes, piece->n);
	g.received += piece->n;
	if (rc == RC_OK)
		rc = g.received == p->size ? end(p, &g, fd, path, f) : write_progress(p, &g, f);
	if (rc == RC_OK)
		*ret = (struct arrival_state){ g.received, g.received == p->size };
	return rc;
}

enum rc arrival_part_take(
	const struct arrival_part *p, const struct arrival_piece *piece, struct arrival_state *ret, struct fault *f)
{
	char path[BLOBS_PATH_MAX];

	*ret = (struct arrival_state){ p->size, true };
	if (blobs_has(p->dir, p->sha256, p->size))
		return RC_OK;
	snprintf(path, sizeof(path), "%s/arriving", p->dir);
	enum rc rc = file_mkdirs(path, 0700, f);
	if (rc != RC_OK)
		return rc;
	name_of(p, "part", path);
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return broken(f, "make", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return fault_set(f, RC_OVERLOADED, "another piece of this blob is on its way");
	return take_piece(p, piece, path, fd, ret, f);
}
