#include "control/updates/sources_egresses.h"
#include "control/fleet/roster.h"
#include "control/rows.h"
#include "control/updates/sources_egresses_place.h"

#include <stdlib.h>
#include <string.h>

static const struct field egress_row[] = {
	{ .name = "egress_id", .type = FIELD_STR, FIELD_AT(struct sources_egress, id) },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct sources_egress, breaker.state),
		.words = breaker_words },
	{ .name = "since", .type = FIELD_I64, FIELD_AT(struct sources_egress, breaker.since_ms) },
	{ .name = "trips", .type = FIELD_I64, FIELD_AT(struct sources_egress, breaker.trips) },
	{ .name = "failures", .type = FIELD_I64, FIELD_AT(struct sources_egress, breaker.failures) },
	{ .name = "wait", .type = FIELD_I64, FIELD_AT(struct sources_egress, breaker.wait_ms) },
	{ .name = "probe_at", .type = FIELD_I64, FIELD_AT(struct sources_egress, breaker.probe_ms) },
	{ .name = "asked", .type = FIELD_I64, FIELD_AT(struct sources_egress, breaker.asked) },
	{ .name = "good", .type = FIELD_I64, FIELD_AT(struct sources_egress, breaker.good) },
	{ .name = "judged_at", .type = FIELD_I64, FIELD_AT(struct sources_egress, breaker.judged_ms) },
	{ .name = "failed_at", .type = FIELD_I64, FIELD_AT(struct sources_egress, breaker.failed_ms) },
	{ .name = "well_at", .type = FIELD_I64, FIELD_AT(struct sources_egress, breaker.well_ms) },
	{ .name = "last_error", .type = FIELD_STR, FIELD_AT(struct sources_egress, last_error) },
	{ 0 },
};
#define COLUMNS                                                                                                  \
	"egress_id, state, since, trips, failures, wait, probe_at, asked, good, judged_at, failed_at, well_at, " \
	"last_error"

static bool is_forced(const struct source *s)
{
	return s->breaker.state == BREAKER_FORCED_OPEN || s->breaker.state == BREAKER_FORCED_CLOSED;
}

static enum rc load(struct tx *tx, const char *source, const char *id, struct sources_egress *ret)
{
	static const struct store_query one = {
		.sql = "SELECT " COLUMNS " FROM source_breakers WHERE source = $1 AND egress_id = $2"
	};
	enum rc rc = rows_one(tx->db, &one, STORE_ARGS(store_text(source), store_text(id)),
		(struct rows_into){ egress_row, tx->arena, ret }, tx->fault);

	if (rc == RC_MISSING)
		*ret = (struct sources_egress){ .id = id };
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc save(struct tx *tx, const char *source, const struct sources_egress *e)
{
	static const struct store_query put = {
		.sql = "INSERT INTO source_breakers (source, " COLUMNS
		       ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT "
		       "(source, egress_id) DO UPDATE SET state = $3, since = $4, trips = $5, failures = $6, wait "
		       "= $7, probe_at = $8, asked = $9, good = $10, judged_at = $11, failed_at = $12, well_at = "
		       "$13, last_error = $14"
	};
	const struct breaker *b = &e->breaker;
	return store_put(tx->db, &put,
		STORE_ARGS(store_text(source), store_text(e->id), store_text(breaker_words[b->state]),
			store_int(b->since_ms), store_int(b->trips), store_int(b->failures), store_int(b->wait_ms),
			store_int(b->probe_ms), store_int(b->asked), store_int(b->good), store_int(b->judged_ms),
			store_int(b->failed_ms), store_int(b->well_ms), store_text(e->last_error)),
		tx->fault);
}

/* ---- all of a source ---- */

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct sources_egress *)a)->id, ((const struct sources_egress *)b)->id);
}

/* Agents that an ask could be given to now. */
static enum rc read_up(struct tx *tx, struct roster *ret)
{
	const struct placement_task ask = { .key = "", .action = "titles.poll", .tenant_id = TX_TENANT_DEFAULT };
	struct placement p;
	enum rc rc = roster_load(tx, false, ret);

	if (rc == RC_OK)
		roster_choose(ret, &ask, &p);
	return rc;
}

static bool is_up(const struct placement_verdict *v)
{
	return v->code == PLACEMENT_CHOSEN || v->code >= PLACEMENT_NO_ROOM;
}

/* Rows, and agents that are up and have none. */
static enum rc join(struct tx *tx, const struct field_list *rows, const struct roster *r, struct field_list *ret)
{
	struct sources_egress *to = arena_take(tx->arena, (rows->n + r->n + 1) * sizeof(*to));
	size_t n = rows->n;

