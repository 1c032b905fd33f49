/*
 * web_confirm: what mobileconf answers: the list of what waits for the app's yes or no, and whether an answer was taken. Pure; all of
 * it lives in the arena. Source: steam-protocol facts 6.5.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

enum { WEB_CONFIRM_TRADE = 2, WEB_CONFIRM_MARKET = 3 };

struct web_confirmation {
	const char *id, *creator, *nonce; /* decimal */
	uint32_t type;
	const char *headline; /* NULL: none */
	int64_t created_ms;
};

struct web_confirmations {
	struct web_confirmation *at;
	size_t n;
};

/* RC_DENIED: the session is not accepted. RC_REFUSED: Steam's words are in f. */
must_check enum rc web_confirm_list(
	const char *p, size_t n, struct arena *a, struct web_confirmations *ret, struct fault *f);
/* Of ajaxop. *ret_done: it was taken; else Steam's words, when it has some, are in f. */
must_check enum rc web_confirm_answer(const char *p, size_t n, bool *ret_done, struct fault *f);

const char *web_confirm_type(uint32_t type); /* "trade", "market" …; "other" */
