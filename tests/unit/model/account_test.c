#include "model/account.h"

#include "tests/unit/check.h"

#include <stdbool.h>

/*
 * Where each state (row: the events in their order, from "enabled" on) goes by each event. Small letters: the count is low, or
 * there is no password; capitals below. '.': nothing may follow.
 *   x disabled  o offline  c connecting  a authenticating  h challenge  n online  r reconnecting  k cooling_down  d draining
 *   q quarantined  f failed
 */
static const char letters[] = "xocahnrkdqf";

/*                                               1234567890123456789012345 */
static const char *const low[ACCOUNT_STATES] = {
	[ACCOUNT_DISABLED] = "o........................",
	[ACCOUNT_OFFLINE] = ".ck....................d.",
	[ACCOUNT_CONNECTING] = "...ar............oo....d.",
	[ACCOUNT_AUTHENTICATING] = "....rnhakhaf.....oo....d.",
	[ACCOUNT_CHALLENGE] = "............af...oo....d.",
	[ACCOUNT_ONLINE] = "..............rkqod....d.",
	[ACCOUNT_RECONNECTING] = ".................ooc...d.",
	[ACCOUNT_COOLING_DOWN] = ".................oo.o..d.",
	[ACCOUNT_DRAINING] = ".................o.....do",
	[ACCOUNT_QUARANTINED] = ".....................o.d.",
	[ACCOUNT_FAILED] = "......................od.",
};

static enum account_state state_of(char letter) { return (enum account_state)(strchr(letters, letter) - letters); }

static void every_pair(void)
{
	const struct account_guard first = { .count = 1 };
	for (int from = 0; from < ACCOUNT_STATES; from++) {
		CHECK(strlen(low[from]) == ACCOUNT_EVENTS - 1);
		for (int event = 1; event < ACCOUNT_EVENTS; event++) {
			enum account_state to = ACCOUNT_STATES;
			const char *reason = NULL;
			char want = low[from][event - 1];
			enum rc rc = account_move(
				(enum account_state)from, (enum account_event)event, &first, &to, &reason);
			if (want == '.') {
				CHECK(rc == RC_CONFLICT && to == ACCOUNT_STATES && !reason);
			} else {
				CHECK(rc == RC_OK && to == state_of(want) && reason);
			}
		}
	}
}

static enum account_state after(
	enum account_state from, enum account_event event, struct account_guard g, const char *why)
{
	enum account_state to;
	const char *reason;
	CHECK(account_move(from, event, &g, &to, &reason) == RC_OK);
	CHECK_STR(reason, why);
	return to;
}

