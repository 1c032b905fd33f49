/* A bot's credentials: its token, the conversation that makes one, the challenges in it, and what their refusal means. */
#include "flow/bot.h"
#include "flow/bot_parts.h"
#include "flow/steam_logon.h"
#include "flow/steam_session.h"
#include "proto/steam/auth.pb-c.h"
#include "wire/steam/eresult.h"
#include "wire/steam/jwt.h"
#include "wire/steam/machine.h"
#include "wire/steam/pb.h"

#include <stdio.h>
#include <string.h>

#define DEVICE_NAME  "Footplate"
#define RENEW_MS     30000u
#define RENEW_ALLOW  1
#define TOKEN_MEMORY (1u << 18)
#define LIFE_PART    7 /* a token is renewed when this part of its life is left */

static const struct account_guard no_guard;

static void machine_of(const struct bot *b, uint8_t ret[static MACHINE_ID])
{
	const uint8_t *from = &b->conf.machine[0][0];
	char text[2 * BOT_MACHINE + 1];

	for (size_t i = 0; i < BOT_MACHINE; i++)
		snprintf(text + 2 * i, 3, "%02x", from[i]);
	machine_id(text, ret);
}

/* Whose token it is and how long it holds; false when it is none. */
static bool read_token(const struct bot *b, struct arena *mem, struct jwt *ret)
{
	const struct hush *t = &b->secrets.refresh_token;
	return jwt_read((const char *)t->p, t->n, mem, ret, NULL) == RC_OK;
}

static void log_on(struct bot *b)
{
	struct arena mem = { .limit = TOKEN_MEMORY };
	uint8_t machine[MACHINE_ID];
	struct jwt token = { 0 };

	machine_of(b, machine);
	if (read_token(b, &mem, &token) && token.sub != 0)
		b->steamid = token.sub;
	b->logon_ms = b->now_ms ? b->now_ms : 1;
	steam_session_logon(b->session, b->now_ms,
		&(struct steam_logon_as){ .token = &b->secrets.refresh_token,
			.steamid = b->steamid,
			.machine_id = machine,
			.machine_id_n = sizeof(machine),
			.machine_name = DEVICE_NAME });
	arena_done(&mem);
}

static void forget_resume(struct bot *b)
{
	if (b->resumable || b->secrets.resume.n > 0)
		bot_tell_secret(b, "resume", NULL);
	b->resumable = false;
	hush_done(&b->secrets.resume);
}

void bot_auth_drop(struct bot *b, enum bot_challenge_end end)
{
	if (b->challenged)
		bot_tell_over(b, end);
	if (b->challenged || b->resumable)
		forget_resume(b);
	b->challenged = false;
	steam_auth_free(take(b->auth));
}

/* ---- the beginning ---- */

static int64_t wall_s(const struct bot *b) { return ((int64_t)b->now_ms + b->offset_ms) / 1000; }

/* Goes on with what was kept of a challenge, at this agent or another. */
static bool resume(struct bot *b, const struct steam_auth_conf *conf)
{
	int64_t until_s = 0;

	if (b->secrets.resume.n == 0 ||
		steam_auth_load(conf, &b->secrets.resume, &until_s, &b->auth, NULL) != RC_OK)
		return false;
	int64_t left_s = b->clock_known && until_s != 0 ? until_s - wall_s(b) : ACCOUNT_CHALLENGE_MS / 1000;
	if (left_s > ACCOUNT_CHALLENGE_MS / 1000)
		left_s = ACCOUNT_CHALLENGE_MS / 1000;
	if (left_s <= 0) {
		steam_auth_free(take(b->auth));
		return false;
	}
	b->challenge_until_ms = b->now_ms + (uint64_t)left_s * 1000;
	return true;
}

