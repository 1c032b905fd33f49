#include "control/updates/title_routes.h"
#include "control/access/decide.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "control/updates/title_rows.h"

struct title_view {
	const char *id, *store, *ref, *name, *state, *access, *reason, *method;
	int64_t change_number, wanted_number, success_at, changed_at;
	const char *facts;
};
static const struct field view_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct title_view, id), .doc = "ttl_ and a ULID." },
	{ .name = "store",
		.type = FIELD_STR,
		FIELD_AT(struct title_view, store),
		.doc = "steam, workshop, epic, gog." },
	{ .name = "titleId", .type = FIELD_STR, FIELD_AT(struct title_view, ref), .doc = "The store's own id." },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct title_view, name), .doc = "What the store calls it." },
	{ .name = "state",
		.type = FIELD_STR,
		FIELD_AT(struct title_view, state),
		.doc = "new (not read yet), known, unknown (the store never knew it), removed." },
	{ .name = "access",
		.type = FIELD_STR,
		FIELD_AT(struct title_view, access),
		.doc = "Who may see it: public, token, denied; null: not told." },
	{ .name = "reason",
		.type = FIELD_STR,
		FIELD_AT(struct title_view, reason),
		.doc = "Why the last answer was none; null: it was one." },
	{ .name = "method",
		.type = FIELD_STR,
		FIELD_AT(struct title_view, method),
		.doc = "The source of the last answer." },
	{ .name = "changeNumber",
		.type = FIELD_I64,
		FIELD_AT(struct title_view, change_number),
		.doc = "Steam's, of what was read last; 0: none." },
	{ .name = "wantedNumber",
		.type = FIELD_I64,
		FIELD_AT(struct title_view, wanted_number),
		.doc = "When it is more, a change was told that has not been read." },
	{ .name = "lastSuccessAt",
		.type = FIELD_TIME,
		FIELD_AT(struct title_view, success_at),
		.doc = "The last definite answer; null: none yet." },
	{ .name = "lastChangeAt",
		.type = FIELD_TIME,
		FIELD_AT(struct title_view, changed_at),
		.doc = "When it last was another." },
	{ .name = "facts",
		.type = FIELD_JSON,
		FIELD_AT(struct title_view, facts),
		.doc = "What each source said last, by its name: name, kind, visibility, branches, depots, digests "
		       "of "
		       "sections; null: nothing yet." },
	{ 0 },
};

enum rc title_routes_find(struct call *c, struct title_mine *ret)
{
	static const struct store_query own = {
		.sql = "SELECT t.id, w.base_id, t.before_pos, w.id FROM titles t JOIN watches w ON w.title_id = "
		       "t.id AND w.tenant_id = $3 WHERE t.store = $1 AND t.ref = $2"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(c->tx.db, &own,
		STORE_ARGS(store_text(c->arg[0]), store_text(c->arg[1]), store_text(tx_tenant(&c->tx))), &r,
		c->tx.fault);
	if (rc != RC_OK)
		return rc;
	*ret = (struct title_mine){ arena_str(c->tx.arena, store_col_text(r, 0)),
		arena_str(c->tx.arena, store_col_text(r, 1)), store_col_int(r, 2) };
	const char *watch = arena_str(c->tx.arena, store_col_text(r, 3));
	store_close(take(r));
	return ret->id && ret->base_id && watch ? decide_object(c, OBJECT_WATCH, watch) : RC_NOMEM;
}

static enum rc get(struct call *c, void *ret_out)
{
	static const struct store_query one = {
		.sql = "SELECT id, store, ref, name, state, access, reason, method, "
		       "change_number, wanted_number, success_at, changed_at, facts "
		       "FROM titles WHERE id = $1"
	};
	struct title_mine t = { 0 };
	enum rc rc = title_routes_find(c, &t);

	if (rc != RC_OK)
		return rc;
	return rows_one(c->tx.db, &one, STORE_ARGS(store_text(t.id)),
		(struct rows_into){ view_fields, c->tx.arena, ret_out }, c->tx.fault);
}

/* ---- builds ---- */

struct build_view {
	const char *id, *branch, *os, *build_id, *version, *direction, *method, *depots;
	int64_t change_number, announced_at, available_at;
};
static const struct field build_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct build_view, id), .doc = "bld_ and a ULID." },
	{ .name = "branch", .type = FIELD_STR, FIELD_AT(struct build_view, branch), .doc = "Where it is." },
	{ .name = "os",
		.type = FIELD_STR,
		FIELD_AT(struct build_view, os),
		.doc = "For which system, where builds differ by it; else empty." },
	{ .name = "buildId", .type = FIELD_STR, FIELD_AT(struct build_view, build_id), .doc = "The store's id." },
	{ .name = "version",
		.type = FIELD_STR,
		FIELD_AT(struct build_view, version),
		.doc = "What the store calls it; null: nothing." },
	{ .name = "direction",
		.type = FIELD_STR,
		FIELD_AT(struct build_view, direction),
		.doc = "first (it was there when the title was read first), forward, rollback." },
	{ .name = "source",
		.type = FIELD_STR,
		FIELD_AT(struct build_view, method),
		.doc = "Which source told it." },
	{ .name = "depots",
		.type = FIELD_JSON,
		FIELD_AT(struct build_view, depots),
		.doc = "What it is made of: depot, manifest, size, downloadSize, os, arch, language." },
	{ .name = "changeNumber",
		.type = FIELD_I64,
		FIELD_AT(struct build_view, change_number),
		.doc = "Steam's, with which it came." },
	{ .name = "announcedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct build_view, announced_at),
		.doc = "When it was seen." },
	{ .name = "availableAt",
		.type = FIELD_TIME,
		FIELD_AT(struct build_view, available_at),
		.doc = "When it could be fetched; null: not found out." },
	{ 0 },
};
#define BUILD_COLUMNS \
	"id, branch, os, build_id, version, direction, method, depots, change_number, announced_at, available_at"

