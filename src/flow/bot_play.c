/* What a bot does when it is online: its persona, its games, and what Steam tells of its standing. */
#include "base/arena.h"
#include "base/rd.h"
#include "flow/bot.h"
#include "flow/bot_parts.h"
#include "flow/steam_session.h"
#include "proto/steam/account.pb-c.h"
#include "proto/steam/friends.pb-c.h"
#include "proto/steam/library.pb-c.h"
#include "wire/steam/emsg.h"
#include "wire/steam/pb.h"

#include <string.h>

#define OWN_GAME    15190414816125648896u /* the id under which a name of one's own is shown */
#define OS_LINUX    ((uint32_t)-203)
#define SAY_MS      10000u
#define MESSAGE_MAX (1u << 16) /* memory to read one message in */

static void send_message(struct bot *b, uint32_t emsg, const ProtobufCMessage *m)
{
	struct buf body = { 0 };
	uint64_t id;

	pb_pack(&body, m);
	const struct steam_ask ask = { .kind = STEAM_CALL_SEND,
		.owner = b,
		.deadline_ms = b->now_ms + SAY_MS,
		.emsg = emsg,
		.body = body.p,
		.body_n = body.n };
	/* When it cannot be said, the connection goes, and all is said anew on the next one. */
	if (!body.bad && steam_session_ask(b->session, b->now_ms, &ask, &id, NULL) != RC_OK)
		b->playing = b->persona_told = false;
	buf_done(&body);
}

static void say_persona(struct bot *b)
{
	CMsgClientChangeStatus m = CMSG_CLIENT_CHANGE_STATUS__INIT;
	m.has_persona_state = 1;
	m.persona_state = b->persona;
	b->persona_told = true;
	send_message(b, EMSG_CLIENT_CHANGE_STATUS, &m.base);
}

static void say_games(struct bot *b)
{
	CMsgClientGamesPlayed__GamePlayed games[BOT_APPS_MAX + 1], *pointers[BOT_APPS_MAX + 1];
	CMsgClientGamesPlayed m = CMSG_CLIENT_GAMES_PLAYED__INIT;

	m.games_played = pointers;
	m.has_client_os_type = 1;
	m.client_os_type = OS_LINUX;
	for (unsigned i = 0; b->playing && i <= b->apps_n; i++) {
		if (i == 0 && !b->game)
			continue;
		CMsgClientGamesPlayed__GamePlayed *g = &games[m.n_games_played];
		cmsg_client_games_played__game_played__init(g);
		g->has_game_id = 1;
		g->game_id = i == 0 ? OWN_GAME : b->apps[i - 1];
		g->game_extra_info = i == 0 ? b->game : NULL;
		pointers[m.n_games_played++] = g;
	}
	send_message(b, EMSG_CLIENT_GAMES_PLAYED_WITH_DATA_BLOB, &m.base);
}

void bot_play_apply(struct bot *b)
{
	if (b->conf.anonymous || b->line != STEAM_SESSION_ONLINE)
		return;
	if (!b->persona_told && b->persona != 0)
		say_persona(b);
	bool wanted = b->state == ACCOUNT_ONLINE && b->mode == ACCOUNT_MODE_PLAYING && !b->blocked &&
		      (b->apps_n > 0 || b->game) && b->now_ms >= b->play_ms;
	if (wanted == b->playing && !(wanted && b->other_games))
		return;
	b->playing = wanted;
	b->other_games = false;
	say_games(b);
}

void bot_play_stopped(struct bot *b)
{
	b->playing = b->persona_told = false;
	b->play_ms = b->renew_ms = 0;
	if (b->blocked)
		bot_tell_condition(b, BOT_PLAYING_BLOCKED, false, "");
	b->blocked = false;
}

uint64_t bot_play_due(const struct bot *b)
{
	if (b->line != STEAM_SESSION_ONLINE)
		return UINT64_MAX;
	bool waits = b->mode == ACCOUNT_MODE_PLAYING && !b->blocked && !b->playing && b->play_ms > b->now_ms;
	uint64_t due = waits ? b->play_ms : UINT64_MAX;
	return b->renew_ms != 0 && b->renew_ms < due ? b->renew_ms : due;
}

