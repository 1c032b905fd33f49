#include "sim/web/econ_controls.h"

#include "sim/econ/offer.h"
#include "sim/people.h"
#include "sim/web/api_key.h"
#include "wire/json.h"

#include <inttypes.h>
#include <string.h>

const char econ_controls_help[] =
	"  GET    /sim/econ                  what happened: offers, trades, confirmations (JSON)\n"
	"  GET    /sim/econ/items?owner=NAME      everything that an account holds\n"
	"  GET    /sim/econ/offers?of=NAME        its offers, sent and received; without a name all\n"
	"  GET    /sim/econ/trades                all trades\n"
	"  GET    /sim/econ/keys?of=NAME          the account's Web API key and trade URL token\n"
	"  POST   /sim/econ/items?owner=NAME&name=TEXT[&app=440][&context=2][&count=1]   makes items\n"
	"  POST   /sim/econ/offer?from=NAME&to=NAME[&give=ID,ID][&take=ID,ID][&message=TEXT]   an offer to a "
	"friend\n"
	"  POST   /sim/econ/do?what=mail|undo|drop&id=ID   confirms an offer by mail; undoes a trade; takes an "
	"item away\n"
	"  POST   /sim/econ/do?what=accept|decline|cancel&id=ID   what its partner or its sender does with an "
	"offer\n";

static struct person *of(struct ask *q, const char *name)
{
	return people_named(&q->sim->people, ask_query(q, name));
}

static void fail(struct answer *a, int status, const char *why)
{
	a->status = status;
	a->type = "text/plain; charset=utf-8";
	buf_fmt(&a->body, "%s\n", why);
}

static void show_counts(struct ask *q, struct answer *a)
{
	const struct econ *e = q->sim->econ;
	const struct econ_counts *c = &e->counts;

	answer_json(a, 200);
	buf_fmt(&a->body,
		"{\"items\":%zu,\"offers\":%" PRIu64 ",\"sends\":%" PRIu64 ",\"made\":%" PRIu64
		",\"accepts\":%" PRIu64 ",\"declines\":%" PRIu64 ",\"cancels\":%" PRIu64 ",\"countered\":%" PRIu64
		",\"expired\":%" PRIu64 ",\"trades\":%" PRIu64 ",\"rolled_back\":%" PRIu64 ",",
		map_count(&e->by_asset), e->offers_n, c->sends, c->offers_made, c->accepts, c->declines, c->cancels,
		c->countered, c->expired, c->trades, c->rolled_back);
	buf_fmt(&a->body,
		"\"confirmations\":{\"made\":%" PRIu64 ",\"allowed\":%" PRIu64 ",\"refused\":%" PRIu64
		",\"bad_keys\":%" PRIu64 ",\"repeated_keys\":%" PRIu64 "},\"inventories\":%" PRIu64
		",\"punished\":%" PRIu64 "}\n",
		c->confirmations_made, c->allowed, c->refused, c->bad_keys, c->repeated_keys, c->inventories,
		c->punished);
}

static void show_items(struct ask *q, struct answer *a)
{
	struct person *p = of(q, "owner");
	const struct econ_bag *b = p ? econ_bag(q->sim->econ, p) : NULL;
	bool first = true;

	if (!b) {
		fail(a, 404, "there is no such account: owner=NAME");
		return;
	}
	answer_json(a, 200);
	buf_str(&a->body, "[");
	for (const struct list *at = b->items.next; at != &b->items; at = at->next) {
		const struct econ_item *i = list_of(at, struct econ_item, node);
		buf_fmt(&a->body,
			"%s{\"assetid\":\"%" PRIu64
			"\",\"appid\":%u,\"contextid\":\"%u\",\"amount\":%u,\"held_by\":\"%" PRIu64
			"\",\"protected_until\":%" PRId64 ",\"name\":",
			first ? "" : ",", i->assetid, i->class->app, econ_context(i, q->now), i->amount, i->held_by,
			i->protected_until);
		json_put_str(&a->body, i->class->name);
		buf_str(&a->body, "}");
		first = false;
	}
	buf_str(&a->body, "]\n");
}

