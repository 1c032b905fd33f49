#include "control/updates/title_rows.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "wire/json.h"

#define COLUMNS                                                                                             \
	"id, store, ref, scope, name, state, access, change_number, wanted_number, facts, method, reason, " \
	"fallback, "                                                                                        \
	"unknown_n, unknown_at, asked_at, whole_at, heard_at, success_at, changed_at, watched, interval_s"

#define DENIED "COALESCE(reason, '') IN ('denied', 'license', 'login_required', 'missing_token')"

#define ROW(s, kind, member)                                                      \
	{                                                                         \
		.name = #member, .type = FIELD_##kind, FIELD_AT(struct s, member) \
	}
static const struct field row_fields[] = {
	ROW(title_row, STR, id),
	ROW(title_row, STR, store),
	ROW(title_row, STR, ref),
	ROW(title_row, STR, scope),
	ROW(title_row, STR, name),
	ROW(title_row, STR, state),
	ROW(title_row, STR, access),
	ROW(title_row, I64, change_number),
	ROW(title_row, I64, wanted_number),
	ROW(title_row, STR, facts),
	ROW(title_row, STR, method),
	ROW(title_row, STR, reason),
	ROW(title_row, BOOL, fallback),
	ROW(title_row, I64, unknown_n),
	ROW(title_row, I64, unknown_at),
	ROW(title_row, I64, asked_at),
	ROW(title_row, I64, whole_at),
	ROW(title_row, I64, heard_at),
	ROW(title_row, I64, success_at),
	ROW(title_row, I64, changed_at),
	ROW(title_row, I64, watched),
	ROW(title_row, I64, interval_s),
	{ 0 },
};

enum rc title_rows_load(struct tx *tx, const char *id, struct title_row *ret)
{
	static const struct store_query find = { .sql = "SELECT " COLUMNS " FROM titles WHERE id = $1" };
	return rows_one(tx->db, &find, STORE_ARGS(store_text(id)), (struct rows_into){ row_fields, tx->arena, ret },
		tx->fault);
}

enum rc title_rows_find(struct tx *tx, const char *store, const char *ref, const char *scope, struct title_row *ret)
{
	static const struct store_query find = {
		.sql = "SELECT " COLUMNS " FROM titles WHERE store = $1 AND ref = $2 AND scope = $3"
	};
	return rows_one(tx->db, &find, STORE_ARGS(store_text(store), store_text(ref), store_text(scope)),
		(struct rows_into){ row_fields, tx->arena, ret }, tx->fault);
}

enum rc title_rows_next(
	struct tx *tx, const struct title_row *like, const char *after, struct title_row *ret, bool *ret_more)
{
	static const struct store_query find = {
		.sql = "SELECT " COLUMNS
		       " FROM titles WHERE store = $1 AND ref = $2 AND (scope > $3 OR $4 = 'first') "
		       "ORDER BY scope LIMIT 2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find,
		STORE_ARGS(store_text(like->store), store_text(like->ref), store_text(after ? after : ""),
			store_text(after ? "" : "first")),
		&r, tx->fault);

	*ret_more = false;
	if (rc == RC_OK)
		rc = rows_read(r, row_fields, tx->arena, ret, tx->fault);
	return rc == RC_OK ? store_next(r, ret_more, tx->fault) : rc;
}

enum rc title_rows_keep(struct tx *tx, const struct title_row *t, bool facts)
{
	static const struct store_query set = {
		.sql = "UPDATE titles SET name = $2, state = $3, access = $4, change_number = $5, wanted_number = "
		       "$6, facts = COALESCE($7, facts), method = $8, reason = $9, fallback = $10, unknown_n = "
		       "$11, "
		       "unknown_at = $12, asked_at = $13, heard_at = $14, success_at = $15, changed_at = $16, "
		       "whole_at = $17 WHERE "
		       "id = $1"
	};
	return store_put(tx->db, &set,
		STORE_ARGS(store_text(t->id), store_text(t->name), store_text(t->state), store_text(t->access),
			store_int(t->change_number), store_int(t->wanted_number),
			store_text(facts ? t->facts : NULL), store_text(t->method), store_text(t->reason),
			store_int(t->fallback), store_int(t->unknown_n), store_int(t->unknown_at),
			store_int(t->asked_at), store_int(t->heard_at), store_int(t->success_at),
			store_int(t->changed_at), store_int(t->whole_at)),
		tx->fault);
}

enum rc title_rows_need(struct tx *tx, const char *store, const char *ref, const char **ret_id)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM titles WHERE store = $1 AND ref = $2 AND scope = ''"
	};
	static const struct store_query add = { .sql = "INSERT INTO titles (id, store, ref, wanted_number, "
						       "created_at) VALUES ($1, $2, $3, 1, $4)" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(store), store_text(ref)), &r, tx->fault);

	*ret_id = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;
	store_close(take(r));
	if (rc != RC_MISSING)
		return rc == RC_OK && !*ret_id ? RC_NOMEM : rc;
	*ret_id = tx_id(tx, "ttl");
	if (!*ret_id)
		return RC_NOMEM;
	return store_do(tx->db, &add,
		STORE_ARGS(store_text(*ret_id), store_text(store), store_text(ref), store_int(tx->now_ms)),
		tx->fault);
}

