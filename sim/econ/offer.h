/*
 * offer: trade offers from their sending to their end. Source: steam-protocol facts 6.3, 6.4.
 *
 *      send ── NEEDS_CONFIRMATION ── allowed ──> ACTIVE ── accept (and confirm) ──> ACCEPTED, or IN_ESCROW and then ACCEPTED
 *                    └ refused ──> CANCELED_2FA     ├ decline, cancel, a counter offer, 14 days, an item that left
 *
 * A refusal is a struct offer_refusal: an EResult and the words that Steam's page shows, without the number. One thread.
 */
#pragma once

#include "sim/econ/econ.h"
#include "sim/econ/trade.h"

struct confirm;

#define OFFER_MAX       200000
#define OFFER_ITEMS_MAX 256              /* of one side */
#define OFFER_MESSAGE   128              /* characters */
#define OFFER_TO_ONE    5                /* open ones to one partner */
#define OFFER_OPEN      30               /* open ones of one sender */
#define OFFER_LIFE_S    INT64_C(1209600) /* 14 days */

enum offer_state {
	OFFER_INVALID = 1,
	OFFER_ACTIVE,
	OFFER_ACCEPTED,
	OFFER_COUNTERED,
	OFFER_EXPIRED,
	OFFER_CANCELED,
	OFFER_DECLINED,
	OFFER_INVALID_ITEMS,
	OFFER_NEEDS_CONFIRMATION,
	OFFER_CANCELED_2FA,
	OFFER_IN_ESCROW,
};

enum offer_method { OFFER_METHOD_NONE, OFFER_METHOD_MAIL, OFFER_METHOD_MOBILE };

struct offer_item {
	const struct econ_class *class;
	uint32_t context, amount;
	uint64_t assetid;
};

/* What is asked for in an offer, before anything is known about it. */
struct offer_asset {
	uint32_t app, context, amount;
	uint64_t assetid;
};

/* How faults bend it. */
struct offer_bend {
	uint32_t listing_lag_s, confirmation_lag_s;
	bool glitched, duplicate_confirmation, inventory_full;
	struct trade_way way; /* of an accept */
};

struct offer {
	struct list node; /* econ.all_offers */
	char key[24];     /* its id as text, in econ.offers */
	uint64_t id, from, to, counters, tradeid;
	char message[OFFER_MESSAGE * 4 + 1];
	enum offer_state state;
	enum offer_method method; /* what it waits for, while NEEDS_CONFIRMATION, or ACTIVE and accept_waits */
	bool shown;               /* it was ACTIVE once, so its partner knows of it */
	bool accept_waits;        /* its partner has accepted and has yet to confirm */
	bool glitched;            /* listed without its items */
	int64_t created, updated, expires, escrow_end, listed_from;
	struct trade_way way;     /* of an accept that waits */
	struct offer_item *items; /* give_n of the sender's, then take_n of the partner's */
	size_t give_n, take_n;
};

struct offer_wish {
	struct person *from, *to;
	const char *token, *message;
	const struct offer_asset *give, *take;
	size_t give_n, take_n;
	uint64_t counters; /* 0: none */
};

struct offer_refusal {
	int32_t eresult;
	char text[200];
};

/* NULL: refused. */
struct offer *offer_send(struct econ *e, const struct offer_wish *w, const struct offer_bend *bend, int64_t now,
	struct offer_refusal *ret);
/* False: refused. Accepted it is ACCEPTED, IN_ESCROW, or still ACTIVE and accept_waits. */
bool offer_accept(struct econ *e, struct offer *o, struct person *who, const struct offer_bend *bend, int64_t now,
	struct offer_refusal *ret);
/* The sender cancels, the partner declines. */
bool offer_end(
	struct econ *e, struct offer *o, struct person *who, bool cancel, int64_t now, struct offer_refusal *ret);

/* Answers a confirmation; it and its twin are gone then. False: what it was for has ended. */
bool offer_answer(struct econ *e, struct confirm *c, bool allow, int64_t now);
/* Its sender has clicked on the link in the mail. False: it did not wait for that. */
bool offer_mailed(struct econ *e, struct offer *o, int64_t now);

struct offer *offer_by_id(const struct econ *e, uint64_t id);
bool offer_is_open(const struct offer *o);
/* What the time brings, to offers and to trades. Before every look at either. */
void offer_tick(struct econ *e, int64_t now);
/* How many days this person's items would be held. */
uint32_t offer_escrow_days(const struct person *giver, bool gives);
void offer_done(struct econ *e); /* forgets all offers, trades and confirmations; takes NULL */
