/* How a bot comes online, stays so, and goes: its lanes, its connection, its back-off. */
#include "flow/bot.h"
#include "flow/bot_parts.h"
#include "flow/steam_dice.h"
#include "flow/steam_logon.h"
#include "flow/steam_session.h"

static const struct account_guard no_guard;

static bool is_wanted(const struct bot *b) { return b->mode != ACCOUNT_MODE_OFFLINE && !b->fenced && !b->disabled; }

void bot_logon_later(struct bot *b, uint64_t at_ms)
{
	b->phase = BOT_WAIT;
	b->wake_ms = at_ms > b->not_before_ms ? at_ms : b->not_before_ms;
}

void bot_logon_hang_up(struct bot *b, enum bot_phase phase)
{
	b->phase = phase;
	b->line = STEAM_SESSION_OFF;
	if (steam_session_state(b->session) != STEAM_SESSION_OFF)
		steam_session_stop(b->session, b->now_ms);
	if (b->auth)
		steam_auth_lost(b->auth);
	bot_play_stopped(b);
}

/* ---- the way to a connection ---- */

void bot_logon_busy(struct bot *b, uint64_t free_ms)
{
	bot_logon_later(b, free_ms);
	bot_tell_move(b, ACCOUNT_LANE_BUSY, no_guard, 0, b->wake_ms);
}

static void ask_lanes(struct bot *b)
{
	uint64_t gap_ends = b->logon_ms + ACCOUNT_LOGON_GAP_MS;
	/* A look at a challenge is no logon. */
	if (b->logon_ms != 0 && !b->challenged && !b->conf.anonymous && b->now_ms < gap_ends) {
		bot_logon_busy(b, gap_ends);
		return;
	}
	b->phase = BOT_ASKING;
	bot_tell(b, BOT_LANES, 0);
}

void bot_logon_wake(struct bot *b)
{
	if (b->phase == BOT_DRAIN) {
		steam_session_stop(b->session, b->now_ms);
		return;
	}
	if (!is_wanted(b)) {
		b->phase = BOT_IDLE;
		bot_logon_reconcile(b);
		return;
	}
	bot_tell_move(b, ACCOUNT_COOLED, no_guard, 0, 0);
	ask_lanes(b);
}

void bot_logon_granted(struct bot *b)
{
	/* What is left of the session before says its goodbye first. */
	if (steam_session_state(b->session) != STEAM_SESSION_OFF) {
		bot_logon_later(b, b->now_ms + STEAM_SESSION_LEAVE_MS);
		return;
	}
	bot_tell_move(b, b->state == ACCOUNT_RECONNECTING ? ACCOUNT_BACKED_OFF : ACCOUNT_WANTED, no_guard, 0, 0);
	b->phase = BOT_LINED;
	b->line = STEAM_SESSION_OFF;
	steam_session_start(b->session, b->now_ms);
}

/* ---- what becomes of it ---- */

static uint64_t back_off(struct bot *b)
{
	uint64_t most = b->backs < 16 ? (uint64_t)BOT_BACK_MS << b->backs : BOT_BACK_MAX_MS;
	b->backs++;
	return b->now_ms + steam_dice_upto(&b->dice, most < BOT_BACK_MAX_MS ? most : BOT_BACK_MAX_MS);
}

void bot_logon_unreached(struct bot *b)
{
	bot_logon_later(b, back_off(b));
	if (b->state != ACCOUNT_CONNECTING && b->state != ACCOUNT_AUTHENTICATING)
		return; /* a challenge or a quarantine outlasts its connections */
	if (++b->tries >= ACCOUNT_CONNECT_TRIES) {
		bot_auth_drop(b, BOT_CHALLENGE_MOOT);
		bot_logon_later(b, b->now_ms + BOT_UNREACHABLE_MS);
	}
	bot_tell_move(b, ACCOUNT_UNREACHED, (struct account_guard){ .count = b->tries }, 0, b->wake_ms);
	if (b->state == ACCOUNT_COOLING_DOWN)
		b->tries = 0;
}

/* Another session took the account's place: this one, and those of the hour before. */
static void replaced(struct bot *b, int32_t eresult)
{
	unsigned count = 1, oldest = 0;

	for (unsigned i = 0; i < ACCOUNT_REPLACED_MAX; i++) {
		count += b->replaced_ms[i] != 0 && b->now_ms < b->replaced_ms[i] + BOT_HOUR_MS;
		if (b->replaced_ms[i] < b->replaced_ms[oldest])
			oldest = i;
	}
	b->replaced_ms[oldest] = b->now_ms ? b->now_ms : 1;
	bot_logon_later(b, b->now_ms + ACCOUNT_REPLACED_MS);
	bot_tell_move(b, ACCOUNT_REPLACED, (struct account_guard){ .count = count }, eresult, b->wake_ms);
	if (b->state == ACCOUNT_FAILED)
		b->phase = BOT_IDLE;
}

