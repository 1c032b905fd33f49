#include "sim/econ/offer.h"

#include "sim/econ/confirm.h"
#include "sim/people.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(struct offer_refusal *ret, int32_t eresult, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool refuse(struct offer_refusal *ret, int32_t eresult, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(ret->text, sizeof(ret->text), fmt, ap);
	va_end(ap);
	ret->eresult = eresult;
	return false;
}

struct offer *offer_by_id(const struct econ *e, uint64_t id)
{
	char key[24];
	snprintf(key, sizeof(key), "%" PRIu64, id);
	return map_get(&e->offers, key);
}

bool offer_is_open(const struct offer *o)
{
	return o->state == OFFER_ACTIVE || o->state == OFFER_NEEDS_CONFIRMATION;
}

uint32_t offer_escrow_days(const struct person *giver, bool gives) { return gives ? giver->escrow_days : 0; }

static void change(struct econ *e, struct offer *o, enum offer_state to, int64_t now)
{
	o->state = to;
	o->updated = now;
	if (offer_is_open(o))
		return;
	o->method = OFFER_METHOD_NONE;
	o->accept_waits = false;
	confirm_forget(e, o->id);
}

void offer_done(struct econ *e)
{
	if (!e)
		return;
	confirm_drop_all(e);
	trade_drop_all(e);
	list_each (at, after, &e->all_offers) {
		struct offer *o = list_of(at, struct offer, node);
		list_remove(&o->node);
		map_take(&e->offers, o->key);
		free(o->items);
		free(o);
	}
}

/* ---- sending ---- */

static const char *shown_name(const struct person *p) { return *p->persona ? p->persona : p->name; }

static size_t characters(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((uint8_t)*s & 0xc0) != 0x80;
	return n;
}

static bool check_people(const struct offer_wish *w, struct offer_refusal *ret)
{
	if (!w->to || w->from == w->to)
		return refuse(ret, ERESULT_INVALID_PARAM,
			"There was an error sending your trade offer. There is no such partner.");
	if (w->to->trade_ban)
		return refuse(ret, ERESULT_ACCESS_DENIED, "You cannot trade with %s because they have a trade ban.",
			shown_name(w->to));
	if (w->from->trade_ban || w->from->limited)
		return refuse(ret, ERESULT_ACCESS_DENIED, "You cannot trade: your account is not allowed to.");
	if (*w->token && strcmp(w->token, w->to->trade_token) != 0)
		return refuse(ret, ERESULT_ACCESS_DENIED,
			"The Trade URL is not valid for trade offers to %s any more.", shown_name(w->to));
	if (!*w->token && !people_are_friends(w->from, w->to))
		return refuse(
			ret, ERESULT_ACCESS_DENIED, "You are not on the friends list of %s.", shown_name(w->to));
	if (w->to->disabled)
		return refuse(ret, ERESULT_ACCESS_DENIED,
			"%s is not available to trade. More information will be shown to them if they invite you "
			"to trade.",
			shown_name(w->to));
	return true;
}

static bool check_limits(struct econ *e, const struct offer_wish *w, struct offer_refusal *ret)
{
	unsigned open = 0, to_one = 0;

	list_each (at, after, &e->all_offers) {
		struct offer *o = list_of(at, struct offer, node);
		if (o->from != w->from->steamid || !offer_is_open(o))
			continue;
		open++;
		to_one += o->to == w->to->steamid;
	}
	if (w->counters)
		return true;
	if (to_one >= OFFER_TO_ONE)
		return refuse(ret, ERESULT_ALREADY_LOGGED_IN_ELSEWHERE,
			"You have sent too many trade offers, or too many to %s are open. Cancel some of them "
			"first.",
			shown_name(w->to));
	if (open >= OFFER_OPEN || e->offers_n >= OFFER_MAX)
		return refuse(ret, ERESULT_LIMIT_EXCEEDED, "There are too many open trade offers of yours.");
	return true;
}

/* One side of it: the sender's items, or its partner's. */
static bool check_items(const struct econ *e, const struct offer_wish *w, bool give, int64_t now,
	struct offer_item *to, struct offer_refusal *ret)
{
	const struct offer_asset *a = give ? w->give : w->take;
	size_t n = give ? w->give_n : w->take_n;
	uint64_t owner = give ? w->from->steamid : w->to->steamid;

