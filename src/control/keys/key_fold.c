#include "control/keys/key_fold.h"
#include "control/engine/moves.h"
#include "control/events/events.h"
#include "control/keys/key_rows.h"
#include "control/keys/key_steps.h"
#include "wire/json.h"

#include <jansson.h>

#define REST_MS 5000 /* an account whose try failed for a reason that may pass gets the next key after so long */

/* What keys.redeem said, or why it failed. Texts are borrowed from the JSON. */
struct verdict {
	const char *status, *detail, *receipt;
	const json_t *packages;
	bool retryable;
};

static const char *text_of(const json_t *j, const char *name)
{
	return json_string_value(json_object_get(j, name));
}

static enum rc read_verdict(struct tx *tx, const struct moves_task *t, json_t **ret_json, struct verdict *v)
{
	const char *text = t->status == TASK_SUCCEEDED ? t->result : t->error;
	enum rc rc = text ? json_read(text, strlen(text), ret_json, tx->fault) : RC_OK;

	if (rc != RC_OK || !text)
		return rc;
	if (t->status == TASK_SUCCEEDED && text_of(*ret_json, "resolved")) {
		*v = (struct verdict){ .status = "redeemed", .detail = "resolved" };
	} else if (t->status == TASK_SUCCEEDED) {
		*v = (struct verdict){ .status = text_of(*ret_json, "status"),
			.detail = text_of(*ret_json, "detail"),
			.receipt = text_of(*ret_json, "receiptId"),
			.packages = json_object_get(*ret_json, "packages") };
	} else {
		*v = (struct verdict){ .status = text_of(*ret_json, "code"),
			.detail = text_of(*ret_json, "detail"),
			.retryable = json_is_true(json_object_get(*ret_json, "retryable")) };
	}
	return RC_OK;
}

static enum rc note_try(
	struct tx *tx, struct key_row *k, const struct moves_task *t, const char *outcome, const char *detail)
{
	static const struct store_query add = {
		.sql = "INSERT INTO key_tries (key_id, n, account_id, task_id, at, outcome, detail) VALUES ($1, "
		       "(SELECT "
		       "COALESCE(MAX(n), 0) + 1 FROM key_tries WHERE key_id = $1), $2, $3, $4, $5, $6)"
	};
	return store_do(tx->db, &add,
		STORE_ARGS(store_text(k->id), store_text(t->account_id), store_text(t->id), store_int(tx->now_ms),
			store_text(outcome), store_text(detail)),
		tx->fault);
}

/* K5: what the account owns from now on, or was told to own; the key's package is learned for the next candidates. */
static enum rc learn(struct tx *tx, struct key_row *k, const char *account_id, const struct verdict *v)
{
	static const struct store_query add = { .sql = "INSERT INTO account_packages (account_id, sub) VALUES ($1, "
						       "$2) ON CONFLICT (account_id, sub) DO "
						       "NOTHING" };
	const char *status = v->status ? v->status : "";
	bool target = !strcmp(status, "owned_by_target"), owns = target || !strcmp(status, "redeemed");
	struct buf subs = { 0 };
	enum rc rc = RC_OK;

	buf_u8(&subs, '[');
	for (size_t i = 0; owns && rc == RC_OK && i < json_array_size(v->packages) && i < 64; i++) {
		int64_t sub = json_integer_value(json_object_get(json_array_get(v->packages, i), "sub"));
		if (sub <= 0 || sub > UINT32_MAX)
			continue;
		if (!k->sub)
			k->sub = (uint32_t)sub;
		buf_fmt(&subs, "%s%lld", subs.n > 1 ? "," : "", (long long)sub);
		rc = store_do(tx->db, &add, STORE_ARGS(store_text(account_id), store_int(sub)), tx->fault);
	}
	if (rc == RC_OK && target && k->sub && subs.n == 1)
		rc = store_do(tx->db, &add, STORE_ARGS(store_text(account_id), store_int(k->sub)), tx->fault);
	buf_u8(&subs, ']');
	if (rc == RC_OK && subs.n > 2)
		k->packages = arena_str(tx->arena, buf_text(&subs));
	buf_done(&subs);
	return rc == RC_OK && !k->packages ? RC_NOMEM : rc;
}

/* The account has no key any more; it gets the next one not before. */
static enum rc free_seat(struct tx *tx, const struct key_row *k, const char *account_id, int64_t not_before)
{
	static const struct store_query set = { .sql = "UPDATE batch_accounts SET key_id = NULL, redeemed = "
						       "redeemed + $4, not_before = $3 WHERE batch_id "
						       "= $1 AND account_id = $2 AND key_id = $5" };
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(k->batch_id), store_text(account_id), store_int(not_before),
			store_int(k->state == KEY_REDEEMED), store_text(k->id)),
		tx->fault);
}

