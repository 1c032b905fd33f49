/* IEconService and ISteamEconomy. Source: steam-protocol facts 6.4. */
#include "sim/people.h"
#include "sim/web/econ_json.h"
#include "sim/web/pages.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OFFERS_PAGE    500 /* offers of one answer; more wait behind the cursor */
#define TRADES_PAGE    500
#define CLASSES_OF_ASK 100
#define DAY_S          86400

static bool yes(const struct ask *q, const char *name)
{
	const char *v = ask_either(q, name);
	return !strcmp(v, "1") || !strcmp(v, "true");
}

static uint64_t number_or(const struct ask *q, const char *name, uint64_t other)
{
	uint64_t v;
	return ask_number(ask_either(q, name), &v) ? v : other;
}

static void begin(struct ask *q, struct answer *a)
{
	offer_tick(q->sim->econ, q->now);
	answer_json(a, 200);
	answer_header(a, "x-eresult", "1");
}

/* A partner never hears of an offer that was not confirmed. */
static bool can_see(const struct offer *o, uint64_t viewer)
{
	return o->from == viewer || (o->to == viewer && o->shown);
}

static bool is_active(const struct offer *o) { return offer_is_open(o) || o->state == OFFER_IN_ESCROW; }

struct filter {
	uint64_t viewer, cursor, seen, told;
	int64_t cutoff, now;
	bool active_only, historical_only;
	uint32_t omit;
};

static bool wanted(const struct filter *f, const struct offer *o, bool sent)
{
	if (!can_see(o, f->viewer) || (o->from == f->viewer) != sent || o->listed_from > f->now)
		return false;
	if (f->active_only)
		return is_active(o) || o->updated >= f->cutoff;
	return !f->historical_only || !is_active(o);
}

/* Newest first; those before the cursor were told already. */
static void put_offers(struct ask *q, struct buf *to, struct filter *f, bool sent, struct econ_json_classes *s)
{
	struct econ *e = q->sim->econ;
	bool first = true;

	for (struct list *at = e->all_offers.prev; at != &e->all_offers; at = at->prev) {
		const struct offer *o = list_of(at, struct offer, node);
		if (!wanted(f, o, sent))
			continue;
		if (f->omit) {
			f->omit--;
			continue;
		}
		if (f->seen++ < f->cursor || f->told == OFFERS_PAGE)
			continue;
		f->told++;
		buf_str(to, first ? "" : ",");
		first = false;
		econ_json_offer(to, e, o, f->viewer, q->effect.glitched, s);
	}
}

void api_offers(struct ask *q, struct answer *a)
{
	struct econ_json_classes classes = { .arena = &q->arena };
	bool described = yes(q, "get_descriptions");
	struct filter f = { .viewer = q->who->steamid,
		.cursor = number_or(q, "cursor", 0),
		.cutoff = (int64_t)number_or(q, "time_historical_cutoff", INT64_MAX),
		.now = q->now,
		.active_only = yes(q, "active_only"),
		.historical_only = yes(q, "historical_only"),
		.omit = q->effect.listing_omits };

	begin(q, a);
	buf_str(&a->body, "{\"response\":{");
	if (yes(q, "get_sent_offers")) {
		buf_str(&a->body, "\"trade_offers_sent\":[");
		put_offers(q, &a->body, &f, true, described ? &classes : NULL);
		buf_str(&a->body, "],");
	}
	if (yes(q, "get_received_offers")) {
		buf_str(&a->body, "\"trade_offers_received\":[");
		put_offers(q, &a->body, &f, false, described ? &classes : NULL);
		buf_str(&a->body, "],");
	}
	if (described) {
		buf_str(&a->body, "\"descriptions\":");
		econ_json_classes(&a->body, &classes);
		buf_str(&a->body, ",");
	}
	buf_fmt(&a->body, "\"next_cursor\":%" PRIu64 "}}",
		f.seen > f.cursor + f.told ? f.cursor + f.told : (uint64_t)0);
}

