/*
 * session: one account's session on this agent, and the table of them, as the files session_*.c share them:
 *
 *      sessions       the table: what the control plane says of accounts, what workers ask, the end
 *      session        the pump: does what the bot wants done
 *      session_line   its socket: WebSocket, or TCP
 *      session_gate   its lanes and pauses
 *      session_tell   what the control plane is told of it; secrets and answers that come
 *      session_self   what Steam told of the account
 *      session_tokens access tokens for product info
 *      session_web    its access token for Steam's web
 *      session_family the parental PIN that locks pages of it
 *      session_cms    Steam's directory and Steam's clock, which are asked by errands
 *
 * Loop thread only. After a call that says so the session may be gone.
 */
#pragma once

#include "agent/sessions_call.h"
#include "agent/sessions_conf.h"
#include "base/id.h"
#include "base/map.h"
#include "flow/bot.h"
#include "io/egress.h"

struct line;
struct session_gate;
struct session_self;
struct session_tokens;
struct session_web;
struct tunnel_msg_egress;

struct session {
	struct sessions *all;
	char *account_id; /* "": the agent's own */
	struct bot *bot;
	struct loop_timer *timer; /* of the bot, and of who waits */
	struct line *line;        /* NULL: no connection */
	struct list asked;        /* sessions_asked.node: questions that the bot has */
	struct list waiting;      /* sessions_call.node: for the session to be online, or off, or for its token */
	char *egress_id, *egress_address;
	enum egress_kind egress_kind;
	struct hush proxy_login, identity_secret, shared_secret;
	int64_t epoch, generation;
	char challenge_id[ID_MAX];     /* "": none is open */
	struct session_gate *gate;     /* NULL: nothing is asked of lanes */
	struct session_self *self;     /* NULL: nothing was told */
	struct session_tokens *tokens; /* NULL: Steam gave none */
	struct session_web *web;       /* NULL: nobody asked */
	struct bot_want *later;        /* what is wanted once servers are known */
	char *endpoint;                /* of the connection */
	bool online, wanted;           /* wanted: it is to be online */
	bool leaving;                  /* goes away when it is off */
	bool pumping;
	bool unlocking,
		store_locked; /* the PIN is being tried; the page that was locked last is one of the store */
};

struct sessions {
	struct sessions_conf conf;
	struct sessions_urls urls;
	struct map accounts; /* account_id → struct session */
	struct session *own;
	struct list early; /* sessions_call.node: for accounts that have not come yet */
	struct steam_cms *cms;
	uint64_t list_ms;         /* when the list of servers is to be fetched next */
	struct loop_timer *timer; /* of that */
	bool fetching, stopping;
	size_t online_n;
	char *proxy;             /* the agent's own: HOST:PORT; NULL: none */
	struct hush proxy_login; /* USER:PASSWORD */
	int64_t skew_s;          /* Steam's clock minus ours */
};

static inline bool session_is_own(const struct session *s) { return !*s->account_id; }
static inline const char *session_name(const struct session *s) { return *s->account_id ? s->account_id : "-"; }
uint64_t session_now(const struct session *s);

/* session.c */
struct session *session_new(struct sessions *ss, const char *account_id, const char *login, bool anonymous);
void session_free(struct session *s);
void session_pump(struct session *s); /* to be called after each call of its bot; it may be gone then */
void session_want(
	struct session *s, const struct bot_want *want); /* now, or when servers are known. It may be gone */
bool session_is_off(const struct session *s);
/* Its egress for a dial; what it points to is the session's or the table's. */
struct egress session_egress(const struct session *s);
const char *session_egress_id(const struct session *s);
/* The bot is to be pumped after it. */
must_check enum rc session_set_egress(struct session *s, const struct tunnel_msg_egress *e, struct fault *f);

/* sessions.c: who waits. They are answered, and gone. */
void sessions_answer(struct sessions_call *c, enum rc rc, const char *why);
void sessions_serve(
	struct session *s, enum account_state state, int32_t eresult, const char *why); /* its state changed */
void sessions_serve_self(struct session *s); /* Steam told something of the account that was waited for */
void sessions_take_answer(struct session *s, struct steam_call *got);
uint64_t sessions_patience(struct session *s); /* answers who waited long enough; when to look again */

/* The owner of a question inside the bot: the asker may leave before the answer. */
struct sessions_asked {
	struct list node;         /* session.asked */
	struct sessions_call *by; /* NULL: left, or the session's own question */
	void (*done)(struct session *s, const struct steam_call *got); /* of the session's own */
};

/* session_line.c */
void session_line_dial(struct session *s, uint32_t conn, const char *endpoint, bool tcp);
void session_line_send(struct session *s, uint32_t conn, const void *p, size_t n);
void session_line_hang_up(struct session *s);
void session_line_break(struct session *s, const char *why); /* as if the connection had broken */

/* session_gate.c */
void session_gate_ask(struct session *s);
void session_gate_pause(struct session *s, int32_t eresult);
void session_gate_reset(struct session *s); /* what is asked is asked anew, under another key. Pump after it */
void session_gate_free(struct session *s);

/* session_tell.c */
void session_tell_begun(
	struct session *s); /* there is no session of before: the agent may have been started again */
void session_tell_state(struct session *s, const struct bot_act *a);
void session_tell_condition(struct session *s, const char *name, bool status, const char *why);
void session_tell_secret(struct session *s, const char *name, const struct hush *secret);
void session_tell_challenge(struct session *s, const struct bot_act *a);
void session_tell_challenge_over(struct session *s, enum bot_challenge_end end);

/* session_self.c */
void session_self_push(struct session *s, uint32_t emsg, const void *p, size_t n);
must_check enum rc session_self_copy(struct session *s, struct sessions_self *ret, struct arena *a);
void session_self_free(struct session *s);
bool session_self_has_licenses(const struct session *s); /* Steam has told them since the logon */

/* session_tokens.c */
void session_tokens_fill(const struct session *s, struct steam_product *to, size_t n); /* those that are known */
void session_tokens_learn(struct session *s, const struct steam_call *got);
void session_tokens_free(struct session *s);

/* session_web.c. May answer `c`, or leave it waiting */
void session_web_ask(struct session *s, struct sessions_call *c);
void session_web_egress(struct session *s, struct sessions_call *c); /* answers it: by which way the account goes */
/* As an asker gets it; RC_AWAY: there is no token now. */
must_check enum rc session_web_copy(struct session *s, struct sessions_web *ret);
/* The cookie for an accepted PIN; moved. */
must_check enum rc session_web_keep(struct session *s, bool store, struct hush *cookie);
void session_web_free(struct session *s);

/* session_family.c */
void session_family_ask(struct session *s, struct sessions_call *c); /* may answer `c`, or leave it waiting */
void session_family_try(struct session *s);

/* session_cms.c */
void session_cms_plan(struct sessions *ss); /* looks at Steam's directory when that is due and somebody wants it */
void session_cms_clock(struct session *s);  /* asks Steam's clock, and tells the bot */
