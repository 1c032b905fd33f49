#include "flow/bot.h"

#include "base/rc.h"
#include "flow/bot_parts.h"
#include "flow/steam_dice.h"
#include "flow/steam_session.h"

#include <assert.h>
#include <string.h>

#define SECRETS 6 /* that struct bot_secrets holds */

const char *const bot_challenge_words[] = { "guard_email", "guard_totp", "device_approval", "qr", "parental_pin",
	NULL };
const char *const bot_challenge_end_words[] = { "answered", "expired", "refused", "moot", NULL };

_Static_assert(sizeof(((struct bot_conf *)0)->machine) == BOT_MACHINE, "what a machine id is made of");
_Static_assert(sizeof(struct bot_secrets) == SECRETS * sizeof(struct hush), "none is forgotten");

enum rc bot_new(const struct bot_conf *conf, struct bot **ret_bot, struct fault *f)
{
	auto_of(bot) struct bot *b = calloc(1, sizeof(*b));
	if (!b)
		return fault_set(f, RC_NOMEM, "no memory for a bot");
	b->conf = *conf;
	list_init(&b->said);
	b->state = ACCOUNT_OFFLINE;
	b->dice.state = conf->seed;
	b->conf.login = strdup(conf->login ? conf->login : "");
	if (!b->conf.login)
		return fault_set(f, RC_NOMEM, "no memory for a bot");
	const struct steam_session_conf line = { .keep_cms = conf->keep_cms,
		.seed = steam_dice_roll(&b->dice),
		.cell_id = conf->cell_id,
		.login_id = conf->login_id,
		.account = !conf->anonymous,
		.once = true };
	enum rc rc = steam_session_new(&line, &b->session, f);
	if (rc == RC_OK)
		*ret_bot = take(b);
	return rc;
}

static struct hush *secret_at(struct bot_secrets *s, size_t i)
{
	struct hush *const all[SECRETS] = { &s->password, &s->shared_secret, &s->refresh_token, &s->guard_data,
		&s->parental_pin, &s->resume };
	return all[i];
}

void bot_free(struct bot *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < SECRETS; i++)
		hush_done(secret_at(&b->secrets, i));
	bot_tell_done(b);
	steam_auth_free(b->auth);
	steam_session_free(b->session);
	free((char *)b->conf.login);
	free(b->apps);
	free(b->game);
	hush_wipe(b, sizeof(*b));
	free(b);
}

enum account_state bot_state(const struct bot *b) { return b->state; }
uint64_t bot_steamid(const struct bot *b) { return b->steamid; }
bool bot_blocked(const struct bot *b) { return b->blocked; }
const struct hush *bot_pin(const struct bot *b) { return &b->secrets.parental_pin; }
const struct hush *bot_token(const struct bot *b)
{
	return b->secrets.refresh_token.n > 0 ? &b->secrets.refresh_token : NULL;
}

/* ---- what it is told by its owner ---- */

static void look_at_secrets(struct bot *b)
{
	const struct bot_secrets *s = &b->secrets;
	bool complete = b->conf.anonymous || s->refresh_token.n > 0 || s->password.n > 0;
	bot_tell_condition(b, BOT_SECRETS_COMPLETE, complete, complete ? "" : "no_password");
}

static void again(struct bot *b, enum account_event event)
{
	if (!bot_tell_move(b, event, (struct account_guard){ 0 }, 0, 0))
		return;
	b->tries = b->backs = b->bad_passwords = b->dead_tokens = 0;
	memset(b->replaced_ms, 0, sizeof(b->replaced_ms));
	bot_logon_reconcile(b);
}

void bot_secrets(struct bot *b, const struct bot_secrets *s, bool forget)
{
	struct bot_secrets given = *s; /* the same bytes: nothing of it is freed here */
	bool changed = false, pin = false;

	for (size_t i = 0; i < SECRETS; i++) {
		struct hush *mine = secret_at(&b->secrets, i);
		const struct hush *theirs = secret_at(&given, i);
		if (theirs->n == 0 && forget) {
			hush_done(mine);
		} else if (theirs->n > 0 && !(mine->n == theirs->n && hush_same(mine, theirs->p, theirs->n))) {
			changed = hush_set(mine, theirs->p, theirs->n) == RC_OK || changed;
			pin = pin || mine == &b->secrets.parental_pin;
		}
	}
	if (pin)
		bot_family_learned(b);
	look_at_secrets(b);
	if (changed && b->state == ACCOUNT_FAILED)
		again(b, ACCOUNT_RETRIED);
}

