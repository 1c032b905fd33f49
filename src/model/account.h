/*
 * account: the life of one account's session, as both ends know it: its states, what may follow what, and why. Pure.
 * product.md 5.6; the numbers are those of its table.
 */
#pragma once

#include "base/own.h"
#include "base/rc.h"

#include <stdbool.h>
#include <stdint.h>

#define ACCOUNT_CHALLENGE_MS    300000  /* 7: a challenge is open so long */
#define ACCOUNT_CHALLENGE_QR_MS 120000  /* 7: one by QR code */
#define ACCOUNT_CHALLENGE_TRIES 3       /* 7, 14 */
#define ACCOUNT_THROTTLED_MS    1500000 /* 9 */
#define ACCOUNT_REPLACED_MS     300000  /* 16 */
#define ACCOUNT_REPLACED_MAX    3       /* 16: an hour */
#define ACCOUNT_PASSWORD_TRIES  3       /* 11 */
#define ACCOUNT_CONNECT_TRIES   8       /* 5 */
#define ACCOUNT_LOGON_GAP_MS    60000   /* A3: between two logons of one account */
#define ACCOUNT_DRAIN_MS        60000   /* 19 */
#define ACCOUNT_BLOCKED_MS      60000   /* T5: it plays again so long after the other session stopped */

enum account_state {
	ACCOUNT_DISABLED,
	ACCOUNT_OFFLINE,
	ACCOUNT_CONNECTING,
	ACCOUNT_AUTHENTICATING,
	ACCOUNT_CHALLENGE,
	ACCOUNT_ONLINE,
	ACCOUNT_RECONNECTING,
	ACCOUNT_COOLING_DOWN,
	ACCOUNT_DRAINING,
	ACCOUNT_QUARANTINED,
	ACCOUNT_FAILED,
	ACCOUNT_STATES,
};
extern const char *const account_state_words[]; /* "disabled" …; ends in NULL */

enum account_mode { ACCOUNT_MODE_OFFLINE, ACCOUNT_MODE_ONLINE, ACCOUNT_MODE_PLAYING };
extern const char *const account_mode_words[];

/* What can happen; the number is the row of product.md 5.6 that it begins. */
enum account_event {
	ACCOUNT_ENABLED = 1,   /* disabled -> offline */
	ACCOUNT_WANTED,        /* 2: lease and lanes are there -> connecting */
	ACCOUNT_LANE_BUSY,     /* 3 -> cooling_down */
	ACCOUNT_GREETED,       /* 4: the connection manager answers -> authenticating */
	ACCOUNT_UNREACHED,     /* 5 -> reconnecting */
	ACCOUNT_LOGGED_ON,     /* 6 -> online */
	ACCOUNT_NEEDS_CODE,    /* 7 -> challenge */
	ACCOUNT_CODE_MISMATCH, /* 8: first time -> authenticating */
	ACCOUNT_THROTTLED,     /* 9 -> cooling_down */
	ACCOUNT_TOKEN_DEAD,    /* 10 -> authenticating */
	ACCOUNT_BAD_PASSWORD,  /* 11: for the third time -> failed(invalid_credentials) */
	ACCOUNT_BANNED,        /* 12 -> failed(account_disabled) */
	ACCOUNT_ANSWERED,      /* 13 -> authenticating */
	ACCOUNT_UNANSWERED,    /* 14 -> failed(challenge_expired) */
	ACCOUNT_LOST,          /* 15 -> reconnecting */
	ACCOUNT_REPLACED,      /* 16 -> cooling_down, or failed(session_conflict) */
	ACCOUNT_RESTRICTED,    /* 17 -> quarantined */
	ACCOUNT_FENCED,        /* 18 -> offline */
	ACCOUNT_UNWANTED,      /* 19 -> draining, then offline (ACCOUNT_DRAINED) */
	ACCOUNT_BACKED_OFF,    /* 20 -> connecting */
	ACCOUNT_COOLED,        /* 21 -> offline */
	ACCOUNT_CLEARED,       /* 22 -> offline */
	ACCOUNT_RETRIED,       /* 23 -> offline */
	ACCOUNT_DISABLE,       /* 24 -> draining, then disabled (ACCOUNT_DRAINED) */
	ACCOUNT_DRAINED,       /* 19, 24: the session is logged off */
	ACCOUNT_EVENTS,
};

/* What decides beside state and event. */
struct account_guard {
	unsigned count; /* 5: tries; 8, 11: times; 16: within the hour. This one included */
	bool password;  /* 10: it is known */
	bool disable;   /* ACCOUNT_DRAINED: of row 24 */
};

/* The state that follows. RC_CONFLICT when nothing may follow by this event: then *ret is untouched. `ret_reason` may get a code
 * ("invalid_credentials"), and is "" else. */
must_check enum rc account_move(enum account_state from, enum account_event event, const struct account_guard *g,
	enum account_state *ret, const char **ret_reason);

/* May an agent report this change? Passing states may have been skipped. For the control plane, which sees only reports. */
bool account_may_follow(enum account_state from, enum account_state to);

const char *account_event_name(enum account_event event);
