#include "wire/steam/chunk.h"

#include "base/rd.h"
#include "wire/steam/aes.h"
#include "wire/steam/zip.h"

#include <libdeflate.h>
#include <lzma.h>
#include <openssl/sha.h>
#include <string.h>
#include <zstd.h>

#define LZMA_HEAD       12 /* "VZa", crc, properties */
#define LZMA_TAIL       10
#define LZMA_PROPERTIES 5
#define LZMA_DICT_MIN   4096
#define LZMA_MEMORY     (2 * CHUNK_SIZE_MAX + (1u << 20))
#define ZSTD_HEAD       8
#define ZSTD_TAIL       15
#define ZSTD_LEVEL      3
#define ZIP_ENTRY       "z"

/* `lzma` and `zstd` are kept for the next chunk; the zip's are small. */
struct chunk_opener {
	struct buf box, plain;
	lzma_stream lzma;
	ZSTD_DCtx *zstd;
};

bool chunk_kind_of(const void *p, size_t n, enum chunk_kind *ret)
{
	if (n >= 3 && !memcmp(p, "VZa", 3))
		*ret = CHUNK_LZMA;
	else if (n >= 4 && !memcmp(p, "VSZa", 4))
		*ret = CHUNK_ZSTD;
	else if (zip_is(p, n))
		*ret = CHUNK_ZIP;
	else
		return false;
	return true;
}

uint32_t chunk_adler(const void *p, size_t n) { return libdeflate_adler32(0, p, n); }

/* What stands at the end of the two containers of Valve's own. */
struct tail {
	uint32_t crc, size;
};

static enum rc room_for(const struct tail *t, size_t most, struct buf *to, uint8_t **ret, struct fault *f)
{
	if (t->size > most)
		return fault_set(
			f, RC_TOO_LARGE, "chunk: unfolds to %u bytes, at most %zu are read", t->size, most);
	*ret = buf_room(to, (size_t)t->size + 1);
	return *ret ? RC_OK : fault_set(f, RC_NOMEM, "chunk: no memory for %u bytes", t->size);
}

static enum rc finish(const struct tail *t, bool unpacked, const uint8_t *room, struct buf *to, struct fault *f)
{
	if (!unpacked)
		return fault_set(f, RC_MALFORMED, "chunk: its content does not unfold to %u bytes", t->size);
	if (libdeflate_crc32(0, room, t->size) != t->crc)
		return fault_set(f, RC_MALFORMED, "chunk: its checksum does not hold");
	to->n += t->size;
	return RC_OK;
}

/* liblzma reads the old .lzma format, whose head is these properties and a size. The dictionary is never needed larger than
 * the content, whatever the properties claim. */
static bool lzma_unpack(
	lzma_stream *s, const uint8_t *properties, const uint8_t *p, size_t n, uint8_t *to, uint32_t size)
{
	uint32_t dict = size > LZMA_DICT_MIN ? size : LZMA_DICT_MIN;
	uint8_t head[LZMA_PROPERTIES + 8] = { properties[0] };

	for (unsigned i = 0; i < 4; i++) {
		head[1 + i] = (uint8_t)(dict >> 8 * i);
		head[5 + i] = (uint8_t)(size >> 8 * i);
	}
	if (size == 0)
		return true; /* the decoder would wait for more */
	if (lzma_alone_decoder(s, LZMA_MEMORY) != LZMA_OK)
		return false;
	s->next_out = to;
	s->avail_out = size;
	s->next_in = head;
	s->avail_in = sizeof(head);
	lzma_ret ret = lzma_code(s, LZMA_RUN);
	if (ret == LZMA_OK) {
		s->next_in = p;
		s->avail_in = n;
		ret = lzma_code(s, LZMA_FINISH);
	}
	return ret == LZMA_STREAM_END && s->avail_out == 0;
}

static enum rc open_lzma(
	struct chunk_opener *o, const uint8_t *p, size_t n, size_t most, struct buf *to, struct fault *f)
{
	if (n < LZMA_HEAD + LZMA_TAIL || memcmp(p + n - 2, "zv", 2) != 0)
		return fault_set(f, RC_MALFORMED, "chunk: a VZ container of %zu bytes without its end", n);
	struct rd r = rd_over(p + n - LZMA_TAIL, LZMA_TAIL);
	struct tail t = { .crc = rd_le32(&r) };
	uint8_t *room;

	t.size = rd_le32(&r);
	enum rc rc = room_for(&t, most, to, &room, f);
	if (rc != RC_OK)
		return rc;
	lzma_stream once = LZMA_STREAM_INIT;
	bool unpacked =
		lzma_unpack(o ? &o->lzma : &once, p + 7, p + LZMA_HEAD, n - LZMA_HEAD - LZMA_TAIL, room, t.size);
	lzma_end(&once);
	return finish(&t, unpacked, room, to, f);
}

