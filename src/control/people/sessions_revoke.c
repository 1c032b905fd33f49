#include "control/people/sessions_revoke.h"
#include "base/buf.h"
#include "control/access/audit.h"
#include "control/events/events.h"

#define AT_ONCE_MAX 1000 /* of one person: more are not open, see SESSIONS_PER_USER */

static enum rc tell(struct tx *tx, const char *id, const char *user_id, const char *why)
{
	struct buf payload = { 0 };

	buf_fmt(&payload, "{\"userId\":\"%s\",\"reason\":\"%s\"}", user_id, why);
	enum rc rc = events_add(tx,
		&(struct event){ .type = "auth_session.revoked", .resource = id, .payload = buf_text(&payload) });
	buf_done(&payload);
	return rc == RC_OK ? audit_note(tx, "auth_session.revoke", id, why) : rc;
}

enum rc people_sessions_revoke(struct tx *tx, const char *id, const char *why)
{
	static const struct store_query set = { .sql = "UPDATE auth_sessions SET revoked_at = $2, revoked_why = $3 "
						       "WHERE id = $1 AND revoked_at = 0 AND "
						       "expires_at > $2 RETURNING user_id" };
	static const struct store_query forget = { .sql = "DELETE FROM auth_refresh_tokens WHERE session_id = $1" };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(
		tx->db, &set, STORE_ARGS(store_text(id), store_int(tx->now_ms), store_text(why)), &r, tx->fault);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	const char *user_id = arena_str(tx->arena, store_col_text(r, 0));
	store_close(take(r));
	rc = user_id ? store_do(tx->db, &forget, STORE_ARGS(store_text(id)), tx->fault) : RC_NOMEM;
	return rc == RC_OK ? tell(tx, id, user_id, why) : rc;
}

/* Ends all that a query names. */
static enum rc revoke_all(struct tx *tx, const struct store_query *q, struct store_args args, const char *except,
	const char *why, size_t *ret_n)
{
	const char **ids = arena_take(tx->arena, AT_ONCE_MAX * sizeof(*ids));
	auto_rows struct store_rows *r = NULL;
	size_t n = 0;
	bool row = false;

	enum rc rc = ids ? store_run(tx->db, q, args, &r, tx->fault) : RC_NOMEM;
	while (rc == RC_OK && n < AT_ONCE_MAX && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		if (except && !strcmp(store_col_text(r, 0), except))
			continue;
		if (!(ids[n++] = arena_str(tx->arena, store_col_text(r, 0))))
			rc = RC_NOMEM;
	}
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = people_sessions_revoke(tx, ids[i], why);
	if (rc == RC_OK && ret_n)
		*ret_n = n;
	return rc;
}

enum rc people_sessions_revoke_user(struct tx *tx, const char *user_id, const char *except, const char *why)
{
	static const struct store_query open = {
		.sql = "SELECT id FROM auth_sessions WHERE user_id = $1 AND revoked_at = 0 AND expires_at > $2"
	};
	return revoke_all(tx, &open, STORE_ARGS(store_text(user_id), store_int(tx->now_ms)), except, why, NULL);
}

enum rc people_sessions_revoke_idp(
	struct tx *tx, const char *idp_id, const char *subject, const char *session, const char *why, size_t *ret_n)
{
	static const struct store_query of_person = {
		.sql = "SELECT id FROM auth_sessions WHERE idp_id = $1 AND idp_subject = $3 AND revoked_at = 0 AND "
		       "expires_at > $2"
	};
	static const struct store_query of_session = {
		.sql = "SELECT id FROM auth_sessions WHERE idp_id = $1 AND idp_session = $3 AND revoked_at = 0 AND "
		       "expires_at > "
		       "$2 AND ($4 = '' OR idp_subject = $4)"
	};
	*ret_n = 0;
	if (session)
		return revoke_all(tx, &of_session,
			STORE_ARGS(store_text(idp_id), store_int(tx->now_ms), store_text(session),
				store_text(subject ? subject : "")),
			NULL, why, ret_n);
	return subject ? revoke_all(tx, &of_person,
				 STORE_ARGS(store_text(idp_id), store_int(tx->now_ms), store_text(subject)), NULL,
				 why, ret_n)
		       : RC_OK;
}