	if (!to)
		return RC_NOMEM;
	if (n)
		memcpy(to, rows->at, n * sizeof(*to));
	for (size_t i = 0; i < r->n; i++) {
		if (!is_up(&r->verdicts[i]))
			continue;
		const struct sources_egress new = { .id = r->agents[i].id, .up = true };
		struct sources_egress *old = rows->n ? bsearch(&new, to, rows->n, sizeof(*to), by_id) : NULL;
		if (old)
			old->up = true;
		else
			to[n++] = new;
	}
	qsort(to, n, sizeof(*to), by_id);
	*ret = (struct field_list){ to, n };
	return RC_OK;
}

enum rc sources_egresses(struct tx *tx, const char *source, struct field_list *ret)
{
	static const struct store_query find = {
		.sql = "SELECT " COLUMNS " FROM source_breakers WHERE source = $1 ORDER BY egress_id LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list rows = { 0 };
	struct roster up = { 0 };
	enum rc rc = store_run(
		tx->db, &find, STORE_ARGS(store_text(source), store_int(SOURCES_EGRESSES_MAX)), &r, tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ egress_row, tx->arena, NULL }, sizeof(struct sources_egress),
			SOURCES_EGRESSES_MAX, &rows, tx->fault);
	store_close(take(r));
	if (rc == RC_OK && rows.n) /* as PostgreSQL sorts it may be another order */
		qsort(rows.at, rows.n, sizeof(struct sources_egress), by_id);
	if (rc == RC_OK)
		rc = read_up(tx, &up);
	return rc == RC_OK ? join(tx, &rows, &up, ret) : rc;
}

enum rc sources_egresses_any(struct tx *tx, const char *source, bool *ret)
{
	static const struct store_query find = {
		.sql = "SELECT 1 FROM source_breakers WHERE source = $1 AND state <> 'closed' LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(source)), &r, tx->fault);

	*ret = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}

/* ---- what one of them heard ---- */

enum rc sources_egress_moved(
	struct tx *tx, struct source *s, const struct sources_egress *e, int was, const char *why)
{
	struct sources_egress now = *e;

	if (why)
		now.last_error = s->last_error = arena_str(tx->arena, why);
	enum rc rc = save(tx, s->name, &now);
	return rc == RC_OK && e->breaker.state != was ? sources_tell(tx, s->name, e->id, was, &e->breaker, why)
						      : rc;
}

/* So many could not connect one after the other that the rest need not find it out. */
static enum rc follow(struct tx *tx, struct source *s, struct field_list *all, const char *why)
{
	struct breaker_way *ways = arena_take(tx->arena, (all->n + 1) * sizeof(*ways));
	struct sources_egress *e = all->at;
	enum rc rc = ways ? RC_OK : RC_NOMEM;

	for (size_t i = 0; rc == RC_OK && i < all->n; i++)
		ways[i] = (struct breaker_way){ e[i].up, e[i].breaker };
	if (rc != RC_OK || !breaker_is_away(ways, all->n))
		return rc;
	for (size_t i = 0; rc == RC_OK && i < all->n; i++) {
		int was = e[i].breaker.state;
		if (was == BREAKER_CLOSED && e[i].up && breaker_follow(&e[i].breaker, tx->now_ms))
			rc = sources_egress_moved(tx, s, &e[i], was, why);
	}
	return rc;
}

enum rc sources_egresses_settle(struct tx *tx, struct source *s, const struct field_list *all, const char *why)
{
	struct breaker_way *ways = arena_take(tx->arena, (all->n + 1) * sizeof(*ways));
	const struct sources_egress *e = all->at;
	const struct breaker before = s->breaker;

	if (!ways)
		return RC_NOMEM;
	for (size_t i = 0; i < all->n; i++)
		ways[i] = (struct breaker_way){ e[i].up, e[i].breaker };
	bool moved = breaker_sum(&s->breaker, ways, all->n, tx->now_ms);
	if (!moved && !why && before.trips == s->breaker.trips && before.probe_ms == s->breaker.probe_ms)
		return RC_OK;
	return sources_moved(tx, s, before.state, why);
}

enum rc sources_egress_of(struct tx *tx, const struct source_ask *a, const struct source *s,
	struct sources_egress *ret, bool *ret_hears)
{
	*ret_hears = a->egress_id && !is_forced(s);
	enum rc rc = *ret_hears ? load(tx, s->name, a->egress_id, ret) : RC_OK;

	if (rc == RC_OK && *ret_hears)
		*ret_hears = (ret->breaker.state == BREAKER_HALF_OPEN) == (a->kind == ASK_PROBE);
	return rc;
}

enum rc sources_egress_judged(
	struct tx *tx, struct source *s, const struct sources_egress *e, int was, const char *why)
{
	struct field_list all = { 0 };
	enum rc rc = sources_egress_moved(tx, s, e, was, why);

