#include "io/blobs.h"
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static enum rc broken(struct fault *f, const char *what, const char *path)
{
	int e = errno;
	enum rc rc = e == ENOENT ? RC_MISSING : e == ENOMEM ? RC_NOMEM : RC_IO;
	return fault_set(f, rc, "cannot %s %.150s: %s", what, path, strerror(e));
}

void blobs_path(const char *dir, const char *sha256, char ret[static BLOBS_PATH_MAX])
{
	snprintf(ret, BLOBS_PATH_MAX, "%s/blobs/%.2s/%.2s/%s", dir, sha256, sha256 + 2, sha256);
}

void blobs_sheet_path(const char *dir, const char *content_id, const char *kind, char ret[static BLOBS_PATH_MAX])
{
	snprintf(ret, BLOBS_PATH_MAX, "%s/contents/%.2s/%s.%s", dir, content_id, content_id, kind);
}

bool blobs_has(const char *dir, const char *sha256, uint64_t size)
{
	char path[BLOBS_PATH_MAX];
	struct stat st;

	blobs_path(dir, sha256, path);
	/* Touched first: what is there after it, the cleaner has seen touched. */
	return utimensat(AT_FDCWD, path, NULL, 0) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size;
}

enum rc blobs_open(const char *dir, const char *sha256, int *ret_fd, uint64_t *ret_size, struct fault *f)
{
	char path[BLOBS_PATH_MAX];
	struct stat st;

	blobs_path(dir, sha256, path);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return broken(f, "open", path);
	*ret_size = (uint64_t)st.st_size;
	*ret_fd = take_fd(fd);
	return RC_OK;
}

void blobs_arrival_drop(const char *path)
{
	char name[BLOBS_PATH_MAX + 256];
	DIR *d = opendir(path);

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		unlink(name);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

void blobs_arrivals_drop(const char *dir)
{
	char path[BLOBS_PATH_MAX], each[BLOBS_PATH_MAX + 256];

	snprintf(path, sizeof(path), "%s/arriving", dir);
	DIR *d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		if (*e->d_name == '.')
			continue;
		snprintf(each, sizeof(each), "%s/%s", path, e->d_name);
		blobs_arrival_drop(each);
	}
	if (d)
		closedir(d);
}

enum rc blobs_arrival(const char *dir, const char *name, char ret[static BLOBS_PATH_MAX], struct fault *f)
{
	snprintf(ret, BLOBS_PATH_MAX, "%s/arriving/%s", dir, name);
	blobs_arrival_drop(ret);
	return file_mkdirs(ret, 0700, f);
}

static enum rc make_folder_of(const char *path, struct fault *f)
{
	char folder[BLOBS_PATH_MAX];

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	return file_mkdirs(folder, 0700, f);
}

enum rc blobs_settle(const char *dir, const char *path, const char *sha256, struct fault *f)
{
	char to[BLOBS_PATH_MAX];

	blobs_path(dir, sha256, to);
	if (rename(path, to) == 0)
		return RC_OK;
	enum rc rc = errno == ENOENT ? make_folder_of(to, f) : broken(f, "rename", path);
	if (rc == RC_OK && rename(path, to) < 0)
		rc = broken(f, "rename", path);
	return rc;
}

enum rc blobs_sync(const char *dir, struct fault *f)
{
	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || syncfs(fd) < 0 ? broken(f, "sync", dir) : RC_OK;
}

enum rc blobs_hash_end(EVP_MD_CTX *ctx, char ret[static BLOBS_NAME])
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_DigestFinal_ex(ctx, sum, &n) != 1 || n != 32)
		return RC_INTERNAL;
	for (unsigned i = 0; i < n; i++)
		snprintf(ret + 2 * (size_t)i, 3, "%02x", sum[i]);
	return RC_OK;
}
