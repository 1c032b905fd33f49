/*
 * sessions: the agent's Steam sessions: one for each account that was logged in, and one of the agent's own for questions that
 * need no account. The machines (flow/steam_session) live on the loop thread, here; workers ask by sessions_do.
 *
 * New logons are started at most one per logon_interval_ms. The list of servers is fetched by a worker when it is first
 * needed, and again every SESSIONS_LIST_MS.
 */
#pragma once

#include "base/hush.h"
#include "base/log.h"
#include "flow/steam_session.h"
#include "io/call.h"
#include "io/pool.h"

#define SESSIONS_MAX     2000   /* accounts; egress limits bite far earlier */
#define SESSIONS_LIST_MS 600000 /* between two looks at Steam's directory */
#define SESSIONS_ID_MAX  65

struct sessions;

struct sessions_conf {
	struct loop *loop;
	const struct log *log;
	struct pool *errands;       /* runs struct sessions_errand jobs, see sessions_run_errand */
	const char *directory_url;  /* without a query */
	const char *ca_file;        /* NULL: the system's alone */
	const char *http_proxy;     /* NULL: none */
	uint32_t logon_interval_ms; /* 0: no limit */
	uint32_t
		pics_interval_ms; /* between two requests for whole product infos, twice that for metadata; 0: no limit */
	/* An account's session changed; `why` is "" when it was asked to. The agent's own session is not told. */
	void (*changed)(void *ctx, const char *account_id, const char *state, const char *why);
	void *ctx;
};

/* pics_interval_ms of the conf, which does not change. Any thread. */
uint32_t sessions_pics_interval_ms(const struct sessions *ss);

/* Where Steam's web is, each without a slash at its end. Any thread. */
struct sessions_urls {
	const char *api, *community, *store, *login;
	const char *ca_file; /* NULL: the system's alone */
};
const struct sessions_urls *sessions_urls(const struct sessions *ss);

/* Texts of conf are borrowed for its life. */
must_check enum rc sessions_new(const struct sessions_conf *conf, struct sessions **ret_sessions, struct fault *f);
void sessions_free(struct sessions *ss); /* when the loop has ended */
void sessions_stop(struct sessions *ss); /* loop: logs all off; what waits is answered */
bool sessions_are_off(const struct sessions *ss);
size_t sessions_online(const struct sessions *ss); /* of accounts and the own one */

enum sessions_want {
	SESSIONS_LOGIN,  /* starts the session; answered when it is online */
	SESSIONS_LOGOUT, /* answered when it is off; at once when there is none */
	SESSIONS_ASK,    /* a question to Steam; the own session is started for it, an account's has to be there */
	SESSIONS_WEB,    /* a web session of the account: `web`; a fresh access token when `fresh`. One renewal at a time */
	SESSIONS_EGRESS, /* `web`, its egress alone: of the account whether it is online or not; without one the agent's own */
	SESSIONS_SELF,   /* what Steam told: `self` */
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
	struct hush proxy_login;                    /* USER:PASSWORD of the proxy; empty: none */
	struct hush identity_secret, shared_secret; /* empty: not known */
};
void sessions_web_done(struct sessions_web *w);

/* What Steam told of the account since its logon: bodies of the newest messages, copied into the asker's arena. NULL: not told. */
struct sessions_self {
	uint64_t steamid;
	struct {
		const uint8_t *p;
		size_t n;
	} licenses, friends, wallet, limited, info, email, vac, playing, personas, nicknames;
	bool blocked; /* another session plays */
	uint32_t cell_id;
};

struct sessions_call {
	enum sessions_want want;
	const char *account_id; /* NULL: the agent's own session */
	struct steam_ask ask;   /* SESSIONS_ASK; owner and deadline are filled in */
	uint64_t deadline_ms;
	struct call_scope *scope;

	struct sessions_web *web; /* SESSIONS_WEB */
	bool fresh;
	struct sessions_self *self; /* SESSIONS_SELF */
	struct arena *arena;        /* for it */

	/* The answer. */
	struct steam_call *answer; /* SESSIONS_ASK: yours, and also there when the call failed halfway */
	uint64_t steamid;          /* SESSIONS_LOGIN */
	int32_t eresult;           /* why Steam refused; 0: it did not */
	bool offline;              /* SESSIONS_ASK: the account has no session */
	char endpoint[STEAM_CMS_NAME_MAX];

	struct call call; /* the rest is sessions.c's */
	struct sessions *sessions;
	struct session *at;
	struct list node; /* session.waiting */
	struct sessions_asked *asked;
	unsigned tries;
};

/* Worker: asks and waits. */
must_check enum rc sessions_do(struct sessions *ss, struct sessions_call *c, struct fault *f);
