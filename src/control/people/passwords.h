/*
 * passwords: made and checked. Argon2id (libsodium) under the settings people.argon2_*, and bcrypt of imported users, which
 * becomes Argon2id when it was right. Each takes some 100 ms and 64 MiB: call them in a route's `before` only. control-plane.md
 * 2.4 (SE-13).
 *
 * A check costs the same whoever is asked for: for somebody that there is not, or who has no password, a password is hashed that
 * nobody has; and while there are imported passwords, every check does one bcrypt, too.
 */
#pragma once

#include "base/hush.h"
#include "control/tx.h"

#define PASSWORDS_MAX        1024 /* bytes of one */
#define PASSWORDS_STORED_MAX 160
#define PASSWORDS_BCRYPT_MIN 4
#define PASSWORDS_BCRYPT_MAX 14 /* cost of an imported one: more would take seconds of every log-on */

must_check enum rc passwords_hash(
	const struct control *c, const struct hush *password, char ret[static PASSWORDS_STORED_MAX]);

struct passwords_try {
	const char *stored; /* of the user; NULL: there is no such user, or no password */
	const struct hush *password;
	unsigned bcrypt_cost; /* passwords_bcrypt_cost */
};
struct passwords_found {
	bool right;
	char rehash[PASSWORDS_STORED_MAX]; /* to be stored instead, when it was right; "": what is stored is good */
};
must_check enum rc passwords_check(
	const struct control *c, const struct passwords_try *t, struct passwords_found *ret);

/* The highest cost among the imported passwords that are left; 0: none are. */
must_check enum rc passwords_bcrypt_cost(struct tx *tx, unsigned *ret);

/* May it become the password of this login? RC_INVALID: too short, too long, or easy to guess; f says which. Reads the file of
 * common passwords. */
must_check enum rc passwords_fit(
	const struct control *c, const char *login, const struct hush *password, struct fault *f);

/* A hash from elsewhere: $2a$, $2b$, $2y$ (with a cost in bounds) or $argon2id$. *ret_cost is 0 for the latter. */
bool passwords_may_import(const char *stored, unsigned *ret_cost);
