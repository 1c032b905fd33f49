#include "wire/gog_manifest.h"

#include "wire/json.h"
#include "wire/tunnel_auth.h"
#include "wire/zpack.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HASH_N 32

struct reading {
	struct arena *arena;
	struct fault *fault;
};

static const char *text(struct reading *x, const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));
	return s && strlen(s) < GOG_TEXT_MAX ? arena_str(x->arena, s) : NULL;
}

static uint64_t number(const json_t *o, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(o, name));
	return v > 0 ? (uint64_t)v : 0;
}

static struct field_list texts(struct reading *x, const json_t *list)
{
	size_t n = json_array_size(list), kept = 0;
	const char **at = n ? arena_take(x->arena, n * sizeof(*at)) : NULL;

	for (size_t i = 0; at && i < n; i++) {
		const char *s = json_string_value(json_array_get(list, i));
		at[kept] = s ? arena_str(x->arena, s) : NULL;
		kept += at[kept] != NULL;
	}
	return (struct field_list){ at, kept };
}

static bool has(const json_t *list, const char *word)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));
		if (s && !strcmp(s, word))
			return true;
	}
	return false;
}

static bool md5_of(const json_t *o, const char *name, uint8_t *ret)
{
	const char *s = json_string_value(json_object_get(o, name));
	return s && strlen(s) == HASH_N && tunnel_auth_of_hex(s, ret, GOG_MD5);
}

bool gog_manifest_path(const char *hash, char ret[static GOG_PATH_MAX])
{
	uint8_t md5[GOG_MD5];

	if (!hash || strlen(hash) != HASH_N || !tunnel_auth_of_hex(hash, md5, GOG_MD5))
		return false;
	snprintf(ret, GOG_PATH_MAX, "%.2s/%.2s/%s", hash, hash + 2, hash);
	return true;
}

/* The JSON of a stream, or as it is. */
static enum rc open_json(const void *p, size_t n, json_t **ret, struct fault *f)
{
	struct buf plain = { 0 };
	enum rc rc = RC_OK;

	if (n > GOG_MANIFEST_MAX)
		return fault_set(
			f, RC_TOO_LARGE, "the manifest has %zu bytes, at most %u are read", n, GOG_MANIFEST_MAX);
	if (!zpack_is(p, n))
		return json_read(p, n, ret, f);
	rc = zpack_open(p, n, 0, GOG_MANIFEST_MAX, &plain, f);
	if (rc == RC_OK)
		rc = json_read((const char *)plain.p, plain.n, ret, f);
	buf_done(&plain);
	return rc;
}

/* ---- a repository ---- */

static enum rc read_depot(struct reading *x, const json_t *o, struct gog_depot *to)
{
	char path[GOG_PATH_MAX];
	const json_t *bits = json_object_get(o, "osBitness");

	*to = (struct gog_depot){ .product = text(x, o, "productId"),
		.manifest = text(x, o, "manifest"),
		.languages = texts(x, json_object_get(o, "languages")),
		.bitness = texts(x, bits),
		.size = number(o, "size"),
		.packed = number(o, "compressedSize") };
	if (!to->product || !gog_manifest_path(to->manifest, path))
		return fault_set(x->fault, RC_MALFORMED, "a depot of the repository has no product or no manifest");
	return RC_OK;
}

enum rc gog_manifest_repository(
	const void *p, size_t n, struct arena *a, struct gog_repository *ret, struct fault *f)
{
	struct reading x = { a, f };
	struct gog_repository r = { 0 };
	auto_json json_t *doc = NULL;

	enum rc rc = open_json(p, n, &doc, f);
	if (rc != RC_OK)
		return rc;
	const json_t *depots = json_object_get(doc, "depots");
	size_t all = json_array_size(depots);
	r.product = text(&x, doc, "baseProductId");
	r.folder = text(&x, doc, "installDirectory");
	r.build = text(&x, doc, "buildId");
	r.platform = text(&x, doc, "platform");
	if (!json_is_array(depots) || !r.product || number(doc, "version") != 2)
		return fault_set(f, RC_MALFORMED, "this is no repository of GOG's content system 2");
	r.depots = arena_take(a, (all + 1) * sizeof(*r.depots));
	const json_t *offline = json_object_get(doc, "offlineDepot");
	if (!r.depots)
		return fault_set(f, RC_TOO_LARGE, "the repository does not fit into memory");
	for (; rc == RC_OK && r.depots_n < all; r.depots_n++)
		rc = read_depot(&x, json_array_get(depots, r.depots_n), &r.depots[r.depots_n]);
	if (rc == RC_OK && json_is_object(offline) && read_depot(&x, offline, &r.depots[r.depots_n]) == RC_OK)
		r.depots[r.depots_n++].offline = true;
	if (rc == RC_OK)
		*ret = r;
	return rc;
}

/* Old repositories write "English" and "en" where new ones write "en-US": what stands before the dash counts. */
static bool same_language(const char *a, const char *b)
{
	size_t n = strcspn(a, "-_"), m = strcspn(b, "-_");

	if (!strcasecmp(a, b))
		return true;
	return (!a[n] || !b[m]) && n == m && !strncasecmp(a, b, n);
}

