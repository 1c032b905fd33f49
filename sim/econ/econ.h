/*
 * econ: the items of this Steam, and who holds them. Trades move them (econ/trade.h), offers lead to trades (econ/offer.h),
 * and the mobile app confirms offers (econ/confirm.h). Lines of a world file, after those of the accounts:
 *
 *      item NAME app=440 context=2 owner=ACCOUNT [class=ID] [instance=ID] [count=N] [amount=N] [market=NAME] [type=TEXT]
 *              [untradable] [unmarketable] [commodity] [tag=category:value]...          a name with spaces is quoted: "A Key"
 *      items PREFIX generate owner=ACCOUNT count=N [classes=N] [app=440] [context=2] [seed=S]
 *                                                        items of so many classes, named "PREFIX 1" …
 *
 * Everything here lives until econ_free. One thread. Moments are seconds of sim_time and an argument everywhere.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/list.h"
#include "base/map.h"
#include "base/own.h"
#include "sim/dice.h"

#include <stdbool.h>
#include <stdint.h>

#define ECON_ITEMS_MAX         500000
#define ECON_CLASSES_MAX       20000
#define ECON_NAME              96
#define ECON_TAGS              6
#define ECON_USED_KEYS         256 /* of confirmations, to see when one comes twice */
#define ECON_PRIVACY           6   /* kinds of it that a profile has */
#define ECON_PROTECTED_CONTEXT 16  /* where items wait that a trade has just brought */

struct people;
struct person;

struct econ_tag {
	char category[32], value[48];
};

struct econ_class {
	char key[44]; /* "CLASSID_INSTANCEID" */
	uint32_t app, context;
	uint64_t classid, instanceid;
	char name[ECON_NAME], market_name[ECON_NAME], type[48];
	bool tradable, marketable, commodity;
	struct econ_tag tags[ECON_TAGS];
	unsigned tags_n;
};

struct econ_item {
	struct list node; /* econ_bag.items; the newest last */
	char key[24];     /* the asset id as text, in econ.by_asset */
	uint64_t assetid, owner;
	const struct econ_class *class;
	uint32_t amount;
	int64_t since;
	int64_t protected_until; /* 0: not */
	uint64_t held_by;        /* the trade in escrow that holds it; 0: none */
};

/* What somebody no longer has, for an inventory that is shown as it was. */
struct econ_past {
	struct list node; /* econ_bag.past */
	uint64_t assetid;
	const struct econ_class *class;
	uint32_t amount;
	int64_t since, until;
};

struct econ_bag {
	struct list node; /* econ.bags */
	uint64_t owner;
	struct list items, past;
	size_t n, past_n;
	uint8_t privacy[ECON_PRIVACY]; /* as its owner set it: 1 private, 2 friends, 3 public */
	uint8_t comments;
};

/* What happened, for tests. */
struct econ_counts {
	uint64_t sends, offers_made, accepts, declines, cancels, countered, expired, trades, rolled_back;
	uint64_t confirmations_made, allowed, refused, bad_keys, repeated_keys;
	uint64_t inventories, punished; /* asked for with a count above the limit */
};

struct econ {
	struct people *people;
	struct map by_asset;                               /* struct econ_item */
	struct map by_class;                               /* struct econ_class */
	struct map offers;                                 /* struct offer, by its id */
	struct map trades;                                 /* struct trade, by its id */
	struct list bags;                                  /* struct econ_bag */
	struct list all_offers, all_trades, confirmations; /* oldest first */
	uint64_t last_asset, last_offer, last_trade, last_confirmation, last_class;
	uint64_t offers_n;
	int64_t due; /* when the next thing ends by itself; INT64_MAX: nothing does */
	struct dice dice;
	struct econ_counts counts;
	char used_keys[ECON_USED_KEYS][32];
	size_t used_keys_n;
};

/* The people outlive it. NULL without memory. */
struct econ *econ_new(struct people *people);
/* After offer_done. */
void econ_free(struct econ *e);

/* One line of a world file, its first word included. RC_MISSING: not one of these lines. */
must_check enum rc econ_line(struct econ *e, const char *line, struct fault *f);

/* NULL without memory. */
struct econ_bag *econ_bag(struct econ *e, struct person *p);
struct econ_item *econ_item(const struct econ *e, uint64_t assetid); /* NULL: there is none */
struct econ_class *econ_class(const struct econ *e, uint64_t classid, uint64_t instanceid);
uint32_t econ_context(const struct econ_item *i, int64_t now); /* where it is now */
bool econ_tradable(const struct econ_item *i, int64_t now);

/* A fresh item at the end of somebody's bag; assetid 0: the next one. NULL past the limit. */
struct econ_item *econ_give(struct econ *e, struct person *to, const struct econ_class *c, uint32_t amount,
	int64_t now, uint64_t assetid);
/* Takes it out of the world; it stays in its owner's past. */
void econ_remove(struct econ *e, struct econ_item *i, int64_t now);

/* The class of that name and app; made when there is none. NULL past the limit. */
struct econ_class *econ_class_named(struct econ *e, uint32_t app, uint32_t context, const char *name);
