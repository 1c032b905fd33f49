#include "wire/steam/manifest.h"

#include "base/rd.h"
#include "proto/steam/manifest.pb-c.h"
#include "wire/steam/chunk.h"
#include "wire/steam/manifest_old.h"
#include "wire/steam/pb.h"

#include <libdeflate.h>
#include <string.h>

#define PAYLOAD   0x71F617D0u
#define METADATA  0x1F4812BEu
#define SIGNATURE 0x1B81B817u
#define END       0x32C415ABu

struct section {
	const uint8_t *p; /* NULL: not there */
	size_t n;
};

struct sections {
	struct section payload, metadata, signature;
};

static enum rc cut(const uint8_t *p, size_t n, struct sections *ret, struct fault *f)
{
	struct rd r = rd_over(p, n);

	for (;;) {
		uint32_t magic = rd_le32(&r);
		if (!r.bad && magic == END)
			break;
		struct section *s = magic == PAYLOAD     ? &ret->payload
				    : magic == METADATA  ? &ret->metadata
				    : magic == SIGNATURE ? &ret->signature
							 : NULL;
		if (!s || s->p)
			return fault_set(f, RC_MALFORMED, "manifest: no section begins with %08x", magic);
		s->n = rd_le32(&r);
		s->p = rd_bytes(&r, s->n);
		if (r.bad)
			return fault_set(f, RC_MALFORMED, "manifest: cut off inside a section");
	}
	if (rd_left(&r) > 0 || !ret->payload.p || !ret->metadata.p)
		return fault_set(f, RC_MALFORMED, "manifest: a section is missing, or bytes follow its end");
	return RC_OK;
}

static bool sha_of(const ProtobufCBinaryData *from, bool has, bool *ret_has, uint8_t *ret)
{
	*ret_has = has;
	if (has && from->len != MANIFEST_SHA)
		return false;
	if (has)
		memcpy(ret, from->data, MANIFEST_SHA);
	return true;
}

typedef ContentManifestPayload__FileMapping Mapping;
typedef ContentManifestPayload__FileMapping__ChunkData ChunkData;

static bool chunk_of(const ChunkData *c, uint64_t file_size, struct manifest_chunk *ret)
{
	bool has_sha;

	*ret = (struct manifest_chunk){
		.adler = c->crc, .offset = c->offset, .size = c->cb_original, .packed = c->cb_compressed
	};
	return sha_of(&c->sha, c->has_sha, &has_sha, ret->sha) && has_sha && c->offset <= file_size &&
	       c->cb_original <= file_size - c->offset;
}

static enum rc file_of(const Mapping *m, struct arena *a, struct manifest_file *ret, struct fault *f)
{
	if (!m->filename || strlen(m->filename) > MANIFEST_NAME_MAX ||
		(m->linktarget && strlen(m->linktarget) > MANIFEST_NAME_MAX))
		return fault_set(f, RC_MALFORMED, "manifest: a file without a name, or with one too long");
	*ret = (struct manifest_file){
		.name = m->filename,
		.link = m->linktarget,
		.size = m->size,
		.flags = m->flags,
		.chunks_n = (uint32_t)m->n_chunks,
	};
	if (!sha_of(&m->sha_filename, m->has_sha_filename, &ret->has_name_sha, ret->name_sha) ||
		!sha_of(&m->sha_content, m->has_sha_content, &ret->has_sha, ret->sha))
		return fault_set(f, RC_MALFORMED, "manifest: a SHA-1 that is not %d bytes long", MANIFEST_SHA);
	ret->chunks = arena_take(a, m->n_chunks * sizeof(*ret->chunks) + 1);
	if (!ret->chunks)
		return fault_set(f, RC_TOO_LARGE, "manifest: needs more memory than its limit allows");
	for (size_t i = 0; i < m->n_chunks; i++)
		if (!chunk_of(m->chunks[i], m->size, &ret->chunks[i]))
			return fault_set(f, RC_MALFORMED, "manifest: a chunk that is outside its file");
	return RC_OK;
}

static enum rc read_payload(const struct section *s, struct arena *a, struct manifest *m, struct fault *f)
{
	ProtobufCMessage *message;
	uint64_t chunks = 0;

