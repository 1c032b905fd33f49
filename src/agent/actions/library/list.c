/* library.list: the apps that the account owns. */
#include "agent/actions/library/games.h"
#include "model/action_library.h"

extern const struct action_run library_list;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_games_result *to = out;
	CPlayerGetOwnedGamesResponse *m;

	(void)in;
	enum rc rc = games_owned(t, NULL, true, &m, f);
	return rc == RC_OK ? games_list(t, m, &to->apps) : rc;
}

const struct action_run library_list = { .name = "library.list", .run = run };
