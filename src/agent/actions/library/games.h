/* games: what library.list, playtime.read and licenses.add_free read by Player.GetOwnedGames. */
#pragma once

#include "agent/actions/ask.h"
#include "base/field.h"
#include "proto/steam/player.pb-c.h"

/* `apps` (of uint32_t): only these; NULL or none: all. `free_too`: also what is free and was never played. */
must_check enum rc games_owned(struct action_task *t, const struct field_list *apps, bool free_too,
	CPlayerGetOwnedGamesResponse **ret, struct fault *f);

/* As struct action_game. */
must_check enum rc games_list(struct action_task *t, const CPlayerGetOwnedGamesResponse *m, struct field_list *ret);
