#include "control/recovery/facts.h"

#include <inttypes.h>
#include <stdio.h>

#define TABLES_MAX 256

enum rc facts_tables(
	struct store_conn *db, struct arena *a, const char ***ret_names, size_t *ret_n, struct fault *f)
{
	/* In the order in which they were made: a table refers only to what was there. */
	static const struct store_query all = {
		.sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT "
		       "LIKE 'sqlite_%' ORDER BY rowid",
		.sql_pg = "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
			  "WHERE "
			  "c.relkind = 'r' AND n.nspname = current_schema() ORDER BY c.oid"
	};
	const char **names = arena_take(a, TABLES_MAX * sizeof(*names));
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;

	enum rc rc = names ? store_run(db, &all, STORE_NO_ARGS, &r, f) : RC_NOMEM;
	while (rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row) {
		if (n == TABLES_MAX)
			return fault_set(f, RC_TOO_LARGE, "the database has more than %d tables", TABLES_MAX);
		names[n] = arena_str(a, store_col_text(r, 0));
		rc = names[n++] ? RC_OK : RC_NOMEM;
	}
	if (rc == RC_OK) {
		*ret_names = names;
		*ret_n = n;
	}
	return rc;
}

/* A query that is made up: it lives in the arena, for statements are known by their address. */
static enum rc ask_int(struct store_conn *db, struct arena *a, const char *sql, int64_t *ret, struct fault *f)
{
	struct store_query *q = arena_take(a, sizeof(*q));
	auto_rows struct store_rows *r = NULL;

	if (!q || !sql)
		return RC_NOMEM;
	*q = (struct store_query){ .sql = sql };
	enum rc rc = store_one(db, q, STORE_NO_ARGS, &r, f);
	if (rc == RC_OK)
		*ret = store_col_int(r, 0);
	return rc;
}

static enum rc ask_text(
	struct store_conn *db, struct arena *a, const struct store_query *q, const char **ret, struct fault *f)
{
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(db, q, STORE_NO_ARGS, &r, f);
	if (rc == RC_OK)
		*ret = arena_str(a, store_col_text(r, 0));
	else if (rc == RC_MISSING)
		*ret = "";
	return rc == RC_OK ? (*ret ? RC_OK : RC_NOMEM) : rc == RC_MISSING ? RC_OK : rc;
}

static enum rc count_rows(struct store_conn *db, struct arena *a, struct facts *ret, struct fault *f)
{
	const char **names = NULL;
	size_t n = 0;
	enum rc rc = facts_tables(db, a, &names, &n, f);
	struct facts_table *t = rc == RC_OK ? arena_take(a, (n + 1) * sizeof(*t)) : NULL;

	if (rc == RC_OK && !t)
		rc = RC_NOMEM;
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		t[i].name = names[i];
		rc = ask_int(db, a, arena_fmt(a, "SELECT COUNT(*) FROM %s", names[i]), &t[i].rows, f);
	}
	ret->tables = (struct field_list){ t, n };
	return rc;
}

enum rc facts_read(struct store_conn *db, struct arena *a, struct facts *ret, struct fault *f)
{
	static const struct store_query last = {
		.sql = "SELECT name FROM migrations ORDER BY number DESC LIMIT 1"
	};
	static const struct store_query epoch = { .sql = "SELECT value FROM meta WHERE name = 'epoch'" };
	static const struct store_query key = { .sql = "SELECT value FROM meta WHERE name = 'master_key'" };

	*ret = (struct facts){ 0 };
	enum rc rc = ask_int(db, a, "SELECT COALESCE(MAX(number), 0) FROM migrations", &ret->schema, f);
	if (rc == RC_OK)
		rc = ask_text(db, a, &last, &ret->schema_name, f);
	if (rc == RC_OK)
		rc = ask_text(db, a, &epoch, &ret->epoch, f);
	if (rc == RC_OK)
		rc = ask_text(db, a, &key, &ret->master_key, f);
	if (rc == RC_OK)
		rc = ask_int(db, a, "SELECT COALESCE(MIN(pos), 0) FROM events", &ret->first, f);
	if (rc == RC_OK)
		rc = ask_int(db, a, "SELECT COALESCE(MAX(pos), 0) FROM events", &ret->last, f);
	return rc == RC_OK ? count_rows(db, a, ret, f) : rc;
}