static void show_offers(struct ask *q, struct answer *a)
{
	const struct person *p = of(q, "of");
	bool first = true;

	answer_json(a, 200);
	buf_str(&a->body, "[");
	list_each (at, after, &q->sim->econ->all_offers) {
		const struct offer *o = list_of(at, struct offer, node);
		if (p && o->from != p->steamid && o->to != p->steamid)
			continue;
		buf_fmt(&a->body,
			"%s{\"id\":\"%" PRIu64 "\",\"from\":\"%" PRIu64 "\",\"to\":\"%" PRIu64
			"\",\"state\":%d,\"give\":%zu,\"take\":%zu,\"tradeid\":\"%" PRIu64 "\",\"created\":%" PRId64
			",\"message\":",
			first ? "" : ",", o->id, o->from, o->to, o->state, o->give_n, o->take_n, o->tradeid,
			o->created);
		json_put_str(&a->body, o->message);
		buf_str(&a->body, ",\"gives\":[");
		for (size_t k = 0; k < o->give_n + o->take_n; k++)
			buf_fmt(&a->body, "%s\"%" PRIu64 "\"",
				k == 0           ? ""
				: k == o->give_n ? "],\"takes\":["
						 : ",",
				o->items[k].assetid);
		buf_str(&a->body, o->take_n && o->give_n ? "]}" : "],\"takes\":[]}");
		first = false;
	}
	buf_str(&a->body, "]\n");
}

static void show_trades(struct ask *q, struct answer *a)
{
	bool first = true;

	answer_json(a, 200);
	buf_str(&a->body, "[");
	list_each (at, after, &q->sim->econ->all_trades) {
		const struct trade *t = list_of(at, struct trade, node);
		buf_fmt(&a->body,
			"%s{\"id\":\"%" PRIu64 "\",\"offer\":\"%" PRIu64 "\",\"status\":%d,\"escrow_end\":%" PRId64
			",\"items\":[",
			first ? "" : ",", t->id, t->offer, t->status, t->escrow_end);
		for (size_t k = 0; k < t->n; k++)
			buf_fmt(&a->body,
				"%s{\"assetid\":\"%" PRIu64 "\",\"new\":\"%" PRIu64 "\",\"rollback\":\"%" PRIu64
				"\"}",
				k ? "," : "", t->items[k].assetid, t->items[k].new_assetid,
				t->items[k].rollback_assetid);
		buf_str(&a->body, "]}");
		first = false;
	}
	buf_str(&a->body, "]\n");
}

static void show_keys(struct ask *q, struct answer *a)
{
	const struct person *p = of(q, "of");
	char key[API_KEY_TEXT];

	if (!p) {
		fail(a, 404, "there is no such account: of=NAME");
		return;
	}
	api_key_of(p, key);
	answer_json(a, 200);
	buf_fmt(&a->body, "{\"steamid\":\"%" PRIu64 "\",\"key\":\"%s\",\"trade_token\":\"%s\"}\n", p->steamid, key,
		p->trade_token);
}

static uint64_t number_or(const struct ask *q, const char *name, uint64_t other)
{
	uint64_t v;
	return ask_number(ask_query(q, name), &v) ? v : other;
}

static void make_items(struct ask *q, struct answer *a)
{
	struct person *p = of(q, "owner");
	uint64_t app = number_or(q, "app", 440), context = number_or(q, "context", 2), n = number_or(q, "count", 1);
	struct econ *e = q->sim->econ;

	if (!p || !*ask_query(q, "name") || app > UINT32_MAX || context > UINT32_MAX || n > ECON_ITEMS_MAX) {
		fail(a, 422, "write owner=NAME&name=TEXT, and numbers in range");
		return;
	}
	const struct econ_class *c = econ_class_named(e, (uint32_t)app, (uint32_t)context, ask_query(q, "name"));
	answer_json(a, 200);
	buf_str(&a->body, "[");
	for (uint64_t i = 0; c && i < n; i++) {
		const struct econ_item *made = econ_give(e, p, c, 1, q->now, 0);
		if (!made)
			break;
		buf_fmt(&a->body, "%s\"%" PRIu64 "\"", i ? "," : "", made->assetid);
	}
	buf_str(&a->body, "]\n");
}