static void guards(void)
{
	const struct account_guard seventh = { .count = 7 }, eighth = { .count = 8 };
	CHECK(after(ACCOUNT_CONNECTING, ACCOUNT_UNREACHED, seventh, "connection_lost") == ACCOUNT_RECONNECTING);
	CHECK(after(ACCOUNT_CONNECTING, ACCOUNT_UNREACHED, eighth, "unreachable") == ACCOUNT_COOLING_DOWN);
	CHECK(after(ACCOUNT_AUTHENTICATING, ACCOUNT_UNREACHED, eighth, "unreachable") == ACCOUNT_COOLING_DOWN);

	const struct account_guard once = { .count = 1 }, twice = { .count = 2 }, thrice = { .count = 3 },
				   fourth = { .count = 4 }, known = { .password = true }, off = { .disable = true };
	CHECK(after(ACCOUNT_AUTHENTICATING, ACCOUNT_CODE_MISMATCH, once, "") == ACCOUNT_AUTHENTICATING);
	CHECK(after(ACCOUNT_AUTHENTICATING, ACCOUNT_CODE_MISMATCH, twice, "code_mismatch") == ACCOUNT_CHALLENGE);
	CHECK(after(ACCOUNT_AUTHENTICATING, ACCOUNT_TOKEN_DEAD, known, "") == ACCOUNT_AUTHENTICATING);
	CHECK(after(ACCOUNT_AUTHENTICATING, ACCOUNT_TOKEN_DEAD, once, "token_dead") == ACCOUNT_CHALLENGE);
	CHECK(after(ACCOUNT_AUTHENTICATING, ACCOUNT_BAD_PASSWORD, twice, "") == ACCOUNT_AUTHENTICATING);
	CHECK(after(ACCOUNT_AUTHENTICATING, ACCOUNT_BAD_PASSWORD, thrice, "invalid_credentials") == ACCOUNT_FAILED);
	CHECK(after(ACCOUNT_AUTHENTICATING, ACCOUNT_BANNED, once, "account_disabled") == ACCOUNT_FAILED);
	CHECK(after(ACCOUNT_CHALLENGE, ACCOUNT_UNANSWERED, once, "challenge_expired") == ACCOUNT_FAILED);
	CHECK(after(ACCOUNT_ONLINE, ACCOUNT_REPLACED, thrice, "session_replaced") == ACCOUNT_COOLING_DOWN);
	CHECK(after(ACCOUNT_ONLINE, ACCOUNT_REPLACED, fourth, "session_conflict") == ACCOUNT_FAILED);
	CHECK(after(ACCOUNT_DRAINING, ACCOUNT_DRAINED, once, "") == ACCOUNT_OFFLINE);
	CHECK(after(ACCOUNT_DRAINING, ACCOUNT_DRAINED, off, "") == ACCOUNT_DISABLED);

	enum account_state to;
	CHECK(account_move(ACCOUNT_OFFLINE, ACCOUNT_WANTED, NULL, &to, NULL) == RC_OK && to == ACCOUNT_CONNECTING);
}

/* What a control plane may be told. */
static void reports(void)
{
	for (int to = 0; to < ACCOUNT_STATES; to++)
		CHECK(!account_may_follow(ACCOUNT_DISABLED, (enum account_state)to));
	CHECK(account_may_follow(ACCOUNT_OFFLINE, ACCOUNT_ONLINE));    /* connecting, authenticating left out */
	CHECK(account_may_follow(ACCOUNT_ONLINE, ACCOUNT_OFFLINE));    /* draining left out */
	CHECK(account_may_follow(ACCOUNT_ONLINE, ACCOUNT_ONLINE));     /* a short loss */
	CHECK(account_may_follow(ACCOUNT_ONLINE, ACCOUNT_CHALLENGE));  /* its token died while it was away */
	CHECK(account_may_follow(ACCOUNT_CHALLENGE, ACCOUNT_ONLINE));  /* authenticating left out */
	CHECK(account_may_follow(ACCOUNT_FAILED, ACCOUNT_CONNECTING)); /* offline left out */
	CHECK(account_may_follow(ACCOUNT_ONLINE, ACCOUNT_QUARANTINED));
	CHECK(account_may_follow(ACCOUNT_QUARANTINED, ACCOUNT_OFFLINE));
	CHECK(account_may_follow(ACCOUNT_COOLING_DOWN, ACCOUNT_COOLING_DOWN));
}

static void words(void)
{
	CHECK_STR(account_state_words[ACCOUNT_DISABLED], "disabled");
	CHECK_STR(account_state_words[ACCOUNT_COOLING_DOWN], "cooling_down");
	CHECK_STR(account_state_words[ACCOUNT_FAILED], "failed");
	CHECK(!account_state_words[ACCOUNT_STATES]);
	CHECK_STR(account_mode_words[ACCOUNT_MODE_PLAYING], "playing");
	CHECK(!account_mode_words[ACCOUNT_MODE_PLAYING + 1]);
	CHECK_STR(account_event_name(ACCOUNT_WANTED), "wanted");
	CHECK_STR(account_event_name(ACCOUNT_DRAINED), "drained");
}

int main(void)
{
	every_pair();
	guards();
	reports();
	words();
	return 0;
}
