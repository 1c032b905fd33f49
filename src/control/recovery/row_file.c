#include "control/recovery/row_file.h"
#include "control/recovery/facts.h"
#include "wire/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#define COLUMNS_MAX 64
#define FETCH       "500"

/* ---- writing ---- */

static enum rc columns_of(struct store_conn *db, struct arena *a, const char *table, const char **names,
	size_t *ret_n, struct fault *f)
{
	static const struct store_query all = { .sql = "SELECT name FROM pragma_table_info($1) ORDER BY cid",
		.sql_pg = "SELECT column_name::text FROM information_schema.columns WHERE table_schema = "
			  "current_schema() AND "
			  "table_name = $1 ORDER BY ordinal_position" };
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;

	enum rc rc = store_run(db, &all, STORE_ARGS(store_text(table)), &r, f);
	while (rc == RC_OK && n < COLUMNS_MAX && (rc = store_next(r, &row, f)) == RC_OK && row) {
		names[n] = arena_str(a, store_col_text(r, 0));
		rc = names[n++] ? RC_OK : RC_NOMEM;
	}
	*ret_n = n;
	return rc;
}

static void put_value(struct buf *b, struct store_value v)
{
	if (v.type == STORE_INT)
		buf_fmt(b, "%" PRId64, v.i);
	else if (v.type == STORE_TEXT)
		json_put_strn(b, v.p, v.n);
	else
		buf_str(b, "null");
}

static enum rc put_line(struct buf *b, FILE *to, struct fault *f)
{
	buf_u8(b, '\n');
	bool ok = !b->bad && fwrite(b->p, 1, b->n, to) == b->n;
	enum rc rc = b->bad ? RC_NOMEM : ok ? RC_OK : fault_set(f, RC_IO, "the backup cannot be written: %m");
	b->n = 0;
	return rc;
}

/* The rows of one answer; *ret_n tells how many. */
static enum rc put_rows(struct store_conn *db, const struct store_query *q, size_t columns, FILE *to, size_t *ret_n,
	struct fault *f)
{
	auto_rows struct store_rows *r = NULL;
	struct buf b = { 0 };
	bool row = false;

	enum rc rc = store_run(db, q, STORE_NO_ARGS, &r, f);
	for (*ret_n = 0; rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row; ++*ret_n) {
		buf_u8(&b, '[');
		for (size_t i = 0; i < columns; i++) {
			buf_str(&b, i ? "," : "");
			put_value(&b, r->impl->column(r, i));
		}
		buf_u8(&b, ']');
		rc = put_line(&b, to, f);
	}
	buf_done(&b);
	return rc;
}

static enum rc put_head(const char *table, const char **names, size_t n, FILE *to, struct fault *f)
{
	struct buf b = { 0 };

	buf_str(&b, "{\"table\":");
	json_put_str(&b, table);
	buf_str(&b, ",\"columns\":[");
	for (size_t i = 0; i < n; i++) {
		buf_str(&b, i ? "," : "");
		json_put_str(&b, names[i]);
	}
	buf_str(&b, "]}");
	enum rc rc = put_line(&b, to, f);
	buf_done(&b);
	return rc;
}

static const char *listed(struct arena *a, const char **names, size_t n)
{
	const char *all = "";
	for (size_t i = 0; all && i < n; i++)
		all = arena_fmt(a, "%s%s\"%s\"", all, i ? ", " : "", names[i]);
	return all;
}

/* A server gives a large table by a cursor, piece by piece; SQLite steps through it anyway. */
static enum rc put_table(struct store_conn *db, struct arena *a, const char *table, FILE *to, struct fault *f)
{
	const char *names[COLUMNS_MAX];
	struct store_query *q = arena_take(a, sizeof(*q));
	size_t n = 0, got = 1;

	enum rc rc = q ? columns_of(db, a, table, names, &n, f) : RC_NOMEM;
	const char *all = listed(a, names, n),
		   *select = all ? arena_fmt(a, "SELECT %s FROM \"%s\"", all, table) : NULL;
	if (rc == RC_OK && !select)
		rc = RC_NOMEM;
	if (rc == RC_OK)
		rc = put_head(table, names, n, to, f);
	if (rc != RC_OK || !q)
		return rc;
	bool cursor = strcmp(db->impl->name, "sqlite") != 0;
	*q = (struct store_query){ .sql = cursor ? "FETCH " FETCH " FROM dump" : select };
	if (!cursor)
		return put_rows(db, q, n, to, &got, f);
	const char *declare = arena_fmt(a, "DECLARE dump NO SCROLL CURSOR FOR %s", select);
	rc = declare ? db->impl->control(db, declare, f) : RC_NOMEM;
	while (rc == RC_OK && got > 0)
		rc = put_rows(db, q, n, to, &got, f);
	return rc == RC_OK ? db->impl->control(db, "CLOSE dump", f) : rc;
}

enum rc row_file_write(struct store_conn *db, FILE *to, struct fault *f)
{
	struct arena a = { 0 };
	const char **names = NULL;
	size_t n = 0;

	enum rc rc = facts_tables(db, &a, &names, &n, f);
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = put_table(db, &a, names[i], to, f);
	arena_done(&a);
	return rc;
}

/* ---- reading ---- */

