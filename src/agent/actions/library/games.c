#include "agent/actions/library/games.h"

#include "agent/sessions_self.h"
#include "model/action_library.h"

enum rc games_owned(struct action_task *t, const struct field_list *apps, bool free_too,
	CPlayerGetOwnedGamesResponse **ret, struct fault *f)
{
	CPlayerGetOwnedGamesRequest m = CPLAYER__GET_OWNED_GAMES__REQUEST__INIT;
	struct sessions_self self = { 0 };
	struct ask q = { .method = "Player.GetOwnedGames#1",
		.in = &m.base,
		.out = &cplayer__get_owned_games__response__descriptor };

	enum rc rc = ask_self(t, &self, f);
	if (rc != RC_OK)
		return rc;
	m.has_steamid = m.has_include_appinfo = m.include_appinfo = true;
	m.steamid = self.steamid;
	m.has_include_played_free_games = m.include_played_free_games = true;
	m.has_include_free_sub = true;
	m.include_free_sub = free_too;
	m.has_skip_unvetted_apps = true;
	if (apps) {
		m.appids_filter = apps->at;
		m.n_appids_filter = apps->n;
	}
	rc = ask_steam(t, &q, f);
	if (rc == RC_OK)
		*ret = (CPlayerGetOwnedGamesResponse *)q.got;
	return rc;
}

enum rc games_list(struct action_task *t, const CPlayerGetOwnedGamesResponse *m, struct field_list *ret)
{
	struct action_game *to = arena_take(t->arena, (m->n_games + 1) * sizeof(*to));

	if (!to)
		return RC_NOMEM;
	for (size_t i = 0; i < m->n_games; i++) {
		const CPlayerGetOwnedGamesResponse__Game *g = m->games[i];
		to[i] = (struct action_game){ .app = (uint32_t)g->appid,
			.name = g->name,
			.minutes = g->playtime_forever > 0 ? (uint32_t)g->playtime_forever : 0,
			.last_played_ms = (int64_t)g->rtime_last_played * 1000 };
	}
	*ret = (struct field_list){ to, m->n_games };
	return RC_OK;
}
