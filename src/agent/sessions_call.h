/* sessions_call: what a worker asks of a session, and its answer. See agent/sessions. */
#pragma once

#include "agent/sessions_self.h"
#include "base/hush.h"
#include "flow/steam_call.h"
#include "io/call.h"

#define SESSIONS_REASON_MAX   48
#define SESSIONS_ENDPOINT_MAX 256

enum sessions_want {
	SESSIONS_LOGIN,  /* starts the session; answered when it is online */
	SESSIONS_LOGOUT, /* answered when it is off; at once when there is none */
	SESSIONS_ASK,    /* a question to Steam; the own session is started for it, an account's has to be there */
	SESSIONS_WEB, /* a web session of the account: `web`; a fresh access token when `fresh`. One renewal at a time */
	SESSIONS_EGRESS, /* `web`, its egress alone: of the account whether it is online or not; without one the agent's own */
	SESSIONS_UNLOCK, /* a page is locked by a parental PIN: of the store when `store`, else of the community. RC_DENIED: the PIN is not known */
	SESSIONS_STANDING, /* tells: `trade_why`, `clean_why` */
	SESSIONS_SELF,     /* what Steam told: `self` */
};

struct session;
struct sessions;
struct sessions_asked;

/* What an action needs to speak for the account over HTTP: a worker's copy, wiped by sessions_web_done. */
struct sessions_web {
	uint64_t steamid;
	struct hush access_token; /* a JWT with at least 300 s to live */
	int64_t expires_ms;       /* of it; Unix time */
	int64_t steam_now_s;      /* Steam's clock, for confirmation keys: no two asks of an account get the same */
	char session_id[25];      /* of cookie and form: 24 hexadecimal characters */
	char egress_id[65];
	char bind_address[64];                      /* "": any */
	char http_proxy[256];                       /* "": none; else HOST:PORT */
	char socks5[256];                           /* the same */
	struct hush community_unlock, store_unlock; /* the cookie steamparental of each; empty: none */
	struct hush proxy_login;                    /* USER:PASSWORD of the proxy; empty: none */
	struct hush identity_secret, shared_secret; /* empty: not known */
};
void sessions_web_done(struct sessions_web *w);

struct sessions_call {
	enum sessions_want want;
	const char *account_id; /* NULL: the agent's own session */
	struct steam_ask
		ask; /* SESSIONS_ASK; owner is filled in; the deadline, too, unless it is before that of the call */
	struct steam_product *
		tokens; /* SESSIONS_ASK of products: the same as ask.products; known access tokens are filled in. NULL: not */
	uint64_t deadline_ms;
	struct call_scope *scope;
	bool reads; /* it may be asked of a quarantined account, too */

	struct sessions_web *web; /* SESSIONS_WEB */
	bool fresh;
	bool store;                        /* SESSIONS_UNLOCK */
	const char *trade_why, *clean_why; /* SESSIONS_STANDING: as bot_play_standing has them */
	struct sessions_self *self;        /* SESSIONS_SELF */
	struct arena *arena;               /* for it */
	bool licenses;                     /* not before Steam has told them: it does a moment after the logon */
	uint32_t challenge_ms;             /* SESSIONS_LOGIN: an open challenge is waited for so long */

	/* The answer. */
	struct steam_call *answer;        /* SESSIONS_ASK: yours, and also there when the call failed halfway */
	uint64_t steamid;                 /* SESSIONS_LOGIN */
	char reason[SESSIONS_REASON_MAX]; /* SESSIONS_LOGIN: a code that says why not; "" */
	int32_t eresult;                  /* why Steam refused; 0: it did not */
	bool offline;                     /* ASK, WEB, SELF: the account has no session */
	char endpoint[SESSIONS_ENDPOINT_MAX];

	struct call call; /* the rest is sessions.c's */
	struct sessions *sessions;
	struct session *at;
	struct list node; /* session.waiting, or sessions.early */
	struct sessions_asked *asked;
	uint64_t began_ms;
	unsigned tries;
};

/* Worker: asks and waits. */
must_check enum rc sessions_do(struct sessions *ss, struct sessions_call *c, struct fault *f);

/* pics_interval_ms of the conf, which does not change. Any thread. */
uint32_t sessions_pics_interval_ms(const struct sessions *ss);