/* False without memory: it plays what it played. */
static bool take_games(struct bot *b, const struct bot_want *want)
{
	unsigned n = want->apps_n < BOT_APPS_MAX ? want->apps_n : BOT_APPS_MAX;
	auto_free uint32_t *apps = n > 0 ? malloc(n * sizeof(*apps)) : NULL;
	auto_free char *game = *want->game ? strndup(want->game, BOT_TEXT_MAX - 1) : NULL;

	if ((n > 0 && !apps) || (*want->game && !game))
		return false;
	if (n > 0)
		memcpy(apps, want->apps, n * sizeof(*apps));
	bool same = n == b->apps_n && (n == 0 || !memcmp(apps, b->apps, n * sizeof(*apps))) && !game == !b->game &&
		    (!game || !strcmp(game, b->game));
	if (same)
		return false;
	free(b->apps);
	free(b->game);
	b->apps = take(apps);
	b->game = take(game);
	b->apps_n = n;
	return true;
}

void bot_want(struct bot *b, uint64_t now_ms, const struct bot_want *want)
{
	b->now_ms = now_ms;
	b->mode = want->mode;
	b->not_before_ms = want->not_before_ms;
	b->fenced = false;
	if (b->persona != want->persona)
		b->persona_told = false;
	bool was_told = b->persona != 0;
	b->persona = want->persona;
	if (take_games(b, want))
		b->other_games = true;
	if (was_told && b->persona == 0)
		b->persona_told = false;
	look_at_secrets(b);
	bot_logon_reconcile(b);
}

void bot_retry(struct bot *b, uint64_t now_ms)
{
	b->now_ms = now_ms;
	if (b->state == ACCOUNT_QUARANTINED) {
		bot_logon_hang_up(b, BOT_IDLE);
		b->clean_ms = 0;
		again(b, ACCOUNT_CLEARED);
		return;
	}
	again(b, ACCOUNT_RETRIED);
}

void bot_enable(struct bot *b, uint64_t now_ms)
{
	b->now_ms = now_ms;
	b->disabled = false;
	again(b, ACCOUNT_ENABLED);
}

void bot_disable(struct bot *b, uint64_t now_ms)
{
	b->now_ms = now_ms;
	b->disabled = true;
	bot_logon_reconcile(b);
}

void bot_fence(struct bot *b, uint64_t now_ms)
{
	b->now_ms = now_ms;
	b->fenced = true;
	bot_logon_reconcile(b);
}

void bot_lanes(struct bot *b, uint64_t now_ms, bool granted, bool away, uint64_t free_ms)
{
	b->now_ms = now_ms;
	if (b->phase != BOT_ASKING)
		return;
	if (granted)
		bot_logon_granted(b);
	else if (away)
		bot_logon_later(b, now_ms + BOT_LANES_AWAY_MS);
	else
		bot_logon_busy(b, free_ms > now_ms ? free_ms : now_ms + 1);
}

void bot_paused(struct bot *b, uint64_t now_ms)
{
	b->now_ms = now_ms;
	if (b->phase != BOT_PAUSED)
		return;
	bot_logon_later(b, now_ms + ACCOUNT_THROTTLED_MS);
	bot_tell_move(b, ACCOUNT_THROTTLED, (struct account_guard){ 0 }, 0, b->wake_ms);
}

void bot_answer(struct bot *b, uint64_t now_ms, const struct hush *code, bool approve)
{
	b->now_ms = now_ms;
	if (bot_family_answered(b, code) || !b->auth || !b->challenged)
		return;
	if (approve || steam_auth_code(b->auth, now_ms, code) != RC_OK)
		steam_auth_look(b->auth, now_ms);
}

void bot_clock(struct bot *b, uint64_t now_ms, int64_t wall_s, int64_t skew_s)
{
	b->now_ms = now_ms;
	b->offset_ms = (wall_s + skew_s) * 1000 - (int64_t)now_ms;
	b->clock_known = true;
	if (b->auth)
		steam_auth_clock(b->auth, now_ms, b->offset_ms);
}

/* ---- its connection and time ---- */

void bot_opened(struct bot *b, uint64_t now_ms, uint32_t conn)
{
	b->now_ms = now_ms;
	steam_session_opened(b->session, now_ms, conn);
}

