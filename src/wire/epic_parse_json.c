/* The JSON form, which builds of years ago have. Numbers stand as texts: three decimal digits a byte, the lowest byte first. */
#include "wire/epic_parse.h"
#include "wire/json.h"
#include "wire/tunnel_auth.h"

#include <jansson.h>
#include <string.h>

struct reading {
	struct arena *arena;
	struct epic_manifest *m;
	struct epic_parse_index index;
	struct fault *fault;
};

/* The bytes of such a text; at most `most`. False: it is none. */
static bool bytes_of(const json_t *j, uint8_t *to, size_t most, size_t *ret_n)
{
	const char *s = json_is_string(j) ? json_string_value(j) : NULL;
	size_t n = s ? strlen(s) : 1;

	if (n % 3 != 0 || n / 3 > most)
		return false;
	for (size_t i = 0; i < n / 3; i++) {
		unsigned v = 0;
		for (size_t k = 0; k < 3; k++) {
			unsigned d = (unsigned)s[i * 3 + k] - '0';
			if (d > 9)
				return false;
			v = v * 10 + d;
		}
		if (v > 255)
			return false;
		to[i] = (uint8_t)v;
	}
	*ret_n = n / 3;
	return true;
}

static bool number(const json_t *j, uint64_t *ret)
{
	uint8_t b[8];
	size_t n;
	uint64_t v = 0;

	if (!bytes_of(j, b, sizeof(b), &n) || n == 0)
		return false;
	for (size_t i = n; i > 0; i--)
		v = v << 8 | b[i - 1];
	*ret = v;
	return true;
}

static bool number32(const json_t *j, uint32_t *ret)
{
	uint64_t v;
	if (!number(j, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* More than 15: it is no hexadecimal digit. */
static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* 32 hexadecimal digits of either case. */
static bool guid(const char *s, struct epic_guid *ret)
{
	if (!s || strlen(s) != 32)
		return false;
	*ret = (struct epic_guid){ 0 };
	for (size_t i = 0; i < 32; i++) {
		unsigned d = digit(s[i]);
		if (d > 15)
			return false;
		ret->word[i / 8] = ret->word[i / 8] << 4 | d;
	}
	return true;
}

static bool hex_sha(const json_t *j, uint8_t *ret)
{
	const char *s = json_string_value(j);
	char low[2 * EPIC_SHA + 1];

	if (!s || strlen(s) != (size_t)2 * EPIC_SHA)
		return false;
	for (size_t i = 0; i <= (size_t)2 * EPIC_SHA; i++)
		low[i] = (char)(s[i] >= 'A' && s[i] <= 'F' ? s[i] + 32 : s[i]);
	return tunnel_auth_of_hex(low, ret, EPIC_SHA);
}

static const char *text(struct reading *x, const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));
	if (!s || strlen(s) >= EPIC_TEXT_MAX)
		return "";
	s = arena_str(x->arena, s);
	return s ? s : "";
}

static struct field_list texts(struct reading *x, const json_t *list)
{
	size_t n = json_array_size(list);
	const char **at = n ? arena_take(x->arena, n * sizeof(*at)) : NULL;

	for (size_t i = 0; at && i < n; i++) {
		const char *s = json_string_value(json_array_get(list, i));
		at[i] = s ? arena_str(x->arena, s) : "";
		if (!at[i])
			return (struct field_list){ 0 };
	}
	return (struct field_list){ at, at ? n : 0 };
}

static enum rc read_chunks(struct reading *x, const json_t *doc)
{
	json_t *sizes = json_object_get(doc, "ChunkFilesizeList");
	const json_t *hashes = json_object_get(doc, "ChunkHashList");
	const json_t *shas = json_object_get(doc, "ChunkShaList"), *groups = json_object_get(doc, "DataGroupList");
	size_t n = json_object_size(sizes);
	struct epic_manifest *m = x->m;
	const char *key;
	json_t *size;

	m->chunks = n <= UINT32_MAX ? arena_take(x->arena, n * sizeof(*m->chunks) + 1) : NULL;
	if (!m->chunks)
		return fault_set(x->fault, RC_TOO_LARGE, "the manifest's %zu chunks do not fit", n);
	json_object_foreach(sizes, key, size)
	{
		struct epic_chunk *c = &m->chunks[m->chunks_n++];
		uint64_t group = 0;
		const json_t *sha = json_object_get(shas, key);
		c->size = EPIC_CHUNK_SIZE;
		c->has_sha = sha && hex_sha(sha, c->sha);
		if (!guid(key, &c->guid) || !number(size, &c->packed) || (sha && !c->has_sha) ||
			!number(json_object_get(hashes, key), &c->hash) ||
			!number(json_object_get(groups, key), &group) || group > 255)
			return fault_set(
				x->fault, RC_MALFORMED, "what the manifest says of chunk %.40s is broken", key);
		c->group = (uint8_t)group;
	}
	return epic_parse_index(m, x->arena, &x->index, x->fault);
}

static bool read_parts(struct reading *x, const json_t *list, struct epic_file *file)
{
	size_t n = json_array_size(list);

	file->parts = n ? arena_take(x->arena, n * sizeof(*file->parts)) : NULL;
	if (n && !file->parts)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *o = json_array_get(list, i);
		struct epic_part *p = &file->parts[file->parts_n++];
		struct epic_guid g;
		if (!guid(json_string_value(json_object_get(o, "Guid")), &g) ||
			!epic_parse_find(&x->index, &g, &p->chunk) ||
			!number32(json_object_get(o, "Offset"), &p->offset) ||
			!number32(json_object_get(o, "Size"), &p->size))
			return false;
	}
	return true;
}