static struct offer *asked_offer(struct ask *q)
{
	uint64_t id = number_or(q, "tradeofferid", 0);
	struct offer *o = id ? offer_by_id(q->sim->econ, id) : NULL;
	return o && can_see(o, q->who->steamid) ? o : NULL;
}

void api_offer(struct ask *q, struct answer *a)
{
	struct econ_json_classes classes = { .arena = &q->arena };

	begin(q, a);
	const struct offer *o = asked_offer(q);
	if (!o) {
		buf_str(&a->body, "{\"response\":{}}");
		return;
	}
	buf_str(&a->body, "{\"response\":{\"offer\":");
	econ_json_offer(&a->body, q->sim->econ, o, q->who->steamid, q->effect.glitched, &classes);
	if (yes(q, "get_descriptions")) {
		buf_str(&a->body, ",\"descriptions\":");
		econ_json_classes(&a->body, &classes);
	}
	map_done(&classes.seen);
	buf_str(&a->body, "}}");
}

void api_offers_summary(struct ask *q, struct answer *a)
{
	unsigned received = 0, sent = 0, escrow_received = 0, escrow_sent = 0, confirm = 0;

	begin(q, a);
	list_each (at, after, &q->sim->econ->all_offers) {
		const struct offer *o = list_of(at, struct offer, node);
		if (!can_see(o, q->who->steamid))
			continue;
		bool ours = o->from == q->who->steamid;
		if (o->state == OFFER_ACTIVE)
			*(ours ? &sent : &received) += 1;
		else if (o->state == OFFER_IN_ESCROW)
			*(ours ? &escrow_sent : &escrow_received) += 1;
		confirm += ours && o->state == OFFER_NEEDS_CONFIRMATION;
	}
	buf_fmt(&a->body,
		"{\"response\":{\"pending_received_count\":%u,\"new_received_count\":%u,\"pending_sent_count\":%u,"
		"\"escrow_received_count\":%u,\"escrow_sent_count\":%u,\"newly_accepted_sent_count\":0,"
		"\"updated_received_count\":0,\"historical_received_count\":0,\"historical_sent_count\":0,"
		"\"needs_confirmation_count\":%u}}",
		received, received, sent, escrow_received, escrow_sent, confirm);
}

static void end_by_api(struct ask *q, struct answer *a, bool cancel)
{
	struct offer_refusal no = { 0 };

	begin(q, a);
	struct offer *o = asked_offer(q);
	if (!o || !offer_end(q->sim->econ, o, q->who, cancel, q->now, &no)) {
		a->headers_n = 0;
		answer_header(a, "x-eresult", "%d", o ? no.eresult : ERESULT_NO_MATCH);
	}
	buf_str(&a->body, "{\"response\":{}}");
}

void api_offer_cancel(struct ask *q, struct answer *a) { end_by_api(q, a, true); }
void api_offer_decline(struct ask *q, struct answer *a) { end_by_api(q, a, false); }

void api_trade_status(struct ask *q, struct answer *a)
{
	struct econ_json_classes classes = { .arena = &q->arena };

	begin(q, a);
	const struct trade *t = trade_by_id(q->sim->econ, number_or(q, "tradeid", 0));
	buf_str(&a->body, "{\"response\":{\"trades\":[");
	if (t && (t->from == q->who->steamid || t->to == q->who->steamid))
		econ_json_trade(&a->body, t, q->who->steamid, &classes);
	buf_str(&a->body, "]");
	if (yes(q, "get_descriptions")) {
		buf_str(&a->body, ",\"descriptions\":");
		econ_json_classes(&a->body, &classes);
	}
	map_done(&classes.seen);
	buf_str(&a->body, "}}");
}

