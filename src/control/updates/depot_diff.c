#include "control/updates/depot_diff.h"
#include "control/updates/title_facts.h"
#include "wire/field_json.h"

#include <string.h>

const struct field depot_diff_fields[] = {
	{ .name = "depot", .type = FIELD_STR, FIELD_AT(struct depot_diff, depot), .doc = "The depot's id." },
	{ .name = "change",
		.type = FIELD_STR,
		FIELD_AT(struct depot_diff, change),
		.doc = "added, removed, changed (another manifest), same." },
	{ .name = "os",
		.type = FIELD_STR,
		FIELD_AT(struct depot_diff, os),
		.doc = "For which systems; null: all." },
	{ .name = "language",
		.type = FIELD_STR,
		FIELD_AT(struct depot_diff, language),
		.doc = "For which language; null: all." },
	{ .name = "fromManifest",
		.type = FIELD_STR,
		FIELD_AT(struct depot_diff, from_manifest),
		.doc = "In the first build; null: not there." },
	{ .name = "toManifest",
		.type = FIELD_STR,
		FIELD_AT(struct depot_diff, to_manifest),
		.doc = "In the second; null: not there." },
	{ .name = "fromSize",
		.type = FIELD_ID64,
		FIELD_AT(struct depot_diff, from_size),
		.doc = "Bytes of its files in the first." },
	{ .name = "toSize",
		.type = FIELD_ID64,
		FIELD_AT(struct depot_diff, to_size),
		.doc = "Bytes of its files in the second." },
	{ .name = "downloadSize",
		.type = FIELD_ID64,
		FIELD_AT(struct depot_diff, download_size),
		.doc = "Bytes to be fetched for the second by who has nothing." },
	{ 0 },
};

static enum rc read_depots(const char *text, struct arena *a, struct field_list *ret, struct fault *f)
{
	static const struct field row = { .name = "depots",
		.type = FIELD_LIST,
		.item = FIELD_OBJ,
		.sub = title_facts_depot_fields,
		.sub_size = sizeof(struct action_title_depot),
		.max = 20000 };
	return field_json_text(&row, text, a, ret, f);
}

static bool same_text(const char *a, const char *b) { return !strcmp(a ? a : "", b ? b : ""); }

static const struct action_title_depot *find(const struct field_list *l, const struct action_title_depot *d)
{
	const struct action_title_depot *at = l->at;

	for (size_t i = 0; i < l->n; i++)
		if (same_text(at[i].depot, d->depot) && same_text(at[i].os, d->os) &&
			same_text(at[i].arch, d->arch) && same_text(at[i].language, d->language))
			return &at[i];
	return NULL;
}

static struct depot_diff compare(const struct action_title_depot *was, const struct action_title_depot *is)
{
	const struct action_title_depot *any = is ? is : was;

	return (struct depot_diff){ .depot = any->depot,
		.change = !was                                     ? "added"
			  : !is                                    ? "removed"
			  : same_text(was->manifest, is->manifest) ? "same"
								   : "changed",
		.os = any->os,
		.language = any->language,
		.from_manifest = was ? was->manifest : NULL,
		.to_manifest = is ? is->manifest : NULL,
		.from_size = was ? was->size : 0,
		.to_size = is ? is->size : 0,
		.download_size = is ? is->download_size : 0 };
}

enum rc depot_diff(const char *a, const char *b, struct arena *arena, struct field_list *ret, struct fault *f)
{
	struct field_list from = { 0 }, to = { 0 };
	size_t n = 0;
	enum rc rc = read_depots(a, arena, &from, f);

	if (rc == RC_OK)
		rc = read_depots(b, arena, &to, f);
	if (rc != RC_OK)
		return rc;
	struct depot_diff *out = arena_take(arena, (from.n + to.n) * sizeof(*out) + 1);
	if (!out)
		return RC_NOMEM;
	const struct action_title_depot *was = from.at, *is = to.at;
	for (size_t i = 0; i < to.n; i++)
		out[n++] = compare(find(&from, &is[i]), &is[i]);
	for (size_t i = 0; i < from.n; i++)
		if (!find(&to, &was[i]))
			out[n++] = compare(&was[i], NULL);
	*ret = (struct field_list){ out, n };
	return RC_OK;
}
