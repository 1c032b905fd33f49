/*
 * people: the accounts of this Steam, and who is logged on as whom. Lines of a world file:
 *
 *      account NAME password=P [id=ID64] [shared=BASE64] [identity=BASE64] [email=CODE] [guard=none|email|link|device|approval]
 *              [persona=TEXT] [country=CC] [limited] [locked] [vac] [trade_ban] [disabled] [escrow=DAYS] [private] [wallet=CENTS]
 *              [currency=N] [level=N] [game_bans=N] [packages=ID,ID-ID] [parental=PIN] [trade_token=T] [authenticator=DAYS]
 *              [played=APP:MINUTES:UNLOCKED:TOTAL,…]  (achievements)
 *      accounts PREFIX N password=P [shared] ...              PREFIX001 … ; shared: a secret made from the name (see people_shared)
 *      friends NAME NAME
 *      key KEY package=ID [kind=good|used|region|base|wallet] [cents=N] [base=ID] [countries=CC,CC]
 *      keys PREFIX N package=ID+ kind=…                       PREFIX-00001 … ; package counts up
 *
 * One thread. Moments are seconds of sim_time.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/list.h"
#include "base/map.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

#define PEOPLE_MAX      5000
#define PEOPLE_TEXT     64
#define PEOPLE_PACKAGES 4096
#define PEOPLE_FRIENDS  2000
#define PEOPLE_PLAYED   32
#define PEOPLE_PLAYING  32
#define PEOPLE_KEYS_MAX 200000

/* EMAIL: a code in a mail. LINK: a link in a mail. DEVICE: a code of the app, or a yes there. APPROVAL: a yes alone. */
enum guard_kind { GUARD_NONE, GUARD_EMAIL, GUARD_LINK, GUARD_DEVICE, GUARD_APPROVAL };

struct licence {
	uint32_t package, time_created;
};

/* EFriendRelationship as its owner sees it. */
enum relation {
	RELATION_NONE,
	RELATION_BLOCKED,
	RELATION_ASKED_US,
	RELATION_FRIEND,
	RELATION_WE_ASKED,
	RELATION_IGNORED,
	RELATION_IGNORED_FRIEND,
};

struct friendship {
	uint64_t with;
	uint32_t relationship; /* enum relation */
	uint32_t seen;         /* up to when their messages were read */
	char nickname[PEOPLE_TEXT];
};

/* What somebody did in a game. */
struct played {
	uint32_t app, minutes, unlocked, total; /* achievements */
};

struct person {
	char name[PEOPLE_TEXT], password[PEOPLE_TEXT], persona[PEOPLE_TEXT], email_code[8], country[3], parental[8];
	char id_text[24]; /* the SteamID in decimal */
	uint64_t steamid;
	enum guard_kind guard;
	bool has_shared, has_identity;
	uint8_t shared[20], identity[20];
	bool limited, locked, vac, trade_ban, disabled, inventory_private;
	uint32_t escrow_days, level, game_bans;
	uint32_t authenticator_days; /* so old is its authenticator */
	int64_t wallet;              /* cents */
	uint32_t currency;
	struct licence *licences;
	size_t licences_n, licences_room;
	struct friendship *friends;
	size_t friends_n, friends_room;
	struct played played[PEOPLE_PLAYED];
	unsigned played_n;
	uint32_t token_generation; /* tokens of an earlier one are revoked */
	char trade_token[9];
	uint32_t persona_state;           /* EPersonaState that its session set */
	uint32_t playing[PEOPLE_PLAYING]; /* apps, of the session that plays */
	unsigned playing_n;
	uint32_t redeem_failed; /* within the hour that began at redeem_since */
	int64_t redeem_since;
	uint32_t login_failed; /* within the window that began at login_since */
	int64_t login_since;
	uint32_t free_given; /* free licences within the 90 minutes that began at free_since */
	int64_t free_since;
	uint64_t logons, logons_refused; /* for the ledger */
	int64_t last_logon_ms;
	struct list sessions; /* of its CM connections; cm's own */
	void *items;          /* sim/econ's */
};

/* What a key is. BASE: only for owners of `base`. REGION: only in `countries`. */
enum key_kind { KEY_GOOD, KEY_USED, KEY_REGION, KEY_BASE, KEY_WALLET };

struct game_key {
	struct list node; /* in people.all_keys */
	char key[32];
	uint32_t package, base;
	enum key_kind kind;
	uint32_t cents;
	char countries[32];
	uint64_t used_by;         /* SteamID; 0: nobody yet */
	uint64_t asked;           /* how often it was tried */
	uint64_t asked_after_end; /* tried again though it had been redeemed, or is used or bad: must stay 0 */
};

struct people {
	struct person *at; /* of PEOPLE_MAX: a person never moves */
	size_t n;
	struct map by_name, by_id; /* by_id: decimal SteamID */
	struct map keys;           /* key → struct game_key */
	struct list all_keys;
	size_t keys_n;
};

must_check enum rc people_init(struct people *pp);
void people_done(struct people *pp);
/* One line of a world file, its first word included. RC_MISSING: not one of these lines. */
must_check enum rc people_line(struct people *pp, const char *line, struct fault *f);
/* Changes one thing of a person, as a word of an account line says: "escrow=3", "limited", "limited=0". */
must_check enum rc people_set(struct person *p, const char *word, struct fault *f);

struct person *people_named(
	const struct people *pp, const char *name); /* NULL: there is none. Case does not count */
struct person *people_by_id(const struct people *pp, uint64_t steamid);
struct game_key *people_key(const struct people *pp, const char *key);

/* The secret of an account that was made with `shared`: SHA-1 of "shared " and its name; `identity` likewise. */
void people_shared(const char *name, const char *what, uint8_t ret[static 20]);

bool people_owns(const struct person *p, uint32_t package);
must_check bool people_grant(struct person *p, uint32_t package, uint32_t time);
void people_revoke(struct person *p, uint32_t package);

bool people_are_friends(const struct person *a, const struct person *b);
/* What `with` is to p; made when `make`. NULL: nothing, or no room. */
struct friendship *people_friend(struct person *p, uint64_t with, bool make);
/* RELATION_NONE forgets it. False: no room. */
must_check bool people_relate(struct person *p, uint64_t with, enum relation r);
