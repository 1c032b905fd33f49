#include "control/keys/key_routes.h"
#include "control/access/audit.h"
#include "control/budgets/budgets.h"
#include "control/engine/moves.h"
#include "control/http/page.h"
#include "control/keys/key_import.h"
#include "control/keys/key_report.h"
#include "control/keys/key_rows.h"
#include "control/keys/key_steps.h"
#include "control/rows.h"

#define OPEN_MAX KEY_IMPORT_MAX

struct counts_view {
	uint32_t n[KEY_STATES];
};
struct batch_view {
	struct key_batch b;
	struct counts_view counts;
	uint32_t keys, candidates;
	int64_t eta;
};
struct key_view {
	const char *id, *name, *masked, *account_id, *task_id, *detail, *packages, *receipt_id, *tries;
	int state;
	int64_t created_at, updated_at;
};

/* clang-format off */
#define COUNT(word, state, text) { .name = (word), .type = FIELD_U32, .at = offsetof(struct counts_view, n) + sizeof(uint32_t) * KEY_##state, .doc = (text) }
static const struct field counts_fields[] = {
	COUNT("queued", QUEUED, "Wait for an account."),
	COUNT("assigned", ASSIGNED, "Are the payload of a task."),
	COUNT("inFlight", IN_FLIGHT, "Steam may have them."),
	COUNT("reconciling", RECONCILING, "Nobody knows what became of a try; it is found out."),
	COUNT("unknown", UNKNOWN, "It could not be found out: resolve the task."),
	COUNT("redeemed", REDEEMED, "Redeemed."),
	COUNT("invalid", INVALID, "Are no keys."),
	COUNT("usedElsewhere", USED_ELSEWHERE, "Were used by somebody else."),
	COUNT("walletCode", WALLET_CODE, "Are wallet codes."),
	COUNT("exhausted", EXHAUSTED, "No account is left that could take them."),
	COUNT("canceled", CANCELED, "Canceled, or known from another batch."),
	{ 0 },
};
#define BATCH(word, kind, member, text, ...) { .name = word, .type = FIELD_##kind, FIELD_AT(struct batch_view, member), .doc = text, __VA_ARGS__ }
static const struct field batch_fields[] = {
	BATCH("id", STR, b.id, "kbt_ and a ULID."),
	BATCH("name", STR, b.name, "For people."),
	BATCH("status", ENUM, b.status, "Where it is.", .words = key_rows_batch_words),
	BATCH("distribution", ENUM, b.distribution, "Which account gets the next key.", .words = key_distribution_words),
	BATCH("maxTriesPerKey", U32, b.max_tries, "On how many accounts a key is tried."),
	BATCH("perAccountLimit", U32, b.account_limit, "Keys redeemed by one account; 0: no limit."),
	BATCH("stopOnInvalidPercent", U32, b.stop_percent, "Pauses when so many were invalid; 0: never."),
	BATCH("priority", U32, b.priority, "Of its tasks."),
	BATCH("createdBy", STR, b.created_by, "Who made it."),
	BATCH("createdAt", TIME, b.created_at, "When it was made."),
	BATCH("updatedAt", TIME, b.updated_at, "When its status changed last."),
	BATCH("counts", OBJ, counts, "Keys in each state; their sum is `keys`.", .sub = counts_fields),
	BATCH("keys", U32, keys, "Its keys."),
	BATCH("candidates", U32, candidates, "Accounts that may get them."),
	BATCH("eta", TIME, eta, "When it can be over at the earliest, by the rate of the accounts; null: it is, or does not run."),
	{ 0 },
};
#define KEY(word, kind, member, text, ...) { .name = word, .type = FIELD_##kind, FIELD_AT(struct key_view, member), .doc = text, __VA_ARGS__ }
static const struct field key_view_fields[] = {
	KEY("id", STR, id, "key_ and a ULID."),
	KEY("name", STR, name, "What it should be."),
	KEY("masked", STR, masked, "The key, all but its first five characters hidden."),
	KEY("state", ENUM, state, "Where it is.", .words = key_words),
	KEY("accountId", STR, account_id, "The account that has it, or had it last."),
	KEY("taskId", STR, task_id, "The task of its last try."),
	KEY("detail", STR, detail, "What was said of it last."),
	KEY("packages", JSON, packages, "Packages that it gave."),
	KEY("receiptId", STR, receipt_id, "Steam's number of the purchase."),
	KEY("createdAt", TIME, created_at, "When it came in."),
	KEY("updatedAt", TIME, updated_at, "When its state changed last."),
	KEY("tries", JSON, tries, "Its tries: at, taskId, accountId, outcome, detail."),
	{ 0 },
};
/* clang-format on */

