#include "control/access/audit.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "control/updates/sources.h"
#include "control/updates/sources_egresses.h"
#include "control/updates/sources_eta.h"
#include "control/updates/sources_rows.h"
#include "control/updates/sources_sessions.h"
#include "wire/field_json.h"
#include "wire/json.h"

extern const struct route source_routes[];

struct breaker_view {
	const char *state;
	int64_t since, trips, next_probe_at;
	const char *last_error;
};
struct gap_view {
	int64_t from, to, since;
	const char *reason;
};
struct source_view {
	const char *id;
	struct breaker_view breaker;
	int64_t cursor, cursor_at, lag;
	struct gap_view gap;
	int64_t ratio, agreement;
	int64_t waiting, eta_s;
	const char *rollout, *breakers, *sessions;
	int64_t open_egresses;
	int64_t swept_at, version, updated_at;
};

static const struct field breaker_fields[] = {
	{ .name = "state",
		.type = FIELD_STR,
		FIELD_AT(struct breaker_view, state),
		.doc = "closed: it is asked; open: the other source is; half_open: one probe is out; forced_open "
		       "and "
		       "forced_closed: an operator said so." },
	{ .name = "since",
		.type = FIELD_TIME,
		FIELD_AT(struct breaker_view, since),
		.doc = "When it became that." },
	{ .name = "trips",
		.type = FIELD_I64,
		FIELD_AT(struct breaker_view, trips),
		.doc = "How often it opened in a row." },
	{ .name = "nextProbeAt",
		.type = FIELD_TIME,
		FIELD_AT(struct breaker_view, next_probe_at),
		.doc = "open: when it is tried again; else null." },
	{ .name = "lastError",
		.type = FIELD_STR,
		FIELD_AT(struct breaker_view, last_error),
		.doc = "What was wrong last; null: nothing yet." },
	{ 0 },
};
static const struct field gap_fields[] = {
	{ .name = "from",
		.type = FIELD_I64,
		FIELD_AT(struct gap_view, from),
		.doc = "The change number at which the cursor stands still; 0: there is no gap." },
	{ .name = "to",
		.type = FIELD_I64,
		FIELD_AT(struct gap_view, to),
		.doc = "Where it goes on when all was looked at." },
	{ .name = "since", .type = FIELD_TIME, FIELD_AT(struct gap_view, since), .doc = "When it was found." },
	{ .name = "reason",
		.type = FIELD_STR,
		FIELD_AT(struct gap_view, reason),
		.doc = "full_update, current_went_back, empty_lists, too_far, list_too_long or tick_lost." },
	{ 0 },
};

static const struct field source_fields[] = {
	{ .name = "id",
		.type = FIELD_STR,
		FIELD_AT(struct source_view, id),
		.doc = "Its name, such as steam.pics." },
	{ .name = "breaker",
		.type = FIELD_OBJ,
		FIELD_AT(struct source_view, breaker),
		.sub = breaker_fields,
		.doc = "Whether it is asked, as a whole: while it is by one egress at least, it is." },
	{ .name = "openEgresses",
		.type = FIELD_I64,
		FIELD_AT(struct source_view, open_egresses),
		.doc = "By so many egresses it is not asked now: their breakers are open, or half open." },
	{ .name = "breakers",
		.type = FIELD_JSON,
		FIELD_AT(struct source_view, breakers),
		.doc = "Of each egress by which it was asked in the last day, those that are not closed first: a "
		       "list "
		       "of {egressId, state, since, trips, failures, nextProbeAt, lastError}. An agent's own "
		       "session "
		       "goes out by the agent's own egress, whose id is the agent's." },
	{ .name = "cursor",
		.type = FIELD_I64,
		FIELD_AT(struct source_view, cursor),
		.doc = "The change number up to which it was followed; 0: it has none." },
	{ .name = "cursorAt",
		.type = FIELD_TIME,
		FIELD_AT(struct source_view, cursor_at),
		.doc = "When it told changes last." },
	{ .name = "lag",
		.type = FIELD_I64,
		FIELD_AT(struct source_view, lag),
		.doc = "Change numbers that were announced and are not followed yet." },
	{ .name = "gap",
		.type = FIELD_OBJ,
		FIELD_AT(struct source_view, gap),
		.sub = gap_fields,
		.doc = "Changes that may have been missed, and are looked for." },
	{ .name = "successPermille1h",
		.type = FIELD_I64,
		FIELD_AT(struct source_view, ratio),
		.doc = "Of a thousand titles asked for in the last hour, how many were answered." },
	{ .name = "agreementPermille1h",
		.type = FIELD_I64,
		FIELD_AT(struct source_view, agreement),
		.doc = "In shadow mode: of a thousand titles, how many both sources said the same of." },
	{ .name = "waiting",
		.type = FIELD_I64,
		FIELD_AT(struct source_view, waiting),
		.doc = "Titles that it is to be asked for: running polls wait for them, or nothing was heard of "
		       "them "
		       "for their interval." },
	{ .name = "etaSeconds",
		.type = FIELD_I64,
		FIELD_AT(struct source_view, eta_s),
		.doc = "In so many seconds it will have been asked for all of them, as fast as its rate allows; "
		       "-1: "
		       "not known, it may not be asked." },
	{ .name = "rollout",
		.type = FIELD_JSON,
		FIELD_AT(struct source_view, rollout),
		.doc = "Which titles it is asked for, see editSourceRollout; empty: all." },
	{ .name = "sessions",
		.type = FIELD_JSON,
		FIELD_AT(struct source_view, sessions),
		.doc = "The agents by whose sessions it was asked in the last day, the latest first: a list of "
		       "{agentId, since, heardAt, answers, failures}." },
	{ .name = "sweptAt",
		.type = FIELD_TIME,
		FIELD_AT(struct source_view, swept_at),
		.doc = "When the last look at all that is watched began." },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct source_view, version), .doc = "It is the ETag." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct source_view, updated_at),
		.doc = "When its breaker or roll-out changed last." },
	{ 0 },
};
#define PERMILLE(part, of)                                                                                  \
	"(SELECT CASE WHEN COALESCE(SUM(" of "), 0) = 0 THEN 1000 ELSE CAST(SUM(" part ") * 1000 / SUM(" of \
	") AS BIGINT) END FROM source_marks m WHERE m.source = s.name AND m.slot > $1)"