/* ---- what Steam tells ---- */

static void pushed_playing(struct bot *b, const ProtobufCMessage *message)
{
	const CMsgClientPlayingSessionState *m = (const CMsgClientPlayingSessionState *)message;
	bool blocked = m->playing_blocked;

	if (blocked == b->blocked) {
		bot_tell_condition(b, BOT_PLAYING_BLOCKED, blocked, blocked ? "another_session_plays" : "");
		return;
	}
	b->blocked = blocked;
	bot_tell_condition(b, BOT_PLAYING_BLOCKED, blocked, blocked ? "another_session_plays" : "");
	if (blocked)
		b->playing = false; /* Steam took the games away; it is not fought for them */
	else
		b->play_ms = b->now_ms + ACCOUNT_BLOCKED_MS;
}

static void look_at_standing(struct bot *b)
{
	const char *elsewhere = b->clean_why ? b->clean_why : "";
	const char *why = b->banned ? "restricted" : b->vac_bans > 0 ? "vac_ban" : elsewhere;
	bot_tell_condition(b, BOT_STANDING_CLEAN, !*why, why);
	if (b->banned)
		bot_tell_move(b, ACCOUNT_RESTRICTED, (struct account_guard){ 0 }, 0, 0);
	bot_play_apply(b);
}

/* That it is ready is said when bans and authenticator were looked at, or when what stood against it has gone. */
static void look_at_trading(struct bot *b)
{
	const char *elsewhere = b->trade_why ? b->trade_why : "";
	const char *why = b->limited ? "limited" : b->banned ? "restricted" : elsewhere;

	if (*why)
		bot_tell_condition(b, BOT_TRADE_READY, false, why);
	else if (b->limits_told && (b->trade_why || b->conditions[BOT_TRADE_READY] == BOT_NO))
		bot_tell_condition(b, BOT_TRADE_READY, true, "");
}

void bot_play_standing(struct bot *b, uint64_t now_ms, const char *keep_trade, const char *keep_clean)
{
	b->now_ms = now_ms;
	b->trade_why = keep_trade;
	b->clean_why = keep_clean;
	look_at_trading(b);
	look_at_standing(b);
}

static void pushed_limits(struct bot *b, const ProtobufCMessage *message)
{
	const CMsgClientIsLimitedAccount *m = (const CMsgClientIsLimitedAccount *)message;
	b->banned = m->bis_community_banned || m->bis_locked_account;
	b->limited = m->bis_limited_account;
	b->limits_told = true;
	look_at_trading(b);
	look_at_standing(b);
	if (b->state != ACCOUNT_QUARANTINED)
		return;
	if (b->banned) {
		b->clean_ms = 0;
	} else if (b->clean_ms == 0) {
		b->clean_ms = b->now_ms;
	} else if (b->now_ms - b->clean_ms >= BOT_CLEAN_MS) {
		bot_tell_move(b, ACCOUNT_CLEARED, (struct account_guard){ 0 }, 0, 0);
		bot_logon_hang_up(b, BOT_IDLE);
		bot_logon_reconcile(b);
	}
}

static const ProtobufCMessage *read_push(const struct steam_session_act *a, struct arena *mem)
{
	ProtobufCMessage *m;
	if (pb_unpack(emsg_body(a->emsg), a->p, a->n, mem, &m, NULL) != RC_OK)
		return NULL;
	return m;
}

void bot_play_push(struct bot *b, const struct steam_session_act *a)
{
	struct arena mem = { .limit = MESSAGE_MAX };
	const ProtobufCMessage *m = NULL;

	if (a->emsg == EMSG_CLIENT_PLAYING_SESSION_STATE && (m = read_push(a, &mem))) {
		pushed_playing(b, m);
	} else if (a->emsg == EMSG_CLIENT_IS_LIMITED_ACCOUNT && (m = read_push(a, &mem))) {
		pushed_limits(b, m);
	} else if (a->emsg == EMSG_CLIENT_VAC_BAN_STATUS) {
		struct rd r = rd_over(a->p, a->n);
		uint32_t bans = rd_le32(&r);
		if (!r.bad) {
			b->vac_bans = bans;
			look_at_standing(b);
		}
	}
	arena_done(&mem);
}