static enum rc count_seats(struct tx *tx, const char *id, uint32_t *ret)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*) FROM batch_accounts WHERE batch_id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_ARGS(store_text(id)), &r, tx->fault);
	*ret = rc == RC_OK ? (uint32_t)store_col_int(r, 0) : 0;
	return rc;
}

/* The accounts redeem at once what their lanes have, and then one each so often. */
static int64_t eta_of(struct tx *tx, const struct batch_view *v)
{
	const struct lane_kind *k = budgets_kind(tx->control, LANE_STORE_REDEEM);
	uint32_t open = 0;

	for (int s = 0; s < KEY_UNKNOWN; s++)
		open += v->counts.n[s];
	if (v->b.status != KEY_BATCH_RUNNING || !open || !v->candidates)
		return 0;
	uint32_t each = (open + v->candidates - 1) / v->candidates;
	return tx->now_ms + (each > k->burst ? (int64_t)(each - k->burst) * k->every_ms : 0);
}

static enum rc fill_in(struct tx *tx, struct batch_view *v)
{
	enum rc rc = key_rows_count(tx, v->b.id, v->counts.n);
	v->keys = 0;
	for (int s = 0; s < KEY_STATES; s++)
		v->keys += v->counts.n[s];
	if (rc == RC_OK)
		rc = count_seats(tx, v->b.id, &v->candidates);
	v->eta = eta_of(tx, v);
	return rc;
}

static enum rc show(struct call *c, const char *id, void *ret_out)
{
	struct batch_view *v = ret_out;
	enum rc rc = key_rows_batch(&c->tx, id, &v->b);
	c->version = v->b.version;
	return rc == RC_OK ? fill_in(&c->tx, v) : rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	const char *id = NULL;
	enum rc rc = c->text ? key_import_text(c, c->query, &id) : key_import_new(c, c->in, &id);

	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/v1/key-batches/%s", id);
	return c->location ? show(c, id, ret_out) : RC_NOMEM;
}

static enum rc get(struct call *c, void *ret_out) { return show(c, c->arg[0], ret_out); }

struct batches_query {
	struct page_query page;
};
static const struct field batches_query_fields[] = { PAGE_QUERY_FIELDS(struct batches_query), { 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT id, name, status, distribution, max_tries, "
						       "account_limit, stop_percent, priority, created_by, "
						       "created_at, updated_at, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "
						       "0, 0, 0 FROM key_batches WHERE id < $1 AND tenant_id = $3 "
						       "ORDER BY id DESC LIMIT $2" };
	const struct batches_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(tx_tenant(&c->tx))),
			&r, c->tx.fault);
	if (rc == RC_OK)
		rc = page_read(c, &q->page, r, page);
	store_close(take(r));
	struct batch_view *v = page->items.at;
	for (size_t i = 0; rc == RC_OK && i < page->items.n; i++)
		rc = fill_in(&c->tx, &v[i]);
	return rc;
}

struct keys_query {
	struct page_query page;
	int state; /* 0: any */
};
static const char *const any_key_words[] = { "any", "queued", "assigned", "in_flight", "reconciling", "unknown",
	"redeemed", "invalid", "used_elsewhere", "wallet_code", "exhausted", "canceled", NULL };
static const struct field keys_query_fields[] = {
	PAGE_QUERY_FIELDS(struct keys_query),
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct keys_query, state),
		.words = any_key_words,
		.doc = "Only keys in this state." },
	{ 0 },
};

