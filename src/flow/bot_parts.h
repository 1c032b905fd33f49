/*
 * bot_parts: what the files of bot share, and nobody else. It stands on what flow/bot.h declares, which is included
 * before it.
 */
#pragma once

#include "flow/steam_auth.h"
#include "flow/steam_dice.h"
#include "flow/steam_session.h"

#define BOT_UNREACHABLE_MS 300000u /* after ACCOUNT_CONNECT_TRIES in a row */
#define BOT_LANES_AWAY_MS  5000u   /* nobody could say whether it may log on: it asks again */
#define BOT_STEADY_MS      60000u  /* online for so long: the back-off begins anew */
#define BOT_BACK_MS        1000u
#define BOT_BACK_MAX_MS    60000u
#define BOT_RENEW_LOOK_MS  86400000u /* between two looks at how long its token still holds */
#define BOT_RENEW_LEFT_S   2592000   /* 30 days left, or a seventh of its life: it is renewed */
#define BOT_CLEAN_MS       86400000u /* 22: clean once and again so much later */
#define BOT_HOUR_MS        3600000u
#define BOT_MACHINE        60

/* Where its connection is; its account's state says why. */
enum bot_phase {
	BOT_IDLE,   /* no connection is wanted */
	BOT_WAIT,   /* until wake_ms: then it asks for its lanes */
	BOT_ASKING, /* LANES was said */
	BOT_LINED,  /* the session is on its way, or online */
	BOT_PAUSED, /* PAUSE was said */
	BOT_DRAIN,  /* leaves when no call is under way, or at wake_ms */
};

enum bot_fact { BOT_UNKNOWN, BOT_NO, BOT_YES };

/* Conditions that it tells. */
enum bot_condition {
	BOT_SECRETS_COMPLETE,
	BOT_PLAYING_BLOCKED,
	BOT_STANDING_CLEAN,
	BOT_TRADE_READY,
	BOT_FAMILY_VIEW, /* true: pages are locked */
	BOT_CONDITIONS
};

struct bot {
	struct bot_conf conf; /* its login is ours */
	struct steam_dice dice;
	struct bot_secrets secrets;
	enum account_mode mode;
	unsigned apps_n;
	uint32_t *apps; /* NULL: none */
	char *game;     /* NULL: none */
	uint32_t persona;
	uint64_t not_before_ms, now_ms;

	enum account_state state;
	enum bot_phase phase;
	uint64_t wake_ms; /* of WAIT and DRAIN */
	bool fenced, disabled;
	bool no_credentials;           /* failed by them */
	enum steam_session_state line; /* the session's, as told last */
	struct steam_session *session;
	struct steam_auth *auth;               /* NULL: none is under way */
	uint64_t steamid, online_ms, logon_ms; /* logon_ms: when it last tried to log on; 0: never */
	unsigned tries, backs, bad_passwords, dead_tokens;
	uint64_t replaced_ms[ACCOUNT_REPLACED_MAX];

	int64_t offset_ms; /* Steam's clock minus the owner's */
	uint64_t challenge_until_ms;
	bool clock_known;
	bool challenged; /* a challenge is open */
	bool resumable;  /* SECRET resume was told */

	uint64_t pin_until_ms; /* of the challenge for a parental PIN; 0: none is open */
	unsigned pin_tries;
	bool pin_wrong; /* the one that is known does not fit */
	bool pin_tried; /* UNLOCK was told, and not answered */
	bool pin_anew;  /* another one came meanwhile */

	bool blocked, persona_told;
	bool playing;      /* so Steam was told */
	bool other_games;  /* others are wanted than those that Steam was told */
	uint64_t play_ms;  /* not before */
	uint64_t renew_ms; /* when to look at its token; 0: not at all */
	uint64_t clean_ms; /* quarantined, and clean since; 0: not */
	uint32_t vac_bans;
	bool banned, limited, limits_told;
	const char *trade_why, *clean_why;   /* bot_play_standing's; NULL: not known */
	uint8_t conditions[BOT_CONDITIONS];  /* enum bot_fact */
	const char *reasons[BOT_CONDITIONS]; /* of each, as told last */

	struct list said;      /* bot_said.node: acts that wait */
	struct bot_said *last; /* the one that was taken last: borrowed until the next call */
};

/* ---- bot_tell: what it says ---- */

struct bot_said {
	struct list node; /* bot.said */
	struct bot_act act;
	struct hush secret;
	char why[32];
	char hint[STEAM_AUTH_TEXT_MAX], qr_url[STEAM_AUTH_TEXT_MAX];
};

/* The state that follows by the table, and its STATE; false when nothing follows. */
bool bot_tell_move(
	struct bot *b, enum account_event event, struct account_guard g, int32_t eresult, uint64_t until_ms);
void bot_tell(struct bot *b, enum bot_act_kind kind, int32_t eresult);
/* Unless it is so already. `why` stays in memory. */
void bot_tell_condition(struct bot *b, enum bot_condition c, bool status, const char *keep_why);
void bot_tell_secret(struct bot *b, const char *name, const struct hush *secret);
void bot_tell_challenge(struct bot *b, const struct steam_auth_act *a, uint64_t until_ms);
void bot_tell_pin(struct bot *b, const char *hint, uint64_t until_ms);
void bot_tell_over(struct bot *b, enum bot_challenge_end end);
bool bot_tell_next(struct bot *b, struct bot_act *ret);
void bot_tell_done(struct bot *b);

/* ---- bot_logon: to be online ---- */

void bot_logon_reconcile(struct bot *b); /* makes the connection what is wanted */
void bot_logon_wake(struct bot *b);      /* wake_ms has come */
void bot_logon_granted(struct bot *b);
void bot_logon_busy(struct bot *b, uint64_t free_ms);
void bot_logon_hang_up(struct bot *b, enum bot_phase phase); /* whatever the session says of it is not heard */
void bot_logon_state(struct bot *b, const struct steam_session_act *a);
void bot_logon_later(struct bot *b, uint64_t at_ms);
void bot_logon_unreached(struct bot *b);

/* ---- bot_auth: the credentials ---- */

void bot_auth_begin(struct bot *b); /* at the hello: by token, by what is under way, or anew */
bool bot_auth_step(struct bot *b);  /* true: something was done */
void bot_auth_drop(struct bot *b, enum bot_challenge_end end);
void bot_auth_refused(struct bot *b, int32_t eresult);       /* the logon was */
bool bot_auth_answered(struct bot *b, struct steam_call *c); /* true: the call was one of its own; it is freed */
void bot_auth_expire(struct bot *b);                         /* the challenge's time is over */
void bot_auth_renew(struct bot *b);

/* ---- bot_family: the parental PIN ---- */

bool bot_family_answered(struct bot *b, const struct hush *pin); /* false: no challenge for one is open */
void bot_family_learned(struct bot *b);                          /* another PIN is known */
void bot_family_tick(struct bot *b);
void bot_family_drop(struct bot *b); /* its challenge is moot */

/* ---- bot_play: what it does when online ---- */

void bot_play_apply(struct bot *b);
void bot_play_stopped(struct bot *b); /* the session is over */
void bot_play_push(struct bot *b, const struct steam_session_act *a);
uint64_t bot_play_due(const struct bot *b);
