#include "control/sso/saml_sessions.h"
#include "control/people/sessions.h"
#include "control/rows.h"

static const struct field subject_fields[] = {
	{ .name = "nameId", .type = FIELD_STR, FIELD_AT(struct saml_subject, name_id) },
	{ .name = "format", .type = FIELD_STR, FIELD_AT(struct saml_subject, format) },
	{ .name = "nameQualifier", .type = FIELD_STR, FIELD_AT(struct saml_subject, name_qualifier) },
	{ .name = "spNameQualifier", .type = FIELD_STR, FIELD_AT(struct saml_subject, sp_name_qualifier) },
	{ .name = "sessionIndex", .type = FIELD_STR, FIELD_AT(struct saml_subject, session_index) },
	{ 0 },
};

static enum rc add(
	struct tx *tx, const char *session_id, const char *idp_id, const struct saml_subject *who, int64_t until_ms)
{
	static const struct store_query forget = { .sql = "DELETE FROM saml_sessions WHERE created_at < $1" };
	static const struct store_query add = {
		.sql = "INSERT INTO saml_sessions (session_id, idp_id, name_id, format, name_qualifier, "
		       "sp_name_qualifier, "
		       "session_index, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
	};
	static const struct store_query end = {
		.sql = "UPDATE auth_sessions SET expires_at = $2 WHERE id = $1 AND expires_at > $2"
	};
	enum rc rc = store_do(tx->db, &forget, STORE_ARGS(store_int(tx->now_ms - SESSIONS_MAX_MS)), tx->fault);

	if (rc == RC_OK)
		rc = store_do(tx->db, &add,
			STORE_ARGS(store_text(session_id), store_text(idp_id), store_text(who->name_id),
				store_text(who->format), store_text(who->name_qualifier),
				store_text(who->sp_name_qualifier), store_text(who->session_index),
				store_int(tx->now_ms)),
			tx->fault);
	if (rc == RC_OK && until_ms)
		rc = store_do(tx->db, &end, STORE_ARGS(store_text(session_id), store_int(until_ms)), tx->fault);
	return rc;
}

enum rc saml_sessions_open(struct call *c, const struct saml_session *s)
{
	struct session_made made = { 0 };
	enum rc rc = people_sessions_open(c,
		&(struct session_new){ .user_id = s->user_id,
			.kind = SESSION_COOKIE,
			.method = "saml",
			.second_factor = s->second_factor,
			.idp_id = s->idp_id,
			.idp_subject = s->subject,
			.idp_session = s->who.session_index },
		&made);

	return rc == RC_OK ? add(&c->tx, made.id, s->idp_id, &s->who, s->until_ms) : rc;
}

enum rc saml_sessions_find(struct tx *tx, const char *session_id, const char *idp_id, struct saml_subject *ret)
{
	static const struct store_query one = { .sql = "SELECT name_id, format, name_qualifier, sp_name_qualifier, "
						       "session_index FROM saml_sessions WHERE "
						       "session_id = $1 AND idp_id = $2" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(session_id), store_text(idp_id)),
		(struct rows_into){ subject_fields, tx->arena, ret }, tx->fault);
}

/* --- the end */

struct known {
	const char *session_id, *session_index;
};
static const struct field known_fields[] = {
	{ .name = "sessionId", .type = FIELD_STR, FIELD_AT(struct known, session_id) },
	{ .name = "sessionIndex", .type = FIELD_STR, FIELD_AT(struct known, session_index) },
	{ 0 },
};

static bool is_meant(const struct known *k, const struct field_list *indexes)
{
	const char *const *index = indexes->at;

	for (size_t i = 0; i < indexes->n; i++)
		if (k->session_index && !strcmp(k->session_index, index[i]))
			return true;
	return indexes->n == 0;
}

static enum rc known_of(struct tx *tx, const char *idp_id, const char *name_id, struct field_list *ret)
{
	static const struct store_query all = { .sql = "SELECT k.session_id, k.session_index FROM saml_sessions k "
						       "JOIN auth_sessions s ON s.id = k.session_id "
						       "WHERE k.idp_id = $1 AND k.name_id = $2 AND s.revoked_at = "
						       "0 ORDER BY k.session_id LIMIT 1000" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_text(idp_id), store_text(name_id)), &r, tx->fault);

	return rc == RC_OK ? rows_list(r, &(struct rows_into){ known_fields, tx->arena, NULL },
				     sizeof(struct known), 1000, ret, tx->fault)
			   : rc;
}

enum rc saml_sessions_end(
	struct tx *tx, const char *idp_id, const char *name_id, const struct field_list *indexes, size_t *ret_n)
{
	struct field_list list = { 0 };
	size_t n = 0;

	enum rc rc = known_of(tx, idp_id, name_id, &list);
	for (size_t i = 0; rc == RC_OK && i < list.n; i++) {
		const struct known *k = (const struct known *)list.at + i;
		if (!is_meant(k, indexes))
			continue;
		rc = people_sessions_revoke(tx, k->session_id, "saml");
		n++;
	}
	if (rc == RC_OK)
		*ret_n = n;
	return rc;
}