/* Back into the queue, for another account or another time; a batch that was canceled takes none back. */
static enum rc put_back(struct tx *tx, struct key_row *k)
{
	struct key_batch b = { 0 };
	enum rc rc = key_rows_batch(tx, k->batch_id, &b);

	if (rc == RC_OK)
		rc = key_rows_move(tx, k, KEY_QUEUED);
	if (rc == RC_OK && b.status == KEY_BATCH_CANCELED)
		return key_rows_move(tx, k, KEY_CANCELED);
	return rc == RC_OK && k->tries >= b.max_tries ? key_rows_move(tx, k, KEY_EXHAUSTED) : rc;
}

static enum rc fold_result(struct tx *tx, struct key_row *k, const struct moves_task *t, const struct verdict *v)
{
	struct key_fate fate = key_fate(v->status);
	const char *status = fate.known ? v->status : "error";

	enum rc rc = note_try(tx, k, t, status, v->detail);
	k->tries++;
	k->detail = arena_str(tx->arena, v->detail ? v->detail : status);
	k->receipt_id = arena_str(tx->arena, v->receipt);
	if (rc == RC_OK && fate.known)
		rc = learn(tx, k, t->account_id, v);
	if (rc != RC_OK)
		return rc;
	return fate.to == KEY_QUEUED ? put_back(tx, k) : key_rows_move(tx, k, fate.to);
}

/* Nothing was redeemed. What may pass does not count as a try; the account rests. */
static enum rc fold_failure(struct tx *tx, struct key_row *k, const struct moves_task *t, const struct verdict *v)
{
	const char *code = v->status ? v->status : "failed";
	bool throttled = !strcmp(code, rc_code(RC_LIMIT));
	enum rc rc = RC_OK;

	k->detail = arena_str(tx->arena, code);
	if (!v->retryable && !throttled && t->status != TASK_CANCELED) {
		k->tries++;
		rc = note_try(tx, k, t, code, v->detail);
	}
	if (rc == RC_OK && throttled)
		rc = events_add(tx, &(struct event){ .type = "key.rate_limited",
					    .account_id = t->account_id,
					    .resource = k->batch_id,
					    .tenant_id = k->tenant_id,
					    .payload = arena_fmt(tx->arena, "{\"batchId\":\"%s\",\"keyId\":\"%s\"}",
						    k->batch_id, k->id) });
	return rc == RC_OK ? put_back(tx, k) : rc;
}

static enum rc end(struct tx *tx, struct key_row *k, const struct moves_task *t)
{
	auto_json json_t *j = NULL;
	struct verdict v = { 0 };
	enum rc rc = read_verdict(tx, t, &j, &v);
	bool ok = t->status == TASK_SUCCEEDED;

	if (rc == RC_OK)
		rc = ok ? fold_result(tx, k, t, &v) : fold_failure(tx, k, t, &v);
	if (rc == RC_OK)
		rc = free_seat(tx, k, t->account_id, tx->now_ms + (ok ? 0 : REST_MS));
	return rc == RC_OK ? key_steps_run(tx, k->batch_id, false) : rc;
}

enum rc key_fold_task(struct tx *tx, const struct moves_task *t)
{
	struct key_row k = { 0 };
	enum rc rc = key_rows_load(tx, t->owner, &k);

	if (rc != RC_OK || !k.task_id || strcmp(k.task_id, t->id) != 0)
		return rc == RC_MISSING ? RC_OK : rc; /* of a try that is not the key's any more */
	switch ((enum task_status)t->status) {
	case TASK_QUEUED:
		if (t->probe && k.state != KEY_RECONCILING)
			rc = note_try(tx, &k, t, "unknown", NULL);
		if (rc == RC_OK)
			rc = key_rows_move(tx, &k, t->probe ? KEY_RECONCILING : KEY_ASSIGNED);
		return rc;
	case TASK_RUNNING:
		return t->intent_attempt == t->attempt ? key_rows_move(tx, &k, KEY_IN_FLIGHT) : RC_OK;
	case TASK_ATTENTION:
		k.detail = "needs_attention";
		rc = key_rows_move(tx, &k, KEY_UNKNOWN);
		return rc == RC_OK ? free_seat(tx, &k, t->account_id, tx->now_ms) : rc;
	case TASK_SUCCEEDED:
	case TASK_FAILED:
	case TASK_CANCELED:
	case TASK_EXPIRED:
		return end(tx, &k, t);
	case TASK_LEASED:
	case TASK_UNKNOWN:
	case TASK_STATUSES:
		break;
	}
	return RC_OK;
}