	for (size_t k = 0; k < n; k++) {
		const struct econ_item *i = econ_item(e, a[k].assetid);
		if (!i || i->owner != owner || i->class->app != a[k].app || econ_context(i, now) != a[k].context)
			return refuse(ret, ERESULT_REVOKED,
				"There was an error sending your trade offer. An item is not there any more.");
		if (!econ_tradable(i, now) || a[k].amount != i->amount)
			return refuse(ret, ERESULT_ACCESS_DENIED,
				"There was an error sending your trade offer. An item cannot be traded.");
		for (size_t before = 0; before < k; before++)
			if (a[before].assetid == a[k].assetid)
				return refuse(ret, ERESULT_INVALID_PARAM,
					"There was an error sending your trade offer. An item is in it twice.");
		to[k] = (struct offer_item){
			.class = i->class, .context = a[k].context, .amount = a[k].amount, .assetid = i->assetid
		};
	}
	return true;
}

static bool check_form(const struct econ *e, const struct offer_wish *w, struct offer_refusal *ret)
{
	const struct offer *old = w->counters ? offer_by_id(e, w->counters) : NULL;

	if (w->give_n + w->take_n == 0 || characters(w->message) > OFFER_MESSAGE)
		return refuse(ret, ERESULT_INVALID_PARAM,
			"There was an error sending your trade offer. It is empty, or its message too long.");
	if (w->give_n > OFFER_ITEMS_MAX || w->take_n > OFFER_ITEMS_MAX)
		return refuse(ret, ERESULT_LIMIT_EXCEEDED, "There are too many items in this trade offer.");
	if (w->counters &&
		(!old || old->state != OFFER_ACTIVE || old->to != w->from->steamid || old->from != w->to->steamid))
		return refuse(
			ret, ERESULT_INVALID_STATE, "The trade offer that this one answers is not open any more.");
	return true;
}

static struct offer *offer_new(struct econ *e, const struct offer_wish *w, struct offer_item *items, int64_t now)
{
	struct offer *o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	*o = (struct offer){ .id = e->last_offer += 1 + dice_roll(&e->dice) % 9,
		.from = w->from->steamid,
		.to = w->to->steamid,
		.counters = w->counters,
		.state = OFFER_ACTIVE,
		.created = now,
		.updated = now,
		.expires = now + OFFER_LIFE_S,
		.items = items,
		.give_n = w->give_n,
		.take_n = w->take_n };
	snprintf(o->message, sizeof(o->message), "%s", w->message);
	snprintf(o->key, sizeof(o->key), "%" PRIu64, o->id);
	if (map_put(&e->offers, o->key, o) != RC_OK) {
		free(o);
		return NULL;
	}
	list_append(&e->all_offers, &o->node);
	e->offers_n++;
	e->counts.offers_made++;
	if (o->expires < e->due)
		e->due = o->expires;
	return o;
}

static bool ask_confirmation(
	struct econ *e, const struct offer *o, bool by_sender, const struct offer_bend *bend, int64_t now)
{
	return confirm_ask(e,
		&(struct confirm){ .owner = by_sender ? o->from : o->to,
			.offer = o->id,
			.type = CONFIRM_TYPE_TRADE,
			.created = now,
			.shown_from = now + bend->confirmation_lag_s,
			.by_sender = by_sender },
		bend->duplicate_confirmation);
}

static void activate(struct econ *e, struct offer *o, int64_t now)
{
	struct offer *old = o->counters ? offer_by_id(e, o->counters) : NULL;

	o->method = OFFER_METHOD_NONE;
	o->shown = true;
	change(e, o, OFFER_ACTIVE, now);
	if (old && old->state == OFFER_ACTIVE) {
		change(e, old, OFFER_COUNTERED, now);
		e->counts.countered++;
	}
}

