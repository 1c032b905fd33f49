#include "control/updates/title_facts.h"
#include "wire/field_json.h"
#include "wire/json_patch.h"

#include <string.h>

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

/* Where a value ends: at the comma or bracket behind it. The text is one of ours: compact, and in order. */
static const char *value_end(const char *p)
{
	unsigned depth = 0;

	for (bool quoted = false; *p; p++) {
		if (quoted && *p == '\\' && p[1]) {
			p++;
		} else if (quoted) {
			quoted = *p != '"';
		} else if (*p == '"') {
			quoted = true;
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if ((*p == '}' || *p == ']' || *p == ',') && depth == 0) {
			break;
		} else if (*p == '}' || *p == ']') {
			depth--;
		}
	}
	return p;
}

/* The part of one source: its value begins at `from`, and `name` is where its name does. */
struct place {
	const char *name, *from, *end;
};

static bool find(const char *all, const char *source, struct place *ret)
{
	size_t n = strlen(source);

	for (const char *p = all ? all + 1 : ""; *p == '"'; p += *p == ',') {
		const char *name = p, *from = strchr(p + 1, '"');
		if (!from || from[1] != ':')
			return false;
		*ret = (struct place){ name, from + 2, value_end(from + 2) };
		if ((size_t)(from - name - 1) == n && !strncmp(name + 1, source, n))
			return true;
		p = ret->end;
	}
	return false;
}

enum rc title_facts_get(
	const char *all, const char *source, struct arena *a, struct action_title *ret, struct fault *f)
{
	struct field_reader r = { .arena = a, .lenient = true };
	auto_json struct json_t *one = NULL;
	struct place at;

	if (!find(all, source, &at))
		return RC_MISSING;
	*ret = (struct action_title){ 0 };
	enum rc rc = json_read(at.from, (size_t)(at.end - at.from), &one, f);
	if (rc == RC_OK)
		rc = field_json_decode(title_facts_fields, one, &r, ret, f);
	return rc == RC_INVALID || rc == RC_MALFORMED
		       ? fault_set(f, RC_INTERNAL, "facts of %s cannot be read", source)
		       : rc;
}

static bool is_at(const struct place *at, const struct buf *b)
{
	return (size_t)(at->end - at->from) == b->n && !memcmp(at->from, b->p, b->n);
}

enum rc title_facts_same(const char *all, const char *source, const struct action_title *now, bool *ret_same)
{
	struct buf b = { 0 };
	struct place at;

	*ret_same = false;
	if (!find(all, source, &at))
		return RC_OK;
	field_json_encode(title_facts_fields, now, &b);
	*ret_same = !b.bad && is_at(&at, &b);
	enum rc rc = b.bad ? RC_NOMEM : RC_OK;
	buf_done(&b);
	return rc;
}

static enum rc put_patch(const struct place *was, const struct buf *is, struct arena *a,
	struct title_facts_set *ret, struct fault *f)
{
	auto_json struct json_t *from = NULL, *to = NULL;
	struct buf b = { 0 };
	enum rc rc = json_read(was->from, (size_t)(was->end - was->from), &from, f);

	if (rc == RC_OK)
		rc = json_read((const char *)is->p, is->n, &to, f);
	if (rc == RC_OK)
		rc = json_patch(from, to, TITLE_FACTS_DIFF_MAX, &b, &ret->cut);
	ret->patch = rc == RC_OK ? arena_str(a, buf_text(&b)) : NULL;
	buf_done(&b);
	return rc == RC_OK && !ret->patch ? RC_NOMEM : rc;
}

/* All of it, with this part in place of the one at `was`; NULL: it has none yet. */
static const char *spliced(
	const char *all, const char *source, const struct place *was, const struct buf *is, struct arena *a)
{
	struct buf b = { 0 };

	if (was) {
		buf_put(&b, all, (size_t)(was->from - all));
		buf_put(&b, is->p, is->n);
		buf_str(&b, was->end);
	} else {
		const char *rest = all && all[0] && all[1] != '}' ? all + 1 : "}";
		buf_fmt(&b, "{\"%s\":", source);
		buf_put(&b, is->p, is->n);
		buf_fmt(&b, "%s", *rest == '}' ? "" : ",");
		buf_str(&b, rest);
	}
	const char *text = b.bad ? NULL : arena_strn(a, (const char *)b.p, b.n);
	buf_done(&b);
	return text;
}

enum rc title_facts_set(const char *all, const char *source, const struct action_title *now, struct arena *a,
	struct title_facts_set *ret, struct fault *f)
{
	struct buf b = { 0 };
	struct place at;
	bool had = find(all, source, &at);
	enum rc rc = RC_OK;

	*ret = (struct title_facts_set){ 0 };
	field_json_encode(title_facts_fields, now, &b);
	if (b.bad)
		rc = RC_NOMEM;
	else if (b.n > TITLE_FACTS_MAX)
		rc = fault_set(f, RC_OVERLOADED, "facts of %zu bytes", b.n);
	ret->same = rc == RC_OK && had && is_at(&at, &b);
	if (rc == RC_OK && had && !ret->same)
		rc = put_patch(&at, &b, a, ret, f);
	if (rc == RC_OK)
		ret->text = ret->same ? all : spliced(all, source, had ? &at : NULL, &b, a);
	buf_done(&b);
	return rc == RC_OK && !ret->text ? RC_NOMEM : rc;
}