static enum rc list_keys(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT id, name, masked, state, account_id, task_id, "
						       "detail, packages, receipt_id, created_at, "
						       "updated_at, '[]' FROM batch_keys WHERE batch_id = $3 AND "
						       "id < $1 AND ($4 = 'any' OR state = $4) "
						       "ORDER BY id DESC LIMIT $2" };
	const struct keys_query *q = c->query;
	struct page *page = ret_out;
	struct key_batch b = { 0 };
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = key_rows_batch(&c->tx, c->arg[0], &b);
	if (rc == RC_OK)
		rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(b.id),
				store_text(any_key_words[q->state])),
			&r, c->tx.fault);
	if (rc == RC_OK)
		rc = page_read(c, &q->page, r, page);
	store_close(take(r));
	struct key_view *v = page->items.at;
	for (size_t i = 0; rc == RC_OK && i < page->items.n; i++)
		rc = key_report_tries(&c->tx, v[i].id, &v[i].tries);
	return rc;
}

/* The key of this batch that the path names. */
static enum rc load_key(struct call *c, struct key_row *k)
{
	enum rc rc = key_rows_load(&c->tx, c->arg[1], k);
	return rc == RC_OK && strcmp(k->batch_id, c->arg[0]) != 0 ? RC_MISSING : rc;
}

struct revealed {
	const char *id, *key;
};
static const struct field revealed_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct revealed, id), .doc = "Which key." },
	{ .name = "key", .type = FIELD_STR, FIELD_AT(struct revealed, key), .doc = "In the clear." },
	{ 0 },
};

static enum rc reveal(struct call *c, void *ret_out)
{
	struct revealed *v = ret_out;
	struct key_row k = { 0 };
	struct hush plain = { 0 };

	enum rc rc = load_key(c, &k);
	if (rc == RC_OK)
		rc = key_rows_open(&c->tx, &k, &plain);
	v->id = k.id;
	v->key = rc == RC_OK ? arena_strn(c->tx.arena, (const char *)plain.p, plain.n) : NULL;
	hush_done(&plain);
	return rc == RC_OK ? audit_add(&c->tx, "key.reveal", k.id) : rc;
}

static enum rc drop_key(struct call *c, void *ret_out)
{
	static const struct store_query drop = { .sql = "DELETE FROM batch_keys WHERE id = $1" };
	static const struct store_query tries = { .sql = "DELETE FROM key_tries WHERE key_id = $1" };
	struct key_row k = { 0 };
	(void)ret_out;

	enum rc rc = load_key(c, &k);
	if (rc == RC_OK && k.state != KEY_QUEUED)
		return fault_set(
			c->tx.fault, RC_CONFLICT, "the key is %s: only a queued one can go", key_words[k.state]);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &tries, STORE_ARGS(store_text(k.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &drop, STORE_ARGS(store_text(k.id)), c->tx.fault);
	return rc == RC_OK ? audit_add(&c->tx, "key.delete", k.id) : rc;
}

/* Which status a batch may come from. */
static enum rc change(struct call *c, unsigned from, enum key_batch_status to, struct key_batch *b)
{
	enum rc rc = key_rows_batch(&c->tx, c->arg[0], b);
	if (rc == RC_OK && !(from & 1u << b->status))
		return fault_set(c->tx.fault, RC_CONFLICT, "the batch is %s", key_rows_batch_words[b->status]);
	if (rc == RC_OK)
		rc = key_rows_batch_move(&c->tx, b, to);
	return rc == RC_OK
		       ? audit_add(&c->tx, arena_fmt(c->tx.arena, "key_batch.%s", key_rows_batch_words[to]), b->id)
		       : rc;
}

static enum rc start(struct call *c, void *ret_out)
{
	struct key_batch b = { 0 };
	enum rc rc = change(c, 1u << KEY_BATCH_DRAFT | 1u << KEY_BATCH_PAUSED, KEY_BATCH_RUNNING, &b);
	if (rc == RC_OK)
		rc = key_steps_run(&c->tx, b.id, true);
	return rc == RC_OK ? show(c, b.id, ret_out) : rc;
}

/* What is on its way ends as it ends; nothing more is handed out. */
static enum rc pause_it(struct call *c, void *ret_out)
{
	struct key_batch b = { 0 };
	enum rc rc = change(c, 1u << KEY_BATCH_RUNNING, KEY_BATCH_PAUSED, &b);
	return rc == RC_OK ? show(c, b.id, ret_out) : rc;
}

/* A key that waits is canceled, and a try that no agent has; what an agent has is asked to stop, and ends by its result. */
static enum rc cancel_key(struct tx *tx, const char *id)
{
	static const struct store_query ask = { .sql = "UPDATE tasks SET cancel_asked = 1 WHERE id = $1" };
	struct key_row k = { 0 };
	struct moves_task t = { 0 };
	enum rc rc = key_rows_load(tx, id, &k);

