/*
 * enrolments: how an agent becomes one: a one-time token for a region, and the trade of it for an identity.
 */
#pragma once

#include "control/tx.h"

#define ENROLMENTS_TOKEN_MS (15ll * 60 * 1000) /* how long a token is good */

/* Makes a token for a region; *ret_token is in the arena. For the in-process agent, and for the route. */
must_check enum rc enrolments_token(
	struct tx *tx, const char *region_id, const char **ret_token, int64_t *ret_expires);
