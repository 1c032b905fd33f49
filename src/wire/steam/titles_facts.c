#include "wire/steam/titles_facts.h"

#include "base/arena.h"
#include "base/buf.h"
#include "wire/steam/vdf.h"
#include "wire/tunnel_auth.h"

#include <openssl/evp.h>
#include <string.h>

#define SHA 20

/* What is filled, and how far. */
struct reading {
	struct arena *a;
	struct titles_facts *to;
	struct fault *fault;
};

static enum rc no_memory(const struct reading *r)
{
	return fault_set(r->fault, RC_NOMEM, "no memory for a record");
}

static uint64_t number_at(const struct vdf *v, const char *path)
{
	uint64_t n;
	return vdf_number_at(v, path, &n) ? n : 0;
}

/* NULL when there is none or it says nothing. A copy. */
static const char *word_at(const struct reading *r, const struct vdf *v, const char *path)
{
	const char *s = vdf_text_at(v, path);
	return s && *s ? arena_str(r->a, s) : NULL;
}

static const char *lower_at(const struct reading *r, const struct vdf *v, const char *path)
{
	const char *s = vdf_text_at(v, path);
	char *to = s && *s ? arena_str(r->a, s) : NULL;

	for (char *c = to; c && *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	return to;
}

static bool is_id(const char *key)
{
	size_t n = strspn(key, "0123456789");
	return n > 0 && n <= 10 && !key[n];
}

/* ---- branches ---- */

static enum rc read_branches(const struct reading *r, const struct vdf *depots)
{
	const struct vdf *all = vdf_get(depots, "branches");
	size_t n = all && all->kind == VDF_OBJECT ? all->children : 0;

	if (n > TITLES_FACTS_BRANCHES_MAX)
		return fault_set(r->fault, RC_TOO_LARGE, "a record with %zu branches", n);
	struct titles_facts_branch *to = r->to->branches = arena_take(r->a, (n + 1) * sizeof(*to));
	if (!to)
		return no_memory(r);
	for (const struct vdf *b = n ? all->first : NULL; b; b = b->next) {
		if (b->kind != VDF_OBJECT)
			continue;
		const char *build = word_at(r, b, "buildid");
		*to = (struct titles_facts_branch){
			.name = arena_str(r->a, b->key),
			.build_id = build ? build : "",
			.updated_ms = (int64_t)(number_at(b, "timeupdated") & UINT32_MAX) * 1000,
			.locked = number_at(b, "pwdrequired") != 0,
		};
		if (!to->name)
			return no_memory(r);
		if (!strcmp(to->name, "public"))
			r->to->updated_ms = to->updated_ms;
		to++;
	}
	r->to->branches_n = (size_t)(to - r->to->branches);
	return RC_OK;
}

/* ---- depots ---- */

static size_t rows_of(const struct vdf *depot)
{
	const struct vdf *manifests = vdf_get(depot, "manifests");

	if (depot->kind != VDF_OBJECT || !is_id(depot->key))
		return 0;
	return manifests && manifests->children ? manifests->children : 1;
}

/* As all rows of it have it; the manifest is empty. */
static struct titles_facts_depot depot_of(const struct reading *r, const struct vdf *d)
{
	return (struct titles_facts_depot){
		.depot = arena_str(r->a, d->key),
		.branch = "",
		.manifest = "",
		.os = word_at(r, d, "config/oslist"),
		.arch = word_at(r, d, "config/osarch"),
		.language = word_at(r, d, "config/language"),
		.dlc_app = word_at(r, d, "dlcappid"),
		.from_app = word_at(r, d, "depotfromapp"),
		.shared = number_at(d, "sharedinstall") != 0,
	};
}

/* Of old records it is a text, of newer ones an object. False: it is neither. */
static bool read_manifest(const struct reading *r, const struct vdf *m, struct titles_facts_depot *to)
{
	const char *gid = m->kind == VDF_STR ? m->s : vdf_text_at(m, "gid");

	if (!gid || !*gid || strlen(gid) > 20 || gid[strspn(gid, "0123456789")])
		return false;
	to->branch = arena_str(r->a, m->key);
	to->manifest = arena_str(r->a, gid);
	to->size = number_at(m, "size");
	to->download = number_at(m, "download");
	return true;
}

static bool put_depot(const struct reading *r, const struct vdf *d)
{
	const struct titles_facts_depot all = depot_of(r, d);
	const struct vdf *manifests = vdf_get(d, "manifests");
	struct titles_facts_depot *to = r->to->depots + r->to->depots_n;
	size_t n = 0;

	for (const struct vdf *m = manifests ? manifests->first : NULL; m; m = m->next) {
		to[n] = all;
		n += read_manifest(r, m, &to[n]);
	}
	if (n == 0)
		to[n++] = all;
	r->to->depots_n += n;
	for (size_t i = 0; i < n; i++)
		if (!to[i].depot || !to[i].branch || !to[i].manifest)
			return false;
	return true;
}

static enum rc read_depots(const struct reading *r, const struct vdf *depots)
{
	size_t n = 0;

	for (const struct vdf *d = depots ? depots->first : NULL; d; d = d->next)
		n += rows_of(d);
	if (n > TITLES_FACTS_DEPOTS_MAX)
		return fault_set(r->fault, RC_TOO_LARGE, "a record with %zu manifests", n);
	r->to->depots = arena_take(r->a, (n + 1) * sizeof(*r->to->depots));
	if (!r->to->depots)
		return no_memory(r);
	for (const struct vdf *d = depots ? depots->first : NULL; d; d = d->next)
		if (rows_of(d) > 0 && !put_depot(r, d))
			return no_memory(r);
	return RC_OK;
}

/* ---- sections ---- */

static enum rc digest(const struct reading *r, const struct vdf *v, char ret[static 2 * SHA + 1])
{
	struct buf json = { 0 };
	uint8_t sha[SHA];

	vdf_json_sorted(&json, v);
	bool good = !json.bad && EVP_Digest(json.p, json.n, sha, NULL, EVP_sha1(), NULL) == 1;
	buf_done(&json);
	if (good)
		tunnel_auth_hex(sha, SHA, ret);
	return good ? RC_OK : no_memory(r);
}

static enum rc read_sections(const struct reading *r, const struct vdf *record)
{
	r->to->sections = arena_take(r->a, TITLES_FACTS_SECTIONS_MAX * sizeof(*r->to->sections));
	if (!r->to->sections)
		return no_memory(r);
	for (const struct vdf *v = record->first; v; v = v->next) {
		struct titles_facts_section *to = &r->to->sections[r->to->sections_n];
		if (v->kind != VDF_OBJECT)
			continue;
		if (r->to->sections_n == TITLES_FACTS_SECTIONS_MAX)
			return fault_set(r->fault, RC_TOO_LARGE, "a record with more than %d sections",
				TITLES_FACTS_SECTIONS_MAX);
		to->name = arena_str(r->a, v->key);
		enum rc rc = to->name ? digest(r, v, to->sha1) : no_memory(r);
		if (rc != RC_OK)
			return rc;
		r->to->sections_n++;
	}
	return RC_OK;
}

enum rc titles_facts_read(const struct vdf *doc, struct arena *a, struct titles_facts *ret, struct fault *f)
{
	const struct vdf *record = doc->first;
	struct titles_facts to = { 0 };
	const struct reading r = { a, &to, f };

	if (!record || record->kind != VDF_OBJECT)
		return fault_set(f, RC_MALFORMED, "no record of an app");
	to.name = word_at(&r, record, "common/name");
	to.kind = lower_at(&r, record, "common/type");
	to.state = lower_at(&r, record, "common/releasestate");
	const struct vdf *depots = vdf_get(record, "depots");
	enum rc rc = read_branches(&r, depots);
	if (rc == RC_OK)
		rc = read_depots(&r, depots);
	if (rc == RC_OK)
		rc = read_sections(&r, record);
	if (rc == RC_OK)
		*ret = to;
	return rc;
}
