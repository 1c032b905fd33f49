/*
 * users: the people who log in, and what they may. A login is unique in the installation, in lower case.
 */
#pragma once

#include "control/tx.h"
#include "model/grant.h"

#define USERS_LOGIN_MAX 128

/* In the transaction's arena. */
struct user_row {
	const char *id, *tenant_id, *login, *name;
	const char *password; /* crypt(3) form; NULL: none */
	const char *source;   /* idp_…; "": made by hand */
	bool enabled;
	int64_t version;
};

/* RC_MISSING: there is none. A disabled one is found. */
must_check enum rc users_find(struct tx *tx, const char *id, struct user_row *ret);
must_check enum rc users_find_login(struct tx *tx, const char *login, struct user_row *ret); /* as typed */

/* As it is stored: in lower case. NULL without memory. */
const char *users_login(struct arena *a, const char *typed);

/*
 * What a person may do: a grant (or two, when a part holds for their own things only) for each role that is bound to them, or to
 * a group of theirs. Nothing for a disabled one. In the transaction's arena.
 */
must_check enum rc users_grants(struct tx *tx, const char *user_id, struct grants *ret);

/* The same whether they are enabled or not, and of a group: what it is to be this person, or in this group. */
must_check enum rc users_subject_grants(struct tx *tx, const char *subject_id, struct grants *ret);

/* What one binding gives: of a built-in role, or of the custom one with these scopes (JSON list). Adds at most two to *at. */
must_check enum rc users_role_grants(struct tx *tx, const char *role, const char *scopes, const char *selector,
	struct grant ret[static 2], size_t *ret_n);

/* The selector's members, for the API and the database alike. */
extern const struct field users_selector_fields[];
