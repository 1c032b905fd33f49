#include "control/keyring/rewrap.h"
#include "base/log.h"
#include "control/access/vault.h"
#include "control/keyring/keyring.h"
#include "io/failpoint.h"

#include <string.h>

/* Every table with something sealed. find: rows after ($1, $2, $3) that do not begin with $4, $5 of them. */
static const struct source {
	const char *name;
	struct store_query find, set, count;
} sources[] = {
	{ "secrets",
		{ .sql = "SELECT kind, owner, name, version, sealed FROM secrets WHERE sealed IS NOT NULL AND "
			 "(kind, owner, name) > ($1, $2, $3) AND substr(sealed, 1, 10) <> $4 ORDER BY kind, owner, "
			 "name LIMIT $5" },
		{ .sql = "UPDATE secrets SET sealed = $4 WHERE kind = $1 AND owner = $2 AND name = $3 AND "
			 "sealed = $5" },
		{ .sql = "SELECT COUNT(*) FROM secrets WHERE sealed LIKE $1" } },
	{ "jobs",
		{ .sql = "SELECT 'job', id, 'payload', 1, secret FROM jobs WHERE secret IS NOT NULL AND "
			 "CAST($1 AS TEXT) IS NOT NULL AND id > $2 AND CAST($3 AS TEXT) IS NOT NULL AND "
			 "substr(secret, 1, 10) <> $4 ORDER BY id LIMIT $5" },
		{ .sql = "UPDATE jobs SET secret = $4 WHERE CAST($1 AS TEXT) IS NOT NULL AND id = $2 AND CAST($3 "
			 "AS TEXT) IS NOT NULL AND secret = $5" },
		{ .sql = "SELECT COUNT(*) FROM jobs WHERE secret LIKE $1" } },
	{ "batch_keys",
		{ .sql = "SELECT 'key', id, 'key', 1, sealed FROM batch_keys WHERE CAST($1 AS TEXT) IS NOT NULL "
			 "AND id > $2 AND CAST($3 AS TEXT) IS NOT NULL AND substr(sealed, 1, 10) <> $4 ORDER BY id "
			 "LIMIT $5" },
		{ .sql = "UPDATE batch_keys SET sealed = $4 WHERE CAST($1 AS TEXT) IS NOT NULL AND id = $2 AND "
			 "CAST($3 AS TEXT) IS NOT NULL AND sealed = $5" },
		{ .sql = "SELECT COUNT(*) FROM batch_keys WHERE sealed LIKE $1" } },
};
#define SOURCES (sizeof(sources) / sizeof(*sources))