/* The items of one side: their ids, parted by commas. False: one does not exist, or there are too many. */
static bool read_ids(struct ask *q, const char *name, struct offer_asset *to, size_t *ret_n)
{
	const char *at = ask_query(q, name);

	for (*ret_n = 0; *at && *ret_n < OFFER_ITEMS_MAX; at += *at == ',') {
		char *end;
		const struct econ_item *i = econ_item(q->sim->econ, strtoull(at, &end, 10));
		if (!i || end == at)
			return false;
		to[(*ret_n)++] = (struct offer_asset){ i->class->app, i->class->context, i->amount, i->assetid };
		at = end;
	}
	return !*at;
}

static void make_offer(struct ask *q, struct answer *a)
{
	struct offer_asset give[OFFER_ITEMS_MAX], take[OFFER_ITEMS_MAX];
	struct offer_wish w = { .from = of(q, "from"),
		.to = of(q, "to"),
		.token = "",
		.message = ask_query(q, "message"),
		.give = give,
		.take = take };
	struct offer_bend bend = { 0 };
	struct offer_refusal no = { 0 };

	if (!w.from || !w.to || !read_ids(q, "give", give, &w.give_n) || !read_ids(q, "take", take, &w.take_n)) {
		fail(a, 422, "write from=NAME&to=NAME, and give= and take= with ids of items");
		return;
	}
	const struct offer *o = offer_send(q->sim->econ, &w, &bend, q->now, &no);
	if (!o) {
		fail(a, 422, no.text);
		return;
	}
	answer_json(a, 200);
	buf_fmt(&a->body, "{\"id\":\"%" PRIu64 "\"}\n", o->id);
}

/* What is done with an offer by its sender (cancel) or its partner. */
static bool answer_offer(struct ask *q, struct offer *o, const char *what)
{
	struct econ *e = q->sim->econ;
	struct person *from = people_by_id(&q->sim->people, o->from), *to = people_by_id(&q->sim->people, o->to);
	struct offer_bend bend = { 0 };
	struct offer_refusal no;

	if (!strcmp(what, "accept"))
		return offer_accept(e, o, to, &bend, q->now, &no);
	if (!strcmp(what, "cancel"))
		return offer_end(e, o, from, true, q->now, &no);
	return !strcmp(what, "decline") && offer_end(e, o, to, false, q->now, &no);
}

static void act(struct ask *q, struct answer *a)
{
	const char *what = ask_query(q, "what");
	uint64_t id = number_or(q, "id", 0);
	struct econ *e = q->sim->econ;
	struct offer *o = offer_by_id(e, id);
	struct trade *t = trade_by_id(e, id);
	struct econ_item *i = econ_item(e, id);
	bool good = o && (strcmp(what, "mail") ? answer_offer(q, o, what) : offer_mailed(e, o, q->now));

	if (!strcmp(what, "undo") && t) {
		good = t->status == TRADE_COMPLETE || t->status == TRADE_IN_ESCROW;
		trade_undo(e, t, q->now);
	}
	if (!strcmp(what, "drop") && i) {
		econ_remove(e, i, q->now);
		good = true;
	}
	if (good)
		answer_json(a, 200);
	else
		fail(a, 422, "there is no such thing, or it cannot be done: what=WHAT&id=ID");
}

static const struct {
	const char *method, *path;
	void (*run)(struct ask *q, struct answer *a);
} controls[] = {
	{ "GET", "/sim/econ", show_counts },
	{ "GET", "/sim/econ/items", show_items },
	{ "GET", "/sim/econ/offers", show_offers },
	{ "GET", "/sim/econ/trades", show_trades },
	{ "GET", "/sim/econ/keys", show_keys },
	{ "POST", "/sim/econ/items", make_items },
	{ "POST", "/sim/econ/offer", make_offer },
	{ "POST", "/sim/econ/do", act },
};

bool econ_controls_answer(struct ask *q, struct answer *a)
{
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		if (!strcmp(q->method, controls[i].method) && !strcmp(q->path, controls[i].path)) {
			offer_tick(q->sim->econ, q->now);
			controls[i].run(q, a);
			return true;
		}
	return false;
}