struct offer *offer_send(struct econ *e, const struct offer_wish *w, const struct offer_bend *bend, int64_t now,
	struct offer_refusal *ret)
{
	e->counts.sends++;
	offer_tick(e, now);
	if (!check_people(w, ret) || !check_form(e, w, ret) || !check_limits(e, w, ret))
		return NULL;
	auto_free struct offer_item *items = calloc(w->give_n + w->take_n + 1, sizeof(*items)); /* never none */
	if (!items) {
		refuse(ret, ERESULT_BUSY, "There was an error sending your trade offer. Please try again later.");
		return NULL;
	}
	if (!check_items(e, w, true, now, items, ret) || !check_items(e, w, false, now, items + w->give_n, ret))
		return NULL;
	struct offer *o = offer_new(e, w, items, now);
	if (!o) {
		refuse(ret, ERESULT_BUSY, "There was an error sending your trade offer. Please try again later.");
		return NULL;
	}
	take(items);
	o->listed_from = now + bend->listing_lag_s;
	o->glitched = bend->glitched;
	if (w->give_n && w->from->has_identity)
		o->method = OFFER_METHOD_MOBILE;
	else if (w->give_n && w->from->guard == GUARD_EMAIL)
		o->method = OFFER_METHOD_MAIL;
	if (!o->method) {
		activate(e, o, now);
		return o;
	}
	o->state = OFFER_NEEDS_CONFIRMATION;
	if (o->method == OFFER_METHOD_MOBILE && !ask_confirmation(e, o, true, bend, now))
		change(e, o, OFFER_INVALID, now);
	return o;
}

/* ---- its end ---- */

/* False, and the offer is void, when an item is not there any more. */
static bool all_there(struct econ *e, struct offer *o, int64_t now)
{
	for (size_t k = 0; k < o->give_n + o->take_n; k++) {
		const struct econ_item *i = econ_item(e, o->items[k].assetid);
		if (!i || i->owner != (k < o->give_n ? o->from : o->to) || !econ_tradable(i, now)) {
			change(e, o, OFFER_INVALID_ITEMS, now);
			return false;
		}
	}
	return true;
}

/* Items have left by this trade: the other offers of them are void. */
static void items_left(struct econ *e, const struct trade *t, int64_t now)
{
	list_each (at, after, &e->all_offers) {
		struct offer *o = list_of(at, struct offer, node);
		if (!offer_is_open(o) ||
			(o->from != t->from && o->from != t->to && o->to != t->from && o->to != t->to))
			continue;
		all_there(e, o, now);
	}
}

static void escrow_over(struct econ *e, const struct trade *t)
{
	struct offer *o = offer_by_id(e, t->offer);
	if (o && o->state == OFFER_IN_ESCROW)
		change(e, o, OFFER_ACCEPTED, t->escrow_end);
}

static bool settle(struct econ *e, struct offer *o, int64_t now)
{
	size_t n = o->give_n + o->take_n;
	auto_free struct trade *like = calloc(1, sizeof(*like) + n * sizeof(like->items[0]));
	const struct person *from = people_by_id(e->people, o->from), *to = people_by_id(e->people, o->to);

	if (!like || !from || !to || !all_there(e, o, now))
		return false;
	uint32_t mine = offer_escrow_days(from, o->give_n > 0), theirs = offer_escrow_days(to, o->take_n > 0);
	struct trade_way way = o->way;
	if (!way.escrow_days)
		way.escrow_days = mine > theirs ? mine : theirs;
	like->offer = o->id;
	like->from = o->from;
	like->to = o->to;
	like->time = now;
	like->n = n;
	for (size_t k = 0; k < n; k++)
		like->items[k] = (struct trade_item){ .class = o->items[k].class,
			.amount = o->items[k].amount,
			.context = o->items[k].context,
			.assetid = o->items[k].assetid,
			.by_sender = k < o->give_n };
	/* Before its items go: it is not one of the offers that their leaving makes void. */
	change(e, o, way.escrow_days ? OFFER_IN_ESCROW : OFFER_ACCEPTED, now);
	struct trade *t = trade_begin(e, like, &way);
	if (!t) {
		change(e, o, OFFER_INVALID, now);
		return false;
	}
	o->tradeid = t->id;
	items_left(e, t, now);
	o->escrow_end = t->escrow_end;
	e->counts.accepts++;
	return true;
}

