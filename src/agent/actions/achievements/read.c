/* achievements.read: how many achievements of an app the account has. */
#include "agent/actions/ask.h"
#include "agent/sessions_self.h"
#include "model/action_library.h"
#include "proto/steam/player.pb-c.h"

extern const struct action_run achievements_read;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_achievements *want = in;
	struct action_achievements_result *to = out;
	CPlayerGetAchievementsProgressRequest m = CPLAYER__GET_ACHIEVEMENTS_PROGRESS__REQUEST__INIT;
	struct sessions_self self = { 0 };
	uint32_t app = want->app;

	enum rc rc = ask_self(t, &self, f);
	if (rc != RC_OK)
		return rc;
	m.has_steamid = true;
	m.steamid = self.steamid;
	m.appids = &app;
	m.n_appids = 1;
	struct ask q = { .method = "Player.GetAchievementsProgress#1",
		.in = &m.base,
		.out = &cplayer__get_achievements_progress__response__descriptor };
	rc = ask_steam(t, &q, f);
	if (rc != RC_OK)
		return rc;
	const CPlayerGetAchievementsProgressResponse *got = (const CPlayerGetAchievementsProgressResponse *)q.got;
	to->app = app;
	for (size_t i = 0; i < got->n_achievement_progress; i++)
		if (got->achievement_progress[i]->appid == app) {
			to->unlocked = got->achievement_progress[i]->unlocked;
			to->total = got->achievement_progress[i]->total;
		}
	return RC_OK;
}

const struct action_run achievements_read = { .name = "achievements.read", .run = run };