	if (rc != RC_OK || (!why && e->breaker.state == was))
		return rc;
	rc = sources_egresses(tx, s->name, &all);
	if (rc == RC_OK)
		rc = follow(tx, s, &all, why);
	return rc == RC_OK ? sources_egresses_settle(tx, s, &all, why) : rc;
}

/* ---- the rest ---- */

struct view {
	const char *egress_id, *state;
	int64_t since, trips, failures, next_probe_at;
	const char *last_error;
};
static const struct field view_fields[] = {
	{ .name = "egressId", .type = FIELD_STR, FIELD_AT(struct view, egress_id) },
	{ .name = "state", .type = FIELD_STR, FIELD_AT(struct view, state) },
	{ .name = "since", .type = FIELD_TIME, FIELD_AT(struct view, since) },
	{ .name = "trips", .type = FIELD_I64, FIELD_AT(struct view, trips) },
	{ .name = "failures", .type = FIELD_I64, FIELD_AT(struct view, failures) },
	{ .name = "nextProbeAt", .type = FIELD_TIME, FIELD_AT(struct view, next_probe_at) },
	{ .name = "lastError", .type = FIELD_STR, FIELD_AT(struct view, last_error) },
	{ 0 },
};

enum rc sources_egresses_text(struct tx *tx, const char *source, const char **ret_json)
{
	static const struct store_query find = { .sql = "SELECT egress_id, state, since, trips, failures, CASE "
							"state WHEN 'open' THEN probe_at ELSE 0 "
							"END, last_error FROM source_breakers WHERE source = $1 "
							"ORDER BY CASE state WHEN 'closed' THEN "
							"1 ELSE 0 END, since DESC, egress_id LIMIT $2" };
	auto_rows struct store_rows *r = NULL;
	struct view v = { 0 };

	enum rc rc = store_run(
		tx->db, &find, STORE_ARGS(store_text(source), store_int(SOURCES_EGRESSES_SHOWN)), &r, tx->fault);
	return rc == RC_OK ? rows_text(r, &(struct rows_into){ view_fields, tx->arena, &v }, ret_json, tx->fault)
			   : rc;
}

enum rc sources_egresses_reset(struct tx *tx, struct source *s)
{
	static const struct store_query drop = { .sql = "DELETE FROM source_breakers WHERE source = $1" };
	struct field_list all = { 0 };
	enum rc rc = sources_egresses(tx, s->name, &all);
	struct sources_egress *e = all.at;

	for (size_t i = 0; rc == RC_OK && i < all.n; i++) {
		int was = e[i].breaker.state;
		breaker_reset(&e[i].breaker, tx->now_ms);
		if (was != BREAKER_CLOSED)
			rc = sources_tell(tx, s->name, e[i].id, was, &e[i].breaker, NULL);
	}
	return rc == RC_OK ? store_put(tx->db, &drop, STORE_ARGS(store_text(s->name)), tx->fault) : rc;
}

enum rc sources_egresses_sweep(struct tx *tx)
{
	static const struct store_query drop = {
		.sql = "DELETE FROM source_breakers WHERE since < $1 AND failed_at < $1 AND well_at < $1"
	};
	return store_put(tx->db, &drop, STORE_ARGS(store_int(tx->now_ms - SOURCES_EGRESSES_KEEP_MS)), tx->fault);
}

/* What an account's session asks goes by the account's egress, and says nothing of the source. */
enum rc sources_egresses_place(struct tx *tx, const char *ask_id, struct placement_task *to)
{
	static const struct store_query find = {
		.sql = "SELECT a.kind, a.egress_id, b.egress_id, a.scope FROM source_asks a JOIN sources s ON "
		       "s.name = "
		       "a.source LEFT JOIN source_breakers b ON b.source = a.source AND b.state <> 'closed' AND "
		       "s.breaker NOT IN ('forced_open', 'forced_closed') WHERE a.id = $1 LIMIT $2"
	};
	const char **avoid = arena_take(tx->arena, SOURCES_EGRESSES_MAX * sizeof(*avoid));
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = avoid ? store_run(tx->db, &find,
				     STORE_ARGS(store_text(ask_id), store_int(SOURCES_EGRESSES_MAX)), &r, tx->fault)
			   : RC_NOMEM;

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		if (*store_col_text(r, 3))
			return RC_OK;
		if (!strcmp(store_col_text(r, 0), "probe")) {
			to->only = arena_str(tx->arena, store_col_text(r, 1));
			return to->only ? RC_OK : RC_NOMEM;
		}
		const char *id = store_col_text(r, 2);
		if (id && !(avoid[to->avoid.n++] = arena_str(tx->arena, id)))
			return RC_NOMEM;
	}
	to->avoid.at = avoid;
	return rc;
}
