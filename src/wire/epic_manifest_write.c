#include "wire/epic_manifest.h"

#include "base/utf8.h"
#include "wire/zpack.h"

#include <openssl/sha.h>
#include <string.h>

#define MAGIC  0x44BEC00Cu
#define HEAD_N 41
#define PART_N 28
#define PACKED 1

static uint32_t next_char(const uint8_t **at)
{
	const uint8_t *p = *at;
	size_t n = utf8_len(p, strlen((const char *)p));
	uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

	if (n == 0) { /* no UTF-8: as it is, so that nothing is lost from sight */
		*at = p + 1;
		return '?';
	}
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	*at = p + n;
	return c;
}

static void put_le16(struct buf *to, uint32_t v)
{
	buf_u8(to, (uint8_t)v);
	buf_u8(to, (uint8_t)(v >> 8));
}

static void put_wide(struct buf *to, const char *s)
{
	uint32_t units = 1;

	for (const uint8_t *p = (const uint8_t *)s; *p;)
		units += next_char(&p) >= 0x10000 ? 2 : 1;
	buf_le32(to, 0u - units);
	for (const uint8_t *p = (const uint8_t *)s; *p;) {
		uint32_t c = next_char(&p);
		if (c >= 0x10000) {
			put_le16(to, 0xd800 | (c - 0x10000) >> 10);
			c = 0xdc00 | ((c - 0x10000) & 0x3ff);
		}
		put_le16(to, c);
	}
	put_le16(to, 0);
}

static void put_text(struct buf *to, const char *s)
{
	bool plain = true;

	if (!s || !*s) {
		buf_le32(to, 0);
		return;
	}
	for (const char *p = s; *p; p++)
		plain &= (uint8_t)*p < 0x80;
	if (!plain) {
		put_wide(to, s);
		return;
	}
	buf_le32(to, (uint32_t)strlen(s) + 1);
	buf_put(to, s, strlen(s) + 1);
}

static void put_texts(struct buf *to, const struct field_list *l)
{
	buf_le32(to, (uint32_t)l->n);
	for (size_t i = 0; i < l->n; i++)
		put_text(to, ((const char *const *)l->at)[i]);
}

/* The length of a section goes to its beginning, once it is known. */
static size_t begin(struct buf *to)
{
	size_t at = to->n;
	buf_le32(to, 0);
	return at;
}

static void end(struct buf *to, size_t at)
{
	uint32_t n = (uint32_t)(to->n - at);
	for (int i = 0; !to->bad && i < 4; i++)
		to->p[at + (size_t)i] = (uint8_t)(n >> 8 * i);
}

static void put_guid(struct buf *to, const struct epic_guid *g)
{
	for (int i = 0; i < 4; i++)
		buf_le32(to, g->word[i]);
}

static void put_meta(struct buf *to, const struct epic_manifest *m)
{
	size_t at = begin(to);

	buf_u8(to, (uint8_t)m->meta_form);
	buf_le32(to, m->level);
	buf_u8(to, m->file_data);
	buf_le32(to, m->app_id);
	put_text(to, m->app_name);
	put_text(to, m->version);
	put_text(to, m->exe);
	put_text(to, m->command);
	put_texts(to, &m->prereq_ids);
	put_text(to, m->prereq_name);
	put_text(to, m->prereq_path);
	put_text(to, m->prereq_args);
	if (m->meta_form >= 1)
		put_text(to, m->build_id);
	if (m->meta_form >= 2) {
		put_text(to, m->uninstall_action);
		put_text(to, m->uninstall_args);
	}
	end(to, at);
}

static void put_chunks(struct buf *to, const struct epic_manifest *m)
{
	size_t at = begin(to);

	buf_u8(to, 0);
	buf_le32(to, m->chunks_n);
	for (uint32_t i = 0; i < m->chunks_n; i++)
		put_guid(to, &m->chunks[i].guid);
	for (uint32_t i = 0; i < m->chunks_n; i++)
		buf_le64(to, m->chunks[i].hash);
	for (uint32_t i = 0; i < m->chunks_n; i++)
		buf_put(to, m->chunks[i].sha, EPIC_SHA);
	for (uint32_t i = 0; i < m->chunks_n; i++)
		buf_u8(to, m->chunks[i].group);
	for (uint32_t i = 0; i < m->chunks_n; i++)
		buf_le32(to, m->chunks[i].size);
	for (uint32_t i = 0; i < m->chunks_n; i++)
		buf_le64(to, m->chunks[i].packed);
	end(to, at);
}

