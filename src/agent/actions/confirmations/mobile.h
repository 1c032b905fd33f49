/*
 * mobile: the account's mobileconf pages, with the keys that its identity secret makes. A pair of time and tag is used once: each
 * request has a time of its own (sessions_web.steam_now_s).
 */
#pragma once

#include "agent/actions/ask.h"
#include "wire/steam/web_confirm.h"

/* What waits. Takes the lanes of a list: one each 10 s. */
must_check enum rc mobile_list(struct action_task *t, struct web_confirmations *ret, struct fault *f);

/* Says yes or no to one. *ret_sent: with a failure: it may have been taken. *ret_done false: Steam did not take it. */
struct mobile_answer {
	bool done, sent;
};
must_check enum rc mobile_respond(struct action_task *t, const struct web_confirmation *c, bool accept,
	struct mobile_answer *ret, struct fault *f);