enum rc title_rows_own(struct tx *tx, const char *base_id, const char *scope, const char **ret_id)
{
	static const struct store_query add = {
		.sql = "INSERT INTO titles (id, store, ref, scope, name, state, access, change_number, "
		       "wanted_number, "
		       "facts, method, reason, fallback, heard_at, success_at, changed_at, before_pos, created_at) "
		       "SELECT $2, store, ref, $3, name, state, access, CASE WHEN " DENIED " THEN 0 ELSE "
		       "change_number END, CASE WHEN " DENIED " THEN 1 ELSE wanted_number END, facts, method, "
		       "reason, fallback, heard_at, success_at, changed_at, COALESCE((SELECT MAX(c.pos) FROM "
		       "changes c WHERE c.title_id = titles.id), 0), $4 FROM titles WHERE id = $1"
	};
	/* Their ids are those of everybody's builds and the end of the title's. */
	static const struct store_query builds = {
		.sql = "INSERT INTO builds (id, title_id, branch, os, build_id, version, direction, change_number, "
		       "depots, method, announced_at, current_at, available_at, probe_tries, probe_at) SELECT id "
		       "|| SUBSTR($2, 21), $2, branch, os, build_id, version, direction, change_number, depots, "
		       "method, announced_at, current_at, available_at, probe_tries, probe_at FROM builds WHERE "
		       "title_id = $1"
	};
	const char *id = tx_id(tx, "ttl");
	enum rc rc = id ? store_do(tx->db, &add,
				  STORE_ARGS(store_text(base_id), store_text(id), store_text(scope),
					  store_int(tx->now_ms)),
				  tx->fault)
			: RC_NOMEM;

	*ret_id = id;
	return rc == RC_OK ? store_do(tx->db, &builds, STORE_ARGS(store_text(base_id), store_text(id)), tx->fault)
			   : rc;
}

enum rc title_rows_want(struct tx *tx, const char *id)
{
	static const struct store_query set = { .sql = "UPDATE titles SET change_number = 0, wanted_number = 1, "
						       "whole_at = 0 WHERE id = $1 AND " DENIED };
	return store_do(tx->db, &set, STORE_ARGS(store_text(id)), tx->fault);
}

enum rc title_rows_disown(struct tx *tx, const char *id, const char *base_id)
{
	static const struct store_query polls = {
		.sql = "UPDATE poll_titles SET title_id = $2 WHERE title_id = $1"
	};
	static const struct store_query drops[] = {
		{ .sql = "DELETE FROM builds WHERE title_id = $1" },
		{ .sql = "DELETE FROM changes WHERE title_id = $1" },
		{ .sql = "DELETE FROM titles WHERE id = $1 AND scope <> ''" },
	};
	enum rc rc = store_do(tx->db, &polls, STORE_ARGS(store_text(id), store_text(base_id)), tx->fault);

	for (size_t i = 0; rc == RC_OK && i < sizeof(drops) / sizeof(*drops); i++)
		rc = store_do(tx->db, &drops[i], STORE_ARGS(store_text(id)), tx->fault);
	return rc;
}

static const struct field watcher_fields[] = {
	ROW(title_watcher, STR, id),
	ROW(title_watcher, STR, tenant_id),
	{ .name = "branches", .type = FIELD_LIST, FIELD_AT(struct title_watcher, branches), .item = FIELD_STR },
	{ .name = "classes", .type = FIELD_LIST, FIELD_AT(struct title_watcher, classes), .item = FIELD_STR },
	{ 0 },
};

enum rc title_rows_watchers(struct tx *tx, const struct title_row *t, struct field_list *ret)
{
	static const struct store_query find = { .sql = "SELECT id, tenant_id, branches, classes FROM watches "
							"WHERE title_id = $1 AND state <> 'paused' ORDER BY id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &find, STORE_ARGS(store_text(t->id)), &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	return rows_list(r, &(struct rows_into){ watcher_fields, tx->arena, NULL }, sizeof(struct title_watcher),
		(size_t)t->watched, ret, tx->fault);
}

static bool has(const struct field_list *l, const char *word)
{
	const char *const *at = l->at;

	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(at[i], word) || !strcmp(at[i], "*"))
			return true;
	return false;
}

bool title_rows_watches(const struct title_watcher *w, const char *class, const char *branch)
{
	return has(&w->classes, class) && (!branch || has(&w->branches, branch));
}

enum rc title_rows_change(struct tx *tx, const char *title_id, const struct title_news *n, int64_t *ret_pos)
{
	static const struct store_query add = {
		.sql = "INSERT INTO changes (title_id, source, class, change_number, branch, os, build_id, "
		       "direction, diff, cut, diff_of, observed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
		       "$10, "
		       "$11, $12) RETURNING pos"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &add,
		STORE_ARGS(store_text(title_id), store_text(n->source), store_text(n->class),
			store_int(n->change_number), store_text(n->branch), store_text(n->os),
			store_text(n->build_id), store_text(n->direction), store_text(n->diff), store_int(n->cut),
			store_int(n->diff_of), store_int(tx->now_ms)),
		&r, tx->fault);

	if (rc == RC_OK)
		*ret_pos = store_col_int(r, 0);
	return rc;
}

static void put(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_fmt(b, ",\"%s\":", name);
	json_put_str(b, value);
}

enum rc title_rows_tell(
	struct tx *tx, const struct title_row *t, const struct field_list *watchers, const struct title_told *told)
{
	const struct title_watcher *w = watchers->at;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < watchers->n; i++) {
		struct buf b = { 0 };
		if (!title_rows_watches(&w[i], told->class, told->branch))
			continue;
		buf_fmt(&b, "{\"watchId\":\"%s\",\"class\":\"%s\"", w[i].id, told->class);
		put(&b, "store", t->store);
		put(&b, "titleId", t->ref);
		put(&b, "branch", told->branch);
		buf_fmt(&b, "%s%s}", *told->more ? "," : "", told->more);
		rc = b.bad ? RC_NOMEM
			   : events_add(tx, &(struct event){ .type = told->type,
						    .resource = t->id,
						    .payload = buf_text(&b),
						    .tenant_id = w[i].tenant_id });
		buf_done(&b);
	}
	return rc;
}
