#include "control/keys/key_rows.h"
#include "control/access/vault.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "wire/json.h"
#include "wire/tunnel_auth.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

const char *const key_rows_batch_words[] = { "draft", "running", "paused", "done", "canceled", NULL };

/* clang-format off */
#define ROW(kind, member, t) { .name = #member, .type = FIELD_##t, FIELD_AT(struct kind, member) }
static const struct field batch_row[] = {
	ROW(key_batch, id, STR), ROW(key_batch, name, STR),
	{ .name = "status", .type = FIELD_ENUM, FIELD_AT(struct key_batch, status), .words = key_rows_batch_words },
	{ .name = "distribution", .type = FIELD_ENUM, FIELD_AT(struct key_batch, distribution), .words = key_distribution_words },
	ROW(key_batch, max_tries, U32), ROW(key_batch, account_limit, U32), ROW(key_batch, stop_percent, U32),
	ROW(key_batch, priority, U32), ROW(key_batch, created_by, STR), ROW(key_batch, version, I64),
	ROW(key_batch, created_at, I64), ROW(key_batch, updated_at, I64), ROW(key_batch, tenant_id, STR),
	{ 0 },
};
static const struct field key_row[] = {
	ROW(key_row, id, STR), ROW(key_row, batch_id, STR), ROW(key_row, name, STR), ROW(key_row, masked, STR),
	ROW(key_row, sealed, STR), ROW(key_row, sub, U32), ROW(key_row, app, U32), ROW(key_row, pinned, STR),
	{ .name = "state", .type = FIELD_ENUM, FIELD_AT(struct key_row, state), .words = key_words },
	ROW(key_row, account_id, STR), ROW(key_row, task_id, STR), ROW(key_row, tries, U32), ROW(key_row, detail, STR),
	ROW(key_row, packages, STR), ROW(key_row, receipt_id, STR), ROW(key_row, not_before, I64),
	ROW(key_row, created_at, I64), ROW(key_row, updated_at, I64), ROW(key_row, tenant_id, STR),
	{ 0 },
};
/* clang-format on */

enum rc key_rows_batch(struct tx *tx, const char *id, struct key_batch *ret)
{
	static const struct store_query one = {
		.sql = "SELECT id, name, status, distribution, max_tries, account_limit, stop_percent, priority, "
		       "created_by, version, created_at, updated_at, tenant_id FROM key_batches WHERE id = $1"
	};
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)), (struct rows_into){ batch_row, tx->arena, ret },
		tx->fault);
}

enum rc key_rows_load(struct tx *tx, const char *id, struct key_row *ret)
{
	static const struct store_query one = { .sql = "SELECT id, batch_id, name, masked, sealed, sub, app, "
						       "pinned, state, account_id, task_id, tries, "
						       "detail, packages, receipt_id, not_before, created_at, "
						       "updated_at, tenant_id FROM batch_keys WHERE id = $1" };
	return rows_one(
		tx->db, &one, STORE_ARGS(store_text(id)), (struct rows_into){ key_row, tx->arena, ret }, tx->fault);
}

static const char *event_of(enum key_state to)
{
	switch (to) {
	case KEY_REDEEMED:
		return "key.redeemed";
	case KEY_INVALID:
	case KEY_USED_ELSEWHERE:
	case KEY_WALLET_CODE:
	case KEY_EXHAUSTED:
		return "key.rejected";
	case KEY_RECONCILING:
	case KEY_UNKNOWN:
		return "key.unknown";
	case KEY_QUEUED:
	case KEY_ASSIGNED:
	case KEY_IN_FLIGHT:
	case KEY_CANCELED:
	case KEY_STATES:
		break;
	}
	return NULL;
}

static enum rc tell(struct tx *tx, const struct key_row *k, const char *type)
{
	struct buf b = { 0 };

	buf_fmt(&b, "{\"batchId\":\"%s\",\"keyId\":\"%s\",\"state\":\"%s\",\"masked\":", k->batch_id, k->id,
		key_words[k->state]);
	json_put_str(&b, k->masked);
	buf_str(&b, ",\"detail\":");
	json_put_str(&b, k->detail);
	buf_u8(&b, '}');
	enum rc rc = b.bad ? RC_NOMEM
			   : events_add(tx, &(struct event){ .type = type,
						    .account_id = k->account_id,
						    .resource = k->batch_id,
						    .tenant_id = k->tenant_id,
						    .payload = buf_text(&b) });
	buf_done(&b);
	return rc;
}

