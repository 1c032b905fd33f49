#include "control/audit/audit_routes.h"
#include "control/access/decide.h"
#include "control/audit/checkpoints.h"
#include "control/audit/record_row.h"
#include "control/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SEARCH_WINDOW 50000 /* records that one search looks at: the next page goes on behind them */

static const char *const outcome_words[] = { "any", "done", "denied", "failed", NULL };

struct search_query {
	struct page_query page;
	const char *actor, *action, *resource, *q;
	int outcome;
	int64_t since, until;
};
static const struct field search_fields[] = {
	PAGE_QUERY_FIELDS(struct search_query),
	{ .name = "actor",
		.type = FIELD_STR,
		FIELD_AT(struct search_query, actor),
		.max = AUDIT_RECORD_SHORT,
		.doc = "Only what this one did: key:apk_…, user:usr_…, agent:agt_…, system." },
	{ .name = "action",
		.type = FIELD_STR,
		FIELD_AT(struct search_query, action),
		.max = AUDIT_RECORD_SHORT,
		.doc = "Only this action; * stands for anything: job.*" },
	{ .name = "resource",
		.type = FIELD_STR,
		FIELD_AT(struct search_query, resource),
		.max = AUDIT_RECORD_SHORT,
		.doc = "Only what was done to this." },
	{ .name = "outcome",
		.type = FIELD_ENUM,
		FIELD_AT(struct search_query, outcome),
		.words = outcome_words,
		.doc = "Only what ended so." },
	{ .name = "since", .type = FIELD_TIME, FIELD_AT(struct search_query, since), .doc = "Only from then on." },
	{ .name = "until", .type = FIELD_TIME, FIELD_AT(struct search_query, until), .doc = "Only before." },
	{ .name = "q",
		.type = FIELD_STR,
		FIELD_AT(struct search_query, q),
		.max = 100,
		.doc = "Only records with this text in the actor, action, resource, address or words." },
	{ 0 },
};

/* A text for LIKE: what means something there is escaped by '!'. star: '*' means anything. */
static const char *pattern(struct arena *a, const char *s, bool star, bool within)
{
	char *to = arena_take(a, 2 * strlen(s) + 3), *p = to;

	if (!to)
		return NULL;
	if (within)
		*p++ = '%';
	for (; *s; s++) {
		if (strchr("%_!", *s))
			*p++ = '!';
		*p++ = *s;
		if (star && *s == '*')
			p[-1] = '%';
	}
	if (within)
		*p++ = '%';
	return to;
}

/* The number before which the page begins. */
static enum rc begin(struct call *c, const char *cursor, int64_t *ret)
{
	static const struct store_query last = { .sql = "SELECT COALESCE(MAX(seq), 0) FROM audit" };
	auto_rows struct store_rows *r = NULL;
	size_t n = cursor ? strlen(cursor) : 0;

	if (cursor && (n == 0 || n > 18 || strspn(cursor, "0123456789") != n))
		return fault_set(
			c->tx.fault, RC_INVALID, "cursor: not one that this list gave; leave it out to begin anew");
	if (cursor) {
		*ret = strtoll(cursor, NULL, 10);
		return RC_OK;
	}
	enum rc rc = store_one(c->tx.db, &last, STORE_NO_ARGS, &r, c->tx.fault);
	if (rc == RC_OK)
		*ret = store_col_int(r, 0) + 1;
	return rc;
}

