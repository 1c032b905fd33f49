/*
 * sessions_check: whose session is it? For access/door. See people/sessions.
 */
#pragma once

#include "control/http/route.h"
#include "control/people/session.h"

/* Who comes with this cookie. RC_UNAUTHENTICATED: unknown, over, revoked, or the person is disabled. */
must_check enum rc people_sessions_check(struct tx *tx, const char *secret, struct principal *ret);

/* Who comes with an access token of this session. */
must_check enum rc people_sessions_check_id(struct tx *tx, const char *id, struct principal *ret);
