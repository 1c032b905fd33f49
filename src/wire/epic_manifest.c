#include "wire/epic_manifest.h"

#include "base/rd.h"
#include "wire/epic_parse.h"
#include "wire/zpack.h"

#include <openssl/sha.h>
#include <string.h>

#define MAGIC       0x44BEC00Cu
#define HEAD_N      41
#define PACKED      1
#define ENCRYPTED   2
#define CHUNK_LEAST 57 /* bytes of a chunk, in all columns */
#define FILE_LEAST  37 /* bytes of a file */
#define PART_N      28

/* One body being read. The first failure stays in `rc`. */
struct reading {
	struct rd r;
	struct arena *arena;
	struct epic_manifest *m;
	struct epic_parse_index index;
	enum rc rc;
	struct fault *fault;
};

static void fail(struct reading *x, enum rc rc, const char *words)
{
	if (x->rc == RC_OK)
		x->rc = fault_set(x->fault, rc, "%s", words);
	x->r.bad = true;
}

static void *room(struct reading *x, size_t n)
{
	void *p = x->r.bad ? NULL : arena_take(x->arena, n + 1);
	if (!p)
		fail(x, RC_TOO_LARGE, "the manifest does not fit into memory");
	return p;
}

/* How many follow: no more than there are bytes for. */
static uint32_t count(struct reading *x, size_t each)
{
	uint32_t n = rd_le32(&x->r);
	if (n > rd_left(&x->r) / each) {
		fail(x, RC_MALFORMED, "the manifest counts more than it holds");
		return 0;
	}
	return n;
}

static size_t put_utf8(char *to, uint32_t c)
{
	size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };

	to[0] = (char)(lead[more] | c >> 6 * more);
	for (size_t i = 1; i <= more; i++)
		to[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3f));
	return more + 1;
}

/* `n` units of UTF-16, the last of them NUL. */
static const char *wide(struct reading *x, uint32_t n)
{
	struct rd u = rd_over(rd_bytes(&x->r, (size_t)n * 2), x->r.bad ? 0 : (size_t)n * 2);
	char *to = room(x, (size_t)n * 3);
	size_t at = 0;

	if (!to)
		return "";
	for (uint32_t i = 0; i + 1 < n; i++) {
		uint32_t c = rd_le16(&u);
		if (c >= 0xd800 && c < 0xdc00 && i + 2 < n) {
			uint32_t low = rd_le16(&u);
			i++;
			c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff)) : 0;
		}
		if (c == 0 || (c >= 0xd800 && c < 0xe000)) {
			fail(x, RC_MALFORMED, "a text of the manifest is no UTF-16");
			return "";
		}
		at += put_utf8(to + at, c);
	}
	if (rd_le16(&u) != 0)
		fail(x, RC_MALFORMED, "a text of the manifest has no end");
	return to;
}

static const char *text(struct reading *x)
{
	int32_t n = (int32_t)rd_le32(&x->r);

	if (n == 0 || x->r.bad)
		return "";
	if (n > EPIC_TEXT_MAX || n < -EPIC_TEXT_MAX) {
		fail(x, RC_TOO_LARGE, "a text of the manifest is too long");
		return "";
	}
	if (n < 0)
		return wide(x, (uint32_t)-n);
	const uint8_t *p = rd_bytes(&x->r, (size_t)n);
	char *to = p ? room(x, (size_t)n) : NULL;
	if (!to)
		return "";
	memcpy(to, p, (size_t)n);
	bool plain = strlen(to) == (size_t)n - 1;
	for (int32_t i = 0; i + 1 < n; i++)
		plain &= p[i] < 0x80;
	if (!plain)
		fail(x, RC_MALFORMED, "a text of the manifest is not what it says");
	return plain ? to : "";
}

static struct field_list texts(struct reading *x)
{
	uint32_t n = count(x, 4);
	const char **at = n ? room(x, n * sizeof(*at)) : NULL;

	for (uint32_t i = 0; at && i < n; i++)
		at[i] = text(x);
	return (struct field_list){ at, at ? n : 0 };
}

/* A section says how long it is, itself included; what a newer one has more is skipped. The rest of the body into *ret_rest. */
static void section(struct reading *x, struct rd *ret_rest)
{
	uint32_t n = rd_le32(&x->r);
	const uint8_t *p = n >= 4 ? rd_bytes(&x->r, n - 4) : NULL;

	if (!p)
		fail(x, RC_MALFORMED, "a section of the manifest ends too early");
	*ret_rest = x->r;
	if (p)
		x->r = rd_over(p, n - 4);
}

