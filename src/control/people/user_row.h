/*
 * user_row: a person as the API shows them. What is here is shared by the routes of people.
 */
#pragma once

#include "control/http/route.h"

struct user_view {
	const char *id, *tenant_id, *login, *name, *email;
	bool enabled, has_password, second_factor;
	const char *source;
	int64_t failures, password_at, last_login_at;
	const char *created_by;
	int64_t created_at, updated_at, version;
	int64_t locked_until; /* in the answer about one person only */
};
extern const struct field user_row_fields[];

/* The columns of user_row_fields, in their order; of `users u`. */
#define USER_ROW_SELECT                                                                                            \
	"SELECT u.id, u.tenant_id, u.login, u.name, u.email, u.enabled, u.password IS NOT NULL, EXISTS (SELECT 1 " \
	"FROM mfa_totp m WHERE m.user_id = u.id AND m.confirmed_at > 0), u.source, u.failures, u.password_at, "    \
	"u.last_login_at, u.created_by, u.created_at, u.updated_at, u.version FROM users u "

/* RC_MISSING: there is none. Reads the lock, too. */
must_check enum rc user_row_load(struct tx *tx, const char *id, struct user_view *ret);

/* Loads the person of the path for a change: If-Match, and that the caller may no less than they. */
must_check enum rc user_row_for_change(struct call *c, struct user_view *ret);

/* After a change: a new version, event, audit row; and the person again, into ret. */
must_check enum rc user_row_changed(struct call *c, const char *event, struct user_view *ret);