static enum rc open_zstd(
	struct chunk_opener *o, const uint8_t *p, size_t n, size_t most, struct buf *to, struct fault *f)
{
	if (n < ZSTD_HEAD + ZSTD_TAIL || memcmp(p + n - 3, "zsv", 3) != 0)
		return fault_set(f, RC_MALFORMED, "chunk: a VSZ container of %zu bytes without its end", n);
	struct rd r = rd_over(p + n - ZSTD_TAIL, ZSTD_TAIL);
	struct tail t = { .crc = rd_le32(&r) };
	uint8_t *room;

	t.size = rd_le32(&r);
	enum rc rc = room_for(&t, most, to, &room, f);
	if (rc != RC_OK)
		return rc;
	n -= ZSTD_HEAD + ZSTD_TAIL;
	size_t got = o ? ZSTD_decompressDCtx(o->zstd, room, t.size, p + ZSTD_HEAD, n)
		       : ZSTD_decompress(room, t.size, p + ZSTD_HEAD, n);
	return finish(&t, got == t.size, room, to, f);
}

static enum rc unpack(struct chunk_opener *o, const void *p, size_t n, size_t most, struct buf *to, struct fault *f)
{
	enum chunk_kind kind;

	if (!chunk_kind_of(p, n, &kind))
		return fault_set(f, RC_MALFORMED, "chunk: %zu bytes in no container that is known", n);
	switch (kind) {
	case CHUNK_LZMA:
		return open_lzma(o, p, n, most, to, f);
	case CHUNK_ZSTD:
		return open_zstd(o, p, n, most, to, f);
	case CHUNK_ZIP:
		return zip_open(p, n, most, to, f);
	}
	return RC_INTERNAL;
}

enum rc chunk_unpack(const void *p, size_t n, size_t most, struct buf *to, struct fault *f)
{
	return unpack(NULL, p, n, most, to, f);
}

/* What is to be opened, and by whom. */
struct task {
	struct chunk_opener *opener; /* NULL: none */
	const uint8_t *key;
	size_t most;
};

static enum rc decrypt(const struct task *t, const void *p, size_t n, struct buf *to, struct fault *f)
{
	uint8_t iv[AES_IV];
	struct buf once = { 0 }, *box = t->opener ? &t->opener->box : &once;

	if (n > 2 * (size_t)CHUNK_SIZE_MAX)
		return fault_set(f, RC_TOO_LARGE, "chunk: %zu bytes are too many", n);
	box->n = 0;
	enum rc rc = aes_open(t->key, p, n, iv, box);
	if (rc != RC_OK)
		fault_set(f, rc, "chunk: %zu bytes do not decrypt with this key", n);
	if (rc == RC_OK)
		rc = unpack(t->opener, box->p, box->n, t->most, to, f);
	buf_done(&once);
	return rc;
}

enum rc chunk_decrypt(const uint8_t *key, const void *p, size_t n, struct buf *to, struct fault *f)
{
	return decrypt(&(struct task){ .key = key, .most = CHUNK_SIZE_MAX }, p, n, to, f);
}

static const char *differs(const struct chunk_want *want, const uint8_t *p, size_t n)
{
	uint8_t sha[CHUNK_SHA];

	if (n != want->size)
		return "size";
	if (chunk_adler(p, n) != want->adler)
		return "checksum";
	SHA1(p, n, sha);
	return memcmp(sha, want->sha, CHUNK_SHA) != 0 ? "SHA-1" : NULL;
}

static enum rc open_by(struct chunk_opener *o, const uint8_t *key, const struct chunk_want *want,
	const struct rd *box, struct buf *to, struct fault *f)
{
	size_t before = to->n;

	if (want->size > CHUNK_SIZE_MAX)
		return fault_set(f, RC_TOO_LARGE, "chunk: the manifest promises %u bytes, at most %u are read",
			want->size, CHUNK_SIZE_MAX);
	const struct task t = { .opener = o, .key = key, .most = want->size };
	enum rc rc = decrypt(&t, box->at, rd_left(box), to, f);
	if (rc == RC_TOO_LARGE)
		return fault_set(f, RC_MALFORMED, "chunk: its size is not what the manifest promises");
	if (rc != RC_OK)
		return rc;
	const char *what = differs(want, to->p + before, to->n - before);
	if (!what)
		return RC_OK;
	to->n = before;
	return fault_set(f, RC_MALFORMED, "chunk: its %s is not what the manifest promises", what);
}