enum rc key_rows_move(struct tx *tx, struct key_row *k, enum key_state to)
{
	static const struct store_query set = {
		.sql = "UPDATE batch_keys SET state = $2, account_id = $3, task_id = $4, tries = $5, detail = $6, "
		       "packages = $7, receipt_id = $8, not_before = $9, sub = $10, updated_at = $11 WHERE id = $1"
	};
	enum key_state s = (enum key_state)k->state;
	const char *type = s != to ? event_of(to) : NULL;

	if (key_move(&s, to) != RC_OK)
		return fault_set(tx->fault, RC_CONFLICT, "key %s is %s and cannot become %s", k->id,
			key_words[k->state], key_words[to]);
	k->state = (int)to;
	k->updated_at = tx->now_ms;
	enum rc rc = store_do(tx->db, &set,
		STORE_ARGS(store_text(k->id), store_text(key_words[to]), store_text(k->account_id),
			store_text(k->task_id), store_int(k->tries), store_text(k->detail), store_text(k->packages),
			store_text(k->receipt_id), store_int(k->not_before), store_int(k->sub),
			store_int(tx->now_ms)),
		tx->fault);
	return rc == RC_OK && type ? tell(tx, k, type) : rc;
}

enum rc key_rows_batch_move(struct tx *tx, struct key_batch *b, enum key_batch_status to)
{
	static const struct store_query set = {
		.sql = "UPDATE key_batches SET status = $2, version = version + 1, updated_at = $3 WHERE id = $1"
	};
	const char *payload = arena_fmt(tx->arena, "{\"from\":\"%s\",\"to\":\"%s\"}",
		key_rows_batch_words[b->status], key_rows_batch_words[to]);

	b->status = (int)to;
	b->version++;
	b->updated_at = tx->now_ms;
	enum rc rc = store_do(tx->db, &set,
		STORE_ARGS(store_text(b->id), store_text(key_rows_batch_words[to]), store_int(tx->now_ms)),
		tx->fault);
	return rc == RC_OK ? events_add(tx, &(struct event){ .type = "key_batch.state_changed",
						    .resource = b->id,
						    .tenant_id = b->tenant_id,
						    .payload = payload })
			   : rc;
}

enum rc key_rows_count(struct tx *tx, const char *batch_id, uint32_t ret[static KEY_STATES])
{
	static const struct store_query count = {
		.sql = "SELECT state, COUNT(*) FROM batch_keys WHERE batch_id = $1 GROUP BY state"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(tx->db, &count, STORE_ARGS(store_text(batch_id)), &r, tx->fault);

	memset(ret, 0, KEY_STATES * sizeof(*ret));
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		for (int s = 0; s < KEY_STATES; s++)
			if (!strcmp(store_col_text(r, 0), key_words[s]))
				ret[s] = (uint32_t)store_col_int(r, 1);
	return rc;
}

void key_rows_hash(const struct control *c, const char *key, char ret[static 65])
{
	uint8_t mac[EVP_MAX_MD_SIZE] = { 0 };
	char text[KEY_TEXT_MAX + 8];

	int n = snprintf(text, sizeof(text), "key %s", key);
	HMAC(EVP_sha256(), c->secrets.pepper, sizeof(c->secrets.pepper), (const uint8_t *)text, (size_t)n, mac,
		NULL);
	hush_wipe(text, sizeof(text));
	tunnel_auth_hex(mac, 32, ret);
}

enum rc key_rows_seal(struct tx *tx, const char *id, const char *key, const char **ret_sealed)
{
	const struct vault_at at = { "key", id, "key" };
	struct hush value = { 0 };
	struct buf sealed = { 0 };

	enum rc rc = hush_set(&value, key, strlen(key));
	if (rc == RC_OK)
		rc = vault_seal(&tx->control->secrets, &at, 1, &value, &sealed);
	*ret_sealed = rc == RC_OK && !sealed.bad ? arena_str(tx->arena, buf_text(&sealed)) : NULL;
	hush_done(&value);
	buf_done(&sealed);
	return rc == RC_OK && !*ret_sealed ? RC_NOMEM : rc;
}

enum rc key_rows_open(struct tx *tx, const struct key_row *k, struct hush *ret)
{
	const struct vault_at at = { "key", k->id, "key" };
	return vault_open(&tx->control->secrets, &at, 1, k->sealed, ret, tx->fault);
}
