/* player: the methods that tell of an account: its games, its achievements, its wallet, its trade token. */
#include "io/clock.h"
#include "proto/steam/player.pb-c.h"
#include "proto/steam/trade.pb-c.h"
#include "sim/library.h"
#include "sim/services.h"
#include "wire/steam/eresult.h"

#include <stdio.h>
#include <string.h>

#define GAMES_MAX      20000
#define VISIBLE_TO_ME  1 /* privacy: nobody else, … everybody */
#define VISIBLE_TO_ALL 3
#define FREE_SUB       0 /* the package that everybody has */

int32_t player_trade_token(struct service_call *c)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const CEconGetTradeOfferAccessTokenRequest *m = (const CEconGetTradeOfferAccessTokenRequest *)c->in;
	CEconGetTradeOfferAccessTokenResponse out = CECON__GET_TRADE_OFFER_ACCESS_TOKEN__RESPONSE__INIT;
	struct person *p = c->from->who;
	uint8_t random[8];

	if (m->generate_new_token) {
		clock_random(random, sizeof(random));
		for (size_t i = 0; i < sizeof(random); i++)
			p->trade_token[i] = letters[random[i] & 63];
	}
	out.trade_offer_access_token = p->trade_token;
	service_say(c, &out.base);
	return ERESULT_OK;
}

static const struct played *played(const struct person *p, uint32_t app)
{
	for (unsigned i = 0; i < p->played_n; i++)
		if (p->played[i].app == app)
			return &p->played[i];
	return NULL;
}

/* One game of an answer. */
struct games {
	struct service_call *c;
	const CPlayerGetOwnedGamesRequest *m;
	const struct person *of;
	CPlayerGetOwnedGamesResponse out;
};

static bool is_wanted(const struct games *g, uint32_t app)
{
	for (size_t i = 0; i < g->out.n_games; i++)
		if ((uint32_t)g->out.games[i]->appid == app)
			return false;
	for (size_t i = 0; i < g->m->n_appids_filter; i++)
		if (g->m->appids_filter[i] == app)
			return true;
	return g->m->n_appids_filter == 0;
}

static bool add_game(struct games *g, uint32_t app)
{
	CPlayerGetOwnedGamesResponse__Game *one = arena_take(g->c->arena, sizeof(*one));
	const struct played *p = played(g->of, app);

	if (!one)
		return false;
	cplayer__get_owned_games__response__game__init(one);
	one->has_appid = one->has_playtime_forever = 1;
	one->appid = (int32_t)app;
	one->playtime_forever = p ? (int32_t)p->minutes : 0;
	if (g->m->include_appinfo)
		one->name = (char *)library_app_name(g->c->sim, app, g->c->arena);
	g->out.games[g->out.n_games++] = one;
	return true;
}

int32_t player_owned_games(struct service_call *c)
{
	struct games g = { .c = c,
		.m = (const CPlayerGetOwnedGamesRequest *)c->in,
		.out = CPLAYER__GET_OWNED_GAMES__RESPONSE__INIT };
	g.of = g.m->steamid ? people_by_id(&c->sim->people, g.m->steamid) : c->from->who;
	g.out.games = arena_take(c->arena, GAMES_MAX * sizeof(void *));

	if (!g.of || !g.out.games)
		return g.of ? ERESULT_FAIL : ERESULT_INVALID_STEAM_ID;
	if (g.of != c->from->who && g.of->inventory_private) {
		service_say(c, &g.out.base);
		return ERESULT_OK;
	}
	for (size_t i = 0; i < g.of->licences_n; i++) {
		size_t n;
		const uint32_t *apps = library_apps(c->sim, g.of->licences[i].package, &n);
		if (g.of->licences[i].package == FREE_SUB && !g.m->include_free_sub)
			continue;
		for (size_t k = 0; k < n && g.out.n_games < GAMES_MAX; k++)
			if (is_wanted(&g, apps[k]) && !add_game(&g, apps[k]))
				return ERESULT_FAIL;
	}
	g.out.has_game_count = 1;
	g.out.game_count = (uint32_t)g.out.n_games;
	service_say(c, &g.out.base);
	return ERESULT_OK;
}

int32_t player_achievements(struct service_call *c)
{
	const CPlayerGetAchievementsProgressRequest *m = (const CPlayerGetAchievementsProgressRequest *)c->in;
	CPlayerGetAchievementsProgressResponse out = CPLAYER__GET_ACHIEVEMENTS_PROGRESS__RESPONSE__INIT;
	const struct person *of = m->steamid ? people_by_id(&c->sim->people, m->steamid) : c->from->who;
	CPlayerGetAchievementsProgressResponse__AchievementProgress *at =
		arena_take(c->arena, (m->n_appids + 1) * sizeof(*at));

	out.achievement_progress = arena_take(c->arena, (m->n_appids + 1) * sizeof(void *));
	if (!of || !at || !out.achievement_progress)
		return ERESULT_INVALID_PARAM;
	for (size_t i = 0; i < m->n_appids; i++) {
		const struct played *p = played(of, m->appids[i]);
		CPlayerGetAchievementsProgressResponse__AchievementProgress *o = &at[i];
		cplayer__get_achievements_progress__response__achievement_progress__init(o);
		o->has_appid = o->has_unlocked = o->has_total = o->has_percentage = o->has_all_unlocked = 1;
		o->has_cache_time = 1;
		o->appid = m->appids[i];
		o->unlocked = p ? p->unlocked : 0;
		o->total = p ? p->total : 0;
		o->percentage = o->total ? 100.0f * (float)o->unlocked / (float)o->total : 0.0f;
		o->all_unlocked = o->total && o->unlocked >= o->total;
		o->cache_time = (uint32_t)sim_time(c->sim);
		out.achievement_progress[out.n_achievement_progress++] = o;
	}
	service_say(c, &out.base);
	return ERESULT_OK;
}

int32_t player_privacy(struct service_call *c)
{
	CPlayerGetPrivacySettingsResponse out = CPLAYER__GET_PRIVACY_SETTINGS__RESPONSE__INIT;
	CPrivacySettings s = CPRIVACY_SETTINGS__INIT;
	int32_t own = c->from->who->inventory_private ? VISIBLE_TO_ME : VISIBLE_TO_ALL;

	s.has_privacy_state = s.has_privacy_state_inventory = s.has_privacy_state_gifts = 1;
	s.has_privacy_state_ownedgames = s.has_privacy_state_playtime = s.has_privacy_state_friendslist = 1;
	s.privacy_state = s.privacy_state_friendslist = VISIBLE_TO_ALL;
	s.privacy_state_inventory = s.privacy_state_gifts = s.privacy_state_ownedgames = s.privacy_state_playtime =
		own;
	out.privacy_settings = &s;
	service_say(c, &out.base);
	return ERESULT_OK;
}

int32_t player_wallet(struct service_call *c)
{
	CUserAccountGetWalletDetailsResponse m = CUSER_ACCOUNT__GET_WALLET_DETAILS__RESPONSE__INIT;
	struct person *p = c->from->who;

	m.has_has_wallet = m.has_wallet = m.has_balance = m.has_delayed_balance = m.has_currency_code = 1;
	m.user_country_code = m.wallet_country_code = p->country;
	m.balance = p->wallet;
	m.currency_code = (int32_t)p->currency;
	service_say(c, &m.base);
	return ERESULT_OK;
}
