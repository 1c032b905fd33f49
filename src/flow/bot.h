/*
 * bot: one account's life on an agent: it brings the session to where it is wanted and keeps it there, and never asks Steam
 * more often than it may. Without socket, clock, thread or storage.
 *
 *      what is wanted   bot_want --+                        +--> CONNECT, SEND, CLOSE     for the socket
 *      socket           bot_opened, _feed, _closed --+      +--> ANSWER                   of a call
 *      time             bot_tick --------------------+--> --+--> LANES, PAUSE             may it log on? Steam throttles
 *      lanes            bot_lanes, bot_paused -------+      +--> STATE, CONDITION, SECRET, CHALLENGE   to be told and kept
 *      people           bot_answer ------------------+      +--> CODE_TIME                Steam's clock is to be asked for
 *
 * Inside it are flow/steam_session (connection, logon, heartbeat) and flow/steam_auth (password, Guard, QR, tokens), and
 * model/account says what may follow what. The owner takes acts by bot_next until there is none, after each call.
 *
 * A logon is tried only after LANES was answered yes (cm.connect and cm.login of the egress, cm.login.account of the account).
 * When Steam throttles, PAUSE comes first and the STATE cooling_down only after bot_paused. With a refresh token it logs on by it; without,
 * by password (and a Guard code of its own when it has the shared secret); else it opens a CHALLENGE and waits for bot_answer.
 * A challenge outlives the connection and the agent: SECRET "resume" is what bot_want brings back. One for a parental PIN is about pages
 * of Steam's web (bot_family_locked): the account stays online, and it ends with the wish to be so.
 */
#pragma once

#include "base/fault.h"
#include "base/hush.h"
#include "base/own.h"
#include "model/account.h"

#define BOT_APPS_MAX 32
#define BOT_TEXT_MAX 128

struct bot;
struct steam_ask;
struct steam_call;
struct steam_cms;

/* Its secrets; an empty one is not known. The bot copies what it needs, and wipes it. */
struct bot_secrets {
	struct hush password, shared_secret, refresh_token, guard_data, parental_pin, resume;
};

struct bot_want {
	enum account_mode mode;
	uint32_t apps[BOT_APPS_MAX];
	unsigned apps_n;
	char game[BOT_TEXT_MAX]; /* "": none */
	uint32_t persona;
	uint64_t not_before_ms; /* of the owner's clock: no logon earlier */
};

struct bot_conf {
	const char *login; /* copied */
	bool anonymous;
	struct steam_cms *keep_cms; /* must outlive the bot */
	uint64_t seed;
	uint32_t login_id, cell_id;
	uint8_t machine[3][20]; /* what its machine id is made of: stable for account and agent */
	uint8_t random[32];     /* fresh and secret: the password is padded with what is made of it */
};

enum bot_challenge_kind { BOT_GUARD_EMAIL, BOT_GUARD_TOTP, BOT_DEVICE_APPROVAL, BOT_QR, BOT_PARENTAL_PIN };
extern const char
	*const bot_challenge_words[]; /* guard_email, guard_totp, device_approval, qr, parental_pin; ends in NULL */

enum bot_challenge_end { BOT_CHALLENGE_ANSWERED, BOT_CHALLENGE_EXPIRED, BOT_CHALLENGE_REFUSED, BOT_CHALLENGE_MOOT };
extern const char *const bot_challenge_end_words[]; /* answered, expired, refused, moot */

enum bot_act_kind {
	BOT_CONNECT,        /* as STEAM_SESSION_CONNECT: `conn`, `endpoint` (without "tcp://"), `tcp` */
	BOT_SEND,           /* `conn`, `p`, `n` */
	BOT_CLOSE,          /* `conn` */
	BOT_ANSWER,         /* `call` */
	BOT_LANES,          /* may it log on now? Answer by bot_lanes */
	BOT_PAUSE,          /* make a pause of its logon lanes durable; answer by bot_paused. `eresult` */
	BOT_STATE,          /* `state`, `why` (a code), `eresult`, `until_ms` */
	BOT_CONDITION,      /* `name`, `status`, `why` */
	BOT_SECRET,         /* keep `secret` under `name` (refresh_token, guard_data, resume); empty: forget it */
	BOT_CHALLENGE,      /* `challenge`, `hint`, `qr_url` (may change: told again), `until_ms` */
	BOT_CHALLENGE_OVER, /* `end` */
	BOT_UNLOCK, /* try the parental PIN (bot_pin) on the pages that are locked; answer by bot_family_unlocked */
	BOT_CODE_TIME, /* a code did not fit: ask Steam's clock, then bot_clock */
	BOT_PUSH, /* Steam told something unasked: `emsg`, `p`, `n` (body), `method` of a service notification or NULL */
};

