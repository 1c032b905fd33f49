/*
 * shop_web: a worker's requests to the stores beside Steam: Epic's services and GOG's. They take the store's lane, say who we are, and give
 * up on an answer that comes with less than SHOP_WEB_SLOW bytes a second for SHOP_WEB_SLOW_MS. A 429 pauses the lane: as long as Retry-After
 * says, else by the lane's rule.
 */
#pragma once

#include "agent/action_run.h"
#include "base/hush.h"
#include "io/http_call.h"

struct shop_login;

#define SHOP_WEB_SLOW    1024
#define SHOP_WEB_SLOW_MS 30000

struct shop_web_ask {
	const char *url;
	const struct hush *token; /* sent as a bearer token; NULL or empty: none */
	struct shop_login *login; /* its tokens are sent instead, renewed when they have to be; NULL: `token` */
	enum lane lane;           /* LANE_EPIC, LANE_GOG */
	size_t body_max;          /* 0: that of http_call */
	uint64_t deadline_ms;     /* of clock_mono_ms; 0: the task's */
};

/*
 * GET. RC_OK: 200 to 299, or 404. RC_DENIED: 401 and 403; the login is not accepted, and t->code is login_required without a token, or when
 * it cannot be renewed, access_denied with one. A token that is refused (401) is renewed, and the question is asked once more. RC_LIMIT: 429, or the lane is busy for longer than there is time. RC_AWAY, RC_TIMEOUT: no answer, 5xx. *ret is the
 * caller's, on RC_OK alone.
 */
must_check enum rc shop_web_get(
	struct action_task *t, const struct shop_web_ask *ask, struct http_answer *ret, struct fault *f);
