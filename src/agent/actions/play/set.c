/* play.set: which games the session plays, said once: nothing says it again after a reconnect, as a desired state would. */
#include "agent/actions/ask.h"
#include "agent/sessions_self.h"
#include "model/action_session.h"
#include "proto/steam/library.pb-c.h"

extern const struct action_run play_set;

#define NOT_STEAMS 15190414816125648896u /* the game id of a game that is not Steam's */

static void fill(const struct action_play *want, CMsgClientGamesPlayed__GamePlayed *games,
	CMsgClientGamesPlayed__GamePlayed **list, CMsgClientGamesPlayed *m)
{
	const uint32_t *apps = want->apps.at;
	size_t n = 0;

	if (want->custom_name) {
		games[n] = (CMsgClientGamesPlayed__GamePlayed)CMSG_CLIENT_GAMES_PLAYED__GAME_PLAYED__INIT;
		games[n].has_game_id = true;
		games[n].game_id = NOT_STEAMS;
		games[n].game_extra_info = (char *)want->custom_name;
		list[n] = &games[n];
		n++;
	}
	for (size_t i = 0; i < want->apps.n; i++, n++) {
		games[n] = (CMsgClientGamesPlayed__GamePlayed)CMSG_CLIENT_GAMES_PLAYED__GAME_PLAYED__INIT;
		games[n].has_game_id = true;
		games[n].game_id = apps[i];
		list[n] = &games[n];
	}
	m->games_played = list;
	m->n_games_played = n;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_play *want = in;
	struct action_play_result *to = out;
	CMsgClientGamesPlayed__GamePlayed games[ACTION_PLAY_MAX + 1], *list[ACTION_PLAY_MAX + 1];
	CMsgClientGamesPlayed m = CMSG_CLIENT_GAMES_PLAYED__INIT;
	struct sessions_self self = { 0 };

	fill(want, games, list, &m);
	struct ask q = { .emsg = EMSG_CLIENT_GAMES_PLAYED_WITH_DATA_BLOB, .in = &m.base };
	enum rc rc = ask_steam(t, &q, f);
	if (rc == RC_OK)
		rc = ask_self(t, &self, f);
	to->apps = want->apps;
	to->blocked = self.blocked;
	return rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_play *want = in;
	const uint32_t *apps = want->apps.at;
	enum rc rc = RC_OK;

	(void)f;
	for (size_t i = 0; i < want->apps.n && rc == RC_OK; i++)
		rc = ask_plan(t, plan, "play app %u", apps[i]);
	if (rc == RC_OK && want->custom_name)
		rc = ask_plan(t, plan, "play %s", want->custom_name);
	if (rc == RC_OK && plan->would.n == 0)
		rc = ask_plan(t, plan, "stop playing");
	return rc;
}

const struct action_run play_set = { .name = "play.set", .run = run, .plan = plan };
