/*
 * web: the account's requests to Steam's web: the community, the store, the Web API, login. For actions, on a worker. It goes
 * out by the account's egress, with its cookies, one at a time per lane. A session that Steam no longer takes (a redirect to
 * the login page, 401, needauth) is renewed once, and the request made again when it may be (`repeat`). A page that a parental PIN locks is
 * opened with the PIN when it is known; else a challenge is open and the task ends family_view. steam-protocol 6.1.
 */
#pragma once

#include "agent/action_run.h"
#include "base/buf.h"

enum web_site { WEB_COMMUNITY, WEB_STORE, WEB_API, WEB_LOGIN };

struct agent_web_pair {
	const char *name, *value;
};

struct agent_web_ask {
	enum web_site site;
	const char *method;                 /* GET, POST */
	const char *path;                   /* "/inventory/76…/753/6" */
	const struct agent_web_pair *query; /* end in { 0 }; percent-encoded here. NULL: none */
	const struct agent_web_pair *form;  /* the same, for the body; sessionid is added. NULL: none */
	const char *referer;                /* path on the same site; NULL: none */
	bool anonymous;                     /* no cookies, no token */
	bool token;                         /* WEB_API: adds access_token to the query */
	bool repeat;                        /* may be made twice: read and idempotent requests */
	const enum lane *lanes;             /* taken before it goes out */
	unsigned lanes_n;
	enum lane pause_on_429; /* LANE_COUNT: none */
	size_t body_max;        /* 0: 8 MiB */
};

struct agent_web_answer {
	int status;
	const char *body; /* NUL after it; in the task's arena */
	size_t body_n;
	const char *location; /* of a redirect; NULL */
	int32_t eresult;      /* X-eresult; 0: none */
	uint32_t again_ms;    /* Retry-After; 0: none */
	bool sent;            /* with a failure: some of the request went out */
};

/* RC_OK for any status that is not a lost session or 429. RC_LIMIT: 429, and the pause is kept. RC_DENIED: the session is not
 * accepted even when new. RC_AWAY, RC_TIMEOUT: see ret->sent. */
must_check enum rc agent_web(
	struct action_task *t, const struct agent_web_ask *ask, struct agent_web_answer *ret, struct fault *f);
