#include "control/updates/sources_rows.h"
#include "base/buf.h"
#include "base/metric.h"
#include "base/when.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "control/updates/titles_due.h"
#include "wire/field_json.h"
#include "wire/json.h"

#define SLOT_MS 300000
#define HOUR    12 /* slots */

const struct source_kind sources_kinds[] = {
	{ .name = "epic.catalog_http", .store = "epic", .stands_in = true, .refs_max = 1 },
	{ .name = "epic.launcher", .store = "epic", .fallback = "epic.catalog_http", .refs_max = 20 },
	{ .name = "gog.content_system", .store = "gog", .fallback = "gog.product_http", .refs_max = 20 },
	{ .name = "gog.product_http", .store = "gog", .stands_in = true, .refs_max = 1 },
	{ .name = "steam.pics", .store = "steam", .fallback = "steam.store_http", .feed = true, .refs_max = 500 },
	{ .name = "steam.store_http", .store = "steam", .stands_in = true, .refs_max = 1 },
	{ .name = "steam.workshop", .store = "workshop", .refs_max = 100 },
	{ 0 },
};

const struct source_kind *sources_kind(const char *name)
{
	for (const struct source_kind *k = sources_kinds; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

static const struct field source_row[] = {
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct source, name) },
	{ .name = "breaker", .type = FIELD_ENUM, FIELD_AT(struct source, breaker.state), .words = breaker_words },
	{ .name = "breaker_since", .type = FIELD_I64, FIELD_AT(struct source, breaker.since_ms) },
	{ .name = "trips", .type = FIELD_I64, FIELD_AT(struct source, breaker.trips) },
	{ .name = "probe_at", .type = FIELD_I64, FIELD_AT(struct source, breaker.probe_ms) },
	{ .name = "last_error", .type = FIELD_STR, FIELD_AT(struct source, last_error) },
	{ .name = "cursor", .type = FIELD_I64, FIELD_AT(struct source, cursor) },
	{ .name = "cursor_at", .type = FIELD_I64, FIELD_AT(struct source, cursor_at) },
	{ .name = "newest", .type = FIELD_I64, FIELD_AT(struct source, newest) },
	{ .name = "tick_at", .type = FIELD_I64, FIELD_AT(struct source, tick_at) },
	{ .name = "gap_from", .type = FIELD_I64, FIELD_AT(struct source, gap_from) },
	{ .name = "gap_to", .type = FIELD_I64, FIELD_AT(struct source, gap_to) },
	{ .name = "gap_since", .type = FIELD_I64, FIELD_AT(struct source, gap_since) },
	{ .name = "gap_why", .type = FIELD_STR, FIELD_AT(struct source, gap_why) },
	{ .name = "gap_changed", .type = FIELD_I64, FIELD_AT(struct source, gap_changed) },
	{ .name = "gap_closed_at", .type = FIELD_I64, FIELD_AT(struct source, gap_closed_at) },
	{ .name = "sweep_at", .type = FIELD_I64, FIELD_AT(struct source, sweep_at) },
	{ .name = "sweep_open", .type = FIELD_BOOL, FIELD_AT(struct source, sweep_open) },
	{ .name = "sweep_after", .type = FIELD_STR, FIELD_AT(struct source, sweep_after) },
	{ .name = "rollout", .type = FIELD_STR, FIELD_AT(struct source, rollout) },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct source, version) },
	{ .name = "updated_at", .type = FIELD_I64, FIELD_AT(struct source, updated_at) },
	{ 0 },
};

enum rc sources_load(struct tx *tx, const char *name, struct source *ret)
{
	static const struct store_query one = {
		.sql = "SELECT name, breaker, breaker_since, trips, probe_at, last_error, cursor, cursor_at, "
		       "newest, tick_at, gap_from, gap_to, gap_since, "
		       "gap_why, gap_changed, gap_closed_at, sweep_at, sweep_open, sweep_after, rollout, version, "
		       "updated_at FROM sources WHERE name = $1"
	};
	return rows_one(tx->db, &one, STORE_ARGS(store_text(name)),
		(struct rows_into){ source_row, tx->arena, ret }, tx->fault);
}

enum rc sources_save(struct tx *tx, const struct source *s)
{
	static const struct store_query set = {
		.sql = "UPDATE sources SET breaker = $2, breaker_since = $3, trips = $4, probe_at = $5, last_error "
		       "= "
		       "$6, cursor = $7, cursor_at = $8, newest = $9, tick_at = $10, gap_from = $11, gap_to = $12, "
		       "gap_since = $13, gap_why = $14, gap_changed = $15, gap_closed_at = $16, sweep_at = $17, "
		       "sweep_open = $18, sweep_after = $19, rollout = $20, version = $21, updated_at = $22 WHERE "
		       "name = $1"
	};
	const struct breaker *b = &s->breaker;
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(s->name), store_text(breaker_words[b->state]), store_int(b->since_ms),
			store_int(b->trips), store_int(b->probe_ms), store_text(s->last_error),
			store_int(s->cursor), store_int(s->cursor_at), store_int(s->newest), store_int(s->tick_at),
			store_int(s->gap_from), store_int(s->gap_to), store_int(s->gap_since),
			store_text(s->gap_why), store_int(s->gap_changed), store_int(s->gap_closed_at),
			store_int(s->sweep_at), store_int(s->sweep_open), store_text(s->sweep_after),
			store_text(s->rollout), store_int(s->version), store_int(s->updated_at)),
		tx->fault);
}