/* Each counts what must not be. */
static const struct {
	const char *what, *sql;
} rules[] = {
	{ "positions are missing from the event log",
		"SELECT COALESCE(MAX(pos) - MIN(pos) + 1 - COUNT(*), 0) FROM events" },
	{ "tasks are of no job",
		"SELECT COUNT(*) FROM tasks t LEFT JOIN jobs j ON j.id = t.job_id WHERE j.id IS NULL" },
	{ "jobs count other tasks than they have",
		"SELECT COUNT(*) FROM jobs j LEFT JOIN (SELECT job_id, COUNT(*) AS n, SUM(CASE status WHEN "
		"'queued' THEN 1 "
		"ELSE 0 END) AS q, SUM(CASE WHEN status IN ('leased', 'running') THEN 1 ELSE 0 END) AS r, SUM(CASE "
		"status "
		"WHEN 'succeeded' THEN 1 ELSE 0 END) AS s, SUM(CASE WHEN status IN ('failed', 'expired') THEN 1 "
		"ELSE 0 END) "
		"AS e, SUM(CASE status WHEN 'canceled' THEN 1 ELSE 0 END) AS c, SUM(CASE WHEN status IN "
		"('outcome_unknown', "
		"'needs_attention') THEN 1 ELSE 0 END) AS u FROM tasks GROUP BY job_id) t ON t.job_id = j.id WHERE "
		"j.total <> "
		"COALESCE(t.n, 0) OR j.queued <> COALESCE(t.q, 0) OR j.running <> COALESCE(t.r, 0) OR j.succeeded "
		"<> "
		"COALESCE(t.s, 0) OR j.failed <> COALESCE(t.e, 0) OR j.canceled <> COALESCE(t.c, 0) OR j.unknown + "
		"j.attention <> COALESCE(t.u, 0)" },
	{ "tasks are held by agents that are not known", "SELECT COUNT(*) FROM tasks t LEFT JOIN agents g ON g.id "
							 "= t.agent_id WHERE t.status IN ('leased', 'running') "
							 "AND g.id IS NULL" },
	{ "accounts are held twice or by nobody known", "SELECT COUNT(*) FROM accounts a LEFT JOIN agents g ON "
							"g.id = a.agent_id WHERE a.held = 1 AND g.id IS NULL" },
};

static enum rc check_engine(struct store_conn *db, struct arena *a, const char **ret, struct fault *f)
{
	static const struct store_query whole = { .sql = "PRAGMA integrity_check(1)", .sql_pg = "SELECT 'ok'" };
	static const struct store_query keys = {
		.sql = "SELECT COALESCE(MIN('a row of ' || \"table\" || ' refers to none of ' "
		       "|| parent), 'ok') FROM pragma_foreign_key_check",
		.sql_pg = "SELECT 'ok'"
	};
	enum rc rc = ask_text(db, a, &whole, ret, f);
	return rc == RC_OK && !strcmp(*ret, "ok") ? ask_text(db, a, &keys, ret, f) : rc;
}

enum rc facts_check(
	struct store_conn *db, struct arena *a, unsigned *ret_wrong, const char **ret_words, struct fault *f)
{
	const char *words = "";
	unsigned wrong = 0;
	enum rc rc = check_engine(db, a, &words, f);

	if (rc != RC_OK)
		return rc;
	if (strcmp(words, "ok") != 0)
		wrong++;
	else
		words = "";
	for (size_t i = 0; !wrong && i < sizeof(rules) / sizeof(*rules); i++) {
		int64_t n = 0;
		rc = ask_int(db, a, rules[i].sql, &n, f);
		if (rc != RC_OK)
			return rc;
		if (n != 0) {
			wrong++;
			words = arena_fmt(a, "%s: %" PRId64, rules[i].what, n);
		}
	}
	*ret_wrong = wrong;
	*ret_words = words;
	return words ? RC_OK : RC_NOMEM;
}
