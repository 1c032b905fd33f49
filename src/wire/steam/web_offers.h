/*
 * web_offers: what IEconService answers of trade offers and trades. Pure; all of it lives in the arena. Ids are decimal texts.
 * Source: steam-protocol facts 6.4.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

enum { WEB_OFFER_ACTIVE = 2, WEB_OFFER_NEEDS_CONFIRMATION = 9, WEB_OFFER_CANCELED_BY_SECOND_FACTOR = 10 };

struct web_asset {
	uint32_t app, amount;
	const char *context, *asset;
	const char *new_asset, *new_context, *rollback_asset; /* of a trade; NULL: not told */
};

struct web_offer {
	const char *id, *message, *trade; /* message, trade: NULL: none */
	uint64_t partner;                 /* SteamID */
	uint32_t state, confirmation;     /* confirmation: 0 none, 1 by e-mail, 2 by the app */
	bool ours;
	bool glitched; /* items are missing from the answer: its state is not to be believed */
	struct web_asset *give, *receive;
	size_t give_n, receive_n;
	int64_t created_ms, updated_ms, expires_ms, escrow_end_ms;
};

struct web_offers {
	struct web_offer *at; /* sent, then received */
	size_t n;
	uint32_t cursor; /* ask again with it; 0: that was all */
};

struct web_trade {
	const char *id; /* NULL: Steam knows no such trade */
	uint32_t status;
	struct web_asset *given, *received;
	size_t given_n, received_n;
};

struct web_hold {
	uint32_t mine_s, theirs_s, both_s;
};

must_check enum rc web_offers_read(
	const char *p, size_t n, struct arena *a, struct web_offers *ret, struct fault *f);
/* RC_MISSING: Steam knows no such offer. */
must_check enum rc web_offers_one(const char *p, size_t n, struct arena *a, struct web_offer *ret, struct fault *f);
must_check enum rc web_offers_trade(
	const char *p, size_t n, struct arena *a, struct web_trade *ret, struct fault *f);
must_check enum rc web_offers_hold(const char *p, size_t n, struct web_hold *ret, struct fault *f);

/* "active", "needs_confirmation", "complete" …; NULL for a number that is not known. */
const char *web_offers_state(uint32_t state);
const char *web_offers_trade_status(uint32_t status);
