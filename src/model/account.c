#include "model/account.h"

#include <stddef.h>

const char *const account_state_words[] = { "disabled", "offline", "connecting", "authenticating", "challenge",
	"online", "reconnecting", "cooling_down", "draining", "quarantined", "failed", NULL };
const char *const account_mode_words[] = { "offline", "online", "playing", NULL };

#define IN(state) (1u << ACCOUNT_##state)
#define TRYING    (IN(CONNECTING) | IN(AUTHENTICATING) | IN(CHALLENGE) | IN(RECONNECTING) | IN(COOLING_DOWN))
#define ANY       ((1u << ACCOUNT_STATES) - 1)
/* What a report may leave out, because it lasts a moment only. */
#define PASSING (IN(OFFLINE) | IN(CONNECTING) | IN(AUTHENTICATING) | IN(RECONNECTING) | IN(DRAINING))

enum guard { ALWAYS, FEW, MANY, PASSWORD, NO_PASSWORD, DISABLING, STAYING };

/*
 * What is not in the table cannot happen. The numbers are the rows of product.md 5.6; rows that have none follow from them: a
 * connection may be lost while its account is being logged on, and a session that is not wanted goes from wherever it is.
 */
static const struct row {
	unsigned from; /* states, a bit each */
	enum account_event event;
	enum guard guard;
	unsigned many; /* FEW: a count up to this one; MANY: past it */
	enum account_state to;
	const char *reason;
} rows[] = {
	/*  1 */ { IN(DISABLED), ACCOUNT_ENABLED, ALWAYS, 0, ACCOUNT_OFFLINE, "" },
	/*  2 */ { IN(OFFLINE), ACCOUNT_WANTED, ALWAYS, 0, ACCOUNT_CONNECTING, "" },
	/*  3 */ { IN(OFFLINE), ACCOUNT_LANE_BUSY, ALWAYS, 0, ACCOUNT_COOLING_DOWN, "lane_busy" },
	/*  4 */ { IN(CONNECTING), ACCOUNT_GREETED, ALWAYS, 0, ACCOUNT_AUTHENTICATING, "" },
	/*  5 */
	{ IN(CONNECTING) | IN(AUTHENTICATING), ACCOUNT_UNREACHED, FEW, ACCOUNT_CONNECT_TRIES - 1,
		ACCOUNT_RECONNECTING, "connection_lost" },
	/*    */
	{ IN(CONNECTING) | IN(AUTHENTICATING), ACCOUNT_UNREACHED, MANY, ACCOUNT_CONNECT_TRIES - 1,
		ACCOUNT_COOLING_DOWN, "unreachable" },
	/*  6 */ { IN(AUTHENTICATING), ACCOUNT_LOGGED_ON, ALWAYS, 0, ACCOUNT_ONLINE, "" },
	/*  7 */ { IN(AUTHENTICATING), ACCOUNT_NEEDS_CODE, ALWAYS, 0, ACCOUNT_CHALLENGE, "needs_code" },
	/*  8 */ { IN(AUTHENTICATING), ACCOUNT_CODE_MISMATCH, FEW, 1, ACCOUNT_AUTHENTICATING, "" },
	/*    */ { IN(AUTHENTICATING), ACCOUNT_CODE_MISMATCH, MANY, 1, ACCOUNT_CHALLENGE, "code_mismatch" },
	/*  9 */ { IN(AUTHENTICATING), ACCOUNT_THROTTLED, ALWAYS, 0, ACCOUNT_COOLING_DOWN, "throttled" },
	/* 10 */ { IN(AUTHENTICATING), ACCOUNT_TOKEN_DEAD, PASSWORD, 0, ACCOUNT_AUTHENTICATING, "" },
	/*    */ { IN(AUTHENTICATING), ACCOUNT_TOKEN_DEAD, NO_PASSWORD, 0, ACCOUNT_CHALLENGE, "token_dead" },
	/* 11 */
	{ IN(AUTHENTICATING), ACCOUNT_BAD_PASSWORD, FEW, ACCOUNT_PASSWORD_TRIES - 1, ACCOUNT_AUTHENTICATING, "" },
	/*    */
	{ IN(AUTHENTICATING), ACCOUNT_BAD_PASSWORD, MANY, ACCOUNT_PASSWORD_TRIES - 1, ACCOUNT_FAILED,
		"invalid_credentials" },
	/* 12 */ { IN(AUTHENTICATING), ACCOUNT_BANNED, ALWAYS, 0, ACCOUNT_FAILED, "account_disabled" },
	/* 13 */ { IN(CHALLENGE), ACCOUNT_ANSWERED, ALWAYS, 0, ACCOUNT_AUTHENTICATING, "" },
	/* 14 */ { IN(CHALLENGE), ACCOUNT_UNANSWERED, ALWAYS, 0, ACCOUNT_FAILED, "challenge_expired" },
	/* 15 */ { IN(ONLINE), ACCOUNT_LOST, ALWAYS, 0, ACCOUNT_RECONNECTING, "connection_lost" },
	/* 16 */
	{ IN(ONLINE), ACCOUNT_REPLACED, FEW, ACCOUNT_REPLACED_MAX, ACCOUNT_COOLING_DOWN, "session_replaced" },
	/*    */ { IN(ONLINE), ACCOUNT_REPLACED, MANY, ACCOUNT_REPLACED_MAX, ACCOUNT_FAILED, "session_conflict" },
	/* 17 */ { IN(ONLINE), ACCOUNT_RESTRICTED, ALWAYS, 0, ACCOUNT_QUARANTINED, "restricted" },
	/* 18 */ { TRYING | IN(ONLINE) | IN(DRAINING), ACCOUNT_FENCED, ALWAYS, 0, ACCOUNT_OFFLINE, "fenced" },
	/* 19 */ { IN(ONLINE), ACCOUNT_UNWANTED, ALWAYS, 0, ACCOUNT_DRAINING, "" },
	/*    */ { TRYING, ACCOUNT_UNWANTED, ALWAYS, 0, ACCOUNT_OFFLINE, "" },
	/* 20 */ { IN(RECONNECTING), ACCOUNT_BACKED_OFF, ALWAYS, 0, ACCOUNT_CONNECTING, "" },
	/* 21 */ { IN(COOLING_DOWN), ACCOUNT_COOLED, ALWAYS, 0, ACCOUNT_OFFLINE, "" },
	/* 22 */ { IN(QUARANTINED), ACCOUNT_CLEARED, ALWAYS, 0, ACCOUNT_OFFLINE, "" },
	/* 23 */ { IN(FAILED), ACCOUNT_RETRIED, ALWAYS, 0, ACCOUNT_OFFLINE, "" },
	/* 24 */ { ANY & ~IN(DISABLED), ACCOUNT_DISABLE, ALWAYS, 0, ACCOUNT_DRAINING, "disabled" },
	/* 19 */ { IN(DRAINING), ACCOUNT_DRAINED, STAYING, 0, ACCOUNT_OFFLINE, "" },
	/* 24 */ { IN(DRAINING), ACCOUNT_DRAINED, DISABLING, 0, ACCOUNT_DISABLED, "" },
};