static void put_parts(struct buf *to, const struct epic_manifest *m, const struct epic_file *file)
{
	buf_le32(to, file->parts_n);
	for (uint32_t i = 0; i < file->parts_n; i++) {
		buf_le32(to, PART_N);
		put_guid(to, &m->chunks[file->parts[i].chunk].guid);
		buf_le32(to, file->parts[i].offset);
		buf_le32(to, file->parts[i].size);
	}
}

static void put_sums(struct buf *to, const struct epic_manifest *m)
{
	for (uint32_t i = 0; i < m->files_n; i++) {
		buf_le32(to, m->files[i].has_md5);
		if (m->files[i].has_md5)
			buf_put(to, m->files[i].md5, sizeof(m->files[i].md5));
	}
	for (uint32_t i = 0; i < m->files_n; i++)
		put_text(to, m->files[i].mime);
	for (uint32_t i = 0; m->files_form >= 2 && i < m->files_n; i++)
		buf_put(to, m->files[i].sha256, sizeof(m->files[i].sha256));
}

static void put_files(struct buf *to, const struct epic_manifest *m)
{
	size_t at = begin(to);

	buf_u8(to, (uint8_t)m->files_form);
	buf_le32(to, m->files_n);
	for (uint32_t i = 0; i < m->files_n; i++)
		put_text(to, m->files[i].name);
	for (uint32_t i = 0; i < m->files_n; i++)
		put_text(to, m->files[i].link);
	for (uint32_t i = 0; i < m->files_n; i++)
		buf_put(to, m->files[i].sha, EPIC_SHA);
	for (uint32_t i = 0; i < m->files_n; i++)
		buf_u8(to, (uint8_t)m->files[i].flags);
	for (uint32_t i = 0; i < m->files_n; i++)
		put_texts(to, &m->files[i].tags);
	for (uint32_t i = 0; i < m->files_n; i++)
		put_parts(to, m, &m->files[i]);
	if (m->files_form >= 1)
		put_sums(to, m);
	end(to, at);
}

static void put_custom(struct buf *to, const struct epic_manifest *m)
{
	const struct field_pair *pairs = m->custom.at;
	size_t at = begin(to);

	buf_u8(to, 0);
	buf_le32(to, (uint32_t)m->custom.n);
	for (size_t i = 0; i < m->custom.n; i++)
		put_text(to, pairs[i].key);
	for (size_t i = 0; i < m->custom.n; i++)
		put_text(to, pairs[i].value);
	end(to, at);
}

static enum rc look(const struct epic_manifest *m, struct fault *f)
{
	for (uint32_t i = 0; i < m->files_n; i++)
		for (uint32_t k = 0; k < m->files[i].parts_n; k++)
			if (m->files[i].parts[k].chunk >= m->chunks_n)
				return fault_set(f, RC_INVALID, "a part is of chunk %u of %u",
					m->files[i].parts[k].chunk, m->chunks_n);
	return RC_OK;
}

enum rc epic_manifest_write(const struct epic_manifest *m, struct buf *to, struct fault *f)
{
	struct buf body = { 0 }, packed = { 0 };
	uint8_t sum[SHA_DIGEST_LENGTH];
	enum rc rc = look(m, f);

	if (rc == RC_OK) {
		put_meta(&body, m);
		put_chunks(&body, m);
		put_files(&body, m);
		put_custom(&body, m);
		rc = body.bad ? RC_NOMEM : zpack_write(body.p, body.n, &packed, f);
	}
	if (rc == RC_OK) {
		buf_le32(to, MAGIC);
		buf_le32(to, HEAD_N);
		buf_le32(to, (uint32_t)body.n);
		buf_le32(to, (uint32_t)packed.n);
		buf_put(to, SHA1(body.p, body.n, sum), sizeof(sum));
		buf_u8(to, PACKED);
		buf_le32(to, m->level);
		buf_put(to, packed.p, packed.n);
		rc = to->bad ? RC_NOMEM : RC_OK;
	}
	buf_done(&body);
	buf_done(&packed);
	return rc == RC_NOMEM ? fault_set(f, rc, "no memory for a manifest") : rc;
}