	if (rc != RC_OK || k.state == KEY_QUEUED)
		return rc == RC_OK ? key_rows_move(tx, &k, KEY_CANCELED) : rc;
	rc = moves_load(tx, k.task_id, &t);
	if (rc == RC_OK && t.status == TASK_QUEUED && !t.probe)
		return moves_cancel(tx, &t);
	tx->cancels = true;
	return rc == RC_OK && k.state == KEY_ASSIGNED
		       ? store_do(tx->db, &ask, STORE_ARGS(store_text(t.id)), tx->fault)
		       : rc;
}

static enum rc cancel(struct call *c, void *ret_out)
{
	static const struct store_query open = {
		.sql = "SELECT id FROM batch_keys WHERE batch_id = $1 AND state IN ('queued', 'assigned')"
	};
	static const struct field id_row[] = { { .name = "id", .type = FIELD_STR, .at = 0 }, { 0 } };
	auto_rows struct store_rows *r = NULL;
	struct field_list ids = { 0 };
	struct key_batch b = { 0 };

	enum rc rc = change(c, 1u << KEY_BATCH_DRAFT | 1u << KEY_BATCH_RUNNING | 1u << KEY_BATCH_PAUSED,
		KEY_BATCH_CANCELED, &b);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &open, STORE_ARGS(store_text(b.id)), &r, c->tx.fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ id_row, c->tx.arena, NULL }, sizeof(const char *), OPEN_MAX,
			&ids, c->tx.fault);
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < ids.n; i++)
		rc = cancel_key(&c->tx, ((const char **)ids.at)[i]);
	return rc == RC_OK ? show(c, b.id, ret_out) : rc;
}

static const char *const format_words[] = { "csv", "json", NULL };
struct report_query {
	int format;
};
static const struct field report_fields[] = {
	{ .name = "format",
		.type = FIELD_ENUM,
		FIELD_AT(struct report_query, format),
		.words = format_words,
		.doc = "csv or json." },
	{ 0 },
};

static enum rc report(struct call *c, void *ret_out)
{
	const struct report_query *q = c->query;
	struct key_batch b = { 0 };
	(void)ret_out;

	enum rc rc = key_rows_batch(&c->tx, c->arg[0], &b);
	if (rc != RC_OK)
		return rc;
	c->out_type = q->format == 0 ? "text/csv; charset=utf-8" : "application/json";
	return q->format == 0 ? key_report_csv(&c->tx, b.id, c->body) : key_report_json(&c->tx, b.id, c->body);
}

#define OUT .out = batch_fields, .out_size = sizeof(struct batch_view)
#define ACT .method = "POST", .scope = SCOPE_GAME_KEYS_WRITE, .flags = ROUTE_WRITE | ROUTE_ACCEPTED, OUT