const struct field sources_rollout_fields[] = {
	{ .name = "percent",
		.type = FIELD_U32,
		FIELD_AT(struct source_rollout, percent),
		.max = 100,
		.def = 100,
		.doc = "So many of a hundred titles are asked of this source, the others of the one that stands in "
		       "for it." },
	{ .name = "maxTitles",
		.type = FIELD_U32,
		FIELD_AT(struct source_rollout, max_titles),
		.doc = "So many titles at most, those that are known for longest; 0: no limit." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct source_rollout, labels),
		.doc = "Only titles that have a watch with all these labels." },
	{ .name = "shadow",
		.type = FIELD_BOOL,
		FIELD_AT(struct source_rollout, shadow),
		.doc = "Titles are asked of both; what this source says is only held against what the other "
		       "says." },
	{ 0 },
};

enum rc sources_rollout_read(struct tx *tx, const struct source *s, struct source_rollout *ret)
{
	auto_json struct json_t *j = NULL;
	struct field_reader r = { .arena = tx->arena };

	*ret = (struct source_rollout){ .percent = 100 };
	enum rc rc = json_read(s->rollout, strlen(s->rollout), &j, tx->fault);
	return rc == RC_OK ? field_json_decode(sources_rollout_fields, j, &r, ret, tx->fault) : rc;
}

enum rc sources_tell(struct tx *tx, const char *source, const char *egress_id, int was, const struct breaker *now,
	const char *why)
{
	struct buf b = { 0 };
	char when[WHEN_MAX];

	buf_fmt(&b, "{\"source\":\"%s\",\"egressId\":", source);
	json_put_str(&b, egress_id);
	buf_fmt(&b, ",\"was\":\"%s\",\"state\":\"%s\",\"reason\":", breaker_words[was], breaker_words[now->state]);
	json_put_str(&b, why);
	when_text(when, now->probe_ms);
	buf_fmt(&b, now->state == BREAKER_OPEN ? ",\"probeAt\":\"%s\"}" : ",\"probeAt\":null}", when);
	enum rc rc = b.bad ? RC_NOMEM
			   : events_add(tx, &(struct event){ .type = "source.state_changed",
						    .resource = source,
						    .payload = buf_text(&b),
						    .tenant_id = TX_TENANT_DEFAULT });
	buf_done(&b);
	return rc;
}

static bool is_closed(int state) { return state == BREAKER_CLOSED || state == BREAKER_FORCED_CLOSED; }

bool sources_is_asked(const struct source *s) { return is_closed(s->breaker.state); }

/* It may be asked again: what waits for the one that stood in for it need not wait any more. Who answers first, answers. */
static enum rc take_back(struct tx *tx, const struct source *s)
{
	const struct source_kind *k = sources_kind(s->name);
	struct field_list asks = { 0 };
	enum rc rc = k && k->fallback ? sources_asks(tx, &asks) : RC_OK;
	const struct source_ask *a = asks.at;

	for (size_t i = 0; rc == RC_OK && i < asks.n; i++)
		if (!strcmp(a[i].source, k->fallback))
			rc = titles_unask(tx, s->name, &a[i].refs);
	return rc;
}

enum rc sources_moved(struct tx *tx, struct source *s, int was, const char *why)
{
	if (why)
		s->last_error = arena_str(tx->arena, why);
	if (s->breaker.state == was)
		return sources_save(tx, s);
	s->version++;
	s->updated_at = tx->now_ms;
	enum rc rc = sources_save(tx, s);
	if (rc == RC_OK && is_closed(s->breaker.state) && !is_closed(was))
		rc = take_back(tx, s);
	return rc == RC_OK ? sources_tell(tx, s->name, NULL, was, &s->breaker, why) : rc;
}

enum rc sources_mark(struct tx *tx, const char *source, const struct source_marks *more)
{
	static const struct store_query add = {
		.sql = "INSERT INTO source_marks (source, slot, asked, good, compared, agreed) VALUES ($1, $2, $3, "
		       "$4, "
		       "$5, $6) ON CONFLICT (source, slot) DO UPDATE SET asked = source_marks.asked + $3, good = "
		       "source_marks.good + $4, compared = source_marks.compared + $5, agreed = "
		       "source_marks.agreed "
		       "+ $6"
	};
	return store_do(tx->db, &add,
		STORE_ARGS(store_text(source), store_int(tx->now_ms / SLOT_MS), store_int(more->asked),
			store_int(more->good), store_int(more->compared), store_int(more->agreed)),
		tx->fault);
}

enum rc sources_marks(struct tx *tx, const char *source, struct source_marks *ret)
{
	static const struct store_query sum = {
		.sql = "SELECT COALESCE(SUM(asked), 0), COALESCE(SUM(good), 0), COALESCE(SUM(compared), 0), "
		       "COALESCE(SUM(agreed), 0) FROM source_marks WHERE source = $1 AND slot > $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &sum, STORE_ARGS(store_text(source), store_int(tx->now_ms / SLOT_MS - HOUR)),
		&r, tx->fault);

	if (rc == RC_OK)
		*ret = (struct source_marks){ store_col_int(r, 0), store_col_int(r, 1), store_col_int(r, 2),
			store_col_int(r, 3) };
	return rc;
}

int64_t sources_ratio(int64_t part, int64_t of) { return of > 0 ? part * 1000 / of : 1000; }
