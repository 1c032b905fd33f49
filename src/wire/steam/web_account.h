/*
 * web_account: what the Web API, the community and the store say of an account: its bans and level, its privacy, its wallet. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

enum web_economy { WEB_ECONOMY_NONE, WEB_ECONOMY_PROBATION, WEB_ECONOMY_BANNED };

struct web_bans {
	bool vac, community;
	uint32_t vac_n, game_n;
	enum web_economy economy;
};
/* Of one of the accounts that were asked for. RC_MISSING: Steam says nothing of it. */
must_check enum rc web_account_bans(
	const char *p, size_t n, uint64_t steamid, struct web_bans *ret, struct fault *f);
must_check enum rc web_account_level(const char *p, size_t n, uint32_t *ret, struct fault *f);

/* As Steam counts: 1 private, 2 friends, 3 public; 0: not told. Comments: 0 friends, 1 public, 2 private. */
struct web_privacy {
	uint32_t profile, inventory, gifts, owned_games, playtime, friends_list, comments;
};
/* Of the settings page, and of the answer to ajaxsetprivacy. */
must_check enum rc web_account_privacy_page(
	const char *body, struct arena *a, struct web_privacy *ret, struct fault *f);
must_check enum rc web_account_privacy_answer(const char *p, size_t n, struct web_privacy *ret, struct fault *f);
/* The form's Privacy, as JSON in the arena. */
const char *web_account_privacy_json(const struct web_privacy *p, struct arena *a);

struct web_wallet {
	int32_t eresult, detail;  /* of wire/steam/purchase */
	int64_t balance;          /* minor units */
	const char *balance_text; /* NULL: not told */
};
must_check enum rc web_account_wallet(
	const char *p, size_t n, struct arena *a, struct web_wallet *ret, struct fault *f);

/* The `success` of a JSON answer, an EResult; 0: it is none. */
int32_t web_account_result(const char *p, size_t n);

/* The store's answer to addfreelicense: an EResult; 1: it was added. A page instead of JSON says so too. */
int32_t web_account_free_answer(int status, const char *p, size_t n);
