#include "proto/steam/account.pb-c.h"
#include "proto/steam/library.pb-c.h"
#include "sim/cm/cm.h"
#include "sim/cm/cm_conn.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"

#include <string.h>

/* The session of this account that plays; NULL: none. */
static struct cm *player(const struct person *p)
{
	list_each (at, after, &p->sessions) {
		struct cm *c = list_of(at, struct cm, of_person);
		if (c->playing_n > 0)
			return c;
	}
	return NULL;
}

static CMsgClientPlayingSessionState state_for(const struct cm *c)
{
	CMsgClientPlayingSessionState m = CMSG_CLIENT_PLAYING_SESSION_STATE__INIT;
	const struct cm *who = player(c->who);

	m.has_playing_blocked = m.has_playing_app = 1;
	m.playing_blocked = who && who != c;
	m.playing_app = who ? who->playing[0] : 0;
	return m;
}

void cm_put_playing(struct cm *c, struct buf *run)
{
	CMsgClientPlayingSessionState m = state_for(c);
	if (m.playing_blocked) /* otherwise Steam says nothing of it at a logon */
		cm_put(c, run, EMSG_CLIENT_PLAYING_SESSION_STATE, &m.base);
}

/* Every session of the account is told, and its friends. */
static void tell(struct sim *s, struct person *p)
{
	const struct cm *who = player(p);

	p->playing_n = who ? who->playing_n : 0;
	if (who)
		memcpy(p->playing, who->playing, sizeof(p->playing));
	list_each (at, after, &p->sessions) {
		struct cm *c = list_of(at, struct cm, of_person);
		CMsgClientPlayingSessionState m = state_for(c);
		cm_push(c, EMSG_CLIENT_PLAYING_SESSION_STATE, &m.base);
	}
	cm_tell_friends(s, p);
}

void cm_stop_playing(struct cm *c)
{
	if (c->playing_n == 0)
		return;
	c->playing_n = 0;
	tell(c->sim, c->who);
}

/* Another session of the account that plays has to go. */
static void send_away(struct cm *c, bool only_stop)
{
	list_each (at, after, &c->who->sessions) {
		struct cm *other = list_of(at, struct cm, of_person);
		if (other == c || other->playing_n == 0)
			continue;
		other->playing_n = 0;
		if (!only_stop)
			cm_kick(other, other->now_ms, ERESULT_LOGGED_IN_ELSEWHERE);
		if (other->wake)
			other->wake(other->wake_ctx);
		return;
	}
}

void cm_games_played(struct cm_ask *q)
{
	const CMsgClientGamesPlayed *m = (const CMsgClientGamesPlayed *)q->in;
	struct cm *c = q->c;
	unsigned n = 0;

	for (size_t i = 0; i < m->n_games_played && n < PEOPLE_PLAYING; i++)
		if (m->games_played[i]->game_id)
			c->playing[n++] = (uint32_t)(m->games_played[i]->game_id & 0xffffff);
	c->playing_n = n;
	if (n > 0)
		send_away(c, false);
	tell(c->sim, c->who);
}

void cm_kick_playing(struct cm_ask *q)
{
	const CMsgClientKickPlayingSession *m = (const CMsgClientKickPlayingSession *)q->in;
	struct cm *c = q->c;
	const struct cm *who = player(c->who);
	CMsgClientPlayingSessionState was = CMSG_CLIENT_PLAYING_SESSION_STATE__INIT;

	was.has_playing_blocked = was.has_playing_app = 1;
	was.playing_app = who ? who->playing[0] : 0;
	if (who && who != c)
		send_away(c, m->only_stop_game);
	cm_push(c, EMSG_CLIENT_PLAYING_SESSION_STATE, &was.base);
	if (who && who != c)
		tell(c->sim, c->who);
}

void cm_players(struct cm_ask *q)
{
	const CMsgDPGetNumberOfCurrentPlayers *m = (const CMsgDPGetNumberOfCurrentPlayers *)q->in;
	CMsgDPGetNumberOfCurrentPlayersResponse out = CMSG_DPGET_NUMBER_OF_CURRENT_PLAYERS_RESPONSE__INIT;
	const struct people *pp = &q->c->sim->people;

	out.has_eresult = out.has_player_count = 1;
	out.eresult = ERESULT_OK;
	for (size_t i = 0; i < pp->n; i++) {
		const struct person *p = &pp->at[i];
		bool counts = m->appid == 0 && !list_empty(&p->sessions);
		for (unsigned k = 0; k < p->playing_n && !counts; k++)
			counts = p->playing[k] == m->appid;
		out.player_count += counts;
	}
	cm_answer(q, &out.base);
}