/* Newest first, older than what was told before. */
void api_trade_history(struct ask *q, struct answer *a)
{
	struct econ_json_classes classes = { .arena = &q->arena };
	uint64_t max = number_or(q, "max_trades", 100), told = 0, total = 0,
		 before = number_or(q, "start_after_tradeid", 0);
	int64_t until = (int64_t)number_or(q, "start_after_time", INT64_MAX);
	bool more = false, back = yes(q, "navigating_back");

	begin(q, a);
	if (max > TRADES_PAGE)
		max = TRADES_PAGE;
	if (until == 0)
		until = INT64_MAX;
	buf_str(&a->body, "{\"response\":{\"trades\":[");
	const struct econ *e = q->sim->econ;
	for (const struct list *at = e->all_trades.prev; at != &e->all_trades; at = at->prev) {
		const struct trade *t = list_of(at, struct trade, node);
		if (t->from != q->who->steamid && t->to != q->who->steamid)
			continue;
		total++;
		bool past = back ? t->time < until || (before && t->id <= before)
				 : t->time > until || (before && t->id >= before);
		if (past)
			continue;
		more |= told == max;
		if (told == max)
			continue;
		buf_str(&a->body, told++ ? "," : "");
		econ_json_trade(&a->body, t, q->who->steamid, &classes);
	}
	buf_fmt(&a->body, "],\"more\":%s", more ? "true" : "false");
	if (yes(q, "include_total"))
		buf_fmt(&a->body, ",\"total_trades\":%" PRIu64, total);
	if (yes(q, "get_descriptions")) {
		buf_str(&a->body, ",\"descriptions\":");
		econ_json_classes(&a->body, &classes);
	}
	map_done(&classes.seen);
	buf_str(&a->body, "}}");
}

void api_trade_holds(struct ask *q, struct answer *a)
{
	struct person *them = people_by_id(&q->sim->people, number_or(q, "steamid_target", 0));
	const char *token = ask_either(q, "trade_offer_access_token");

	begin(q, a);
	if (!them || (*token ? strcmp(token, them->trade_token) != 0 : !people_are_friends(q->who, them))) {
		a->headers_n = 0;
		answer_header(a, "x-eresult", "%d", ERESULT_ACCESS_DENIED);
		buf_str(&a->body, "{\"response\":{}}");
		return;
	}
	uint32_t mine = q->effect.escrow_days ? q->effect.escrow_days : offer_escrow_days(q->who, true);
	uint32_t theirs = offer_escrow_days(them, true);
	buf_fmt(&a->body,
		"{\"response\":{\"my_escrow\":{\"escrow_end_duration_seconds\":%u},"
		"\"their_escrow\":{\"escrow_end_duration_seconds\":%u},"
		"\"both_escrow\":{\"escrow_end_duration_seconds\":%u}}}",
		mine * DAY_S, theirs * DAY_S, (mine > theirs ? mine : theirs) * DAY_S);
}

void api_class_info(struct ask *q, struct answer *a)
{
	uint64_t n = number_or(q, "class_count", 0), app = number_or(q, "appid", 0);
	char name[32];
	bool good = n > 0 && n <= CLASSES_OF_ASK;

	answer_json(a, good ? 200 : 400);
	buf_str(&a->body, "{\"result\":{");
	for (uint64_t i = 0; good && i < n; i++) {
		snprintf(name, sizeof(name), "classid%" PRIu64, i);
		uint64_t class = number_or(q, name, 0);
		snprintf(name, sizeof(name), "instanceid%" PRIu64, i);
		const struct econ_class *c = econ_class(q->sim->econ, class, number_or(q, name, 0));
		if (!c || c->app != app)
			continue;
		if (c->instanceid)
			buf_fmt(&a->body, "\"%s\":", c->key);
		else
			buf_fmt(&a->body, "\"%" PRIu64 "\":", c->classid);
		econ_json_class(&a->body, c);
		buf_str(&a->body, ",");
	}
	buf_fmt(&a->body, "\"success\":%s}}", good ? "true" : "false");
}
