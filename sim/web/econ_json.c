#include "sim/web/econ_json.h"

#include "wire/json.h"

#include <inttypes.h>
#include <string.h>

void econ_json_describe(struct econ_json_classes *s, const struct econ_class *c)
{
	if (s->n == ECON_JSON_CLASSES_MAX || map_get(&s->seen, c->key))
		return;
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		const struct econ_class **at = arena_take(s->arena, room * sizeof(struct econ_class *));
		if (!at)
			return;
		if (s->n)
			memcpy(at, s->at, s->n * sizeof(struct econ_class *));
		s->at = at;
		s->room = room;
	}
	if (map_put(&s->seen, c->key, (void *)c) == RC_OK)
		s->at[s->n++] = c;
}

void econ_json_class(struct buf *to, const struct econ_class *c)
{
	buf_fmt(to,
		"{\"appid\":%u,\"classid\":\"%" PRIu64 "\",\"instanceid\":\"%" PRIu64
		"\",\"currency\":0,\"background_color\":\"\",\"icon_url\":\"sim/%" PRIu64 "\",\"tradable\":%d,"
		"\"marketable\":%d,\"commodity\":%d,\"market_tradable_restriction\":7,\"market_marketable_"
		"restriction\":0,"
		"\"descriptions\":[{\"value\":\" \"}],\"name\":",
		c->app, c->classid, c->instanceid, c->classid, c->tradable, c->marketable, c->commodity);
	json_put_str(to, c->name);
	buf_str(to, ",\"market_name\":");
	json_put_str(to, c->market_name);
	buf_str(to, ",\"market_hash_name\":");
	json_put_str(to, c->market_name);
	buf_str(to, ",\"type\":");
	json_put_str(to, c->type);
	buf_str(to, ",\"tags\":[");
	for (unsigned i = 0; i < c->tags_n; i++) {
		const struct econ_tag *t = &c->tags[i];
		buf_str(to, i ? ",{\"category\":" : "{\"category\":");
		json_put_str(to, t->category);
		buf_str(to, ",\"internal_name\":");
		json_put_str(to, t->value);
		buf_str(to, ",\"localized_category_name\":");
		json_put_str(to, t->category);
		buf_str(to, ",\"localized_tag_name\":");
		json_put_str(to, t->value);
		buf_str(to, "}");
	}
	buf_str(to, "]}");
}

void econ_json_classes(struct buf *to, struct econ_json_classes *s)
{
	for (size_t i = 0; i < s->n; i++) {
		buf_str(to, i ? "," : "[");
		econ_json_class(to, s->at[i]);
	}
	buf_str(to, s->n ? "]" : "[]");
	map_done(&s->seen);
	s->n = 0;
}

static void put_items(
	struct buf *to, const struct econ *e, const struct offer *o, bool of_sender, struct econ_json_classes *s)
{
	size_t from = of_sender ? 0 : o->give_n, n = of_sender ? o->give_n : o->take_n;

	buf_str(to, "[");
	for (size_t k = from; k < from + n; k++) {
		const struct offer_item *i = &o->items[k];
		const struct econ_item *now = econ_item(e, i->assetid);
		bool missing = !now || now->owner != (of_sender ? o->from : o->to);
		buf_fmt(to,
			"%s{\"appid\":%u,\"contextid\":\"%u\",\"assetid\":\"%" PRIu64 "\",\"classid\":\"%" PRIu64
			"\",\"instanceid\":\"%" PRIu64 "\",\"amount\":\"%u\",\"missing\":%s,\"est_usd\":\"0\"}",
			k > from ? "," : "", i->class->app, i->context, i->assetid, i->class->classid,
			i->class->instanceid, i->amount, missing ? "true" : "false");
		if (s)
			econ_json_describe(s, i->class);
	}
	buf_str(to, "]");
}

/* The method is told to those who have to confirm. */
static int method_for(const struct offer *o, bool ours)
{
	return ours == (o->state == OFFER_NEEDS_CONFIRMATION) ? (int)o->method : 0;
}