static enum rc read_files(struct reading *x, const json_t *list)
{
	struct epic_manifest *m = x->m;
	size_t n = json_array_size(list), sha_n = 0;

	m->files = n <= UINT32_MAX ? arena_take(x->arena, n * sizeof(*m->files) + 1) : NULL;
	if (!m->files)
		return fault_set(x->fault, RC_TOO_LARGE, "the manifest's %zu files do not fit", n);
	for (size_t i = 0; i < n; i++) {
		const json_t *o = json_array_get(list, i);
		struct epic_file *file = &m->files[m->files_n++];
		file->name = text(x, o, "Filename");
		file->link = text(x, o, "SymlinkTarget");
		file->mime = "";
		file->flags = (json_is_true(json_object_get(o, "bIsReadOnly")) ? EPIC_READ_ONLY : 0) |
			      (json_is_true(json_object_get(o, "bIsCompressed")) ? EPIC_COMPRESSED : 0) |
			      (json_is_true(json_object_get(o, "bIsUnixExecutable")) ? EPIC_EXECUTABLE : 0);
		file->tags = texts(x, json_object_get(o, "InstallTags"));
		if (!*file->name || !bytes_of(json_object_get(o, "FileHash"), file->sha, EPIC_SHA, &sha_n) ||
			sha_n != EPIC_SHA || !read_parts(x, json_object_get(o, "FileChunkParts"), file))
			return fault_set(x->fault, RC_MALFORMED, "what the manifest says of file %zu is broken", i);
	}
	return RC_OK;
}

static enum rc read_custom(struct reading *x, json_t *o)
{
	size_t n = json_object_size(o), i = 0;
	struct field_pair *at = arena_take(x->arena, n * sizeof(*at) + 1);
	const char *key;
	json_t *value;

	if (!at)
		return RC_TOO_LARGE;
	json_object_foreach(o, key, value)
	{
		at[i].key = arena_str(x->arena, key);
		at[i++].value = text(x, o, key);
	}
	x->m->custom = (struct field_list){ at, n };
	return RC_OK;
}

static enum rc read_document(struct reading *x, const json_t *doc)
{
	struct epic_manifest *m = x->m;
	const json_t *level = json_object_get(doc, "ManifestFileVersion");

	m->json = true;
	m->level = EPIC_LEVEL_JSON;
	if (level && !number32(level, &m->level))
		return fault_set(x->fault, RC_MALFORMED, "the manifest's version is no number");
	number32(json_object_get(doc, "AppID"), &m->app_id);
	m->file_data = json_is_true(json_object_get(doc, "bIsFileData"));
	m->app_name = text(x, doc, "AppNameString");
	m->version = text(x, doc, "BuildVersionString");
	m->exe = text(x, doc, "LaunchExeString");
	m->command = text(x, doc, "LaunchCommand");
	m->prereq_ids = texts(x, json_object_get(doc, "PrereqIds"));
	m->prereq_name = text(x, doc, "PrereqName");
	m->prereq_path = text(x, doc, "PrereqPath");
	m->prereq_args = text(x, doc, "PrereqArgs");
	m->build_id = m->uninstall_action = m->uninstall_args = "";
	if (!json_is_object(json_object_get(doc, "ChunkFilesizeList")) ||
		!json_is_array(json_object_get(doc, "FileManifestList")))
		return fault_set(x->fault, RC_MALFORMED, "the JSON is no Epic manifest");
	enum rc rc = read_chunks(x, doc);
	if (rc == RC_OK)
		rc = read_files(x, json_object_get(doc, "FileManifestList"));
	if (rc == RC_OK)
		rc = read_custom(x, json_object_get(doc, "CustomFields"));
	return rc == RC_OK ? epic_parse_finish(m, x->fault) : rc;
}

enum rc epic_parse_json(const void *p, size_t n, struct arena *a, struct epic_manifest *ret, struct fault *f)
{
	struct epic_manifest m = { 0 };
	struct reading x = { .arena = a, .m = &m, .fault = f };
	auto_json json_t *doc = NULL;

	if (n > EPIC_MANIFEST_MAX)
		return fault_set(
			f, RC_TOO_LARGE, "the manifest has %zu bytes, at most %u are read", n, EPIC_MANIFEST_MAX);
	enum rc rc = json_read(p, n, &doc, f);
	if (rc == RC_OK)
		rc = read_document(&x, doc);
	if (rc == RC_OK)
		*ret = m;
	return rc;
}