enum rc chunk_open(
	const uint8_t *key, const struct chunk_want *want, const void *p, size_t n, struct buf *to, struct fault *f)
{
	const struct rd box = rd_over(p, n);
	return open_by(NULL, key, want, &box, to, f);
}

struct chunk_opener *chunk_opener_new(void)
{
	struct chunk_opener *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->lzma = (lzma_stream)LZMA_STREAM_INIT;
	o->zstd = ZSTD_createDCtx();
	if (o->zstd)
		return o;
	chunk_opener_free(o);
	return NULL;
}

void chunk_opener_free(struct chunk_opener *o)
{
	if (!o)
		return;
	lzma_end(&o->lzma);
	ZSTD_freeDCtx(o->zstd);
	buf_done(&o->box);
	buf_done(&o->plain);
	free(o);
}

void chunk_opener_shrink(struct chunk_opener *o, size_t most)
{
	if (o->box.room > most || o->box.bad)
		buf_done(&o->box);
	if (o->plain.room > most || o->plain.bad)
		buf_done(&o->plain);
}

enum rc chunk_opener_open(struct chunk_opener *o, const uint8_t *key, const struct chunk_want *want, const void *p,
	size_t n, struct fault *f)
{
	const struct rd box = rd_over(p, n);
	const struct task all = { .opener = o, .key = key, .most = CHUNK_SIZE_MAX };

	o->plain.n = 0;
	return want ? open_by(o, key, want, &box, &o->plain, f) : decrypt(&all, p, n, &o->plain, f);
}

const struct buf *chunk_opener_plain(const struct chunk_opener *o) { return &o->plain; }

static enum rc pack_lzma(const uint8_t *p, size_t n, struct buf *to, struct fault *f)
{
	lzma_options_lzma o;
	size_t out = 0, room = n + n / 8 + 1024;

	if (lzma_lzma_preset(&o, LZMA_PRESET_DEFAULT))
		return fault_set(f, RC_INTERNAL, "chunk: LZMA has no such preset");
	o.dict_size = n > LZMA_DICT_MIN ? (uint32_t)n : LZMA_DICT_MIN;
	o.ext_flags = 0; /* no end marker */
	lzma_set_ext_size(o, n);
	lzma_filter filters[] = { { LZMA_FILTER_LZMA1EXT, &o }, { LZMA_VLI_UNKNOWN, NULL } };
	auto_free uint8_t *packed = malloc(room);
	if (!packed || lzma_raw_buffer_encode(filters, NULL, p, n, packed, &out, room) != LZMA_OK)
		return fault_set(f, RC_NOMEM, "chunk: no memory for LZMA");
	uint32_t crc = libdeflate_crc32(0, p, n);
	buf_str(to, "VZa");
	buf_le32(to, crc);
	buf_u8(to, (uint8_t)((o.pb * 5 + o.lp) * 9 + o.lc));
	buf_le32(to, o.dict_size);
	buf_put(to, packed, out);
	buf_le32(to, crc);
	buf_le32(to, (uint32_t)n);
	buf_str(to, "zv");
	return to->bad ? fault_set(f, RC_NOMEM, "chunk: no memory") : RC_OK;
}

static enum rc pack_zstd(const uint8_t *p, size_t n, struct buf *to, struct fault *f)
{
	size_t room = ZSTD_compressBound(n);
	uint32_t crc = libdeflate_crc32(0, p, n);

	buf_str(to, "VSZa");
	buf_le32(to, crc);
	uint8_t *packed = buf_room(to, room);
	size_t out = packed ? ZSTD_compress(packed, room, p, n, ZSTD_LEVEL) : 0;
	if (!packed || ZSTD_isError(out))
		return fault_set(f, RC_NOMEM, "chunk: no memory for zstd");
	to->n += out;
	buf_le32(to, crc);
	buf_le32(to, (uint32_t)n);
	buf_le32(to, 0);
	buf_str(to, "zsv");
	return to->bad ? fault_set(f, RC_NOMEM, "chunk: no memory") : RC_OK;
}

enum rc chunk_pack(enum chunk_kind kind, const void *p, size_t n, struct buf *to, struct fault *f)
{
	if (n > CHUNK_SIZE_MAX)
		return fault_set(f, RC_TOO_LARGE, "chunk: %zu bytes, at most %u fit into one", n, CHUNK_SIZE_MAX);
	switch (kind) {
	case CHUNK_LZMA:
		return pack_lzma(p, n, to, f);
	case CHUNK_ZSTD:
		return pack_zstd(p, n, to, f);
	case CHUNK_ZIP:
		return zip_write(ZIP_ENTRY, p, n, to, f);
	}
	return RC_INTERNAL;
}
