/*
 * logins: is it this person's password? In two steps, for a route with `before`: logins_look hashes, with a read connection;
 * logins_settle counts and decides, on the writer. Between them the answer is nobody's: a try over the limit is refused even if it
 * was right, and so is a password that was changed meanwhile.
 *
 * What is wrong is never told: unknown login, disabled person, no password, wrong password have the same words and work.
 */
#pragma once

#include "base/hush.h"
#include "control/people/users.h"

struct logins_found; /* in the arena of `before` */

/* RC_LIMIT: locked. `user` NULL: whoever has the login; else this person (their own password, asked once more). */
must_check enum rc logins_look(struct tx *tx, const char *login, const struct user_row *user,
	const struct hush *password, const struct logins_found **ret);

/*
 * RC_OK: it is their password; a second factor may still be needed (people/mfa). RC_UNAUTHENTICATED, RC_LIMIT: what was counted must
 * be kept: set call.refuse, and return RC_OK.
 */
must_check enum rc logins_settle(struct tx *tx, const struct logins_found *f, struct user_row *ret);

/* A wrong code, after a right password: told and audited as a wrong password is. */
must_check enum rc logins_failed(struct tx *tx, const struct user_row *user, bool struck);