#define SELECT                                                                                                     \
	"SELECT s.name, s.breaker, s.breaker_since, s.trips, CASE s.breaker WHEN 'open' THEN s.probe_at ELSE 0 "   \
	"END, "                                                                                                    \
	"s.last_error, (SELECT COUNT(*) FROM source_breakers b WHERE b.source = s.name AND b.state <> 'closed'), " \
	"NULL, s.cursor, s.cursor_at, CASE WHEN s.newest > s.cursor THEN s.newest - s.cursor ELSE 0 END, "         \
	"s.gap_from, CASE s.gap_from WHEN 0 THEN 0 ELSE s.gap_to END, CASE s.gap_from WHEN 0 THEN 0 ELSE "         \
	"s.gap_since END, CASE s.gap_from WHEN 0 THEN NULL ELSE s.gap_why END, " PERMILLE(                         \
		"m.good", "m.asked") ", " PERMILLE("m.agreed",                                                     \
		"m.compared") ", 0, 0, s.rollout, NULL, s.sweep_at, s.version, s.updated_at FROM sources s "

struct sources_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct sources_query), { 0 } };

static struct store_value hour(const struct call *c) { return store_int(c->tx.now_ms / 300000 - 12); }

static enum rc fill(struct tx *tx, struct source_view *v)
{
	const struct source_kind *k = sources_kind(v->id);
	struct sources_eta eta = { 0 };
	enum rc rc = k ? sources_eta_of(tx, k, &eta) : RC_OK;

	v->waiting = eta.waiting;
	v->eta_s = eta.seconds;
	if (rc == RC_OK)
		rc = sources_egresses_text(tx, v->id, &v->breakers);
	return rc == RC_OK ? sources_sessions_text(tx, v->id, &v->sessions) : rc;
}

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = SELECT "WHERE s.name < $2 ORDER BY s.name DESC LIMIT $3" };
	const struct sources_query *in = c->query;
	const struct page_query *q = &in->page;
	auto_rows struct store_rows *r = NULL;
	struct page *page = ret_out;
	const char *before;

	enum rc rc = page_begin(c, q, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all, STORE_ARGS(hour(c), store_text(before), store_int(q->limit + 1)), &r,
			c->tx.fault);
	if (rc == RC_OK)
		rc = page_read(c, q, r, page);
	store_close(take(r));
	struct source_view *v = page->items.at;
	for (size_t i = 0; rc == RC_OK && i < page->items.n; i++)
		rc = fill(&c->tx, &v[i]);
	return rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	static const struct store_query one = { .sql = SELECT "WHERE s.name = $2" };
	struct source_view *v = ret_out;
	enum rc rc = rows_one(c->tx.db, &one, STORE_ARGS(hour(c), store_text(c->arg[0])),
		(struct rows_into){ source_fields, c->tx.arena, v }, c->tx.fault);

	if (rc == RC_OK)
		rc = fill(&c->tx, v);
	c->version = v->version;
	return rc == RC_MISSING ? fault_set(c->tx.fault, rc, "there is no source %.40s", c->arg[0]) : rc;
}

/* ---- the breaker ---- */

struct trip_in {
	int state;
};
static const char *const trip_words[] = { "forced_open", "forced_closed", NULL };
static const struct field trip_fields[] = {
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct trip_in, state),
		.words = trip_words,
		.doc = "forced_open: it is not asked, the source that stands in for it is; forced_closed: it is "
		       "asked, "
		       "whatever happens." },
	{ 0 },
};