bool offer_accept(struct econ *e, struct offer *o, struct person *who, const struct offer_bend *bend, int64_t now,
	struct offer_refusal *ret)
{
	offer_tick(e, now);
	if (o->to != who->steamid)
		return refuse(ret, ERESULT_INVALID_STATE,
			"There was an error accepting this trade offer. It is not for you.");
	if (o->state == OFFER_ACCEPTED || o->state == OFFER_IN_ESCROW)
		return refuse(ret, ERESULT_ALREADY_REDEEMED,
			"There was an error accepting this trade offer. It has been accepted already.");
	if (o->state != OFFER_ACTIVE)
		return refuse(ret, ERESULT_INVALID_STATE,
			"There was an error accepting this trade offer. It is not open any more.");
	if (who->trade_ban || who->limited)
		return refuse(ret, ERESULT_ACCESS_DENIED, "You cannot trade: your account is not allowed to.");
	if (bend->inventory_full)
		return refuse(ret, ERESULT_ACCESS_DENIED,
			"There was an error accepting this trade offer. The inventory that its items shall go to "
			"is full.");
	if (o->accept_waits)
		return true;
	if (!all_there(e, o, now))
		return refuse(ret, ERESULT_REVOKED,
			"There was an error accepting this trade offer. An item is not there any more.");
	o->way = bend->way;
	if (o->take_n && who->has_identity) {
		o->accept_waits = ask_confirmation(e, o, false, bend, now);
		o->method = OFFER_METHOD_MOBILE;
		o->updated = now;
		return o->accept_waits ||
		       refuse(ret, ERESULT_BUSY, "There was an error accepting this trade offer.");
	}
	return settle(e, o, now) ||
	       refuse(ret, ERESULT_BUSY, "There was an error accepting this trade offer. Please try again later.");
}

bool offer_end(
	struct econ *e, struct offer *o, struct person *who, bool cancel, int64_t now, struct offer_refusal *ret)
{
	if (who->steamid != (cancel ? o->from : o->to) ||
		!(o->state == OFFER_ACTIVE || (cancel && offer_is_open(o))))
		return refuse(
			ret, ERESULT_INVALID_STATE, "There was an error. This trade offer is not open any more.");
	change(e, o, cancel ? OFFER_CANCELED : OFFER_DECLINED, now);
	*(cancel ? &e->counts.cancels : &e->counts.declines) += 1;
	return true;
}

static bool confirmed(struct econ *e, struct offer *o, bool by_sender, bool allow, int64_t now)
{
	if (by_sender) {
		if (o->state != OFFER_NEEDS_CONFIRMATION)
			return false;
		if (!allow) {
			change(e, o, OFFER_CANCELED_2FA, now);
			return true;
		}
		if (!all_there(e, o, now))
			return false;
		activate(e, o, now);
		return true;
	}
	if (o->state != OFFER_ACTIVE || !o->accept_waits)
		return false;
	if (!allow) {
		change(e, o, OFFER_CANCELED_2FA, now);
		return true;
	}
	return settle(e, o, now);
}

bool offer_answer(struct econ *e, struct confirm *c, bool allow, int64_t now)
{
	struct offer *o = offer_by_id(e, c->offer);
	bool by_sender = c->by_sender;

	confirm_forget(e, c->offer);
	if (!o || !confirmed(e, o, by_sender, allow, now))
		return false;
	*(allow ? &e->counts.allowed : &e->counts.refused) += 1;
	return true;
}

bool offer_mailed(struct econ *e, struct offer *o, int64_t now)
{
	return o->method == OFFER_METHOD_MAIL && confirmed(e, o, true, true, now);
}

void offer_tick(struct econ *e, int64_t now)
{
	if (now < e->due)
		return;
	int64_t due;
	for (struct trade *t; (t = trade_tick(e, now, &due));) {
		escrow_over(e, t);
		items_left(e, t, now);
	}
	list_each (at, after, &e->all_offers) {
		struct offer *o = list_of(at, struct offer, node);
		if (!offer_is_open(o))
			continue;
		if (o->expires <= now) {
			change(e, o, OFFER_EXPIRED, o->expires);
			e->counts.expired++;
		} else if (o->expires < due) {
			due = o->expires;
		}
	}
	e->due = due;
}