static enum rc find(struct call *c, const struct search_query *q, int64_t before, struct field_list *ret)
{
	static const struct store_query some = {
		.sql = "SELECT " RECORD_ROW_COLUMNS " FROM audit WHERE seq < $1 AND seq >= $1 - $2 AND tenant_id = "
		       "$3 AND ($4 = '' OR actor = $4) AND action "
		       "LIKE $5 ESCAPE '!' AND ($6 = '' OR resource = $6) AND ($7 = 'any' OR outcome = $7) AND ts "
		       ">= $8 AND ($9 = "
		       "0 OR ts < $9) AND (actor LIKE $10 ESCAPE '!' OR action LIKE $10 ESCAPE '!' OR resource "
		       "LIKE $10 ESCAPE "
		       "'!' OR peer LIKE $10 ESCAPE '!' OR words LIKE $10 ESCAPE '!') ORDER BY seq DESC LIMIT $11",
		.sql_pg = "SELECT " RECORD_ROW_COLUMNS " FROM audit WHERE seq < CAST($1 AS BIGINT) AND seq >= "
			  "CAST($1 AS BIGINT) - CAST($2 AS BIGINT) AND tenant_id = $3 "
			  "AND (CAST($4 AS TEXT) = '' OR actor = $4) AND action LIKE $5 ESCAPE '!' AND (CAST($6 AS "
			  "TEXT) = '' OR "
			  "resource = $6) AND (CAST($7 AS TEXT) = 'any' OR outcome = $7) AND ts >= $8 AND (CAST($9 "
			  "AS BIGINT) = 0 OR "
			  "ts < $9) AND (actor LIKE $10 ESCAPE '!' OR action LIKE $10 ESCAPE '!' OR resource LIKE "
			  "$10 ESCAPE '!' OR "
			  "peer LIKE $10 ESCAPE '!' OR words LIKE $10 ESCAPE '!') ORDER BY seq DESC LIMIT $11"
	};
	auto_rows struct store_rows *r = NULL;
	const char *action = pattern(c->tx.arena, q->action ? q->action : "*", true, false),
		   *text = pattern(c->tx.arena, q->q ? q->q : "", false, true);

	if (!action || !text)
		return RC_NOMEM;
	enum rc rc = store_run(c->tx.db, &some,
		STORE_ARGS(store_int(before), store_int(SEARCH_WINDOW), store_text(decide_tenant(c->who)),
			store_text(q->actor ? q->actor : ""), store_text(action),
			store_text(q->resource ? q->resource : ""), store_text(outcome_words[q->outcome]),
			store_int(q->since), store_int(q->until), store_text(text), store_int(q->page.limit)),
		&r, c->tx.fault);
	return rc == RC_OK ? rows_list(r, &(struct rows_into){ audit_record_fields, c->tx.arena, NULL },
				     sizeof(struct audit_record), q->page.limit, ret, c->tx.fault)
			   : rc;
}

static enum rc search(struct call *c, void *ret_out)
{
	const struct search_query *q = c->query;
	struct page *page = ret_out;
	int64_t before = 0;
	enum rc rc = begin(c, q->page.cursor, &before);

	if (rc == RC_OK)
		rc = find(c, q, before, &page->items);
	if (rc != RC_OK)
		return rc;
	const struct audit_record *r = page->items.at;
	bool full = page->items.n == q->page.limit;
	int64_t next = full ? r[page->items.n - 1].seq : before - SEARCH_WINDOW;
	page->next = next > 1 ? arena_fmt(c->tx.arena, "%" PRId64, next) : NULL;
	return next <= 1 || page->next ? RC_OK : RC_NOMEM;
}

/* ---- checkpoints ---- */

struct checkpoint_view {
	int64_t number, size, at;
	const char *note;
};
static const struct field checkpoint_fields[] = {
	{ .name = "number",
		.type = FIELD_I64,
		FIELD_AT(struct checkpoint_view, number),
		.doc = "From 1, none is left out." },
	{ .name = "size",
		.type = FIELD_I64,
		FIELD_AT(struct checkpoint_view, size),
		.doc = "Records that it covers: the first so many." },
	{ .name = "signedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct checkpoint_view, at),
		.doc = "When it was signed." },
	{ .name = "note",
		.type = FIELD_STR,
		FIELD_AT(struct checkpoint_view, note),
		.doc = "The signed text: the trail's name, the size, the root (base64), number and time, and the "
		       "signature." },
	{ 0 },
};

struct checkpoints_query {
	struct page_query page;
};
static const struct field checkpoints_fields[] = { PAGE_QUERY_FIELDS(struct checkpoints_query), { 0 } };