void bot_feed(struct bot *b, uint64_t now_ms, uint32_t conn, const void *p, size_t n)
{
	b->now_ms = now_ms;
	steam_session_feed(b->session, now_ms, conn, p, n);
}

void bot_closed(struct bot *b, uint64_t now_ms, uint32_t conn, const char *why)
{
	b->now_ms = now_ms;
	steam_session_closed(b->session, now_ms, conn, why);
}

static bool is_drained(const struct bot *b)
{
	return b->phase == BOT_DRAIN && steam_session_state(b->session) == STEAM_SESSION_ONLINE &&
	       (steam_session_calls(b->session) == 0 || b->now_ms >= b->wake_ms);
}

void bot_tick(struct bot *b, uint64_t now_ms)
{
	b->now_ms = now_ms;
	steam_session_tick(b->session, now_ms);
	if (b->phase == BOT_WAIT && now_ms >= b->wake_ms)
		bot_logon_wake(b);
	bot_family_tick(b);
	if (b->challenged && now_ms >= b->challenge_until_ms)
		bot_auth_expire(b);
	if (b->line != STEAM_SESSION_ONLINE)
		return;
	if (b->renew_ms != 0 && now_ms >= b->renew_ms)
		bot_auth_renew(b);
	bot_play_apply(b);
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

uint64_t bot_due(const struct bot *b)
{
	uint64_t due = least(steam_session_due(b->session), bot_play_due(b));

	if (is_drained(b))
		return 0;
	bool drains = b->phase == BOT_DRAIN && steam_session_state(b->session) == STEAM_SESSION_ONLINE;
	if (b->phase == BOT_WAIT || drains)
		due = least(due, b->wake_ms);
	if (b->challenged)
		due = least(due, b->challenge_until_ms);
	if (b->pin_until_ms != 0)
		due = least(due, b->pin_until_ms);
	if (b->auth && b->phase == BOT_LINED && b->line == STEAM_SESSION_GREETED)
		due = least(due, steam_auth_due(b->auth));
	return due;
}

enum rc bot_ask(struct bot *b, uint64_t now_ms, const struct steam_ask *ask, uint64_t *ret_call, struct fault *f)
{
	b->now_ms = now_ms;
	if (b->state != ACCOUNT_ONLINE && b->state != ACCOUNT_QUARANTINED)
		return fault_set(f, RC_AWAY, "the account is %s", account_state_words[b->state]);
	return steam_session_ask(b->session, now_ms, ask, ret_call, f);
}

/* ---- acts ---- */

/* True: the act is one for the owner. */
static bool hear(struct bot *b, const struct steam_session_act *a, struct bot_act *ret)
{
	switch (a->kind) {
	case STEAM_SESSION_CONNECT:
		*ret = (struct bot_act){
			.kind = BOT_CONNECT, .conn = a->conn, .endpoint = a->endpoint, .tcp = a->tcp
		};
		return true;
	case STEAM_SESSION_SEND:
		*ret = (struct bot_act){ .kind = BOT_SEND, .conn = a->conn, .p = a->p, .n = a->n };
		return true;
	case STEAM_SESSION_CLOSE:
		*ret = (struct bot_act){ .kind = BOT_CLOSE, .conn = a->conn };
		return true;
	case STEAM_SESSION_STATE:
		bot_logon_state(b, a);
		return false;
	case STEAM_SESSION_ANSWER:
		if (bot_auth_answered(b, a->call))
			return false;
		*ret = (struct bot_act){ .kind = BOT_ANSWER, .call = a->call };
		return true;
	case STEAM_SESSION_PUSH:
		bot_play_push(b, a);
		*ret = (struct bot_act){
			.kind = BOT_PUSH, .emsg = a->emsg, .p = a->p, .n = a->n, .method = a->method
		};
		return true;
	}
	return false;
}

bool bot_next(struct bot *b, struct bot_act *ret_act)
{
	struct steam_session_act a;

	for (;;) {
		if (bot_tell_next(b, ret_act))
			return true;
		if (bot_auth_step(b))
			continue;
		if (steam_session_next(b->session, &a)) {
			if (hear(b, &a, ret_act))
				return true;
		} else if (is_drained(b)) {
			bot_logon_wake(b);
		} else {
			return false;
		}
	}
}
