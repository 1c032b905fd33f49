#include "control/updates/watches.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "control/updates/polls.h"
#include "control/updates/title_rows.h"

static bool is(const char *a, const char *b) { return a && !strcmp(a, b); }

const char *watches_state_of(const struct title_row *t)
{
	if (title_is_denied(t->reason) || is(t->reason, "missing_token"))
		return WATCHES_DENIED;
	if (is(t->state, TITLE_UNKNOWN) || is(t->state, TITLE_REMOVED))
		return WATCHES_UNKNOWN;
	return t->fallback ? WATCHES_DEGRADED : WATCHES_ACTIVE;
}

/* May one of them be stale? Only the least interval stands with the title. */
static bool may_be_stale(const struct tx *tx, const struct title_row *t)
{
	return tx->now_ms - t->success_at > WATCHES_STALE_AFTER * t->interval_s * 1000;
}

enum rc watches_settle(struct tx *tx, const struct title_row *was, const struct title_row *is)
{
	static const struct store_query set = {
		.sql = "UPDATE watches SET state = $2 WHERE title_id = $1 AND state "
		       "<> 'paused' AND state <> $2 AND ($3 = 'now' OR state <> "
		       "'stale')"
	};
	const char *before = watches_state_of(was), *after = watches_state_of(is);
	bool answered = is->success_at == tx->now_ms;

	if (before == after && !(answered && may_be_stale(tx, was)))
		return RC_OK;
	return store_put(tx->db, &set,
		STORE_ARGS(store_text(is->id), store_text(after), store_text(answered ? "now" : "")), tx->fault);
}

enum rc watches_recount(struct tx *tx, const char *title_id)
{
	static const struct store_query set = {
		.sql = "UPDATE titles SET watched = (SELECT COUNT(*) FROM watches w WHERE w.title_id = titles.id "
		       "AND "
		       "w.state <> 'paused'), interval_s = COALESCE((SELECT MIN(w.interval_s) FROM watches w WHERE "
		       "w.title_id = titles.id AND w.state <> 'paused'), 900), priority = COALESCE((SELECT "
		       "MAX(w.priority) FROM watches w WHERE w.title_id = titles.id AND w.state <> 'paused'), 5) "
		       "WHERE "
		       "id = $1"
	};
	return store_put(tx->db, &set, STORE_ARGS(store_text(title_id)), tx->fault);
}

struct stale {
	const char *id, *tenant_id, *title_id, *store, *ref;
	int64_t success_at;
};
#define ROW(kind, member)                                                             \
	{                                                                             \
		.name = #member, .type = FIELD_##kind, FIELD_AT(struct stale, member) \
	}
static const struct field stale_fields[] = {
	ROW(STR, id),
	ROW(STR, tenant_id),
	ROW(STR, title_id),
	ROW(STR, store),
	ROW(STR, ref),
	ROW(I64, success_at),
	{ 0 },
};

static enum rc become_stale(struct tx *tx, const struct stale *s)
{
	static const struct store_query set = { .sql = "UPDATE watches SET state = 'stale' WHERE id = $1" };
	const char *payload = arena_fmt(
		tx->arena, "{\"watchId\":\"%s\",\"store\":\"%s\",\"titleId\":\"%s\"}", s->id, s->store, s->ref);
	enum rc rc = payload ? store_do(tx->db, &set, STORE_ARGS(store_text(s->id)), tx->fault) : RC_NOMEM;

	if (rc != RC_OK)
		return rc;
	return events_add(tx, &(struct event){ .type = "watch.stale",
				      .resource = s->title_id,
				      .payload = payload,
				      .tenant_id = s->tenant_id });
}

/*
 * Nothing was heard of the title for three of the watch's intervals: neither was it read, nor did the source that reads it follow
 * the changes meanwhile without a gap.
 */
static enum rc find_stale(struct tx *tx)
{
	static const struct store_query find = {
		.sql = "SELECT w.id, w.tenant_id, t.id, t.store, t.ref, t.success_at FROM titles t JOIN watches w "
		       "ON "
		       "w.title_id = t.id LEFT JOIN sources s ON s.name = t.method AND s.gap_from = 0 AND "
		       "t.wanted_number <= t.change_number WHERE t.watched > 0 AND t.success_at < $1 - 3000 * "
		       "w.interval_s AND w.since < $1 - 3000 * w.interval_s AND COALESCE(s.cursor_at, 0) < $1 - "
		       "3000 "
		       "* w.interval_s AND w.state IN ('active', 'degraded') ORDER BY w.id LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list all = { 0 };

	enum rc rc = store_run(
		tx->db, &find, STORE_ARGS(store_int(tx->now_ms), store_int(WATCHES_STALE_ATONCE)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ stale_fields, tx->arena, NULL }, sizeof(struct stale),
			WATCHES_STALE_ATONCE, &all, tx->fault);
	store_close(take(r));
	const struct stale *s = all.at;
	for (size_t i = 0; rc == RC_OK && i < all.n; i++)
		rc = become_stale(tx, &s[i]);
	return rc;
}

enum rc watches_scan(struct tx *tx)
{
	static const struct store_query old = { .sql = "DELETE FROM changes WHERE observed_at < $1" };
	enum rc rc = find_stale(tx);

	if (rc == RC_OK)
		rc = polls_scan(tx);
	return rc == RC_OK ? store_do(tx->db, &old, STORE_ARGS(store_int(tx->now_ms - WATCHES_KEEP_MS)), tx->fault)
			   : rc;
}
