#include "control/updates/sources_sessions.h"
#include "control/rows.h"

struct session {
	const char *agent_id;
	int64_t since, heard_at, answers, failures;
};
static const struct field session_fields[] = {
	{ .name = "agentId", .type = FIELD_STR, FIELD_AT(struct session, agent_id) },
	{ .name = "since", .type = FIELD_TIME, FIELD_AT(struct session, since) },
	{ .name = "heardAt", .type = FIELD_TIME, FIELD_AT(struct session, heard_at) },
	{ .name = "answers", .type = FIELD_I64, FIELD_AT(struct session, answers) },
	{ .name = "failures", .type = FIELD_I64, FIELD_AT(struct session, failures) },
	{ 0 },
};

enum rc sources_sessions_heard(struct tx *tx, const char *source, const char *agent_id, bool well)
{
	static const struct store_query add = {
		.sql = "INSERT INTO source_sessions (source, agent_id, since, heard_at, answers, failures) VALUES "
		       "($1, $2, $3, $3, $4, $5) ON CONFLICT (source, agent_id) DO UPDATE SET heard_at = $3, "
		       "answers = source_sessions.answers + $4, failures = source_sessions.failures + $5"
	};
	if (!agent_id)
		return RC_OK;
	return store_put(tx->db, &add,
		STORE_ARGS(store_text(source), store_text(agent_id), store_int(tx->now_ms), store_int(well),
			store_int(!well)),
		tx->fault);
}

enum rc sources_sessions_sweep(struct tx *tx)
{
	static const struct store_query drop = { .sql = "DELETE FROM source_sessions WHERE heard_at < $1" };
	return store_put(tx->db, &drop, STORE_ARGS(store_int(tx->now_ms - SOURCES_SESSIONS_KEEP_MS)), tx->fault);
}

enum rc sources_sessions_text(struct tx *tx, const char *source, const char **ret_json)
{
	static const struct store_query find = {
		.sql = "SELECT agent_id, since, heard_at, answers, failures FROM source_sessions WHERE source = $1 "
		       "AND heard_at >= $2 ORDER BY heard_at DESC, agent_id LIMIT $3"
	};
	auto_rows struct store_rows *r = NULL;
	struct session v = { 0 };

	enum rc rc = store_run(tx->db, &find,
		STORE_ARGS(store_text(source), store_int(tx->now_ms - SOURCES_SESSIONS_KEEP_MS),
			store_int(SOURCES_SESSIONS_MAX)),
		&r, tx->fault);
	return rc == RC_OK ? rows_text(r, &(struct rows_into){ session_fields, tx->arena, &v }, ret_json, tx->fault)
			   : rc;
}