const struct route key_routes[] = {
	{ .name = "listKeyBatches",
		.method = "GET",
		.path = "/v1/key-batches",
		.reach = REACH_TENANT,
		.lists = OBJECT_KEY_BATCH,
		.scope = SCOPE_GAME_KEYS_READ,
		.flags = ROUTE_LIST,
		.query = batches_query_fields,
		.query_size = sizeof(struct batches_query),
		OUT,
		.run = list,
		.doc = "Lists key batches, newest first." },
	{ .name = "createKeyBatch",
		.method = "POST",
		.path = "/v1/key-batches",
		.reach = REACH_TENANT,
		.scope = SCOPE_GAME_KEYS_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_IDEMPOTENT | ROUTE_TEXT,
		.status = 201,
		.query = key_import_query,
		.query_size = sizeof(struct key_text_query),
		.in = key_import_fields,
		.in_size = sizeof(struct key_batch_in),
		OUT,
		.run = create,
		.doc = "Makes a batch of keys to be redeemed; of JSON, or of lines of text (KEY, or NAME, a tab "
		       "and KEY) with "
		       "its settings in the query. A key that stands in the list twice is one; one that another "
		       "batch has "
		       "or has used up is recorded and not sent." },
	{ .name = "getKeyBatch",
		.method = "GET",
		.path = "/v1/key-batches/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_KEY_BATCH,
		.scope = SCOPE_GAME_KEYS_READ,
		OUT,
		.run = get,
		.doc = "Shows a batch, with how many of its keys are in which state." },
	{ .name = "startKeyBatch",
		.path = "/v1/key-batches/{id}/start",
		.reach = REACH_TENANT,
		.object = OBJECT_KEY_BATCH,
		ACT,
		.run = start,
		.doc = "Starts a batch, or goes on with one that was paused." },
	{ .name = "pauseKeyBatch",
		.path = "/v1/key-batches/{id}/pause",
		.reach = REACH_TENANT,
		.object = OBJECT_KEY_BATCH,
		ACT,
		.run = pause_it,
		.doc = "Hands out no more keys; what is on its way ends." },
	{ .name = "cancelKeyBatch",
		.path = "/v1/key-batches/{id}/cancel",
		.reach = REACH_TENANT,
		.object = OBJECT_KEY_BATCH,
		ACT,
		.run = cancel,
		.doc = "Cancels what waits; what Steam may have ends as it ends." },
	{ .name = "listKeyBatchKeys",
		.method = "GET",
		.path = "/v1/key-batches/{id}/keys",
		.reach = REACH_TENANT,
		.object = OBJECT_KEY_BATCH,
		.scope = SCOPE_GAME_KEYS_READ,
		.flags = ROUTE_LIST,
		.query = keys_query_fields,
		.query_size = sizeof(struct keys_query),
		.out = key_view_fields,
		.out_size = sizeof(struct key_view),
		.run = list_keys,
		.doc = "Lists the keys of a batch, masked." },
	{ .name = "revealKey",
		.method = "POST",
		.path = "/v1/key-batches/{id}/keys/{key}/reveal",
		.reach = REACH_TENANT,
		.object = OBJECT_KEY_BATCH,
		.scope = SCOPE_GAME_KEYS_REVEAL,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.out = revealed_fields,
		.out_size = sizeof(struct revealed),
		.run = reveal,
		.doc = "Shows a key in the clear; audited." },
	{ .name = "deleteKey",
		.method = "DELETE",
		.path = "/v1/key-batches/{id}/keys/{key}",
		.reach = REACH_TENANT,
		.object = OBJECT_KEY_BATCH,
		.scope = SCOPE_GAME_KEYS_WRITE,
		.flags = ROUTE_WRITE,
		.status = 204,
		.run = drop_key,
		.doc = "Takes a queued key out of its batch." },
	{ .name = "reportKeyBatch",
		.method = "GET",
		.path = "/v1/key-batches/{id}/report",
		.reach = REACH_TENANT,
		.object = OBJECT_KEY_BATCH,
		.scope = SCOPE_GAME_KEYS_READ,
		.flags = ROUTE_RAW,
		.out_type = "text/csv; charset=utf-8",
		.query = report_fields,
		.query_size = sizeof(struct report_query),
		.run = report,
		.doc = "What became of each key, in the order in which they came; format=csv or json." },
	{ 0 },
};