static bool holds(const struct row *r, const struct account_guard *g)
{
	static const struct account_guard none = { 0 };
	const struct account_guard *is = g ? g : &none;

	switch (r->guard) {
	case ALWAYS:
		return true;
	case FEW:
		return is->count <= r->many;
	case MANY:
		return is->count > r->many;
	case PASSWORD:
		return is->password;
	case NO_PASSWORD:
		return !is->password;
	case DISABLING:
		return is->disable;
	case STAYING:
		return !is->disable;
	}
	return false;
}

enum rc account_move(enum account_state from, enum account_event event, const struct account_guard *g,
	enum account_state *ret, const char **ret_reason)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		if (r->event != event || !(r->from & 1u << from) || !holds(r, g))
			continue;
		*ret = r->to;
		if (ret_reason)
			*ret_reason = r->reason;
		return RC_OK;
	}
	return RC_CONFLICT;
}

/* Where one step leads from any of `from`. */
static unsigned step(unsigned from)
{
	unsigned to = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].from & from)
			to |= 1u << rows[i].to;
	return to;
}

bool account_may_follow(enum account_state from, enum account_state to)
{
	if (from == ACCOUNT_DISABLED)
		return false; /* nobody but the control plane enables it */
	unsigned reached = step(1u << from), before;
	do {
		before = reached;
		reached |= step(reached & PASSING);
	} while (reached != before);
	return reached & 1u << to;
}

const char *account_event_name(enum account_event event)
{
	static const char *const names[ACCOUNT_EVENTS] = { "", "enabled", "wanted", "lane_busy", "greeted",
		"unreached", "logged_on", "needs_code", "code_mismatch", "throttled", "token_dead", "bad_password",
		"banned", "answered", "unanswered", "lost", "replaced", "restricted", "fenced", "unwanted",
		"backed_off", "cooled", "cleared", "retried", "disable", "drained" };
	return event < ACCOUNT_EVENTS ? names[event] : "";
}