static enum rc list_checkpoints(struct call *c, void *ret_out)
{
	static const struct store_query some = {
		.sql = "SELECT n, size, ts, note FROM audit_checkpoints WHERE n < $1 ORDER BY n DESC LIMIT $2"
	};
	const struct checkpoints_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	struct page *page = ret_out;
	int64_t before = INT64_MAX;
	enum rc rc = q->page.cursor ? begin(c, q->page.cursor, &before) : RC_OK;

	if (rc == RC_OK)
		rc = store_run(
			c->tx.db, &some, STORE_ARGS(store_int(before), store_int(q->page.limit)), &r, c->tx.fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ checkpoint_fields, c->tx.arena, NULL },
			sizeof(struct checkpoint_view), q->page.limit, &page->items, c->tx.fault);
	if (rc != RC_OK || page->items.n < q->page.limit)
		return rc;
	const struct checkpoint_view *v = page->items.at;
	if (v[page->items.n - 1].number > 1)
		page->next = arena_fmt(c->tx.arena, "%" PRId64, v[page->items.n - 1].number);
	return RC_OK;
}

static enum rc show_key(struct call *c, void *ret_out)
{
	struct checkpoint_key key;
	enum rc rc = checkpoints_public(c->tx.db, &key, c->tx.fault);
	(void)ret_out;

	if (rc == RC_OK)
		checkpoint_key_write(&key, c->body);
	buf_u8(c->body, '\n');
	return rc;
}

const struct route audit_routes[] = {
	{ .name = "listAuditRecords",
		.method = "GET",
		.path = "/v1/audit-records",
		.scope = SCOPE_AUDIT_READ,
		.reach = REACH_TENANT,
		.flags = ROUTE_LIST | ROUTE_AUDITED,
		.query = search_fields,
		.query_size = sizeof(struct search_query),
		.out = audit_record_fields,
		.out_size = sizeof(struct audit_record),
		.run = search,
		.doc = "Searches the audit trail, newest first. A page can be shorter than its limit and have a "
		       "next one: one "
		       "search looks at 50,000 records. Reading is audited." },
	{ .name = "listAuditCheckpoints",
		.method = "GET",
		.path = "/v1/audit-checkpoints",
		.scope = SCOPE_AUDIT_READ,
		.reach = REACH_SHARED,
		.flags = ROUTE_LIST,
		.query = checkpoints_fields,
		.query_size = sizeof(struct checkpoints_query),
		.out = checkpoint_fields,
		.out_size = sizeof(struct checkpoint_view),
		.run = list_checkpoints,
		.doc = "Lists the signed checkpoints of the audit trail, newest first." },
	{ .name = "getAuditKey",
		.method = "GET",
		.path = "/v1/audit-key",
		.scope = SCOPE_AUDIT_READ,
		.reach = REACH_SHARED,
		.flags = ROUTE_RAW,
		.out_type = "text/plain; charset=utf-8",
		.run = show_key,
		.doc = "The public key of the checkpoints. Keep it where the database is not." },
	{ .name = "getAuditProof",
		.method = "GET",
		.path = "/v1/audit-proofs",
		.scope = SCOPE_AUDIT_READ,
		.reach = REACH_TENANT,
		.flags = ROUTE_RAW | ROUTE_AUDITED,
		.query = audit_proof_query,
		.query_size = sizeof(struct audit_proof_query),
		.out_type = "application/json",
		.run = audit_proof_show,
		.doc = "Proves that a record is under a checkpoint (record, checkpoint), or that one checkpoint's "
		       "tree grew from "
		       "another's (from, checkpoint). RFC 9162, 2.1.3 and 2.1.4." },
	{ .name = "exportAudit",
		.method = "GET",
		.path = "/v1/audit-export",
		.scope = SCOPE_AUDIT_EXPORT,
		.reach = REACH_TENANT,
		.flags = ROUTE_RAW | ROUTE_AUDITED,
		.query = audit_export_query,
		.query_size = sizeof(struct audit_export_query),
		.out_type = "application/x-ndjson",
		.run = audit_export_show,
		.doc = "Gives records, oldest first, as JSON lines or CSV; the next part is asked for by `after`. "
		       "Exporting is "
		       "audited." },
	{ 0 },
};