	enum rc rc = pb_unpack(&content_manifest_payload__descriptor, s->p, s->n, a, &message, f);
	if (rc != RC_OK)
		return rc;
	const ContentManifestPayload *p = (const ContentManifestPayload *)message;
	for (size_t i = 0; i < p->n_mappings; i++)
		chunks += p->mappings[i]->n_chunks;
	if (p->n_mappings > MANIFEST_FILES_MAX || chunks > MANIFEST_CHUNKS_MAX)
		return fault_set(f, RC_TOO_LARGE, "manifest: over %d files or %d chunks", MANIFEST_FILES_MAX,
			MANIFEST_CHUNKS_MAX);
	m->files_n = (uint32_t)p->n_mappings;
	m->files = arena_take(a, p->n_mappings * sizeof(*m->files) + 1);
	if (!m->files)
		return fault_set(f, RC_TOO_LARGE, "manifest: needs more memory than its limit allows");
	for (size_t i = 0; rc == RC_OK && i < p->n_mappings; i++)
		rc = file_of(p->mappings[i], a, &m->files[i], f);
	return rc;
}

static enum rc read_metadata(const struct section *s, struct arena *a, struct manifest *m, struct fault *f)
{
	ProtobufCMessage *message;

	enum rc rc = pb_unpack(&content_manifest_metadata__descriptor, s->p, s->n, a, &message, f);
	if (rc != RC_OK)
		return rc;
	const ContentManifestMetadata *d = (const ContentManifestMetadata *)message;
	*m = (struct manifest){
		.form = 5,
		.depot = d->depot_id,
		.gid = d->gid_manifest,
		.created = d->creation_time,
		.encrypted = d->filenames_encrypted,
		.size = d->cb_disk_original,
		.packed = d->cb_disk_compressed,
		.unique_chunks = d->unique_chunks,
		.crc_encrypted = d->crc_encrypted,
		.crc_clear = d->crc_clear,
	};
	return RC_OK;
}

static enum rc read_signature(const struct section *s, struct arena *a, struct manifest *m, struct fault *f)
{
	ProtobufCMessage *message;

	if (!s->p)
		return RC_OK;
	enum rc rc = pb_unpack(&content_manifest_signature__descriptor, s->p, s->n, a, &message, f);
	if (rc != RC_OK)
		return rc;
	const ContentManifestSignature *d = (const ContentManifestSignature *)message;
	if (d->has_signature) {
		m->signature = d->signature.data ? d->signature.data : (const uint8_t *)"";
		m->signature_n = d->signature.len;
	}
	return RC_OK;
}

/* Over the payload's length and the payload. */
static uint32_t crc_of(const uint8_t *p, size_t n)
{
	uint8_t length[4] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24) };
	return libdeflate_crc32(libdeflate_crc32(0, length, sizeof(length)), p, n);
}

static enum rc read_new(const uint8_t *p, size_t n, struct arena *a, struct manifest *ret, struct fault *f)
{
	struct sections s = { 0 };

	enum rc rc = cut(p, n, &s, f);
	if (rc == RC_OK)
		rc = read_metadata(&s.metadata, a, ret, f);
	if (rc != RC_OK)
		return rc;
	uint32_t promised = ret->encrypted ? ret->crc_encrypted : ret->crc_clear;
	if (promised && promised != crc_of(s.payload.p, s.payload.n))
		return fault_set(f, RC_MALFORMED, "manifest: its checksum does not hold");
	rc = read_payload(&s.payload, a, ret, f);
	return rc == RC_OK ? read_signature(&s.signature, a, ret, f) : rc;
}

enum rc manifest_read(const void *p, size_t n, struct arena *a, struct manifest *ret, struct fault *f)
{
	enum chunk_kind kind;
	struct buf plain = { 0 };
	struct manifest m = { 0 };
	enum rc rc = RC_OK;

	if (chunk_kind_of(p, n, &kind)) {
		rc = chunk_unpack(p, n, MANIFEST_BYTES_MAX, &plain, f);
		p = plain.p;
		n = plain.n;
	}
	if (rc == RC_OK && n > MANIFEST_BYTES_MAX)
		rc = fault_set(f, RC_TOO_LARGE, "manifest: %zu bytes, at most %u are read", n, MANIFEST_BYTES_MAX);
	if (rc == RC_OK)
		rc = manifest_old_is(p, n) ? manifest_old_read(p, n, a, &m, f) : read_new(p, n, a, &m, f);
	buf_done(&plain);
	if (rc == RC_OK)
		*ret = m;
	return rc;
}

/* ---- writing ---- */

static ProtobufCBinaryData bytes_of(const uint8_t *p, size_t n)
{
	return (ProtobufCBinaryData){ .data = (uint8_t *)p, .len = n };
}

