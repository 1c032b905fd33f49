/* Inventories, one's own and others'. Source: steam-protocol facts 6.2. */
#include "sim/people.h"
#include "sim/web/econ_json.h"
#include "sim/web/pages.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_FIRST   75
#define COUNT_GOOD    2000 /* a larger count is held against the asker */
#define PUNISHED_FREE 4    /* so many times nothing happens */
#define PARTNER_PAGE  2500

/* One item as it is shown, now or then. */
struct shown {
	uint64_t assetid;
	const struct econ_class *class;
	uint32_t amount;
};

struct shelf {
	struct shown *at;
	size_t n, room;
};

static void show(struct shelf *s, uint64_t assetid, const struct econ_class *c, uint32_t amount)
{
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 256;
		struct shown *at = realloc(s->at, room * sizeof(*at));
		if (!at)
			return;
		s->at = at;
		s->room = room;
	}
	s->at[s->n++] = (struct shown){ .assetid = assetid, .class = c, .amount = amount };
}

static int newest_first(const void *a, const void *b)
{
	uint64_t x = ((const struct shown *)a)->assetid, y = ((const struct shown *)b)->assetid;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* What somebody has in an app's context; with stale_inventory, what it was then. */
static void fill(struct ask *q, const struct econ_bag *b, uint32_t app, uint32_t context, struct shelf *to)
{
	int64_t then = q->effect.stale_s ? q->now - q->effect.stale_s : INT64_MAX;

	list_each (at, after, &b->items) {
		const struct econ_item *i = list_of(at, struct econ_item, node);
		if (i->class->app == app && econ_context(i, q->now) == context && i->since <= then && !i->held_by)
			show(to, i->assetid, i->class, i->amount);
	}
	list_each (at, after, &b->past) {
		const struct econ_past *i = list_of(at, struct econ_past, node);
		if (q->effect.stale_s && i->class->app == app && i->class->context == context && i->since <= then &&
			i->until > then)
			show(to, i->assetid, i->class, i->amount);
	}
	if (to->n)
		qsort(to->at, to->n, sizeof(*to->at), newest_first);
}

static void put_page(struct ask *q, struct answer *a, const struct shelf *s, uint64_t count, uint64_t start)
{
	struct econ_json_classes classes = { .arena = &q->arena };
	size_t from = 0, told = 0;
	struct buf *to = &a->body;

	while (from < s->n && start && s->at[from].assetid >= start)
		from++;
	buf_str(to, "{\"assets\":[");
	for (size_t i = from; i < s->n && told < count; i++, told++) {
		const struct shown *x = &s->at[i];
		buf_fmt(to,
			"%s{\"appid\":%u,\"contextid\":\"%s\",\"assetid\":\"%" PRIu64 "\",\"classid\":\"%" PRIu64
			"\",\"instanceid\":\"%" PRIu64 "\",\"amount\":\"%u\"}",
			told ? "," : "", x->class->app, q->part[2], x->assetid, x->class->classid,
			x->class->instanceid, x->amount);
		econ_json_describe(&classes, x->class);
	}
	buf_str(to, "],\"descriptions\":");
	econ_json_classes(to, &classes);
	if (from + told < s->n)
		buf_fmt(to, ",\"more_items\":1,\"last_assetid\":\"%" PRIu64 "\"", s->at[from + told - 1].assetid);
	buf_fmt(to, ",\"asset_properties\":[],\"total_inventory_count\":%zu,\"success\":1,\"rwgrsn\":-2}", s->n);
}

static bool is_hidden(const struct ask *q, const struct person *p)
{
	const struct econ_bag *b = p->items;
	bool closed = p->inventory_private || (b && b->privacy[0] == 1),
	     friends = b && (b->privacy[0] == 2 || b->privacy[1] == 2);

	if (q->effect.inventory_private)
		return true;
	if (p == q->who)
		return false;
	return closed || (friends && !(q->who && people_are_friends(p, q->who)));
}

/* True: the count was too large too often, and the asker is shut out. */
static bool is_punished(struct ask *q, uint64_t count)
{
	struct econ_counts *c = &q->sim->econ->counts;

	c->inventories++;
	if (count <= COUNT_GOOD)
		return false;
	return ++c->punished > PUNISHED_FREE;
}

void inventory_page(struct ask *q, struct answer *a)
{
	uint64_t id = 0, app = 0, context = 0, count = COUNT_FIRST, start = 0;
	struct shelf s = { 0 };
	bool good = ask_number(q->part[0], &id) && ask_number(q->part[1], &app) &&
		    ask_number(q->part[2], &context) && app <= UINT32_MAX && context <= UINT32_MAX;
	struct person *p = good ? people_by_id(&q->sim->people, id) : NULL;

	ask_number(ask_query(q, "count"), &count);
	ask_number(ask_query(q, "start_assetid"), &start);
	answer_json(a, 200);
	offer_tick(q->sim->econ, q->now);
	if (is_punished(q, count)) {
		a->status = 429;
		buf_str(&a->body, "null");
	} else if (!p || count == 0) {
		a->status = 500;
		buf_str(&a->body, "{\"error\":\"EYldRefreshAppIfNecessary failed with EResult 55\"}");
	} else if (is_hidden(q, p)) {
		a->status = 403;
		buf_str(&a->body, "null");
	} else if (q->effect.eresult) {
		a->status = 500;
		buf_fmt(&a->body, "{\"error\":\"The inventory cannot be shown (%d)\"}", q->effect.eresult);
	} else {
		if (econ_bag(q->sim->econ, p))
			fill(q, p->items, (uint32_t)app, (uint32_t)context, &s);
		if (s.n)
			put_page(q, a, &s, count < COUNT_GOOD ? count : COUNT_GOOD, start);
		else
			buf_str(&a->body, "{\"total_inventory_count\":0,\"success\":1,\"rwgrsn\":-2}");
	}
	free(s.at);
}

void inventory_home(struct ask *q, struct answer *a)
{
	(void)q;
	answer_html(a, 200);
	buf_str(&a->body, "<html><head><title>Steam Community :: Inventory</title></head><body></body></html>");
}

static void put_partner_page(struct ask *q, struct answer *a, const struct shelf *s, uint64_t start)
{
	struct econ_json_classes classes = { .arena = &q->arena };
	struct buf *to = &a->body;
	size_t end = start + PARTNER_PAGE < s->n ? start + PARTNER_PAGE : s->n;

	buf_str(to, "{\"success\":true,\"rgInventory\":{");
	for (size_t i = start; i < end; i++) {
		const struct shown *x = &s->at[i];
		buf_fmt(to,
			"%s\"%" PRIu64 "\":{\"id\":\"%" PRIu64 "\",\"classid\":\"%" PRIu64
			"\",\"instanceid\":\"%" PRIu64 "\",\"amount\":\"%u\",\"pos\":%zu}",
			i > start ? "," : "", x->assetid, x->assetid, x->class->classid, x->class->instanceid,
			x->amount, i + 1);
		econ_json_describe(&classes, x->class);
	}
	buf_str(to, "},\"rgCurrency\":[],\"rgDescriptions\":{");
	for (size_t i = 0; i < classes.n; i++) {
		buf_fmt(to, "%s\"%s\":", i ? "," : "", classes.at[i]->key);
		econ_json_class(to, classes.at[i]);
	}
	map_done(&classes.seen);
	if (end < s->n)
		buf_fmt(to, "},\"more\":true,\"more_start\":%zu}", end);
	else
		buf_str(to, "},\"more\":false,\"more_start\":false}");
}

void inventory_of_partner(struct ask *q, struct answer *a)
{
	uint64_t id = 0, app = 0, context = 0, start = 0;
	struct shelf s = { 0 };
	bool good = ask_number(ask_query(q, "partner"), &id) && ask_number(ask_query(q, "appid"), &app) &&
		    ask_number(ask_query(q, "contextid"), &context) &&
		    !strcmp(ask_query(q, "sessionid"), q->sessionid);
	struct person *p = good ? people_by_id(&q->sim->people, id) : NULL;

	ask_number(ask_query(q, "start"), &start);
	offer_tick(q->sim->econ, q->now);
	answer_json(a, p ? 200 : 400);
	if (!p || is_hidden(q, p) || !strstr(q->referer, "/tradeoffer/") || !econ_bag(q->sim->econ, p)) {
		buf_str(&a->body, "{\"success\":false}");
		return;
	}
	fill(q, p->items, (uint32_t)app, (uint32_t)context, &s);
	if (start > s.n)
		start = s.n;
	put_partner_page(q, a, &s, start);
	free(s.at);
}
