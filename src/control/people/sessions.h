/*
 * sessions: one log-on of one person, whatever way they came in. A browser's is a cookie, an opaque secret of which a keyed hash is
 * kept; a program's is a family of refresh tokens and short-lived access tokens (people/tokens). Each session is a row; whoever
 * comes with a cookie or a token is asked for by that row, every time: revoked is revoked at once, on every instance.
 * control-plane.md 2.4 (SE-06 to SE-08).
 *
 * The cookie is `__Host-footplate` (Secure, HttpOnly, SameSite=Lax, Path=/), also where TLS ends elsewhere or there is none:
 * browsers hold http://localhost for secure. It is another one after each log-on and each step-up, so a planted one is worth nothing.
 *
 * Whoever was found out to be who they say (password, code, single sign-on) gets in by people_sessions_open, and in no other way.
 */
#pragma once

#include "control/http/route.h"
#include "control/people/session.h"
#include "control/people/sessions_revoke.h"

/*
 * After all was proven: makes the session, with event (user.login, auth_session.created) and audit row, in that person's name, and ends
 * the browser's session that the request came with, if it did. On the writer. RC_DENIED: the person is disabled; RC_MISSING: gone.
 */
must_check enum rc people_sessions_open(struct call *c, const struct session_new *n, struct session_made *ret);

/*
 * The person of this call proved once more who they are: their session says so from now on, and a cookie is replaced by another one.
 * On the writer. RC_CONFLICT: the caller has no session.
 */
must_check enum rc people_sessions_step_up(struct call *c, bool second_factor, struct session_made *ret);