static void section_end(struct reading *x, const struct rd *rest)
{
	if (x->r.bad)
		fail(x, RC_MALFORMED, "a section of the manifest ends too early");
	else
		x->r = *rest;
}

static void read_meta(struct reading *x)
{
	struct epic_manifest *m = x->m;
	struct rd rest;

	section(x, &rest);
	m->meta_form = rd_u8(&x->r);
	m->level = rd_le32(&x->r);
	m->file_data = rd_u8(&x->r) == 1;
	m->app_id = rd_le32(&x->r);
	m->app_name = text(x);
	m->version = text(x);
	m->exe = text(x);
	m->command = text(x);
	m->prereq_ids = texts(x);
	m->prereq_name = text(x);
	m->prereq_path = text(x);
	m->prereq_args = text(x);
	m->build_id = m->meta_form >= 1 ? text(x) : "";
	m->uninstall_action = m->meta_form >= 2 ? text(x) : "";
	m->uninstall_args = m->meta_form >= 2 ? text(x) : "";
	section_end(x, &rest);
}

static struct epic_guid guid(struct rd *r)
{
	struct epic_guid g;
	for (int i = 0; i < 4; i++)
		g.word[i] = rd_le32(r);
	return g;
}

static void bytes(struct reading *x, void *to, size_t n)
{
	const uint8_t *p = rd_bytes(&x->r, n);
	if (p)
		memcpy(to, p, n);
}

static void read_chunks(struct reading *x)
{
	static const uint8_t none[EPIC_SHA];
	struct epic_manifest *m = x->m;
	struct rd rest;

	section(x, &rest);
	rd_u8(&x->r); /* its form: there is one */
	uint32_t n = count(x, CHUNK_LEAST);
	struct epic_chunk *at = room(x, n * sizeof(*at));
	for (uint32_t i = 0; at && i < n; i++)
		at[i].guid = guid(&x->r);
	for (uint32_t i = 0; at && i < n; i++)
		at[i].hash = rd_le64(&x->r);
	for (uint32_t i = 0; at && i < n; i++) {
		bytes(x, at[i].sha, EPIC_SHA);
		at[i].has_sha = memcmp(at[i].sha, none, EPIC_SHA) != 0;
	}
	for (uint32_t i = 0; at && i < n; i++)
		at[i].group = rd_u8(&x->r);
	for (uint32_t i = 0; at && i < n; i++)
		at[i].size = rd_le32(&x->r);
	for (uint32_t i = 0; at && i < n; i++)
		at[i].packed = rd_le64(&x->r);
	section_end(x, &rest);
	m->chunks = at;
	m->chunks_n = at ? n : 0;
	if (x->rc == RC_OK)
		x->rc = epic_parse_index(m, x->arena, &x->index, x->fault);
	x->r.bad |= x->rc != RC_OK;
}

static void read_part(struct reading *x, struct epic_part *to)
{
	uint32_t n = rd_le32(&x->r);
	const uint8_t *p = n >= PART_N ? rd_bytes(&x->r, n - 4) : NULL;

	if (!p) {
		fail(x, RC_MALFORMED, "a part of a file is cut short");
		return;
	}
	struct rd r = rd_over(p, n - 4);
	struct epic_guid g = guid(&r);
	to->offset = rd_le32(&r);
	to->size = rd_le32(&r);
	if (!epic_parse_find(&x->index, &g, &to->chunk))
		fail(x, RC_MALFORMED, "a part of a file is of a chunk that the manifest does not have");
}

static void read_parts(struct reading *x, struct epic_file *file)
{
	uint32_t n = count(x, PART_N);

	file->parts = n ? room(x, n * sizeof(*file->parts)) : NULL;
	file->parts_n = file->parts ? n : 0;
	for (uint32_t i = 0; i < file->parts_n && !x->r.bad; i++)
		read_part(x, &file->parts[i]);
}

static void read_sums(struct reading *x, struct epic_file *at, uint32_t n)
{
	for (uint32_t i = 0; i < n && !x->r.bad; i++) {
		at[i].has_md5 = rd_le32(&x->r) != 0;
		if (at[i].has_md5)
			bytes(x, at[i].md5, sizeof(at[i].md5));
	}
	for (uint32_t i = 0; i < n && !x->r.bad; i++)
		at[i].mime = text(x);
	for (uint32_t i = 0; x->m->files_form >= 2 && i < n && !x->r.bad; i++)
		bytes(x, at[i].sha256, sizeof(at[i].sha256));
}