/* One file as the field `mappings`; its chunks are packed one by one, so that no list of pointers is needed. */
static void put_file(struct buf *to, const struct manifest_file *file, ChunkData *chunks, ChunkData **list)
{
	Mapping m = CONTENT_MANIFEST_PAYLOAD__FILE_MAPPING__INIT;

	for (uint32_t i = 0; i < file->chunks_n; i++) {
		const struct manifest_chunk *c = &file->chunks[i];
		content_manifest_payload__file_mapping__chunk_data__init(&chunks[i]);
		chunks[i].has_sha = chunks[i].has_crc = chunks[i].has_offset = chunks[i].has_cb_original =
			chunks[i].has_cb_compressed = true;
		chunks[i].sha = bytes_of(c->sha, MANIFEST_SHA);
		chunks[i].crc = c->adler;
		chunks[i].offset = c->offset;
		chunks[i].cb_original = c->size;
		chunks[i].cb_compressed = c->packed;
		list[i] = &chunks[i];
	}
	m.filename = (char *)file->name;
	m.linktarget = (char *)file->link;
	m.has_size = m.has_flags = true;
	m.size = file->size;
	m.flags = file->flags;
	m.has_sha_filename = file->has_name_sha;
	m.sha_filename = bytes_of(file->name_sha, MANIFEST_SHA);
	m.has_sha_content = file->has_sha;
	m.sha_content = bytes_of(file->sha, MANIFEST_SHA);
	m.n_chunks = file->chunks_n;
	m.chunks = list;
	Mapping *one = &m;
	ContentManifestPayload p = CONTENT_MANIFEST_PAYLOAD__INIT;
	p.n_mappings = 1;
	p.mappings = &one;
	pb_pack(to, &p.base);
}

static enum rc put_payload(const struct manifest *m, struct buf *to, struct fault *f)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < m->files_n; i++)
		if (m->files[i].chunks_n > most)
			most = m->files[i].chunks_n;
	auto_free ChunkData *chunks = calloc((size_t)most + 1, sizeof(*chunks));
	auto_free ChunkData **list = calloc((size_t)most + 1, sizeof(ChunkData *));
	if (!chunks || !list)
		return fault_set(f, RC_NOMEM, "manifest: no memory");
	for (uint32_t i = 0; i < m->files_n; i++)
		put_file(to, &m->files[i], chunks, list);
	return to->bad ? fault_set(f, RC_NOMEM, "manifest: no memory") : RC_OK;
}

static void put_section(struct buf *to, uint32_t magic, const struct buf *body)
{
	buf_le32(to, magic);
	buf_le32(to, (uint32_t)body->n);
	buf_put(to, body->p, body->n);
}

static void put_metadata(const struct manifest *m, struct buf *to)
{
	ContentManifestMetadata d = CONTENT_MANIFEST_METADATA__INIT;

	d.has_depot_id = d.has_gid_manifest = d.has_creation_time = d.has_filenames_encrypted =
		d.has_cb_disk_original = d.has_cb_disk_compressed = d.has_unique_chunks = d.has_crc_encrypted =
			d.has_crc_clear = true;
	d.depot_id = m->depot;
	d.gid_manifest = m->gid;
	d.creation_time = m->created;
	d.filenames_encrypted = m->encrypted;
	d.cb_disk_original = m->size;
	d.cb_disk_compressed = m->packed;
	d.unique_chunks = m->unique_chunks;
	d.crc_encrypted = m->crc_encrypted;
	d.crc_clear = m->crc_clear;
	pb_pack(to, &d.base);
}

static enum rc write_new(const struct manifest *m, struct buf *to, struct fault *f)
{
	struct buf payload = { 0 }, metadata = { 0 }, signature = { 0 };
	ContentManifestSignature s = CONTENT_MANIFEST_SIGNATURE__INIT;

	enum rc rc = put_payload(m, &payload, f);
	put_metadata(m, &metadata);
	s.has_signature = m->signature != NULL;
	s.signature = bytes_of(m->signature, m->signature_n);
	pb_pack(&signature, &s.base);
	if (rc == RC_OK && payload.n > MANIFEST_BYTES_MAX)
		rc = fault_set(f, RC_TOO_LARGE, "manifest: over %u bytes", MANIFEST_BYTES_MAX);
	if (rc == RC_OK) {
		put_section(to, PAYLOAD, &payload);
		put_section(to, METADATA, &metadata);
		put_section(to, SIGNATURE, &signature);
		buf_le32(to, END);
	}
	if (rc == RC_OK && (metadata.bad || signature.bad || to->bad))
		rc = fault_set(f, RC_NOMEM, "manifest: no memory");
	buf_done(&payload);
	buf_done(&metadata);
	buf_done(&signature);
	return rc;
}

enum rc manifest_write(const struct manifest *m, struct buf *to, struct fault *f)
{
	return m->form == 4 ? manifest_old_write(m, to, f) : write_new(m, to, f);
}

enum rc manifest_crc(const struct manifest *m, uint32_t *ret, struct fault *f)
{
	struct buf payload = { 0 };

	enum rc rc = put_payload(m, &payload, f);
	if (rc == RC_OK)
		*ret = crc_of(payload.p, payload.n);
	buf_done(&payload);
	return rc;
}