void bot_auth_begin(struct bot *b)
{
	uint8_t machine[MACHINE_ID];

	if (b->auth)
		return; /* it goes on with the one that is under way */
	if (b->secrets.refresh_token.n > 0) {
		log_on(b);
		return;
	}
	machine_of(b, machine);
	const struct steam_auth_conf conf = { .login = b->conf.login,
		.password = &b->secrets.password,
		.shared_secret = &b->secrets.shared_secret,
		.guard_data = &b->secrets.guard_data,
		.device_name = DEVICE_NAME,
		.machine_id = machine,
		.machine_id_n = sizeof(machine),
		.random = b->conf.random };
	b->challenge_until_ms = 0;
	if (!resume(b, &conf)) {
		if (b->secrets.resume.n > 0)
			forget_resume(b);
		b->logon_ms = b->now_ms ? b->now_ms : 1;
		if (steam_auth_new(&conf, &b->auth, NULL) != RC_OK) {
			bot_logon_hang_up(b, BOT_IDLE);
			bot_logon_unreached(b);
			return;
		}
	}
	b->conf.random[0]++; /* the next conversation pads with something else */
	if (b->clock_known)
		steam_auth_clock(b->auth, b->now_ms, b->offset_ms);
}

/* ---- the conversation ---- */

static void failed(struct bot *b, enum account_event event, unsigned count, int32_t eresult)
{
	bot_logon_hang_up(b, BOT_IDLE);
	bot_tell_move(b, event, (struct account_guard){ .count = count }, eresult, 0);
}

static void no_credentials(struct bot *b, int32_t eresult)
{
	bot_auth_drop(b, BOT_CHALLENGE_MOOT);
	failed(b, ACCOUNT_BAD_PASSWORD, ACCOUNT_PASSWORD_TRIES, eresult);
}

static void bad_password(struct bot *b, int32_t eresult)
{
	bot_auth_drop(b, BOT_CHALLENGE_MOOT);
	failed(b, ACCOUNT_BAD_PASSWORD, ++b->bad_passwords, eresult);
	if (b->state != ACCOUNT_FAILED)
		bot_logon_later(b, b->now_ms);
}

static void throttled(struct bot *b, int32_t eresult)
{
	bot_auth_drop(b, BOT_CHALLENGE_MOOT);
	bot_tell_move(b, ACCOUNT_ANSWERED, no_guard, 0, 0); /* it was a code that Steam would not look at */
	bot_logon_hang_up(b, BOT_PAUSED);
	bot_tell(b, BOT_PAUSE, eresult);
}

static void refused_challenge(struct bot *b, enum bot_challenge_end end, int32_t eresult)
{
	if (!b->challenged) {
		bot_auth_drop(b, end);
		bot_logon_hang_up(b, BOT_IDLE);
		bot_logon_unreached(b);
		return;
	}
	bot_auth_drop(b, end);
	failed(b, ACCOUNT_UNANSWERED, 0, eresult);
}

void bot_auth_expire(struct bot *b) { refused_challenge(b, BOT_CHALLENGE_EXPIRED, 0); }

static void auth_failed(struct bot *b, const struct steam_auth_act *a)
{
	switch (a->failure) {
	case STEAM_AUTH_TROUBLE:
		bot_logon_hang_up(b, BOT_IDLE);
		bot_logon_unreached(b);
		return;
	case STEAM_AUTH_BAD_PASSWORD:
		bad_password(b, a->eresult);
		return;
	case STEAM_AUTH_THROTTLED:
		throttled(b, a->eresult);
		return;
	case STEAM_AUTH_BANNED:
		bot_auth_drop(b, BOT_CHALLENGE_MOOT);
		bot_tell_move(b, ACCOUNT_ANSWERED, no_guard, 0, 0);
		failed(b, ACCOUNT_BANNED, 0, a->eresult);
		return;
	case STEAM_AUTH_GONE:
		refused_challenge(b, a->eresult == ERESULT_EXPIRED ? BOT_CHALLENGE_EXPIRED : BOT_CHALLENGE_REFUSED,
			a->eresult);
		return;
	case STEAM_AUTH_WRONG_CODES:
	case STEAM_AUTH_WRONG_ACCOUNT:
		refused_challenge(b, BOT_CHALLENGE_REFUSED, a->eresult);
		return;
	case STEAM_AUTH_INVALID:
		no_credentials(b, a->eresult);
		return;
	}
}

static void challenged(struct bot *b, const struct steam_auth_act *a)
{
	uint64_t ms = a->challenge == STEAM_AUTH_QR ? ACCOUNT_CHALLENGE_QR_MS : ACCOUNT_CHALLENGE_MS;

	bot_family_drop(b); /* one challenge of an account at a time */
	if (b->challenge_until_ms == 0)
		b->challenge_until_ms = b->now_ms + ms;
	b->challenged = true;
	bot_tell_move(b, ACCOUNT_NEEDS_CODE, no_guard, 0, b->challenge_until_ms);
	bot_tell_challenge(b, a, b->challenge_until_ms);
}

