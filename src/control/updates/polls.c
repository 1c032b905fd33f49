#include "control/updates/polls.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "control/updates/sources_eta.h"

#include <string.h>

const char *const polls_answer_words[] = { "changed", "unchanged", "unknown", NULL };

static const struct field count_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct polls_count, id) },
	{ .name = "mode", .type = FIELD_STR, FIELD_AT(struct polls_count, mode) },
	{ .name = "tenantId", .type = FIELD_STR, FIELD_AT(struct polls_count, tenant_id) },
	{ .name = "total", .type = FIELD_I64, FIELD_AT(struct polls_count, total) },
	{ 0 },
};

enum rc polls_look(struct tx *tx, struct polls_open *ret)
{
	static const struct store_query find = {
		.sql = "SELECT id, mode, tenant_id, total FROM polls WHERE status = "
		       "'running' ORDER BY id LIMIT $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &find, STORE_ARGS(store_int(POLLS_OPEN_MAX)), &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	return rows_list(r, &(struct rows_into){ count_fields, tx->arena, NULL }, sizeof(struct polls_count),
		POLLS_OPEN_MAX, &ret->at, tx->fault);
}

enum rc polls_answered(
	struct tx *tx, struct polls_open *p, const char *title_id, enum polls_answer answer, bool whole)
{
	static const struct store_query set = {
		.sql = "UPDATE poll_titles SET answer = $2 WHERE title_id = $1 AND answer IS NULL AND poll_id IN "
		       "(SELECT id FROM polls WHERE status = 'running' AND (mode = 'metadata' OR $3 = 'whole')) "
		       "RETURNING poll_id"
	};
	auto_rows struct store_rows *r = NULL;
	struct polls_count *c = p->at.at;
	bool row = false;

	if (!p->at.n)
		return RC_OK;
	whole |= answer == POLLS_UNKNOWN;
	enum rc rc = store_run(tx->db, &set,
		STORE_ARGS(store_text(title_id), store_text(polls_answer_words[answer]),
			store_text(whole ? "whole" : "")),
		&r, tx->fault);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		for (size_t i = 0; i < p->at.n; i++)
			if (!strcmp(c[i].id, store_col_text(r, 0)))
				c[i].n[answer]++;
	return rc;
}

/* What an event tells: how far it is. The row is at hand: total, asked, changed, unchanged, unknown. */
static const char *payload_of(struct tx *tx, struct store_rows *r, int64_t eta_s)
{
	return arena_fmt(tx->arena,
		"{\"total\":%lld,\"answered\":%lld,\"changed\":%lld,\"unchanged\":%lld,\"unknown\":%lld,"
		"\"etaSeconds\":%lld}",
		(long long)store_col_int(r, 0), (long long)store_col_int(r, 1), (long long)store_col_int(r, 2),
		(long long)store_col_int(r, 3), (long long)store_col_int(r, 4), (long long)eta_s);
}

static enum rc add_event(struct tx *tx, const char *type, const struct polls_count *c, const char *payload)
{
	if (!payload)
		return RC_NOMEM;
	return events_add(tx,
		&(struct event){ .type = type, .resource = c->id, .payload = payload, .tenant_id = c->tenant_id });
}

/* Adds to its counts; the poll is over when all is answered. */
static enum rc tell(struct tx *tx, const struct polls_count *c)
{
	static const struct store_query set = {
		.sql = "UPDATE polls SET asked = asked + $2 + $3 + $4, changed = changed + $2, unchanged = "
		       "unchanged + $3, unknown = unknown + $4 WHERE id = $1 RETURNING total, asked, changed, "
		       "unchanged, unknown"
	};
	static const struct store_query end = {
		.sql = "UPDATE polls SET status = 'finished', finished_at = $2 WHERE "
		       "id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	int64_t eta_s = 0;
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(c->id), store_int(c->n[0]), store_int(c->n[1]), store_int(c->n[2])), &r,
		tx->fault);

	if (rc != RC_OK)
		return rc;
	bool over = store_col_int(r, 1) >= store_col_int(r, 0);
	rc = over ? RC_OK : sources_eta_poll(tx, c->id, &eta_s);
	const char *payload = rc == RC_OK ? payload_of(tx, r, eta_s) : NULL;
	store_close(take(r));
	if (rc == RC_OK && over)
		rc = store_do(tx->db, &end, STORE_ARGS(store_text(c->id), store_int(tx->now_ms)), tx->fault);
	return rc == RC_OK ? add_event(tx, over ? "poll.finished" : "poll.progress", c, payload) : rc;
}

