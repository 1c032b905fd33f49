/* The source epic.catalog_http: an item of Epic's catalog at a time: metadata, no builds. */
#include "agent/actions/titles/shop_poll.h"
#include "agent/agent_conf.h"
#include "agent/epic_ref.h"
#include "wire/epic_answers.h"

#include <string.h>

extern const struct titles_source titles_epic_catalog;

#define REFS_MAX 500

static const char *address(struct titles_poll *p, size_t at, const char *variant)
{
	struct epic_ref r;

	(void)variant;
	if (!epic_ref_read(p->refs[at], p->task->arena, &r))
		return NULL;
	return arena_fmt(p->task->arena,
		"%s/catalog/api/shared/namespace/%s/bulk/"
		"items?id=%s&includeDLCDetails=false&includeMainGameDetails=false&"
		"country=US&locale=en",
		p->task->shops->epic_catalog_url, r.space, r.item);
}

static enum rc understand(
	struct titles_poll *p, size_t at, const struct http_answer *a, struct action_title *to, struct fault *f)
{
	struct arena *arena = p->task->arena;
	struct action_title_section *s = arena_take(arena, sizeof(*s));
	struct epic_ref r;
	struct epic_item item;

	if (a->status == 404)
		return RC_MISSING;
	if (!s || !epic_ref_read(p->refs[at], arena, &r))
		return RC_NOMEM;
	enum rc rc = epic_answers_item(a->body.p, a->body.n, r.item, arena, &item, f);
	if (rc != RC_OK)
		return rc;
	*s = (struct action_title_section){ "common", item.sha1 };
	to->name = item.title;
	to->kind = item.kind;
	to->visibility = item.status;
	to->updated_ms = item.modified_ms;
	to->sections = (struct field_list){ s, 1 };
	return RC_OK;
}

static enum rc run(struct titles_poll *p, struct fault *f)
{
	const struct shop_poll how = { .token = &p->task->shops->epic_token,
		.login = p->task->shops->epic,
		.lane = LANE_EPIC,
		.variants = { "" },
		.variants_n = 1,
		.address = address,
		.read = understand };
	return shop_poll_run(p, &how, f);
}

const struct titles_source titles_epic_catalog = {
	.name = "epic.catalog_http", .run = run, .refs_max = REFS_MAX, .refs_max_metadata = REFS_MAX
};