/* Where the look at a table is; one that was not begun for this key begins. */
static enum rc progress(struct store_conn *db, struct arena *a, struct rewrap_batch *b, struct fault *f)
{
	static const struct store_query find = { .sql = "SELECT after_kind, after_owner, after_name, moved, done "
							"FROM vault_rewraps WHERE source = $1 "
							"AND number = $2" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(db, &find, STORE_ARGS(store_text(b->source), store_int(b->number)), &r, f);

	for (size_t i = 0; i < 3; i++)
		b->after[i] = rc == RC_OK ? arena_str(a, store_col_text(r, i)) : "";
	b->moved = rc == RC_OK ? store_col_int(r, 3) : 0;
	b->stage = rc == RC_OK ? (enum rewrap_stage)store_col_int(r, 4) : REWRAP_MOVING;
	if (rc == RC_OK && !(b->after[0] && b->after[1] && b->after[2]))
		return RC_NOMEM;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc take_row(const struct control *c, struct arena *a, struct store_rows *r, struct rewrap_row *to)
{
	struct buf now = { 0 };
	struct fault why = { 0 };

	*to = (struct rewrap_row){ .kind = arena_str(a, store_col_text(r, 0)),
		.owner = arena_str(a, store_col_text(r, 1)),
		.name = arena_str(a, store_col_text(r, 2)),
		.version = store_col_int(r, 3),
		.was = arena_str(a, store_col_text(r, 4)) };
	if (!to->kind || !to->owner || !to->name || !to->was)
		return RC_NOMEM;
	const struct vault_at at = { to->kind, to->owner, to->name };
	enum rc rc = vault_rewrap(&c->secrets, &at, to->version, to->was, &now, &why);
	if (rc == RC_OK) {
		to->now = arena_str(a, buf_text(&now));
		rc = to->now && !now.bad ? RC_OK : RC_NOMEM;
	} else if (rc == RC_DENIED) {
		log_warn(c->log, "a secret stays under its old key: %s", why.text);
		rc = RC_OK;
	}
	buf_done(&now);
	return rc;
}

static enum rc find_in(const struct control *c, struct store_conn *db, struct arena *a, const struct source *s,
	struct rewrap_batch *b, struct fault *f)
{
	auto_rows struct store_rows *r = NULL;
	char mark[VAULT_MARK_MAX];
	bool row = false;

	vault_mark(b->number, mark);
	b->rows = arena_take(a, REWRAP_ROWS * sizeof(*b->rows));
	if (!b->rows)
		return RC_NOMEM;
	enum rc rc = store_run(db, &s->find,
		STORE_ARGS(store_text(b->after[0]), store_text(b->after[1]), store_text(b->after[2]),
			store_text(mark), store_int(REWRAP_ROWS)),
		&r, f);
	while (rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row && b->n < REWRAP_ROWS) {
		rc = take_row(c, a, r, &b->rows[b->n]);
		b->broken += rc == RC_OK && !b->rows[b->n].now;
		b->n++;
	}
	return rc;
}

enum rc rewrap_find(
	const struct control *c, struct store_conn *db, struct arena *a, struct rewrap_batch *ret, struct fault *f)
{
	uint32_t number = keyring_current(c->secrets.ring);

	*ret = (struct rewrap_batch){ 0 };
	for (size_t i = 0; i < SOURCES; i++) {
		struct rewrap_batch b = { .source = sources[i].name, .number = number };
		enum rc rc = progress(db, a, &b, f);
		if (rc == RC_OK && b.stage == REWRAP_DONE)
			continue;
		if (rc == RC_OK)
			rc = find_in(c, db, a, &sources[i], &b, f);
		if (rc == RC_OK)
			*ret = b;
		return rc;
	}
	return RC_OK;
}

static const struct source *source_of(const char *name)
{
	size_t i = 0;
	while (strcmp(sources[i].name, name) != 0)
		i++;
	return &sources[i];
}

static enum rc note(struct tx *tx, const struct rewrap_batch *b)
{
	static const struct store_query set = {
		.sql = "INSERT INTO vault_rewraps (source, number, after_kind, after_owner, after_name, moved, "
		       "done) "
		       "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source) DO UPDATE SET number = $2, "
		       "after_kind = $3, after_owner = $4, after_name = $5, moved = $6, done = $7"
	};
	const struct rewrap_row *last = b->n ? &b->rows[b->n - 1] : NULL;
	size_t moved = b->n - b->broken;
	enum rewrap_stage stage = !b->n   ? (b->stage == REWRAP_MOVING ? REWRAP_CHECKING : REWRAP_DONE)
				  : moved ? REWRAP_MOVING
					  : b->stage;

	return store_do(tx->db, &set,
		STORE_ARGS(store_text(b->source), store_int(b->number), store_text(last ? last->kind : ""),
			store_text(last ? last->owner : ""), store_text(last ? last->name : ""),
			store_int(b->moved + (int64_t)moved), store_int(stage)),
		tx->fault);
}

enum rc rewrap_apply(struct tx *tx, const struct rewrap_batch *b)
{
	const struct source *s = source_of(b->source);
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < b->n; i++) {
		const struct rewrap_row *row = &b->rows[i];
		if (row->now)
			rc = store_put(tx->db, &s->set,
				STORE_ARGS(store_text(row->kind), store_text(row->owner), store_text(row->name),
					store_text(row->now), store_text(row->was)),
				tx->fault);
		if (i == b->n / 2)
			FAILPOINT("keyring.moving");
	}
	return rc == RC_OK ? note(tx, b) : rc;
}

enum rc rewrap_again(struct tx *tx)
{
	static const struct store_query drop = { .sql = "DELETE FROM vault_rewraps" };
	return store_do(tx->db, &drop, STORE_NO_ARGS, tx->fault);
}

enum rc rewrap_count(struct store_conn *db, uint32_t number, int64_t *ret, struct fault *f)
{
	char like[VAULT_MARK_MAX + 1];
	int64_t sum = 0;
	enum rc rc = RC_OK;

	vault_mark(number, like);
	memcpy(like + (number == KEYRING_BASE ? 2 : VAULT_MARK_MAX - 1), "%", 2);
	if (number == KEYRING_BASE)
		like[1] = '1'; /* the format before */
	for (size_t i = 0; rc == RC_OK && i < SOURCES; i++) {
		auto_rows struct store_rows *r = NULL;
		rc = store_one(db, &sources[i].count, STORE_ARGS(store_text(like)), &r, f);
		sum += rc == RC_OK ? store_col_int(r, 0) : 0;
	}
	*ret = sum;
	return rc;
}

enum rc rewrap_progress(
	struct store_conn *db, uint32_t current, int64_t *ret_moved, bool *ret_done, struct fault *f)
{
	static const struct store_query find = {
		.sql = "SELECT COALESCE(SUM(moved), 0), COUNT(*) FROM vault_rewraps WHERE number = $1"
	};
	static const struct store_query done = {
		.sql = "SELECT COUNT(*) FROM vault_rewraps WHERE number = $1 AND done = 2"
	};
	auto_rows struct store_rows *r = NULL, *n = NULL;

	enum rc rc = store_one(db, &find, STORE_ARGS(store_int(current)), &r, f);
	if (rc == RC_OK)
		rc = store_one(db, &done, STORE_ARGS(store_int(current)), &n, f);
	if (rc == RC_OK) {
		*ret_moved = store_col_int(r, 0);
		*ret_done = store_col_int(n, 0) == (int64_t)SOURCES;
	}
	return rc;
}
