/*
 * sessions: the agent's Steam sessions: one for each account that the control plane gave to it (BOT), and one of the agent's own
 * for questions that need no account. The machines (flow/bot) live on the loop thread, here; workers ask by sessions_do.
 *
 * The control plane says what is wanted of an account; a worker's LOGIN and LOGOUT only wait for it. What happens is reported
 * (agent/reports); secrets go and come sealed. Logons pass the lanes. The list of Steam's servers is fetched by a worker when it
 * is first needed, and again every SESSIONS_LIST_MS.
 */
#pragma once

#include "agent/directory.h"
#include "agent/sessions_self.h"
#include "base/hush.h"
#include "flow/steam_call.h"
#include "flow/steam_cms.h"
#include "io/call.h"

#define SESSIONS_MAX        10000  /* accounts; egress limits bite far earlier */
#define SESSIONS_LIST_MS    600000 /* between two looks at Steam's directory */
#define SESSIONS_ID_MAX     65
#define SESSIONS_REASON_MAX 48

struct identity;
struct lanes;
struct log;
struct loop;
struct pool;
struct reports;
struct sessions;
struct tunnel_msg;

struct sessions_conf {
	struct loop *loop;
	const struct log *log;
	struct pool *errands; /* runs struct errand */
	struct lanes *lanes;
	struct reports *reports;
	const struct identity *identity;                             /* known before the first BOT comes */
	const char *directory_url;                                   /* without a query */
	const char *api_url, *community_url, *store_url, *login_url; /* each without a slash at its end */
	const char *public_key; /* of Steam's servers over TCP, PEM; NULL: Steam's own */
	const char *ca_file;    /* NULL: the system's alone */
	const char *http_proxy; /* of accounts without an egress; [USER:PASSWORD@]HOST:PORT; NULL: none */
	enum directory_transport transport;
	/* Between two requests for whole product infos, twice that for metadata; 0: no limit. */
	uint32_t pics_interval_ms;
};

/* pics_interval_ms of the conf, which does not change. Any thread. */
uint32_t sessions_pics_interval_ms(const struct sessions *ss);

/* Where Steam's web is, each without a slash at its end. Any thread. */
struct sessions_urls {
	const char *api, *community, *store, *login;
	const char *ca_file; /* NULL: the system's alone */
};
const struct sessions_urls *sessions_urls(const struct sessions *ss);

/* Opens what was sealed to this agent, as hexadecimal. NULL opens to nothing. Any thread. */
must_check enum rc sessions_open(const struct sessions *ss, const char *sealed, struct hush *ret, struct fault *f);

/* Texts of conf are borrowed for its life. */
must_check enum rc sessions_new(const struct sessions_conf *conf, struct sessions **ret_sessions, struct fault *f);
void sessions_free(struct sessions *ss); /* when the loop has ended */
void sessions_stop(struct sessions *ss); /* loop: logs all off; what waits is answered */
bool sessions_are_off(const struct sessions *ss);
size_t sessions_online(const struct sessions *ss); /* of accounts and the own one */

/* Loop: BOT, BOT_GONE, ANSWER; false: a message about something else. */
bool sessions_message(struct sessions *ss, const struct tunnel_msg *m);
/* Loop: the leases of the accounts cannot be renewed: all are off at once. Each comes back with its next BOT. */
void sessions_fence(struct sessions *ss);

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
	struct steam_ask ask;   /* SESSIONS_ASK; owner and deadline are filled in */
	uint64_t deadline_ms;
	struct call_scope *scope;

	struct sessions_web *web; /* SESSIONS_WEB */
	bool fresh;
	bool store;                        /* SESSIONS_UNLOCK */
	const char *trade_why, *clean_why; /* SESSIONS_STANDING: as bot_standing has them */
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
	char endpoint[STEAM_CMS_NAME_MAX];

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