struct builds_query {
	struct page_query page;
	const char *branch;
};
static const struct field builds_query[] = {
	PAGE_QUERY_FIELDS(struct builds_query),
	{ .name = "branch",
		.type = FIELD_STR,
		FIELD_AT(struct builds_query, branch),
		.max = 100,
		.doc = "Only of this branch." },
	{ 0 },
};

static enum rc list_builds(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " BUILD_COLUMNS " FROM builds WHERE id < $1 AND title_id = $3 AND ($4 = '' OR "
		       "branch = $4) ORDER BY id DESC LIMIT $2"
	};
	const struct builds_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	struct title_mine t = { 0 };
	const char *before;

	enum rc rc = title_routes_find(c, &t);
	if (rc == RC_OK)
		rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(t.id),
				store_text(q->branch ? q->branch : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

/* ---- the difference of two builds ---- */

struct diff_query {
	const char *branch;
};
static const struct field diff_query[] = {
	{ .name = "branch",
		.type = FIELD_STR,
		FIELD_AT(struct diff_query, branch),
		.max = 100,
		.doc = "Of which branch the builds are. Default: any that has them." },
	{ 0 },
};

static enum rc load_build(struct call *c, const char *title_id, const char *name, struct build_view *ret)
{
	static const struct store_query one = {
		.sql = "SELECT " BUILD_COLUMNS " FROM builds WHERE title_id = $1 AND (build_id = $2 OR id = "
		       "$2) AND ($3 = '' OR branch = $3) ORDER BY id DESC LIMIT 1"
	};
	const struct diff_query *q = c->query;
	enum rc rc = rows_one(c->tx.db, &one,
		STORE_ARGS(store_text(title_id), store_text(name), store_text(q->branch ? q->branch : "")),
		(struct rows_into){ build_fields, c->tx.arena, ret }, c->tx.fault);
	return rc == RC_MISSING ? fault_set(c->tx.fault, rc, "no build %.80s is known of it", name) : rc;
}

static enum rc diff(struct call *c, void *ret_out)
{
	const char *dots = strstr(c->arg[2], ".."), *from = NULL;
	struct title_mine t = { 0 };
	struct build_view a = { 0 }, b = { 0 };
	struct page *page = ret_out;
	enum rc rc = title_routes_find(c, &t);

	if (rc == RC_OK && (!dots || dots == c->arg[2] || !dots[2]))
		return fault_set(c->tx.fault, RC_INVALID, "two builds, as FROM..TO");
	if (rc == RC_OK && !(from = arena_strn(c->tx.arena, c->arg[2], (size_t)(dots - c->arg[2]))))
		return RC_NOMEM;
	if (rc == RC_OK)
		rc = load_build(c, t.id, from, &a);
	if (rc == RC_OK)
		rc = load_build(c, t.id, dots + 2, &b);
	return rc == RC_OK ? depot_diff(a.depots, b.depots, c->tx.arena, &page->items, c->tx.fault) : rc;
}

const struct route title_routes[] = {
	{ .name = "getTitle",
		.method = "GET",
		.path = "/v1/titles/{store}/{id}",
		.reach = REACH_TENANT,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_NARROWED,
		.out = view_fields,
		.out_size = sizeof(struct title_view),
		.run = get,
		.doc = "Shows what is known of a title that you watch." },
	{ .name = "listTitleBuilds",
		.method = "GET",
		.path = "/v1/titles/{store}/{id}/builds",
		.reach = REACH_TENANT,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_NARROWED | ROUTE_LIST,
		.query = builds_query,
		.query_size = sizeof(struct builds_query),
		.out = build_fields,
		.out_size = sizeof(struct build_view),
		.run = list_builds,
		.doc = "Lists the builds of a title that you watch, newest first." },
	{ .name = "diffTitleBuilds",
		.method = "GET",
		.path = "/v1/titles/{store}/{id}/builds/{range}",
		.reach = REACH_TENANT,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_NARROWED | ROUTE_LIST,
		.query = diff_query,
		.query_size = sizeof(struct diff_query),
		.out = depot_diff_fields,
		.out_size = sizeof(struct depot_diff),
		.run = diff,
		.doc = "Which depots differ between two builds, FROM..TO, by the store's ids or ours." },
	{ 0 },
};
