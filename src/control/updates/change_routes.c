#include "control/rows.h"
#include "control/updates/title_routes.h"

#include <errno.h>
#include <stdlib.h>

struct change_view {
	int64_t cursor;
	const char *store, *ref, *source, *class, *branch, *os, *build_id, *direction;
	int64_t change_number;
	const char *diff;
	bool cut;
	int64_t observed_at;
};
static const struct field change_fields[] = {
	{ .name = "cursor",
		.type = FIELD_I64,
		FIELD_AT(struct change_view, cursor),
		.doc = "Grows; the changes after it: after=." },
	{ .name = "store",
		.type = FIELD_STR,
		FIELD_AT(struct change_view, store),
		.doc = "steam, workshop, epic, gog." },
	{ .name = "titleId", .type = FIELD_STR, FIELD_AT(struct change_view, ref), .doc = "The store's own id." },
	{ .name = "source",
		.type = FIELD_STR,
		FIELD_AT(struct change_view, source),
		.doc = "Which source told it." },
	{ .name = "class",
		.type = FIELD_STR,
		FIELD_AT(struct change_view, class),
		.doc = "build, branch, depot, metadata, store_page, price, visibility, package, workshop_item." },
	{ .name = "branch",
		.type = FIELD_STR,
		FIELD_AT(struct change_view, branch),
		.doc = "Of which branch; null: of the title." },
	{ .name = "os",
		.type = FIELD_STR,
		FIELD_AT(struct change_view, os),
		.doc = "For which system, where builds differ by it." },
	{ .name = "buildId",
		.type = FIELD_STR,
		FIELD_AT(struct change_view, build_id),
		.doc = "The build that is there now; null: it is no build." },
	{ .name = "direction",
		.type = FIELD_STR,
		FIELD_AT(struct change_view, direction),
		.doc = "Of a build: forward, rollback." },
	{ .name = "changeNumber",
		.type = FIELD_I64,
		FIELD_AT(struct change_view, change_number),
		.doc = "Steam's; 0: none." },
	{ .name = "diff",
		.type = FIELD_JSON,
		FIELD_AT(struct change_view, diff),
		.doc = "JSON Patch (RFC 6902) of what the source says, at most 64 KiB. Changes found in one answer "
		       "have "
		       "the same." },
	{ .name = "cut",
		.type = FIELD_BOOL,
		FIELD_AT(struct change_view, cut),
		.doc = "The patch was longer: it is not whole." },
	{ .name = "observedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct change_view, observed_at),
		.doc = "When it was seen." },
	{ 0 },
};
#define COLUMNS                                                                                                \
	"c.pos, t.store, t.ref, c.source, c.class, c.branch, c.os, c.build_id, c.direction, c.change_number, " \
	"COALESCE(c.diff, d.diff, '[]'), c.cut, c.observed_at"
#define FROM "FROM changes c JOIN titles t ON t.id = c.title_id LEFT JOIN changes d ON d.pos = c.diff_of "

struct changes_query {
	uint32_t limit;
	const char *after;
	int class; /* 0: any */
};
static const char *const class_words[] = { "any", "build", "branch", "depot", "metadata", "store_page", "price",
	"visibility", "package", "workshop_item", NULL };
static const struct field changes_query[] = {
	{ .name = "limit",
		.type = FIELD_U32,
		FIELD_AT(struct changes_query, limit),
		.min = 1,
		.max = PAGE_LIMIT_MAX,
		.def = PAGE_LIMIT_DEFAULT,
		.doc = "How many at most." },
	{ .name = "after",
		.type = FIELD_STR,
		FIELD_AT(struct changes_query, after),
		.max = 20,
		.doc = "Cursor: the changes after this one, oldest first. Default: from the beginning." },
	{ .name = "class",
		.type = FIELD_ENUM,
		FIELD_AT(struct changes_query, class),
		.words = class_words,
		.doc = "Only of this kind." },
	{ 0 },
};

static enum rc read_after(struct call *c, const struct changes_query *q, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = q->after ? strtoll(q->after, &end, 10) : 0;
	if (q->after && (*q->after < '0' || *q->after > '9' || *end || errno))
		return fault_set(c->tx.fault, RC_INVALID, "after: a cursor is a number, of a change before");
	return RC_OK;
}

/* A page, and where the next begins: there may be a next page whenever this one is full. */
static enum rc read_page(struct call *c, const struct changes_query *q, struct store_rows *r, struct page *page)
{
	enum rc rc = rows_list(r, &(struct rows_into){ change_fields, c->tx.arena, NULL },
		sizeof(struct change_view), q->limit, &page->items, c->tx.fault);

	if (rc != RC_OK || page->items.n < q->limit)
		return rc;
	const struct change_view *v = page->items.at;
	page->next = arena_fmt(c->tx.arena, "%lld", (long long)v[page->items.n - 1].cursor);
	return page->next ? RC_OK : RC_NOMEM;
}

static enum rc list_of_title(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " COLUMNS " " FROM
		       "WHERE (c.title_id = $3 OR (c.title_id = $5 AND c.pos <= $6)) AND "
		       "c.pos > $1 AND ($4 = 'any' OR c.class = $4) ORDER BY c.pos LIMIT "
		       "$2"
	};
	const struct changes_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	struct title_mine t = { 0 };
	int64_t after = 0;

	enum rc rc = title_routes_find(c, &t);
	if (rc == RC_OK)
		rc = read_after(c, q, &after);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_int(after), store_int(q->limit), store_text(t.id),
				store_text(class_words[q->class]), store_text(t.base_id), store_int(t.before_pos)),
			&r, c->tx.fault);
	return rc == RC_OK ? read_page(c, q, r, ret_out) : rc;
}

/*
 * Of all titles that the tenant watches, as it has them; of what it watches with an account, what everybody saw before that, too. Paused
 * ones, too: this is what is known, not what is told.
 */
static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " COLUMNS " " FROM "WHERE c.pos > $1 AND ($4 = 'any' OR c.class = $4) AND (EXISTS "
		       "(SELECT 1 FROM watches w WHERE w.title_id = c.title_id AND w.tenant_id = $3) OR EXISTS "
		       "(SELECT 1 FROM watches w JOIN titles o ON o.id = w.title_id WHERE w.base_id = c.title_id "
		       "AND "
		       "w.tenant_id = $3 AND c.pos <= o.before_pos)) ORDER BY c.pos LIMIT $2"
	};
	const struct changes_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	int64_t after = 0;

	enum rc rc = read_after(c, q, &after);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_int(after), store_int(q->limit), store_text(tx_tenant(&c->tx)),
				store_text(class_words[q->class])),
			&r, c->tx.fault);
	return rc == RC_OK ? read_page(c, q, r, ret_out) : rc;
}

#define CHANGES                                                                                   \
	.query = changes_query, .query_size = sizeof(struct changes_query), .out = change_fields, \
	.out_size = sizeof(struct change_view)

const struct route change_routes[] = {
	{ .name = "listChanges",
		.method = "GET",
		.path = "/v1/changes",
		.reach = REACH_TENANT,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_LIST,
		CHANGES,
		.run = list,
		.doc = "What changed of the titles that you watch, oldest first; kept for a year." },
	{ .name = "listTitleChanges",
		.method = "GET",
		.path = "/v1/titles/{store}/{id}/changes",
		.reach = REACH_TENANT,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_NARROWED | ROUTE_LIST,
		CHANGES,
		.run = list_of_title,
		.doc = "What changed of a title that you watch, oldest first; kept for a year." },
	{ 0 },
};