struct reading {
	struct store_conn *db;
	struct arena arena;        /* of the queries */
	struct store_query *query; /* NULL: the rows of this table are skipped */
	size_t columns;
	unsigned long line;
};

static bool is_name(const json_t *j)
{
	const char *s = json_string_value(j);
	return s && *s && strlen(s) < 64 && strspn(s, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(s);
}

static enum rc malformed(const struct reading *r, struct fault *f)
{
	return fault_set(f, RC_MALFORMED, "line %lu is neither a table's head nor a row of it", r->line);
}

/* Migrations are what made the tables: theirs are not put back. */
static enum rc begin_table(struct reading *r, const json_t *head, struct fault *f)
{
	const json_t *table = json_object_get(head, "table"), *columns = json_object_get(head, "columns");
	const char *names[COLUMNS_MAX];
	size_t n = json_array_size(columns);
	const char *marks = "";

	if (!is_name(table) || n == 0 || n > COLUMNS_MAX)
		return malformed(r, f);
	for (size_t i = 0; i < n; i++) {
		if (!is_name(json_array_get(columns, i)))
			return malformed(r, f);
		names[i] = json_string_value(json_array_get(columns, i));
		marks = marks ? arena_fmt(&r->arena, "%s%s$%zu", marks, i ? ", " : "", i + 1) : NULL;
	}
	r->columns = n;
	r->query = NULL;
	if (!strcmp(json_string_value(table), "migrations"))
		return RC_OK;
	const char *all = listed(&r->arena, names, n);
	struct store_query *q = arena_take(&r->arena, sizeof(*q));
	const char *sql = all && marks ? arena_fmt(&r->arena, "INSERT INTO \"%s\" (%s) VALUES (%s)",
						 json_string_value(table), all, marks)
				       : NULL;
	if (!q || !sql)
		return RC_NOMEM;
	*q = (struct store_query){ .sql = sql };
	r->query = q;
	return RC_OK;
}

static enum rc put_back(struct reading *r, const json_t *row, struct fault *f)
{
	struct store_value v[COLUMNS_MAX];

	if (json_array_size(row) != r->columns)
		return malformed(r, f);
	for (size_t i = 0; i < r->columns; i++) {
		const json_t *j = json_array_get(row, i);
		if (!json_is_integer(j) && !json_is_string(j) && !json_is_null(j))
			return malformed(r, f);
		v[i] = json_is_integer(j)  ? store_int(json_integer_value(j))
		       : json_is_string(j) ? (struct store_value){ .type = STORE_TEXT,
				 .p = json_string_value(j),
				 .n = json_string_length(j) }
					   : (struct store_value){ .type = STORE_NULL };
	}
	return r->query ? store_put(r->db, r->query, (struct store_args){ v, r->columns }, f) : RC_OK;
}

static enum rc take_line(struct reading *r, const char *p, size_t n, struct fault *f)
{
	auto_json struct json_t *j = NULL;

	r->line++;
	if (n > ROW_FILE_LINE_MAX || json_read(p, n, &j, NULL) != RC_OK)
		return malformed(r, f);
	if (json_is_object(j))
		return begin_table(r, j, f);
	return json_is_array(j) && r->columns ? put_back(r, j, f) : malformed(r, f);
}

/* What migrations put into their tables gives way; a table that others refer to last. */
static enum rc empty_all(struct reading *r, struct fault *f)
{
	const char **names = NULL;
	size_t n = 0;
	enum rc rc = facts_tables(r->db, &r->arena, &names, &n, f);

	while (rc == RC_OK && n-- > 0) {
		const char *words = arena_fmt(&r->arena, "DELETE FROM \"%s\"", names[n]);
		if (strcmp(names[n], "migrations") != 0)
			rc = words ? r->db->impl->control(r->db, words, f) : RC_NOMEM;
	}
	return rc;
}

/* Row numbers go on after the largest that was put back. */
static enum rc set_serials(struct reading *r, struct fault *f)
{
	static const char *const words =
		"DO $$ DECLARE c record; BEGIN FOR c IN SELECT table_name AS t, column_name AS k FROM "
		"information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES' LOOP "
		"EXECUTE "
		"format('SELECT setval(pg_get_serial_sequence(%L, %L), COALESCE(MAX(%I), 0) + 1, false) FROM %I', "
		"c.t, c.k, "
		"c.k, c.t); END LOOP; END $$";
	return strcmp(r->db->impl->name, "sqlite") ? r->db->impl->control(r->db, words, f) : RC_OK;
}

enum rc row_file_read(struct store_conn *db, FILE *from, struct fault *f)
{
	struct reading r = { .db = db };
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	enum rc rc = store_begin(db, f);
	if (rc != RC_OK)
		return rc;
	rc = empty_all(&r, f);
	while (rc == RC_OK && (n = getline(&line, &room, from)) > 0)
		rc = take_line(&r, line, (size_t)n, f);
	if (rc == RC_OK && ferror(from))
		rc = fault_set(f, RC_IO, "the backup cannot be read: %m");
	if (rc == RC_OK)
		rc = set_serials(&r, f);
	if (rc == RC_OK)
		rc = store_commit(db, f);
	else
		store_rollback(db);
	free(line);
	arena_done(&r.arena);
	return rc;
}