static void keep_resume(struct bot *b)
{
	int64_t left_s = (int64_t)(b->challenge_until_ms - b->now_ms) / 1000;
	struct buf saved = { 0 };
	struct hush secret = { 0 };

	if (!b->challenged)
		return;
	steam_auth_save(b->auth, b->clock_known ? wall_s(b) + left_s : 0, &saved);
	if (!saved.bad && hush_set(&secret, saved.p, saved.n) == RC_OK) {
		bot_tell_secret(b, "resume", &secret);
		b->resumable = true;
	}
	hush_wipe(saved.p, saved.n);
	buf_done(&saved);
	hush_done(&secret);
}

static void accepted(struct bot *b)
{
	if (b->challenged)
		bot_tell_over(b, BOT_CHALLENGE_ANSWERED);
	b->challenged = false;
	bot_tell_move(b, ACCOUNT_ANSWERED, no_guard, 0, 0);
}

static void done(struct bot *b, const struct steam_auth_act *a)
{
	struct bot_secrets *s = &b->secrets;

	if (hush_set(&s->refresh_token, a->token->p, a->token->n) != RC_OK) {
		bot_logon_hang_up(b, BOT_IDLE);
		bot_logon_unreached(b);
		return;
	}
	bot_tell_secret(b, "refresh_token", &s->refresh_token);
	if (a->guard_data->n > 0 && hush_set(&s->guard_data, a->guard_data->p, a->guard_data->n) == RC_OK)
		bot_tell_secret(b, "guard_data", &s->guard_data);
	forget_resume(b);
	bot_auth_drop(b, BOT_CHALLENGE_ANSWERED);
	bot_tell_condition(b, BOT_SECRETS_COMPLETE, true, "");
	log_on(b);
}

static void ask(struct bot *b, const struct steam_auth_act *a)
{
	uint64_t id;
	const struct steam_ask asked = { .kind = STEAM_CALL_SERVICE,
		.owner = &b->auth,
		.deadline_ms = b->now_ms + STEAM_AUTH_CALL_MS,
		.method = a->method,
		.body = a->p,
		.body_n = a->n };
	if (steam_session_ask(b->session, b->now_ms, &asked, &id, NULL) == RC_OK)
		return;
	bot_logon_hang_up(b, BOT_IDLE);
	bot_logon_unreached(b);
}

bool bot_auth_step(struct bot *b)
{
	struct steam_auth_act a;

	if (!b->auth || b->phase != BOT_LINED || b->line != STEAM_SESSION_GREETED ||
		!steam_auth_next(b->auth, b->now_ms, &a))
		return false;
	switch (a.kind) {
	case STEAM_AUTH_CALL:
		ask(b, &a);
		break;
	case STEAM_AUTH_SAVE:
		keep_resume(b);
		break;
	case STEAM_AUTH_TIME:
		bot_tell(b, BOT_CODE_TIME, 0);
		break;
	case STEAM_AUTH_MISMATCH:
		if (a.times > 1)
			b->challenge_until_ms = b->now_ms + ACCOUNT_CHALLENGE_MS;
		bot_tell_move(b, ACCOUNT_CODE_MISMATCH, (struct account_guard){ .count = a.times },
			ERESULT_TWO_FACTOR_CODE_MISMATCH, b->challenge_until_ms);
		break;
	case STEAM_AUTH_CHALLENGE:
		challenged(b, &a);
		break;
	case STEAM_AUTH_WRONG: /* the challenge is told again, or the failure is */
		break;
	case STEAM_AUTH_ACCEPTED:
		accepted(b);
		break;
	case STEAM_AUTH_DONE:
		done(b, &a);
		break;
	case STEAM_AUTH_FAILED:
		auth_failed(b, &a);
		break;
	}
	return true;
}

/* ---- the token ---- */