static void lost_online(struct bot *b, int32_t eresult)
{
	enum steam_logon_next next = eresult ? steam_logon_after_off(eresult) : STEAM_LOGON_OTHER_CM;

	if (b->now_ms - b->online_ms >= BOT_STEADY_MS)
		b->backs = 0;
	if (next == STEAM_LOGON_REPLACED) {
		replaced(b, eresult);
		return;
	}
	if (next == STEAM_LOGON_TOKEN) {
		hush_done(&b->secrets.refresh_token);
		bot_tell_secret(b, "refresh_token", NULL);
	}
	bot_logon_later(b, back_off(b));
	bot_tell_move(b, ACCOUNT_LOST, no_guard, eresult, b->wake_ms);
}

static void drained(struct bot *b)
{
	b->phase = BOT_IDLE;
	bot_play_stopped(b);
	bot_tell_move(b, ACCOUNT_DRAINED, (struct account_guard){ .disable = b->disabled }, 0, 0);
	bot_logon_reconcile(b);
}

static void over(struct bot *b, enum steam_session_state before, int32_t eresult)
{
	bot_play_stopped(b);
	if (b->auth)
		steam_auth_lost(b->auth);
	if (b->phase == BOT_DRAIN)
		drained(b);
	else if (before == STEAM_SESSION_ONLINE)
		lost_online(b, eresult);
	else if (eresult != 0)
		bot_auth_refused(b, eresult);
	else
		bot_logon_unreached(b);
}

static void online(struct bot *b)
{
	bot_tell_move(b, ACCOUNT_GREETED, no_guard, 0, 0);
	bot_tell_move(b, ACCOUNT_LOGGED_ON, no_guard, 0, 0);
	b->tries = b->bad_passwords = b->dead_tokens = 0;
	b->online_ms = b->now_ms;
	b->steamid = steam_session_steamid(b->session);
	if (b->secrets.refresh_token.n > 0)
		bot_auth_renew(b);
	bot_play_apply(b);
}

void bot_logon_state(struct bot *b, const struct steam_session_act *a)
{
	enum steam_session_state before = b->line;

	if (b->phase != BOT_LINED && b->phase != BOT_DRAIN)
		return; /* it was hung up */
	b->line = a->state;
	switch (a->state) {
	case STEAM_SESSION_GREETED:
		bot_tell_move(b, ACCOUNT_GREETED, no_guard, 0, 0);
		bot_auth_begin(b);
		return;
	case STEAM_SESSION_LOGON:
		bot_tell_move(b, ACCOUNT_GREETED, no_guard, 0, 0);
		return;
	case STEAM_SESSION_ONLINE:
		online(b);
		return;
	case STEAM_SESSION_OFF:
	case STEAM_SESSION_REFUSED:
		over(b, before, a->eresult);
		return;
	case STEAM_SESSION_WAITING:
	case STEAM_SESSION_CONNECTING:
	case STEAM_SESSION_LEAVING:
	case STEAM_SESSION_STATES:
		return;
	}
}

/* ---- what is wanted ---- */

static void unwanted(struct bot *b)
{
	enum account_event event = b->disabled ? ACCOUNT_DISABLE : b->fenced ? ACCOUNT_FENCED : ACCOUNT_UNWANTED;
	bool lined = b->phase == BOT_LINED && b->line == STEAM_SESSION_ONLINE;

	if (b->phase == BOT_DRAIN && !b->fenced)
		return;
	if (b->state == ACCOUNT_DRAINING && !b->fenced)
		return;
	bot_auth_drop(b, BOT_CHALLENGE_MOOT);
	bot_family_drop(b);
	bot_tell_move(b, event, no_guard, 0, 0);
	if (b->state == ACCOUNT_DRAINING && lined) {
		b->phase = BOT_DRAIN;
		b->wake_ms = b->now_ms + ACCOUNT_DRAIN_MS;
		return;
	}
	bot_logon_hang_up(b, BOT_IDLE);
	bot_tell_move(b, ACCOUNT_DRAINED, (struct account_guard){ .disable = b->disabled }, 0, 0);
}

void bot_logon_reconcile(struct bot *b)
{
	if (!is_wanted(b)) {
		unwanted(b);
		return;
	}
	bool waits = b->phase == BOT_IDLE || (b->phase == BOT_WAIT && b->state == ACCOUNT_OFFLINE);
	if (waits && (b->state == ACCOUNT_OFFLINE || b->state == ACCOUNT_QUARANTINED)) {
		bot_logon_later(b, b->now_ms);
		if (b->now_ms >= b->wake_ms)
			bot_logon_wake(b);
	}
	bot_play_apply(b);
}
