#include "agent/content/package.h"
#include "io/blobs.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define OUT_BLOCK (1u << 20)

struct package {
	struct archive *a;
	struct archive_entry *entry;
	EVP_MD_CTX *hash;
	locale_t utf8; /* libarchive asks the thread's locale what the bytes of a name are */
	int fd;
	uint64_t size;
	bool over; /* what is written goes nowhere any more */
};

const char *const package_words[] = { "none", "zip", "tar", "tar.zst", NULL };

static enum rc broken(struct package *p, struct fault *f)
{
	const char *why = archive_error_string(p->a);
	enum rc rc = archive_errno(p->a) == ENOMEM ? RC_NOMEM : RC_IO;
	return fault_set(f, rc, "the package cannot be written: %s", why ? why : "libarchive failed");
}

static la_ssize_t write_out(struct archive *a, void *ctx, const void *bytes, size_t n)
{
	struct package *p = ctx;
	const uint8_t *at = bytes;
	size_t left = n;

	if (p->over)
		return (la_ssize_t)n;
	while (left > 0) {
		ssize_t done = write(p->fd, at, left);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			archive_set_error(a, errno, "%s", strerror(errno));
			return -1;
		}
		at += done;
		left -= (size_t)done;
	}
	EVP_DigestUpdate(p->hash, bytes, n);
	p->size += n;
	return (la_ssize_t)n;
}

static bool set_option(struct package *p, const char *module, const char *name, uint32_t value)
{
	char text[16];
	snprintf(text, sizeof(text), "%u", value);
	return archive_write_set_option(p->a, module, name, text) == ARCHIVE_OK;
}

static bool set_zip(struct package *p, uint32_t level)
{
	bool ok = archive_write_set_format_zip(p->a) == ARCHIVE_OK &&
		  archive_write_set_option(p->a, "zip", "hdrcharset", "UTF-8") == ARCHIVE_OK;
	return ok && (level == 0 || set_option(p, "zip", "compression-level", level < 9 ? level : 9));
}

static bool set_tar(struct package *p)
{
	return archive_write_set_format_pax_restricted(p->a) == ARCHIVE_OK &&
	       archive_write_set_option(p->a, "pax", "hdrcharset", "UTF-8") == ARCHIVE_OK;
}

static bool set_format(struct package *p, const char *format, uint32_t level)
{
	if (!strcmp(format, "zip"))
		return set_zip(p, level);
	if (!strcmp(format, "tar"))
		return set_tar(p) && archive_write_add_filter_none(p->a) == ARCHIVE_OK;
	return set_tar(p) && archive_write_add_filter_zstd(p->a) == ARCHIVE_OK &&
	       (level == 0 || set_option(p, "zstd", "compression-level", level));
}

static bool is_format(const char *format)
{
	for (size_t i = 1; package_words[i]; i++)
		if (!strcmp(package_words[i], format))
			return true;
	return false;
}

enum rc package_new(int fd, const char *format, uint32_t level, struct package **ret, struct fault *f)
{
	if (!is_format(format))
		return fault_set(f, RC_INVALID, "there is no package format \"%.20s\"", format);
	if (level > PACKAGE_LEVEL_MAX)
		return fault_set(f, RC_INVALID, "a package's level is at most %d", PACKAGE_LEVEL_MAX);
	auto_of(package) struct package *p = calloc(1, sizeof(*p));
	if (!p)
		return RC_NOMEM;
	p->fd = fd;
	p->a = archive_write_new();
	p->entry = archive_entry_new();
	p->hash = EVP_MD_CTX_new();
	p->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (!p->a || !p->entry || !p->hash || !p->utf8 || EVP_DigestInit_ex(p->hash, EVP_sha256(), NULL) != 1)
		return RC_NOMEM;
	locale_t was = uselocale(p->utf8);
	bool known = set_format(p, format, level);
	uselocale(was);
	if (!known || archive_write_set_bytes_per_block(p->a, OUT_BLOCK) != ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(p->a, 1) != ARCHIVE_OK ||
		archive_write_open(p->a, p, NULL, write_out, NULL) != ARCHIVE_OK)
		return broken(p, f);
	*ret = take(p);
	return RC_OK;
}

void package_free(struct package *p)
{
	if (!p)
		return;
	p->over = true;
	if (p->a)
		archive_write_free(p->a); /* writes its end, too */
	archive_entry_free(p->entry);
	EVP_MD_CTX_free(p->hash);
	if (p->utf8)
		freelocale(p->utf8);
	free(p);
}

enum rc package_file(struct package *p, const struct listing_file *file, struct fault *f)
{
	struct archive_entry *e = archive_entry_clear(p->entry);
	locale_t was = uselocale(p->utf8);

	archive_entry_set_pathname(e, file->path);
	archive_entry_set_mtime(e, PACKAGE_TIME, 0);
	archive_entry_set_uid(e, 0);
	archive_entry_set_gid(e, 0);
	archive_entry_set_filetype(e, file->link ? AE_IFLNK : AE_IFREG);
	archive_entry_set_perm(e, file->mode & 0777);
	archive_entry_set_size(e, file->link ? 0 : (int64_t)file->size);
	if (file->link)
		archive_entry_set_symlink(e, file->link);
	int done = archive_write_header(p->a, e);
	uselocale(was);
	return done == ARCHIVE_OK ? RC_OK : broken(p, f);
}

enum rc package_bytes(struct package *p, const void *bytes, size_t n, struct fault *f)
{
	return archive_write_data(p->a, bytes, n) == (la_ssize_t)n ? RC_OK : broken(p, f);
}

uint64_t package_size(const struct package *p) { return p->size; }

enum rc package_end(struct package *p, char ret_sha256[static LISTING_HEX], uint64_t *ret_size, struct fault *f)
{
	if (archive_write_close(p->a) != ARCHIVE_OK)
		return broken(p, f);
	*ret_size = p->size;
	return blobs_hash_end(p->hash, ret_sha256);
}
