/* inventory.read: all pages of an inventory, one every few seconds. Items whose sender can still take them back are in a context of
 * their own. */
#include "agent/actions/ask.h"
#include "agent/sessions_self.h"
#include "agent/web.h"
#include "model/action_trade.h"
#include "wire/steam/web_inventory.h"
#include "wire/steam/web_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const struct action_run inventory_read;

#define PAGES_MAX         50 /* of one task */
#define PROTECTED_APP     730
#define PROTECTED_CONTEXT "16"

struct reading {
	struct action_task *t;
	const struct action_inventory *want;
	uint64_t owner;
	unsigned pages;
	struct action_item *items;
	size_t n, room;
	uint32_t total;
	uint64_t digest; /* FNV-1a of what each item is and how many */
};

static void digest(struct reading *r, const struct web_item *i)
{
	char text[96];
	int n = snprintf(text, sizeof(text), "%u/%s/%s/%u", i->app, i->context, i->asset, i->amount);

	for (int k = 0; k < n && k < (int)sizeof(text) - 1; k++)
		r->digest = (r->digest ^ (uint8_t)text[k]) * 0x100000001b3u;
}

static enum rc keep(struct reading *r, const struct web_inventory *page)
{
	if (r->n + page->items_n > r->room) {
		size_t room = (r->n + page->items_n) * 2;
		struct action_item *more = arena_take(r->t->arena, room * sizeof(*more));
		if (!more)
			return RC_TOO_LARGE;
		if (r->n)
			memcpy(more, r->items, r->n * sizeof(*more));
		r->items = more;
		r->room = room;
	}
	for (size_t k = 0; k < page->items_n; k++) {
		const struct web_item *i = &page->items[k];
		digest(r, i);
		if (r->want->tradable_only && !i->tradable)
			continue;
		r->items[r->n++] = (struct action_item){ .asset = { i->app, i->context, i->asset, i->amount },
			.class_id = i->class,
			.instance_id = i->instance,
			.name = i->name,
			.market_hash_name = i->market_name,
			.tradable = i->tradable,
			.marketable = i->marketable,
			.tradable_after_ms = i->tradable_after_ms,
			.protected_until_ms = i->protected_until_ms,
			.attributes = i->properties };
	}
	return RC_OK;
}

static enum rc refusal(struct action_task *t, const struct agent_web_answer *a, struct fault *f)
{
	const char *why = web_page_error(a->body, a->body_n, t->arena);

	if (a->status == 403) {
		t->code = "inventory_private";
		return fault_set(f, RC_DENIED, "the inventory is private");
	}
	t->eresult = why ? web_page_code(why) : 0;
	return fault_set(f, RC_AWAY, "Steam does not give the inventory: %d %.120s", a->status, why ? why : "");
}

static enum rc read_page(
	struct reading *r, const char *context, const char *after, struct web_inventory *ret, struct fault *f)
{
	char path[96], referer[64], count[16];
	struct agent_web_answer a;
	struct agent_web_ask ask = { .method = "GET",
		.site = WEB_COMMUNITY,
		.path = path,
		.query = (struct agent_web_pair[]){ { "l", "english" }, { "count", count },
			{ "start_assetid", after }, { 0 } },
		.referer = referer,
		.repeat = true,
		.lanes = (enum lane[]){ LANE_COMMUNITY_INVENTORY },
		.lanes_n = 1,
		.pause_on_429 = LANE_COMMUNITY_INVENTORY,
		.body_max = 32u << 20 };

	snprintf(path, sizeof(path), "/inventory/%" PRIu64 "/%u/%s", r->owner, r->want->app_id, context);
	snprintf(referer, sizeof(referer), "/profiles/%" PRIu64 "/inventory", r->owner);
	snprintf(count, sizeof(count), "%d", WEB_INVENTORY_PAGE);
	enum rc rc = agent_web(r->t, &ask, &a, f);
	if (rc != RC_OK)
		return rc;
	if (a.status != 200)
		return refusal(r->t, &a, f);
	return web_inventory_read(a.body, a.body_n, r->t->arena, ret, f);
}

static enum rc read_context(struct reading *r, const char *context, struct fault *f)
{
	struct web_inventory page = { 0 };
	const char *after = NULL;

	do {
		if (r->pages++ == PAGES_MAX)
			return fault_set(f, RC_TOO_LARGE, "the inventory has over %d pages", PAGES_MAX);
		enum rc rc = read_page(r, context, after, &page, f);
		if (rc == RC_OK)
			rc = keep(r, &page);
		if (rc != RC_OK)
			return rc;
		if (!after)
			r->total += page.total;
		if (page.more && after && !strcmp(page.more, after))
			return fault_set(
				f, RC_MALFORMED, "Steam gives the same page of the inventory again and again");
		after = page.more;
	} while (after);
	return RC_OK;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_inventory *want = in;
	struct action_inventory_result *to = out;
	struct reading r = { .t = t, .want = want, .owner = want->steam_id, .digest = 0xcbf29ce484222325u };
	struct sessions_self self = { 0 };

	enum rc rc = r.owner ? RC_OK : ask_self(t, &self, f);
	if (!r.owner)
		r.owner = self.steamid;
	if (rc == RC_OK)
		rc = read_context(&r, want->context_id, f);
	if (rc == RC_OK && want->include_protected && want->app_id == PROTECTED_APP &&
		!strcmp(want->context_id, "2"))
		rc = read_context(&r, PROTECTED_CONTEXT, f);
	if (rc != RC_OK)
		return rc;
	to->total = r.total;
	to->revision = arena_fmt(t->arena, "%016" PRIx64, r.digest);
	to->items = (struct field_list){ r.items, r.n };
	return to->revision ? RC_OK : RC_NOMEM;
}

const struct action_run inventory_read = { .name = "inventory.read", .run = run };