void econ_json_offer(struct buf *to, const struct econ *e, const struct offer *o, uint64_t viewer, bool glitched,
	struct econ_json_classes *s)
{
	bool ours = o->from == viewer;
	size_t give = ours ? o->give_n : o->take_n, receive = ours ? o->take_n : o->give_n;

	buf_fmt(to, "{\"tradeofferid\":\"%" PRIu64 "\",\"accountid_other\":%u,\"message\":", o->id,
		(uint32_t)(ours ? o->to : o->from));
	json_put_str(to, o->message);
	buf_fmt(to, ",\"expiration_time\":%" PRId64 ",\"trade_offer_state\":%d,", o->expires, o->state);
	if (give && !glitched && !o->glitched) {
		buf_str(to, "\"items_to_give\":");
		put_items(to, e, o, ours, s);
		buf_str(to, ",");
	}
	if (receive && !glitched && !o->glitched) {
		buf_str(to, "\"items_to_receive\":");
		put_items(to, e, o, !ours, s);
		buf_str(to, ",");
	}
	if (o->tradeid)
		buf_fmt(to, "\"tradeid\":\"%" PRIu64 "\",", o->tradeid);
	buf_fmt(to,
		"\"is_our_offer\":%s,\"time_created\":%" PRId64 ",\"time_updated\":%" PRId64
		",\"from_real_time_trade\":false,\"escrow_end_date\":%" PRId64
		",\"confirmation_method\":%d,\"eresult\":1}",
		ours ? "true" : "false", o->created, o->updated, o->escrow_end, method_for(o, ours));
}

static void put_trade_items(struct buf *to, const struct trade *t, bool by_sender, struct econ_json_classes *s)
{
	bool first = true;

	buf_str(to, "[");
	for (size_t k = 0; k < t->n; k++) {
		const struct trade_item *i = &t->items[k];
		if (i->by_sender != by_sender)
			continue;
		buf_fmt(to,
			"%s{\"appid\":%u,\"contextid\":\"%u\",\"assetid\":\"%" PRIu64
			"\",\"amount\":\"%u\",\"classid\":\"%" PRIu64 "\",\"instanceid\":\"%" PRIu64 "\"",
			first ? "" : ",", i->class->app, i->context, i->assetid, i->amount, i->class->classid,
			i->class->instanceid);
		if (i->new_assetid)
			buf_fmt(to, ",\"new_assetid\":\"%" PRIu64 "\",\"new_contextid\":\"%u\"", i->new_assetid,
				i->new_context);
		if (i->rollback_assetid)
			buf_fmt(to, ",\"rollback_new_assetid\":\"%" PRIu64 "\",\"rollback_new_contextid\":\"%u\"",
				i->rollback_assetid, i->class->context);
		buf_str(to, "}");
		first = false;
		if (s)
			econ_json_describe(s, i->class);
	}
	buf_str(to, "]");
}

void econ_json_trade(struct buf *to, const struct trade *t, uint64_t viewer, struct econ_json_classes *s)
{
	bool sent = t->from == viewer, gives = false, receives = false;

	for (size_t k = 0; k < t->n; k++)
		*(t->items[k].by_sender == sent ? &gives : &receives) = true;
	buf_fmt(to,
		"{\"tradeid\":\"%" PRIu64 "\",\"steamid_other\":\"%" PRIu64 "\",\"time_init\":%" PRId64
		",\"status\":%d",
		t->id, sent ? t->to : t->from, t->time, t->status);
	if (t->escrow_end)
		buf_fmt(to, ",\"time_escrow_end\":%" PRId64, t->escrow_end);
	if (receives) {
		buf_str(to, ",\"assets_received\":");
		put_trade_items(to, t, !sent, s);
	}
	if (gives) {
		buf_str(to, ",\"assets_given\":");
		put_trade_items(to, t, sent, s);
	}
	buf_str(to, "}");
}