static void read_files(struct reading *x)
{
	struct epic_manifest *m = x->m;
	struct rd rest;

	section(x, &rest);
	m->files_form = rd_u8(&x->r);
	uint32_t n = count(x, FILE_LEAST);
	struct epic_file *at = room(x, n * sizeof(*at));
	for (uint32_t i = 0; at && i < n && !x->r.bad; i++)
		at[i].name = text(x);
	for (uint32_t i = 0; at && i < n && !x->r.bad; i++)
		at[i].link = text(x);
	for (uint32_t i = 0; at && i < n; i++)
		bytes(x, at[i].sha, EPIC_SHA);
	for (uint32_t i = 0; at && i < n; i++)
		at[i].flags = rd_u8(&x->r);
	for (uint32_t i = 0; at && i < n && !x->r.bad; i++)
		at[i].tags = texts(x);
	for (uint32_t i = 0; at && i < n && !x->r.bad; i++)
		read_parts(x, &at[i]);
	for (uint32_t i = 0; at && i < n; i++)
		at[i].mime = "";
	if (at && m->files_form >= 1)
		read_sums(x, at, n);
	section_end(x, &rest);
	m->files = at;
	m->files_n = at ? n : 0;
}

static void read_custom(struct reading *x)
{
	struct rd rest;

	if (rd_left(&x->r) == 0) /* it may be left out */
		return;
	section(x, &rest);
	rd_u8(&x->r);
	uint32_t n = count(x, 8);
	struct field_pair *at = n ? room(x, n * sizeof(*at)) : NULL;
	for (uint32_t i = 0; at && i < n; i++)
		at[i].key = text(x);
	for (uint32_t i = 0; at && i < n; i++)
		at[i].value = text(x);
	section_end(x, &rest);
	x->m->custom = (struct field_list){ at, at ? n : 0 };
}

static enum rc read_body(const void *p, size_t n, struct arena *a, struct epic_manifest *m, struct fault *f)
{
	struct reading x = { .r = rd_over(p, n), .arena = a, .m = m, .fault = f };

	read_meta(&x);
	read_chunks(&x);
	read_files(&x);
	read_custom(&x);
	if (x.rc == RC_OK && x.r.bad)
		fail(&x, RC_MALFORMED, "the manifest is cut short");
	return x.rc == RC_OK ? epic_parse_finish(m, f) : x.rc;
}

/* The body, unpacked, into *to. */
static enum rc unpack(const void *p, size_t n, struct buf *to, struct fault *f)
{
	struct rd r = rd_over(p, n);
	uint32_t magic = rd_le32(&r), head = rd_le32(&r), plain = rd_le32(&r), packed = rd_le32(&r);
	const uint8_t *sha = rd_bytes(&r, EPIC_SHA);
	uint8_t stored = rd_u8(&r), sum[SHA_DIGEST_LENGTH];
	enum rc rc = RC_OK;

	rd_le32(&r); /* the version again: the meta section has it */
	if (r.bad || magic != MAGIC || head < HEAD_N || head > n)
		return fault_set(f, RC_MALFORMED, "%zu bytes are no Epic manifest", n);
	if (stored & ~(unsigned)PACKED)
		return fault_set(f, RC_MALFORMED, "the manifest is kept in a way that is not known here (%u)%s",
			stored, stored & ENCRYPTED ? ": encrypted" : "");
	const uint8_t *body = (const uint8_t *)p + head;
	if (packed > n - head || (!(stored & PACKED) && packed != plain))
		return fault_set(f, RC_MALFORMED, "the manifest is cut short");
	if (plain > EPIC_MANIFEST_MAX)
		return fault_set(f, RC_TOO_LARGE, "the manifest has %u bytes, at most %u are read", plain,
			EPIC_MANIFEST_MAX);
	if (stored & PACKED && plain)
		rc = zpack_open(body, packed, plain, EPIC_MANIFEST_MAX, to, f);
	else
		buf_put(to, body, plain);
	if (rc == RC_OK && to->bad)
		rc = fault_set(f, RC_NOMEM, "no memory for a manifest");
	if (rc == RC_OK && memcmp(SHA1(to->p ? to->p : (const uint8_t *)"", to->n, sum), sha, EPIC_SHA) != 0)
		rc = fault_set(f, RC_MALFORMED, "the manifest's SHA-1 does not hold");
	return rc;
}

enum rc epic_manifest_read(const void *p, size_t n, struct arena *a, struct epic_manifest *ret, struct fault *f)
{
	struct epic_manifest m = { 0 };
	struct buf body = { 0 };

	if (n && *(const char *)p == '{')
		return epic_parse_json(p, n, a, ret, f);
	enum rc rc = unpack(p, n, &body, f);
	if (rc == RC_OK)
		rc = read_body(body.p, body.n, a, &m, f);
	buf_done(&body);
	if (rc == RC_OK)
		*ret = m;
	return rc;
}
