/* The rows of what was asked, and their tasks. */
#include "base/buf.h"
#include "control/engine/cancel.h"
#include "control/engine/moves.h"
#include "control/engine/submit.h"
#include "control/rows.h"
#include "control/updates/sources_rows.h"
#include "model/action_titles.h"
#include "wire/json.h"

#define ASKS_MAX 200

static const char *const kind_words[] = { "changes", "sweep", "meta", "wanted", "full", "oldest", "fallback",
	"shadow", "probe", "available", "owned", NULL };

static const struct field ask_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct source_ask, id) },
	{ .name = "source", .type = FIELD_STR, FIELD_AT(struct source_ask, source) },
	{ .name = "kind", .type = FIELD_ENUM, FIELD_AT(struct source_ask, kind), .words = kind_words },
	{ .name = "task_id", .type = FIELD_STR, FIELD_AT(struct source_ask, task_id) },
	{ .name = "page", .type = FIELD_STR, FIELD_AT(struct source_ask, page) },
	{ .name = "asked_at", .type = FIELD_I64, FIELD_AT(struct source_ask, asked_at) },
	{ .name = "heard_at", .type = FIELD_I64, FIELD_AT(struct source_ask, heard_at) },
	{ .name = "hedged", .type = FIELD_BOOL, FIELD_AT(struct source_ask, hedged) },
	{ .name = "egress_id", .type = FIELD_STR, FIELD_AT(struct source_ask, egress_id) },
	{ .name = "scope", .type = FIELD_STR, FIELD_AT(struct source_ask, scope) },
	{ .name = "refs",
		.type = FIELD_LIST,
		FIELD_AT(struct source_ask, refs),
		.item = FIELD_STR,
		.max = ACTION_TITLES_MAX },
	{ 0 },
};
#define COLUMNS "id, source, kind, task_id, page, asked_at, heard_at, hedged, egress_id, NULLIF(scope, ''), refs"

enum rc sources_asks(struct tx *tx, struct field_list *ret)
{
	static const struct store_query all = { .sql = "SELECT " COLUMNS " FROM source_asks ORDER BY id LIMIT $1" };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_int(ASKS_MAX)), &r, tx->fault);
	return rc == RC_OK ? rows_list(r, &(struct rows_into){ ask_row, tx->arena, NULL },
				     sizeof(struct source_ask), ASKS_MAX, ret, tx->fault)
			   : rc;
}

enum rc sources_ask_load(struct tx *tx, const char *id, struct source_ask *ret)
{
	static const struct store_query one = { .sql = "SELECT " COLUMNS " FROM source_asks WHERE id = $1" };
	return rows_one(
		tx->db, &one, STORE_ARGS(store_text(id)), (struct rows_into){ ask_row, tx->arena, ret }, tx->fault);
}

static void put_refs(struct buf *to, const struct field_list *refs)
{
	const char *const *at = refs->at;

	buf_u8(to, '[');
	for (size_t i = 0; i < refs->n; i++) {
		if (i)
			buf_u8(to, ',');
		json_put_str(to, at[i]);
	}
	buf_u8(to, ']');
}

enum rc sources_ask_save(struct tx *tx, const struct source_ask *a)
{
	static const struct store_query set = {
		.sql = "UPDATE source_asks SET refs = $2, heard_at = $3, hedged = $4, egress_id = $5 WHERE id = $1"
	};
	struct buf refs = { 0 };

	put_refs(&refs, &a->refs);
	enum rc rc =
		refs.bad ? RC_NOMEM
			 : store_do(tx->db, &set,
				   STORE_ARGS(store_text(a->id), store_text(buf_text(&refs)),
					   store_int(a->heard_at), store_int(a->hedged), store_text(a->egress_id)),
				   tx->fault);
	buf_done(&refs);
	return rc;
}

enum rc sources_ask_drop(struct tx *tx, const char *id)
{
	static const struct store_query drop = { .sql = "DELETE FROM source_asks WHERE id = $1" };
	return store_do(tx->db, &drop, STORE_ARGS(store_text(id)), tx->fault);
}

static enum rc insert(struct tx *tx, const struct source_ask *a, const char *refs)
{
	static const struct store_query add = { .sql = "INSERT INTO source_asks (id, source, kind, task_id, refs, "
						       "page, asked_at, egress_id, scope) VALUES ($1, $2, $3, "
						       "$4, $5, $6, $7, $8, $9)" };
	return store_do(tx->db, &add,
		STORE_ARGS(store_text(a->id), store_text(a->source), store_text(kind_words[a->kind]),
			store_text(a->task_id), store_text(refs), store_text(a->page), store_int(tx->now_ms),
			store_text(a->egress_id), store_text(a->scope ? a->scope : "")),
		tx->fault);
}

static bool is_metadata(int kind) { return kind == ASK_SWEEP || kind == ASK_META || kind == ASK_PROBE; }

enum rc sources_ask_new(struct tx *tx, struct source_ask *a, const char *action, const char *payload)
{
	const struct source_kind *kind = sources_kind(a->source);
	struct submit_try try = { .action = action_find(action ? action : "titles.poll"),
		.tenant_id = TX_TENANT_DEFAULT,
		.account_id = a->account_id,
		.created_by = "system",
		.priority = a->kind == ASK_FULL || a->kind == ASK_META || a->kind == ASK_CHANGES ? 6 : 4,
		.max_attempts = 1,
		.quiet = true };
	struct buf refs = { 0 }, poll = { 0 };

	if (!try.action)
		return fault_set(tx->fault, RC_INTERNAL, "there is no action to ask %s", a->source);
	a->id = try.owner = tx_id(tx, "ask");
	a->asked_at = tx->now_ms;
	put_refs(&refs, &a->refs);
	bool meta = kind && kind->feed && (is_metadata(a->kind) || a->kind == ASK_OLDEST);
	buf_fmt(&poll, "{\"source\":\"%s\",\"metadataOnly\":%s,\"refs\":", a->source, meta ? "true" : "false");
	buf_put(&poll, refs.p, refs.n);
	buf_u8(&poll, '}');
	try.payload = payload ? payload : buf_text(&poll);
	enum rc rc = a->id && !refs.bad && !poll.bad ? submit_own(tx, &try, &a->task_id) : RC_NOMEM;
	if (rc == RC_OK)
		rc = insert(tx, a, buf_text(&refs));
	buf_done(&refs);
	buf_done(&poll);
	return rc;
}

enum rc sources_ask_cancel(struct tx *tx, const struct source_ask *a)
{
	struct moves_task t = { 0 };
	enum rc rc = sources_ask_drop(tx, a->id);

	if (rc == RC_OK && a->task_id)
		rc = moves_load(tx, a->task_id, &t);
	if (rc != RC_OK || !a->task_id)
		return rc == RC_MISSING ? RC_OK : rc;
	return cancel_job(tx, t.job_id);
}