static enum rc why_not(struct tx *tx, const char *id)
{
	static const struct store_query find = { .sql = "SELECT status FROM polls WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(id)), &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	return fault_set(tx->fault, RC_CONFLICT, "the poll is %s already", store_col_text(r, 0));
}

enum rc polls_cancel(struct tx *tx, const char *id)
{
	static const struct store_query end = {
		.sql = "UPDATE polls SET status = 'canceled', finished_at = $2 WHERE id = $1 AND status = "
		       "'running' "
		       "RETURNING total, asked, changed, unchanged, unknown, tenant_id"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &end, STORE_ARGS(store_text(id), store_int(tx->now_ms)), &r, tx->fault);

	if (rc != RC_OK)
		return rc == RC_MISSING ? why_not(tx, id) : rc;
	const struct polls_count c = { .id = id, .tenant_id = arena_str(tx->arena, store_col_text(r, 5)) };
	const char *payload = c.tenant_id ? payload_of(tx, r, 0) : NULL;
	store_close(take(r));
	return add_event(tx, "poll.canceled", &c, payload);
}

enum rc polls_told(struct tx *tx, struct polls_open *p)
{
	struct polls_count *c = p->at.at;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < p->at.n; i++)
		if (c[i].n[POLLS_CHANGED] || c[i].n[POLLS_UNCHANGED] || c[i].n[POLLS_UNKNOWN])
			rc = tell(tx, &c[i]);
	return rc;
}

/* What nobody answered is unknown. */
static enum rc give_up(struct tx *tx, struct polls_count *c)
{
	static const struct store_query set = {
		.sql = "UPDATE poll_titles SET answer = 'unknown' WHERE poll_id = $1 "
		       "AND answer IS NULL RETURNING title_id"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = true;
	enum rc rc = store_run(tx->db, &set, STORE_ARGS(store_text(c->id)), &r, tx->fault);

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		c->n[POLLS_UNKNOWN]++;
	store_close(take(r));
	return rc == RC_OK ? tell(tx, c) : rc;
}

enum rc polls_scan(struct tx *tx)
{
	static const struct store_query late = {
		.sql = "SELECT id, mode, tenant_id, total FROM polls WHERE status = "
		       "'running' AND created_at < $1 LIMIT 10"
	};
	static const struct store_query titles = {
		.sql = "DELETE FROM poll_titles WHERE poll_id IN (SELECT id FROM "
		       "polls WHERE finished_at > 0 AND finished_at < $1)"
	};
	static const struct store_query polls = {
		.sql = "DELETE FROM polls WHERE finished_at > 0 AND finished_at < "
		       "$1"
	};
	const struct store_args old = STORE_ARGS(store_int(tx->now_ms - POLLS_KEEP_MS));
	auto_rows struct store_rows *r = NULL;
	struct field_list all = { 0 };

	enum rc rc = store_run(tx->db, &late, STORE_ARGS(store_int(tx->now_ms - POLLS_LAST_MS)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ count_fields, tx->arena, NULL }, sizeof(struct polls_count),
			10, &all, tx->fault);
	store_close(take(r));
	struct polls_count *c = all.at;
	for (size_t i = 0; rc == RC_OK && i < all.n; i++)
		rc = give_up(tx, &c[i]);
	if (rc == RC_OK)
		rc = store_do(tx->db, &titles, old, tx->fault);
	return rc == RC_OK ? store_do(tx->db, &polls, old, tx->fault) : rc;
}
