#include "control/updates/title_facts.h"
#include "wire/field_json.h"
#include "wire/json_patch.h"

#include <jansson.h>

#define ROW(s, name_, kind, member, ...)                                                                \
	{                                                                                               \
		.name = (name_), .type = FIELD_##kind, FIELD_AT(struct s, member), .flags = FIELD_OMIT, \
		##__VA_ARGS__                                                                           \
	}
#define LIST(name_, member, rows, s)                                                                           \
	{                                                                                                      \
		.name = (name_), .type = FIELD_LIST, FIELD_AT(struct action_title, member), .item = FIELD_OBJ, \
		.sub = (rows), .sub_size = sizeof(struct s), .flags = FIELD_OMIT, .max = 20000                 \
	}

static const struct field branch_fields[] = {
	ROW(action_title_branch, "name", STR, name),
	ROW(action_title_branch, "os", STR, os),
	ROW(action_title_branch, "buildId", STR, build_id),
	ROW(action_title_branch, "version", STR, version),
	ROW(action_title_branch, "updatedAt", TIME, updated_ms),
	ROW(action_title_branch, "locked", BOOL, locked),
	{ 0 },
};

const struct field title_facts_depot_fields[] = {
	ROW(action_title_depot, "depot", STR, depot, .doc = "The depot's id."),
	ROW(action_title_depot, "branch", STR, branch, .doc = "Whose manifest it is."),
	ROW(action_title_depot, "manifest", STR, manifest, .doc = "The manifest's id."),
	ROW(action_title_depot, "size", ID64, size, .doc = "Bytes of its files."),
	ROW(action_title_depot, "downloadSize", ID64, download_size, .doc = "Bytes to be fetched for them."),
	ROW(action_title_depot, "os", STR, os, .doc = "For which system; absent: all."),
	ROW(action_title_depot, "arch", STR, arch, .doc = "For which processor; absent: all."),
	ROW(action_title_depot, "language", STR, language, .doc = "For which language; absent: all."),
	ROW(action_title_depot, "fromApp", STR, from_app, .doc = "The app that has it; absent: this one."),
	ROW(action_title_depot, "dlcApp", STR, dlc_app, .doc = "The DLC that it is for."),
	{ 0 },
};

static const struct field section_fields[] = {
	ROW(action_title_section, "name", STR, name),
	ROW(action_title_section, "sha1", STR, sha1),
	{ 0 },
};

const struct field title_facts_fields[] = {
	ROW(action_title, "access", STR, access),
	ROW(action_title, "changeNumber", U32, change_number),
	ROW(action_title, "sha1", STR, sha1),
	ROW(action_title, "name", STR, name),
	ROW(action_title, "kind", STR, kind),
	ROW(action_title, "visibility", STR, visibility),
	ROW(action_title, "updatedAt", TIME, updated_ms),
	ROW(action_title, "size", ID64, size),
	ROW(action_title, "manifest", STR, manifest),
	LIST("branches", branches, branch_fields, action_title_branch),
	LIST("depots", depots, title_facts_depot_fields, action_title_depot),
	LIST("sections", sections, section_fields, action_title_section),
	{ .name = "children",
		.type = FIELD_LIST,
		FIELD_AT(struct action_title, children),
		.item = FIELD_STR,
		.flags = FIELD_OMIT },
	{ 0 },
};

enum rc title_facts_get(
	const struct json_t *all, const char *source, struct arena *a, struct action_title *ret, struct fault *f)
{
	const json_t *one = json_object_get(all, source);
	struct field_reader r = { .arena = a, .lenient = true };

	if (!one)
		return RC_MISSING;
	*ret = (struct action_title){ 0 };
	enum rc rc = field_json_decode(title_facts_fields, one, &r, ret, f);
	return rc == RC_INVALID ? fault_set(f, RC_INTERNAL, "facts of %s cannot be read", source) : rc;
}

static enum rc put_text(const json_t *was, const json_t *is, struct arena *a, struct title_facts_set *ret)
{
	struct buf b = { 0 };
	enum rc rc = RC_OK;

	if (was) {
		rc = json_patch(was, is, TITLE_FACTS_DIFF_MAX, &b, &ret->cut);
		ret->patch = rc == RC_OK ? arena_str(a, buf_text(&b)) : NULL;
		if (rc == RC_OK && !ret->patch)
			rc = RC_NOMEM;
	}
	buf_done(&b);
	return rc;
}

enum rc title_facts_set(struct json_t *all, const char *source, const struct action_title *now, struct arena *a,
	struct title_facts_set *ret, struct fault *f)
{
	auto_json json_t *is = NULL;
	const json_t *was = json_object_get(all, source);
	struct buf b = { 0 };
	enum rc rc = RC_NOMEM;

	*ret = (struct title_facts_set){ 0 };
	field_json_encode(title_facts_fields, now, &b);
	if (!b.bad)
		rc = b.n > TITLE_FACTS_MAX ? fault_set(f, RC_OVERLOADED, "facts of %zu bytes", b.n)
					   : json_read((const char *)b.p, b.n, &is, f);
	buf_done(&b);
	if (rc != RC_OK)
		return rc;
	ret->same = was && json_equal(was, is);
	rc = ret->same ? RC_OK : put_text(was, is, a, ret);
	if (rc == RC_OK && json_object_set(all, source, is) != 0)
		rc = RC_NOMEM;
	b = (struct buf){ 0 };
	if (rc == RC_OK)
		rc = json_put(&b, all, true);
	if (rc == RC_OK && !(ret->text = arena_str(a, buf_text(&b))))
		rc = RC_NOMEM;
	buf_done(&b);
	return rc;
}
