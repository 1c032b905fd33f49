#include "base/when.h"
#include "control/access/decide.h"
#include "control/audit/audit_routes.h"
#include "control/audit/record_row.h"
#include "control/audit/trail.h"
#include "control/rows.h"
#include "wire/field_json.h"
#include "wire/json.h"

#include <inttypes.h>

static const char *const format_words[] = { "jsonl", "csv", NULL };

const struct field audit_export_query[] = {
	{ .name = "format",
		.type = FIELD_ENUM,
		FIELD_AT(struct audit_export_query, format),
		.words = format_words,
		.doc = "jsonl: a record on each line. csv: with a head line, safe to be opened in a spreadsheet." },
	{ .name = "limit",
		.type = FIELD_U32,
		FIELD_AT(struct audit_export_query, limit),
		.min = 1,
		.max = 10000,
		.def = 1000,
		.doc = "How many records at most." },
	{ .name = "after",
		.type = FIELD_I64,
		FIELD_AT(struct audit_export_query, after),
		.max = INT64_MAX,
		.doc = "The records after this number: of the last one of the part before." },
	{ .name = "since",
		.type = FIELD_TIME,
		FIELD_AT(struct audit_export_query, since),
		.doc = "Only from then on." },
	{ .name = "until", .type = FIELD_TIME, FIELD_AT(struct audit_export_query, until), .doc = "Only before." },
	{ .name = "complete",
		.type = FIELD_BOOL,
		FIELD_AT(struct audit_export_query, complete),
		.doc = "With the hashes of other tenants' and of pruned records in their places, as footplate "
		       "audit verify --export needs "
		       "it; jsonl, all times, for the installation's own auditors." },
	{ 0 },
};

/* ---- CSV ---- */

/* RFC 4180; a cell that a spreadsheet would take for a formula begins with an apostrophe. */
static void put_cell(struct buf *b, const char *s)
{
	buf_u8(b, '"');
	if (s && *s && strchr("=+-@\t\r", *s))
		buf_u8(b, '\'');
	for (; s && *s; s++) {
		buf_str(b, *s == '"' ? "\"" : "");
		buf_u8(b, (uint8_t)*s);
	}
	buf_u8(b, '"');
}

static void put_csv_head(struct buf *b)
{
	for (const struct field *f = audit_record_fields; f->type != FIELD_END; f++)
		buf_fmt(b, "%s%s", f == audit_record_fields ? "" : ",", f->name);
	buf_str(b, "\r\n");
}

static void put_csv(struct buf *b, const struct audit_record *r)
{
	char when[WHEN_MAX];

	when_text(when, r->ts);
	buf_fmt(b, "%" PRId64 ",%s", r->seq, when);
	for (const struct field *f = audit_record_fields; f->type != FIELD_END; f++) {
		if (f->type != FIELD_STR)
			continue;
		buf_u8(b, ',');
		put_cell(b, *(const char *const *)(const void *)((const char *)r + f->at));
	}
	buf_str(b, "\r\n");
}

/* ---- JSON lines ---- */

static void put_json(struct buf *b, const struct audit_record *r)
{
	field_json_encode(audit_record_fields, r, b);
	buf_u8(b, '\n');
}

/* What is left of pruned records: a line for each block. *at: the number of the last record that was written. */
static enum rc put_pruned(struct call *c, int64_t *at, uint32_t *left)
{
	static const struct store_query some = {
		.sql = "SELECT block, leaves FROM audit_pruned WHERE block >= $1 ORDER BY block LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(c->tx.db, &some,
		STORE_ARGS(store_int(*at / TRAIL_BLOCK), store_int(*left < TRAIL_BLOCK ? 1 : *left / TRAIL_BLOCK)),
		&r, c->tx.fault);

	while (rc == RC_OK && *left && (rc = store_next(r, &row, c->tx.fault)) == RC_OK && row) {
		int64_t block = store_col_int(r, 0);
		buf_fmt(c->body, "{\"block\":%" PRId64 ",\"leaves\":", block);
		json_put_str(c->body, store_col_text(r, 1));
		buf_str(c->body, "}\n");
		*at = (block + 1) * TRAIL_BLOCK;
		*left -= *left < TRAIL_BLOCK ? *left : TRAIL_BLOCK;
	}
	return rc;
}

/* Their own records whole, of the others' the hash. */
static enum rc put_complete(struct call *c, const struct audit_export_query *q)
{
	static const struct store_query some = { .sql = "SELECT " RECORD_ROW_COLUMNS
							", leaf FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2" };
	const char *tenant = decide_tenant(c->who);
	auto_rows struct store_rows *r = NULL;
	int64_t at = q->after;
	uint32_t left = q->limit;
	bool row = false;
	enum rc rc = put_pruned(c, &at, &left);

	if (rc == RC_OK && left)
		rc = store_run(c->tx.db, &some, STORE_ARGS(store_int(at), store_int(left)), &r, c->tx.fault);
	while (r && rc == RC_OK && (rc = store_next(r, &row, c->tx.fault)) == RC_OK && row) {
		struct arena line = { 0 };
		struct audit_record rec = { 0 };
		if (!strcmp(store_col_text(r, 2), tenant)) {
			rc = rows_read(r, audit_record_fields, &line, &rec, c->tx.fault);
			if (rc == RC_OK)
				put_json(c->body, &rec);
		} else {
			buf_fmt(c->body, "{\"seq\":%" PRId64 ",\"leaf\":", store_col_int(r, 0));
			json_put_str(c->body, store_col_text(r, 14));
			buf_str(c->body, "}\n");
		}
		arena_done(&line);
	}
	return rc;
}

static enum rc put_own(struct call *c, const struct audit_export_query *q)
{
	static const struct store_query some = {
		.sql = "SELECT " RECORD_ROW_COLUMNS
		       " FROM audit WHERE seq > $1 AND tenant_id = $2 AND ts >= $3 AND ts < $4 "
		       "ORDER BY seq LIMIT $5"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(c->tx.db, &some,
		STORE_ARGS(store_int(q->after), store_text(decide_tenant(c->who)), store_int(q->since),
			store_int(q->until ? q->until : INT64_MAX), store_int(q->limit)),
		&r, c->tx.fault);

	if (q->format == AUDIT_CSV)
		put_csv_head(c->body);
	while (rc == RC_OK && (rc = store_next(r, &row, c->tx.fault)) == RC_OK && row) {
		struct arena line = { 0 };
		struct audit_record rec = { 0 };
		rc = rows_read(r, audit_record_fields, &line, &rec, c->tx.fault);
		if (rc == RC_OK && q->format == AUDIT_CSV)
			put_csv(c->body, &rec);
		else if (rc == RC_OK)
			put_json(c->body, &rec);
		arena_done(&line);
	}
	return rc;
}

enum rc audit_export_show(struct call *c, void *ret_out)
{
	const struct audit_export_query *q = c->query;
	(void)ret_out;

	if (q->complete && (q->format == AUDIT_CSV || q->since || q->until))
		return fault_set(c->tx.fault, RC_INVALID, "complete: goes with jsonl, and without since and until");
	if (q->complete && !decide_is_platform(c->who))
		return fault_set(
			c->tx.fault, RC_DENIED, "complete: this belongs to the installation, not to a tenant");
	if (q->format == AUDIT_CSV)
		c->out_type = "text/csv; charset=utf-8";
	return q->complete ? put_complete(c, q) : put_own(c, q);
}
