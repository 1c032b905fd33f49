/* playtime.read: how long the account played its apps. */
#include "agent/actions/library/games.h"
#include "model/action_library.h"

extern const struct action_run playtime_read;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_apps *want = in;
	struct action_games_result *to = out;
	CPlayerGetOwnedGamesResponse *m;

	enum rc rc = games_owned(t, &want->apps, false, &m, f);
	return rc == RC_OK ? games_list(t, m, &to->apps) : rc;
}

const struct action_run playtime_read = { .name = "playtime.read", .run = run };
