#include "agent/content/source_steam.h"

#include "base/map.h"
#include "model/action_download.h"
#include "model/action_pics.h"
#include "wire/steam/vdf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 500 /* of a collection, when no limit is named */
#define DEPTH_MAX 32  /* collections in collections, or what needs what */
#define APPS_MAX  64  /* whose records are kept in mind */

extern const struct action_run workshop_details;

/* What is asked for next: items that were named and not looked at yet. */
struct walk {
	struct source_steam *s;
	struct map seen;
	const char **ids;
	uint32_t n, asked, most, skipped;
	bool collection, too_many;
	struct {
		uint32_t app, depot;
	} depots[APPS_MAX];
	unsigned depots_n;
	struct fault *f;
};

static enum rc add_id(struct walk *w, const char *id)
{
	if (map_get(&w->seen, id))
		return RC_OK;
	w->too_many |= w->n == w->most;
	if (w->n == w->most)
		return RC_OK;
	char *own = arena_str(&w->s->arena, id);
	if (!own)
		return RC_NOMEM;
	w->ids[w->n++] = own;
	return map_put(&w->seen, own, w);
}

static enum rc refuse(struct walk *w, const struct action_workshop_item *i)
{
	bool missing = !strcmp(i->status, "not_found");

	w->s->task->code = missing ? "not_found" : "private";
	w->s->task->eresult = (int32_t)i->eresult;
	return fault_set(w->f, missing ? RC_MISSING : RC_DENIED,
		missing ? "the Workshop has no item %" PRIu64 : "the item %" PRIu64 " is not for everybody", i->id);
}

/* The depot of an app's items: the app's record names it, or it has the app's own number. */
static enum rc depot_of(struct walk *w, uint32_t app, uint32_t *ret)
{
	const struct vdf *record = NULL;

	*ret = app;
	for (unsigned i = 0; i < w->depots_n; i++)
		if (w->depots[i].app == app) {
			*ret = w->depots[i].depot;
			return RC_OK;
		}
	enum rc rc = source_ask_app(w->s, app, &record, w->f);
	if (rc != RC_OK && rc != RC_MISSING && rc != RC_DENIED)
		return rc;
	if (rc != RC_OK) /* what is not told has nothing to say */
		w->s->task->code = NULL;
	const char *named = record ? vdf_text_at(record, "depots/workshopdepot") : NULL;
	unsigned long depot = named ? strtoul(named, NULL, 10) : 0;
	if (depot > 0 && depot <= UINT32_MAX)
		*ret = (uint32_t)depot;
	if (w->depots_n < APPS_MAX) {
		w->depots[w->depots_n].app = app;
		w->depots[w->depots_n++].depot = *ret;
	}
	return RC_OK;
}

static enum rc add_manifest(struct walk *w, const struct action_workshop_item *i, const char *id)
{
	uint32_t depot;
	enum rc rc = depot_of(w, i->app, &depot);
	if (rc != RC_OK)
		return rc;
	const struct source_part part = { .m = { .app = i->app, .depot = depot, .gid = i->manifest },
		.prefix = w->collection ? id : "",
		.item = id };
	return source_add_part(w->s, &part, w->f);
}

static enum rc add_url(struct walk *w, const struct action_workshop_item *i, const char *id)
{
	const char *name = i->filename ? i->filename : "";
	const char *slash = strrchr(name, '/'), *back = strrchr(name, '\\');

	name = slash && (!back || slash > back) ? slash + 1 : back ? back + 1 : name;
	name = *name ? name : "file";
	const struct source_url url = { .url = arena_str(&w->s->arena, i->file_url),
		.path = w->collection ? arena_fmt(&w->s->arena, "%s/%s", id, name) : arena_str(&w->s->arena, name),
		.item = id,
		.size = i->size,
		.updated_ms = i->updated_ms };
	return url.url && url.path ? source_add_url(w->s, &url, w->f) : RC_NOMEM;
}

/* An item of a collection that is gone or hidden is left out; the one that was asked for is not. */
static enum rc take_item(struct walk *w, const struct action_workshop_item *i, const char *id)
{
	const char *const *children = i->children.at;
	bool root = !strcmp(id, w->s->in->source.id), content = i->manifest || i->file_url;
	enum rc rc = RC_OK;

	if (strcmp(i->status, "ok") != 0) {
		w->skipped++;
		return root ? refuse(w, i) : RC_OK;
	}
	if (!content || (root && w->collection) || w->s->in->source.include_dependencies)
		for (size_t k = 0; k < i->children.n && rc == RC_OK; k++)
			rc = add_id(w, children[k]);
	if (rc == RC_OK && i->manifest)
		rc = add_manifest(w, i, id);
	else if (rc == RC_OK && i->file_url)
		rc = add_url(w, i, id);
	return rc;
}

static enum rc ask_some(struct walk *w, uint32_t end)
{
	struct source_steam *s = w->s;
	uint32_t n = end - w->asked < ACTION_WORKSHOP_MAX ? end - w->asked : ACTION_WORKSHOP_MAX;
	const char **ids = w->ids + w->asked;
	const struct action_workshop want = { .ids = { (void *)ids, n } };
	struct action_workshop_result got = { 0 };

	enum rc rc = workshop_details.run(s->task, &want, &got, w->f);
	const struct action_workshop_item *items = got.items.at;
	w->asked += n;
	for (uint32_t i = 0; i < n && rc == RC_OK; i++)
		rc = take_item(w, &items[i], ids[i]);
	return rc;
}

/* Level by level: what was found on one is asked for together. Each item once, so a circle ends. */
static enum rc walk_all(struct walk *w)
{
	enum rc rc = RC_OK;

	for (unsigned depth = 0; rc == RC_OK && w->asked < w->n; depth++) {
		uint32_t level = w->n;
		if (depth > DEPTH_MAX)
			return fault_set(
				w->f, RC_TOO_LARGE, "its items are nested deeper than %d levels", DEPTH_MAX);
		while (rc == RC_OK && w->asked < level)
			rc = ask_some(w, level);
	}
	if (rc == RC_OK && w->too_many && !w->s->in->source.max_items)
		return fault_set(w->f, RC_TOO_LARGE,
			"it has more than %d items: name how many are wanted, source.maxItems", ITEMS_MAX);
	return rc;
}

enum rc source_workshop_resolve(struct source_steam *s, struct fault *f)
{
	struct walk w = { .s = s, .f = f, .collection = !strcmp(s->in->source.kind, "workshop_collection") };

	if (!s->in->source.id || !*s->in->source.id)
		return fault_set(f, RC_INVALID, "source.id: name the Workshop item or collection");
	/* With its dependencies an item has a folder for each, as a collection has. */
	w.collection = w.collection || s->in->source.include_dependencies;
	w.most = (s->in->source.max_items ? s->in->source.max_items : ITEMS_MAX) + 1;
	w.ids = arena_take(&s->arena, (size_t)w.most * sizeof(*w.ids));
	s->line = arena_fmt(&s->arena, "steam item %s", s->in->source.id);
	enum rc rc = w.ids && s->line ? add_id(&w, s->in->source.id) : RC_NOMEM;
	if (rc == RC_OK)
		rc = walk_all(&w);
	map_done(&w.seen);
	if (rc == RC_OK && s->parts_n + s->urls_n == 0) {
		s->task->code = "not_found";
		rc = fault_set(f, RC_MISSING,
			"there is nothing in it that can be fetched (%u items are gone or hidden)", w.skipped);
	}
	return rc;
}
