/*
 * sessions_revoke: sessions end before their time. Whoever has a stream open by one is cut off by its event. See people/sessions.
 */
#pragma once

#include "control/tx.h"

/* Ends one: event auth_session.revoked, audit row. `why`: "logout", "admin", "refresh_reuse", … No session, or over: RC_OK. On the writer. */
must_check enum rc people_sessions_revoke(struct tx *tx, const char *id, const char *why);

/* Ends all of a person but `except` (NULL: none). */
must_check enum rc people_sessions_revoke_user(
	struct tx *tx, const char *user_id, const char *except, const char *why);

/* Ends what came by an identity provider: all of its session, or, when that is NULL, all of its person. *ret_n: how many. */
must_check enum rc people_sessions_revoke_idp(struct tx *tx, const char *idp_id, const char *subject,
	const char *session, const char *why, size_t *ret_n);
