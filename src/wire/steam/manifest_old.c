#include "wire/steam/manifest_old.h"

#include "base/rd.h"

#include <string.h>

#define MAGIC    0x16349781u
#define VERSION  4
#define FILE_MIN (1 + 8 + 4 + 2 * MANIFEST_SHA + 4) /* bytes of a file without name and chunks */
#define CHUNK_N  (MANIFEST_SHA + 4 + 8 + 4 + 4)

bool manifest_old_is(const void *p, size_t n)
{
	struct rd r = rd_over(p, n);
	return rd_le32(&r) == MAGIC;
}

static void take_sha(struct rd *r, uint8_t *ret)
{
	const uint8_t *p = rd_bytes(r, MANIFEST_SHA);
	if (p)
		memcpy(ret, p, MANIFEST_SHA);
}

static bool read_chunks(struct rd *r, struct manifest_file *file)
{
	for (uint32_t i = 0; i < file->chunks_n; i++) {
		struct manifest_chunk *c = &file->chunks[i];
		take_sha(r, c->sha);
		c->adler = rd_le32(r);
		c->offset = rd_le64(r);
		c->size = rd_le32(r);
		c->packed = rd_le32(r);
		if (c->offset > file->size || c->size > file->size - c->offset)
			return false;
	}
	return !r->bad;
}

static enum rc read_file(
	struct rd *r, struct arena *a, uint64_t *chunks, struct manifest_file *ret, struct fault *f)
{
	const char *name = rd_cstr(r);

	ret->size = rd_le64(r);
	ret->flags = rd_le32(r);
	take_sha(r, ret->sha);
	take_sha(r, ret->name_sha);
	ret->has_sha = ret->has_name_sha = true;
	ret->chunks_n = rd_le32(r);
	if (r->bad || strlen(name) > MANIFEST_NAME_MAX || ret->chunks_n > rd_left(r) / CHUNK_N)
		return fault_set(f, RC_MALFORMED, "manifest: cut off inside a file");
	*chunks += ret->chunks_n;
	if (*chunks > MANIFEST_CHUNKS_MAX)
		return fault_set(f, RC_TOO_LARGE, "manifest: over %d chunks", MANIFEST_CHUNKS_MAX);
	ret->name = arena_str(a, name);
	ret->chunks = arena_take(a, ret->chunks_n * sizeof(*ret->chunks) + 1);
	if (!ret->name || !ret->chunks)
		return fault_set(f, RC_TOO_LARGE, "manifest: needs more memory than its limit allows");
	return read_chunks(r, ret) ? RC_OK
				   : fault_set(f, RC_MALFORMED, "manifest: a chunk that is outside its file");
}

static enum rc read_head(struct rd *r, struct manifest *m, struct fault *f)
{
	rd_le32(r);
	uint32_t version = rd_le32(r);
	*m = (struct manifest){ .form = 4 };
	m->depot = rd_le32(r);
	m->gid = rd_le64(r);
	m->created = rd_le32(r);
	m->encrypted = rd_le32(r) != 0;
	m->size = rd_le64(r);
	m->packed = rd_le64(r);
	m->unique_chunks = rd_le32(r);
	m->files_n = rd_le32(r);
	rd_le32(r); /* bytes of the files; those are counted again when writing */
	m->crc_encrypted = rd_le32(r);
	m->crc_clear = rd_le32(r);
	m->flags = rd_le32(r);
	if (r->bad || version != VERSION || m->files_n > rd_left(r) / FILE_MIN)
		return fault_set(f, RC_MALFORMED, "manifest: version %u, or cut off in its head", version);
	return m->files_n <= MANIFEST_FILES_MAX
		       ? RC_OK
		       : fault_set(f, RC_TOO_LARGE, "manifest: over %d files", MANIFEST_FILES_MAX);
}

enum rc manifest_old_read(const void *p, size_t n, struct arena *a, struct manifest *ret, struct fault *f)
{
	struct rd r = rd_over(p, n);
	uint64_t chunks = 0;

	enum rc rc = read_head(&r, ret, f);
	if (rc != RC_OK)
		return rc;
	ret->files = arena_take(a, ret->files_n * sizeof(*ret->files) + 1);
	if (!ret->files)
		return fault_set(f, RC_TOO_LARGE, "manifest: needs more memory than its limit allows");
	for (uint32_t i = 0; rc == RC_OK && i < ret->files_n; i++)
		rc = read_file(&r, a, &chunks, &ret->files[i], f);
	if (rc == RC_OK && (rd_le32(&r) != MAGIC || r.bad || rd_left(&r) > 0))
		rc = fault_set(f, RC_MALFORMED, "manifest: it does not end in its mark");
	return rc;
}

static void put_file(struct buf *to, const struct manifest_file *file)
{
	buf_put(to, file->name, strlen(file->name) + 1);
	buf_le64(to, file->size);
	buf_le32(to, file->flags);
	buf_put(to, file->sha, MANIFEST_SHA);
	buf_put(to, file->name_sha, MANIFEST_SHA);
	buf_le32(to, file->chunks_n);
	for (uint32_t i = 0; i < file->chunks_n; i++) {
		const struct manifest_chunk *c = &file->chunks[i];
		buf_put(to, c->sha, MANIFEST_SHA);
		buf_le32(to, c->adler);
		buf_le64(to, c->offset);
		buf_le32(to, c->size);
		buf_le32(to, c->packed);
	}
}

enum rc manifest_old_write(const struct manifest *m, struct buf *to, struct fault *f)
{
	struct buf files = { 0 };

	for (uint32_t i = 0; i < m->files_n; i++)
		put_file(&files, &m->files[i]);
	buf_le32(to, MAGIC);
	buf_le32(to, VERSION);
	buf_le32(to, m->depot);
	buf_le64(to, m->gid);
	buf_le32(to, m->created);
	buf_le32(to, m->encrypted);
	buf_le64(to, m->size);
	buf_le64(to, m->packed);
	buf_le32(to, m->unique_chunks);
	buf_le32(to, m->files_n);
	buf_le32(to, (uint32_t)files.n);
	buf_le32(to, m->crc_encrypted);
	buf_le32(to, m->crc_clear);
	buf_le32(to, m->flags);
	buf_put(to, files.p, files.n);
	buf_le32(to, MAGIC);
	bool bad = files.bad || to->bad || files.n > MANIFEST_BYTES_MAX;
	buf_done(&files);
	return bad ? fault_set(f, RC_NOMEM, "manifest: no memory") : RC_OK;
}