static void token_dead(struct bot *b, int32_t eresult)
{
	hush_done(&b->secrets.refresh_token);
	bot_tell_secret(b, "refresh_token", NULL);
	if (++b->dead_tokens > 1) { /* the one that the password just gave is none either */
		no_credentials(b, eresult);
		return;
	}
	/* Without a password it is logged on by QR code: that challenge opens on the next connection. */
	bot_tell_move(b, ACCOUNT_TOKEN_DEAD, (struct account_guard){ .password = true }, eresult, 0);
	bot_logon_later(b, b->now_ms);
}

void bot_auth_refused(struct bot *b, int32_t eresult)
{
	bot_tell_move(b, ACCOUNT_GREETED, no_guard, 0, 0);
	switch (b->conf.anonymous ? steam_logon_next(eresult) : steam_logon_next_account(eresult)) {
	case STEAM_LOGON_THROTTLED:
		throttled(b, eresult);
		return;
	case STEAM_LOGON_TOKEN:
		token_dead(b, eresult);
		return;
	case STEAM_LOGON_PERMANENT:
		failed(b, ACCOUNT_BANNED, 0, eresult);
		return;
	case STEAM_LOGON_DONE:
	case STEAM_LOGON_OTHER_CM:
	case STEAM_LOGON_REPLACED:
		bot_logon_unreached(b);
		return;
	}
}

void bot_auth_renew(struct bot *b)
{
	CAuthenticationAccessTokenGenerateForAppRequest m =
		CAUTHENTICATION__ACCESS_TOKEN__GENERATE_FOR_APP__REQUEST__INIT;
	struct arena mem = { .limit = TOKEN_MEMORY };
	struct buf body = { 0 };
	struct jwt token = { 0 };
	uint64_t id;

	b->renew_ms = b->now_ms + BOT_RENEW_LOOK_MS;
	bool known = b->clock_known && read_token(b, &mem, &token) && token.exp > 0;
	int64_t left_s = token.exp - wall_s(b);
	if (known && (left_s < BOT_RENEW_LEFT_S || left_s < (token.exp - token.iat) / LIFE_PART)) {
		m.refresh_token =
			arena_strn(&mem, (const char *)b->secrets.refresh_token.p, b->secrets.refresh_token.n);
		m.has_steamid = m.has_renewal_type = 1;
		m.steamid = b->steamid;
		m.renewal_type = RENEW_ALLOW;
		pb_pack(&body, &m.base);
		const struct steam_ask asked = { .kind = STEAM_CALL_SERVICE,
			.owner = &b->renew_ms,
			.deadline_ms = b->now_ms + RENEW_MS,
			.method = "Authentication.GenerateAccessTokenForApp#1",
			.body = body.p,
			.body_n = body.n };
		/* When it cannot be asked now, it is at the next look. */
		if (m.refresh_token && !body.bad &&
			steam_session_ask(b->session, b->now_ms, &asked, &id, NULL) != RC_OK)
			b->renew_ms = b->now_ms + BOT_STEADY_MS;
		if (m.refresh_token)
			hush_wipe(m.refresh_token, b->secrets.refresh_token.n);
		if (body.n > 0)
			hush_wipe(body.p, body.n);
	}
	buf_done(&body);
	arena_done(&mem);
}

static void renewed(struct bot *b, const struct steam_call *c)
{
	struct arena mem = { .limit = TOKEN_MEMORY };
	ProtobufCMessage *message;

	if (c->rc == RC_OK && pb_unpack(&cauthentication__access_token__generate_for_app__response__descriptor,
				      c->body, c->body_n, &mem, &message, NULL) == RC_OK) {
		const CAuthenticationAccessTokenGenerateForAppResponse *m =
			(const CAuthenticationAccessTokenGenerateForAppResponse *)message;
		if (m->refresh_token && *m->refresh_token &&
			hush_set(&b->secrets.refresh_token, m->refresh_token, strlen(m->refresh_token)) == RC_OK)
			bot_tell_secret(b, "refresh_token", &b->secrets.refresh_token);
	}
	arena_done(&mem);
}

bool bot_auth_answered(struct bot *b, struct steam_call *c)
{
	if (c->owner == &b->auth) {
		if (b->auth)
			steam_auth_answered(b->auth, b->now_ms, c);
	} else if (c->owner == &b->renew_ms) {
		renewed(b, c);
	} else if (c->owner != b) {
		return false;
	}
	steam_call_free(c);
	return true;
}