bool gog_manifest_wanted(const struct gog_depot *d, const char *language, const char *bitness)
{
	const char *const *languages = d->languages.at, *const *bits = d->bitness.at;
	bool spoken = d->languages.n == 0, fits = d->bitness.n == 0 || !bitness;

	if (d->offline)
		return false;
	for (size_t i = 0; i < d->languages.n && !spoken; i++)
		spoken = !strcmp(languages[i], "*") || same_language(languages[i], language ? language : "en") ||
			 (!language && !strcasecmp(languages[i], "english"));
	for (size_t i = 0; i < d->bitness.n && !fits; i++)
		fits = !strcmp(bits[i], "*") || !strcmp(bits[i], bitness);
	return spoken && fits;
}

/* ---- a depot ---- */

static enum rc read_chunk(struct reading *x, const json_t *o, struct gog_chunk *to)
{
	uint64_t size = number(o, "size"), packed = number(o, "compressedSize");

	if (!md5_of(o, "md5", to->md5) || !md5_of(o, "compressedMd5", to->packed_md5))
		return fault_set(x->fault, RC_MALFORMED, "a chunk has no MD5");
	if (size == 0 || size > GOG_CHUNK_MAX || packed > (uint64_t)GOG_CHUNK_MAX * 2)
		return fault_set(x->fault, RC_TOO_LARGE, "a chunk of %llu bytes, at most %u are taken",
			(unsigned long long)size, GOG_CHUNK_MAX);
	to->size = (uint32_t)size;
	to->packed = (uint32_t)packed;
	return RC_OK;
}

static enum rc read_chunks(struct reading *x, const json_t *list, struct gog_item *to)
{
	size_t n = json_array_size(list);
	enum rc rc = RC_OK;

	to->chunks = n && n < UINT32_MAX ? arena_take(x->arena, n * sizeof(*to->chunks)) : NULL;
	if (n && !to->chunks)
		return fault_set(x->fault, RC_TOO_LARGE, "the manifest does not fit into memory");
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		rc = read_chunk(x, json_array_get(list, i), &to->chunks[i]);
		to->size += to->chunks[i].size;
	}
	to->chunks_n = (uint32_t)n;
	return rc;
}

static bool kind_of(const char *type, enum gog_kind *ret)
{
	static const char *const names[] = {
		[GOG_FILE] = "DepotFile", [GOG_FOLDER] = "DepotDirectory", [GOG_LINK] = "DepotLink"
	};
	for (enum gog_kind k = GOG_FILE; type && k <= GOG_LINK; k++)
		if (!strcmp(type, names[k])) {
			*ret = k;
			return true;
		}
	return false;
}

static enum rc read_item(struct reading *x, const json_t *o, struct gog_item *to)
{
	const json_t *flags = json_object_get(o, "flags"), *chunks = json_object_get(o, "chunks");

	*to = (struct gog_item){ .path = text(x, o, "path"),
		.target = text(x, o, "target"),
		.executable = has(flags, "executable"),
		.support = has(flags, "support") };
	if (!kind_of(json_string_value(json_object_get(o, "type")), &to->kind) || !to->path || !*to->path)
		return fault_set(x->fault, RC_MALFORMED, "an item of the depot has no type or no path");
	if (to->kind == GOG_LINK && !to->target)
		return fault_set(x->fault, RC_MALFORMED, "%.80s: a link to nowhere", to->path);
	if (to->kind != GOG_FILE)
		return RC_OK;
	if (!json_is_array(chunks))
		return fault_set(x->fault, RC_MALFORMED, "%.80s: a file without chunks", to->path);
	enum rc rc = read_chunks(x, chunks, to);
	if (rc != RC_OK)
		return rc;
	to->has_md5 = md5_of(o, "md5", to->md5);
	if (!to->has_md5 && to->chunks_n == 1) {
		memcpy(to->md5, to->chunks[0].md5, GOG_MD5);
		to->has_md5 = true;
	}
	return RC_OK;
}

enum rc gog_manifest_depot(const void *p, size_t n, struct arena *a, struct gog_depot_content *ret, struct fault *f)
{
	struct reading x = { a, f };
	struct gog_depot_content d = { 0 };
	auto_json json_t *doc = NULL;

	enum rc rc = open_json(p, n, &doc, f);
	if (rc != RC_OK)
		return rc;
	const json_t *items = json_object_get(json_object_get(doc, "depot"), "items");
	if (!json_is_array(items))
		return fault_set(f, RC_MALFORMED, "this is no manifest of a depot of GOG's");
	d.items_n = json_array_size(items);
	d.items = arena_take(a, d.items_n * sizeof(*d.items) + 1);
	if (!d.items)
		return fault_set(f, RC_TOO_LARGE, "the manifest does not fit into memory");
	for (size_t i = 0; rc == RC_OK && i < d.items_n; i++) {
		rc = read_item(&x, json_array_get(items, i), &d.items[i]);
		d.size += d.items[i].size;
		for (uint32_t k = 0; rc == RC_OK && k < d.items[i].chunks_n; k++)
			d.packed += d.items[i].chunks[k].packed;
	}
	if (rc == RC_OK)
		*ret = d;
	return rc;
}
