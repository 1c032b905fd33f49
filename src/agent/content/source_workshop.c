#include "agent/content/source_steam.h"

#include "base/map.h"
#include "model/action_download.h"
#include "model/action_pics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ITEMS_MAX 500 /* of a collection, when no limit is named */

extern const struct action_run workshop_details;

/* What is asked for next: items that were named and not looked at yet. */
struct walk {
	struct source_steam *s;
	struct map seen;
	const char **ids;
	uint32_t n, asked, most, skipped;
	bool collection;
	struct fault *f;
};

static enum rc add_id(struct walk *w, const char *id)
{
	if (w->n == w->most)
		return RC_OK;
	char *own = map_get(&w->seen, id) ? NULL : arena_str(&w->s->arena, id);
	if (!own)
		return map_get(&w->seen, id) ? RC_OK : RC_NOMEM;
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

static enum rc add_manifest(struct walk *w, const struct action_workshop_item *i, const char *id)
{
	const struct source_part part = { .m = { .app = i->app, .depot = i->app, .gid = i->manifest },
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

static enum rc ask_some(struct walk *w)
{
	struct source_steam *s = w->s;
	uint32_t n = w->n - w->asked < ACTION_WORKSHOP_MAX ? w->n - w->asked : ACTION_WORKSHOP_MAX;
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
	while (rc == RC_OK && w.asked < w.n)
		rc = ask_some(&w);
	map_done(&w.seen);
	if (rc == RC_OK && s->parts_n + s->urls_n == 0) {
		s->task->code = "not_found";
		rc = fault_set(f, RC_MISSING,
			"there is nothing in it that can be fetched (%u items are gone or hidden)", w.skipped);
	}
	return rc;
}