/* Texts and bytes are borrowed until the next call for this bot. */
struct bot_act {
	enum bot_act_kind kind;
	uint32_t conn, emsg;
	const char *endpoint, *why, *name, *hint, *qr_url, *method;
	bool tcp;    /* of CONNECT: the endpoint is a TCP one, see flow/steam_channel */
	bool status; /* of CONDITION */
	const uint8_t *p;
	size_t n;
	struct steam_call *call;
	enum account_state state;
	int32_t eresult;
	uint64_t until_ms; /* 0: none; of the owner's clock */
	const struct hush *secret;
	enum bot_challenge_kind challenge;
	enum bot_challenge_end end;
};

must_check enum rc bot_new(const struct bot_conf *conf, struct bot **ret_bot, struct fault *f);
void bot_free(struct bot *b); /* with all its calls, unanswered */
OWN_DEFINE(bot)

/* Secrets may come anew at any time: those that are empty are left as they are known, unless `forget`. */
void bot_secrets(struct bot *b, const struct bot_secrets *s, bool forget);
void bot_want(struct bot *b, uint64_t now_ms, const struct bot_want *want);
void bot_retry(struct bot *b, uint64_t now_ms);   /* 22, 23: out of failed and quarantined */
void bot_enable(struct bot *b, uint64_t now_ms);  /* 1: a new one is enabled */
void bot_disable(struct bot *b, uint64_t now_ms); /* 24: drains, then rests whatever is wanted */
void bot_fence(struct bot *b, uint64_t now_ms);   /* 18: the lease cannot be renewed: off at once */

/* The answer to LANES: yes, or not before `free_ms`; `away`: nobody can say now, it asks again later. */
void bot_lanes(struct bot *b, uint64_t now_ms, bool granted, bool away, uint64_t free_ms);
void bot_paused(struct bot *b, uint64_t now_ms);

/* A person's answer: a code (for Guard codes and PINs), or `approve` with an empty one: look at once whether it was approved. */
void bot_answer(struct bot *b, uint64_t now_ms, const struct hush *code, bool approve);
/* A page is locked by the parental PIN. True: it is known, and UNLOCK follows. False: not, and a challenge is open. */
bool bot_family_locked(struct bot *b, uint64_t now_ms);
/* What became of UNLOCK. TROUBLE: it could not be tried. */
enum bot_unlock { BOT_UNLOCK_DONE, BOT_UNLOCK_WRONG, BOT_UNLOCK_TROUBLE };
void bot_family_unlocked(struct bot *b, uint64_t now_ms, enum bot_unlock how);
/* What was learned elsewhere of its standing: why it is not ready to trade, and why it is not clean; "" when nothing is against it. Codes
 * in memory that stays. What Steam tells the session counts beside it. */
void bot_play_standing(struct bot *b, uint64_t now_ms, const char *keep_trade, const char *keep_clean);
/* Steam's clock minus the wall clock, and what the wall clock says now. */
void bot_clock(struct bot *b, uint64_t now_ms, int64_t wall_s, int64_t skew_s);

void bot_opened(struct bot *b, uint64_t now_ms, uint32_t conn);
void bot_feed(struct bot *b, uint64_t now_ms, uint32_t conn, const void *p, size_t n);
void bot_closed(struct bot *b, uint64_t now_ms, uint32_t conn, const char *why);
void bot_tick(struct bot *b, uint64_t now_ms);
uint64_t bot_due(const struct bot *b);
bool bot_next(struct bot *b, struct bot_act *ret_act);

/* As steam_session_ask; RC_AWAY unless online. */
must_check enum rc bot_ask(
	struct bot *b, uint64_t now_ms, const struct steam_ask *ask, uint64_t *ret_call, struct fault *f);

enum account_state bot_state(const struct bot *b);
uint64_t bot_steamid(const struct bot *b); /* 0: not known */
bool bot_blocked(const struct bot *b);     /* another session of the account plays */
/* The parental PIN: stored, or a person's. Empty: not known. Valid until the next call. */
const struct hush *bot_pin(const struct bot *b);
/* The refresh token, for web sessions; NULL: none. Valid until the next call. */
const struct hush *bot_token(const struct bot *b);