static enum rc moved(struct call *c, struct source *s, int was, const char *deed, void *ret_out)
{
	enum rc rc = sources_moved(&c->tx, s, was, NULL);
	if (rc == RC_OK)
		rc = audit_note(&c->tx, deed, s->name, breaker_words[s->breaker.state]);
	sources_wake(c->tx.control);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc trip(struct call *c, void *ret_out)
{
	const struct trip_in *in = c->in;
	struct source s = { 0 };
	enum rc rc = sources_load(&c->tx, c->arg[0], &s);
	int was = s.breaker.state;

	if (rc != RC_OK)
		return rc;
	breaker_force(&s.breaker, !in || in->state == 0, c->tx.now_ms);
	return moved(c, &s, was, "source.trip", ret_out);
}

static enum rc reset(struct call *c, void *ret_out)
{
	struct source s = { 0 };
	enum rc rc = sources_load(&c->tx, c->arg[0], &s);
	int was = s.breaker.state;

	if (rc != RC_OK)
		return rc;
	rc = sources_egresses_reset(&c->tx, &s);
	if (rc != RC_OK)
		return rc;
	breaker_reset(&s.breaker, c->tx.now_ms);
	s.last_error = NULL;
	return moved(c, &s, was, "source.reset", ret_out);
}

/* ---- the roll-out ---- */

/* What the patch does not have stays. */
static void merge(struct source_rollout *to, const struct source_rollout *in, uint64_t given)
{
	if (given & 1)
		to->percent = in->percent;
	if (given & 2)
		to->max_titles = in->max_titles;
	if (given & 4)
		to->labels = in->labels;
	if (given & 8)
		to->shadow = in->shadow;
}

static enum rc edit(struct call *c, void *ret_out)
{
	const struct source_kind *k = sources_kind(c->arg[0]);
	struct source_rollout now = { 0 };
	struct source s = { 0 };
	struct buf b = { 0 };

	enum rc rc = sources_load(&c->tx, c->arg[0], &s);
	if (rc == RC_OK)
		rc = route_match(c, s.version);
	if (rc == RC_OK && !(k && k->fallback))
		rc = fault_set(c->tx.fault, RC_CONFLICT,
			"no other source stands in for %.40s: all titles are asked of it", s.name);
	if (rc == RC_OK)
		rc = sources_rollout_read(&c->tx, &s, &now);
	if (rc != RC_OK)
		return rc;
	merge(&now, c->in, c->given);
	field_json_encode(sources_rollout_fields, &now, &b);
	s.rollout = b.bad ? NULL : arena_str(c->tx.arena, buf_text(&b));
	buf_done(&b);
	s.version++;
	s.updated_at = c->tx.now_ms;
	rc = s.rollout ? sources_save(&c->tx, &s) : RC_NOMEM;
	if (rc == RC_OK)
		rc = audit_note(&c->tx, "source.rollout", s.name, s.rollout);
	sources_wake(c->tx.control);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

#define OUT  .out = source_fields, .out_size = sizeof(struct source_view)
#define DEED .method = "POST", .reach = REACH_SHARED, .scope = SCOPE_SOURCES_WRITE, OUT

const struct route source_routes[] = {
	{ .name = "listSources",
		.method = "GET",
		.path = "/v1/sources",
		.reach = REACH_SHARED,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_LIST,
		.query = page_fields,
		.query_size = sizeof(struct sources_query),
		OUT,
		.run = list,
		.doc = "Lists the ways to ask stores, and how each is doing." },
	{ .name = "getSource",
		.method = "GET",
		.path = "/v1/sources/{name}",
		.reach = REACH_SHARED,
		.scope = SCOPE_WATCHES_READ,
		OUT,
		.run = get,
		.doc = "Shows one way to ask a store: its breaker, its cursor, its gap, how many answers it "
		       "gave." },
	{ DEED, .name = "tripSource", .path = "/v1/sources/{name}/trip",
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED | ROUTE_MAYBE, .in = trip_fields,
		.in_size = sizeof(struct trip_in), .run = trip,
		.doc = "Forces its breaker open, or closed, by whatever egress, until it is reset." },
	{ DEED, .name = "resetSource", .path = "/v1/sources/{name}/reset", .flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.run = reset,
		.doc = "Closes its breaker, and that of each of its egresses, and forgets what was wrong." },
	{ .name = "editSourceRollout",
		.method = "PATCH",
		.path = "/v1/sources/{name}",
		.reach = REACH_SHARED,
		.scope = SCOPE_SOURCES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.in = sources_rollout_fields,
		.in_size = sizeof(struct source_rollout),
		OUT,
		.run = edit,
		.doc = "Says which titles it is asked for, the others go to the source that stands in for it; or "
		       "that "
		       "it is asked for comparison alone." },
	{ 0 },
};
