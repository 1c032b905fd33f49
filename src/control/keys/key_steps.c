#include "control/keys/key_steps.h"
#include "base/buf.h"
#include "base/field.h"
#include "base/hush.h"
#include "control/budgets/budgets.h"
#include "control/engine/submit.h"
#include "control/keys/key_rows.h"
#include "control/rows.h"
#include "control/tx.h"
#include "model/action.h"
#include "model/key.h"
#include "wire/json.h"

#define WEARY      200  /* keys that are looked at for exhaustion at once */
#define IDLE_MS    1000 /* an account that no key is there for looks again after so long */
#define STOP_AFTER 20   /* keys that must be over before stop_percent counts */

struct seat {
	const char *account_id, *egress_id, *agent_id;
	bool enabled;
};
static const struct field seat_row[] = {
	{ .name = "account_id", .type = FIELD_STR, FIELD_AT(struct seat, account_id) },
	{ .name = "egress_id", .type = FIELD_STR, FIELD_AT(struct seat, egress_id) },
	{ .name = "agent_id", .type = FIELD_STR, FIELD_AT(struct seat, agent_id) },
	{ .name = "enabled", .type = FIELD_BOOL, FIELD_AT(struct seat, enabled) },
	{ 0 },
};

/* Accounts that have no key, may get one and are online, in the order in which they shall. */
static enum rc find_seats(struct tx *tx, const struct key_batch *b, struct field_list *ret)
{
#define SEATS                                                                                                      \
	"SELECT s.account_id, a.egress_id, a.agent_id, a.enabled FROM batch_accounts s JOIN accounts a ON a.id = " \
	"s.account_id WHERE s.batch_id = $1 AND s.key_id IS NULL AND s.not_before <= $2 AND a.enabled = 1 AND "    \
	"a.state = 'online' AND "                                                                                  \
	"($3 = 0 OR s.redeemed < $3) "
	static const struct store_query in_order = { .sql = SEATS "ORDER BY s.ord LIMIT $4" };
	static const struct store_query in_turn = { .sql = SEATS "ORDER BY s.got, s.ord LIMIT $4" };
	auto_rows struct store_rows *r = NULL;
	bool turn = b->distribution == KEY_ROUND_ROBIN || b->distribution == KEY_ONE_EACH;
	uint32_t limit = b->distribution == KEY_ONE_EACH ? 1 : b->account_limit;
	/* One after the other: who rests is waited for. */
	int64_t until = b->distribution == KEY_SEQUENTIAL ? INT64_MAX : tx->now_ms;

	enum rc rc = store_run(tx->db, turn ? &in_turn : &in_order,
		STORE_ARGS(store_text(b->id), store_int(until), store_int(limit), store_int(KEY_STEPS_AT_ONCE)), &r,
		tx->fault);
	return rc == RC_OK ? rows_list(r, &(struct rows_into){ seat_row, tx->arena, NULL }, sizeof(struct seat),
				     KEY_STEPS_AT_ONCE, ret, tx->fault)
			   : rc;
}

/* The first key of the queue that this account was not tried with, is not for another, and is not known to own. */
static enum rc find_key(struct tx *tx, const struct key_batch *b, const char *account_id, const char **ret)
{
	static const struct store_query first = {
		.sql = "SELECT k.id FROM batch_keys k WHERE k.batch_id = $1 AND k.state = 'queued' AND "
		       "k.not_before <= $3 "
		       "AND (k.pinned IS NULL OR k.pinned = $2) "
		       "AND NOT EXISTS (SELECT 1 FROM key_tries t WHERE t.key_id = k.id AND t.account_id = $2 AND "
		       "t.outcome <> 'unknown') "
		       "AND (k.sub = 0 OR NOT EXISTS (SELECT 1 FROM account_packages p WHERE p.account_id = $2 AND "
		       "p.sub "
		       "= k.sub)) ORDER BY k.ord LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &first,
		STORE_ARGS(store_text(b->id), store_text(account_id), store_int(tx->now_ms)), &r, tx->fault);
	if (rc == RC_OK)
		*ret = arena_str(tx->arena, store_col_text(r, 0));
	return rc;
}

static enum rc set_seat(
	struct tx *tx, const char *batch_id, const char *account_id, const char *key_id, int64_t not_before)
{
	static const struct store_query set = { .sql = "UPDATE batch_accounts SET key_id = $3, got = got + CASE "
						       "WHEN CAST($3 AS TEXT) IS NULL THEN 0 ELSE 1 END, "
						       "not_before = $4 WHERE batch_id = $1 AND account_id = $2" };
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(batch_id), store_text(account_id), store_text(key_id), store_int(not_before)),
		tx->fault);
}

/* When the lanes of account and address let the account redeem. The agent takes them; here they only spare it the wait. */
static enum rc lanes_free_at(struct tx *tx, const struct seat *s, int64_t *ret)
{
	const char *egress = s->egress_id ? s->egress_id : s->agent_id;
	struct budget b = { 0 };

	enum rc rc = budgets_load(tx, LANE_STORE_REDEEM, s->account_id, &b);
	*ret = rc == RC_OK ? lane_free_at(&b.is, 1, tx->now_ms) : 0;
	if (rc != RC_OK || !egress)
		return rc;
	rc = budgets_load(tx, LANE_STORE_REDEEM_EGRESS, egress, &b);
	int64_t at = rc == RC_OK ? lane_free_at(&b.is, 1, tx->now_ms) : 0;
	*ret = at > *ret ? at : *ret;
	return rc;
}

static enum rc payload_of(struct tx *tx, const struct key_row *k, struct buf *to)
{
	struct hush plain = { 0 };
	enum rc rc = key_rows_open(tx, k, &plain);

	if (rc != RC_OK)
		return rc;
	buf_str(to, "{\"key\":");
	json_put_strn(to, (const char *)plain.p, plain.n);
	if (k->sub || k->app) {
		buf_str(to, ",\"expect\":{");
		if (k->sub)
			buf_fmt(to, "\"sub\":%u%s", k->sub, k->app ? "," : "");
		if (k->app)
			buf_fmt(to, "\"app\":%u", k->app);
		buf_u8(to, '}');
	}
	buf_u8(to, '}');
	hush_done(&plain);
	return to->bad ? RC_NOMEM : RC_OK;
}

static enum rc assign(struct tx *tx, const struct key_batch *b, const struct seat *s, const char *key_id)
{
	struct submit_try try = { .action = action_find("keys.redeem"),
		.account_id = s->account_id,
		.owner = key_id,
		.created_by = arena_fmt(tx->arena, "batch:%s", b->id),
		.priority = b->priority };
	struct key_row k = { 0 };
	struct buf payload = { 0 };

	enum rc rc = key_rows_load(tx, key_id, &k);
	if (rc == RC_OK)
		rc = payload_of(tx, &k, &payload);
	try.payload = buf_text(&payload);
	if (rc == RC_OK)
		rc = submit_own(tx, &try, &k.task_id);
	hush_wipe(payload.p, payload.n);
	buf_done(&payload);
	k.account_id = s->account_id;
	if (rc == RC_OK)
		rc = key_rows_move(tx, &k, KEY_ASSIGNED);
	return rc == RC_OK ? set_seat(tx, b->id, s->account_id, key_id, tx->now_ms) : rc;
}

/* Keys that no candidate is left for: all were tried, own it, or have had their fill. */
static enum rc wear_out(struct tx *tx, const struct key_batch *b)
{
	static const struct store_query weary = {
		.sql = "SELECT k.id FROM batch_keys k WHERE k.batch_id = $1 AND k.state = 'queued' AND NOT EXISTS "
		       "(SELECT 1 FROM batch_accounts s WHERE s.batch_id = $1 AND ($2 = 0 OR s.redeemed < $2) "
		       "AND (k.pinned IS NULL OR k.pinned = s.account_id) "
		       "AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = s.account_id AND a.enabled = 1) "
		       "AND NOT EXISTS (SELECT 1 FROM key_tries t WHERE t.key_id = k.id AND t.account_id = "
		       "s.account_id AND t.outcome <> 'unknown') "
		       "AND (k.sub = 0 OR NOT EXISTS (SELECT 1 FROM account_packages p WHERE p.account_id = "
		       "s.account_id "
		       "AND p.sub = k.sub))) ORDER BY k.ord LIMIT $3"
	};
	static const struct field id_row[] = { { .name = "id", .type = FIELD_STR, .at = 0 }, { 0 } };
	uint32_t limit = b->distribution == KEY_ONE_EACH ? 1 : b->account_limit;
	auto_rows struct store_rows *r = NULL;
	struct field_list ids = { 0 };

	enum rc rc = store_run(
		tx->db, &weary, STORE_ARGS(store_text(b->id), store_int(limit), store_int(WEARY)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ id_row, tx->arena, NULL }, sizeof(const char *), WEARY, &ids,
			tx->fault);
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < ids.n; i++) {
		struct key_row k = { 0 };
		rc = key_rows_load(tx, ((const char **)ids.at)[i], &k);
		if (rc == RC_OK && !k.detail)
			k.detail = "no_account_left";
		if (rc == RC_OK)
			rc = key_rows_move(tx, &k, KEY_EXHAUSTED);
	}
	return rc;
}

static enum rc is_there(struct tx *tx, const struct store_query *q, const char *batch_id, bool *ret)
{
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, q, STORE_ARGS(store_text(batch_id)), &r, tx->fault);
	*ret = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc any_open(struct tx *tx, const struct key_batch *b, bool *ret)
{
	static const struct store_query open = { .sql = "SELECT 1 FROM batch_keys WHERE batch_id = $1 AND state IN "
							"('queued', 'assigned', 'in_flight', "
							"'reconciling', 'unknown') LIMIT 1" };
	return is_there(tx, &open, b->id, ret);
}

static enum rc any_busy(struct tx *tx, const struct key_batch *b, bool *ret)
{
	static const struct store_query busy = {
		.sql = "SELECT 1 FROM batch_accounts WHERE batch_id = $1 AND key_id IS NOT NULL LIMIT 1"
	};
	return is_there(tx, &busy, b->id, ret);
}

/* Done when nothing is left; paused when too many were invalid. */
static enum rc judge(struct tx *tx, struct key_batch *b)
{
	uint32_t n[KEY_STATES], over = 0;
	bool open = false;
	enum rc rc = any_open(tx, b, &open);

	if (rc == RC_OK && !open)
		return key_rows_batch_move(tx, b, KEY_BATCH_DONE);
	if (rc != RC_OK || !b->stop_percent)
		return rc;
	rc = key_rows_count(tx, b->id, n);
	for (int s = KEY_REDEEMED; s < KEY_STATES; s++)
		over += n[s];
	if (rc == RC_OK && over >= STOP_AFTER && (uint64_t)n[KEY_INVALID] * 100 >= (uint64_t)over * b->stop_percent)
		return key_rows_batch_move(tx, b, KEY_BATCH_PAUSED);
	return rc;
}

enum given { GIVEN_KEY, GIVEN_LATER, GIVEN_NONE };

/* Gives the account a key, if its lanes are free and there is one for it. */
static enum rc serve(struct tx *tx, const struct key_batch *b, const struct seat *s, enum given *ret)
{
	const char *key_id = NULL;
	int64_t at = 0;
	enum rc rc = lanes_free_at(tx, s, &at);

	*ret = GIVEN_LATER;
	if (rc == RC_OK && at > tx->now_ms + KEY_STEPS_SOON_MS)
		return set_seat(tx, b->id, s->account_id, NULL, at - KEY_STEPS_SOON_MS);
	if (rc == RC_OK)
		rc = find_key(tx, b, s->account_id, &key_id);
	if (rc == RC_MISSING) {
		*ret = GIVEN_NONE;
		return set_seat(tx, b->id, s->account_id, NULL, tx->now_ms + IDLE_MS);
	}
	if (rc == RC_OK)
		rc = assign(tx, b, s, key_id);
	if (rc == RC_QUOTA) /* nothing was written: the key waits for room */
		return set_seat(tx, b->id, s->account_id, NULL, tx->now_ms + IDLE_MS);
	*ret = GIVEN_KEY;
	return rc;
}

static enum rc step(struct tx *tx, struct key_batch *b, bool *ret_given)
{
	bool in_turn = b->distribution == KEY_SEQUENTIAL, busy = false;
	struct field_list seats = { 0 };

	*ret_given = false;
	enum rc rc = in_turn ? any_busy(tx, b, &busy) : RC_OK;
	if (rc == RC_OK && !busy)
		rc = find_seats(tx, b, &seats);
	const struct seat *s = seats.at;
	for (size_t i = 0; rc == RC_OK && i < seats.n; i++) {
		enum given given;
		rc = serve(tx, b, &s[i], &given);
		*ret_given |= given != GIVEN_NONE;
		if (in_turn && given != GIVEN_NONE)
			break;
	}
	return rc;
}

enum rc key_steps_run(struct tx *tx, const char *batch_id, bool thorough)
{
	struct key_batch b = { 0 };
	bool given = false, busy = false;

	enum rc rc = key_rows_batch(tx, batch_id, &b);
	if (rc == RC_OK && b.status == KEY_BATCH_RUNNING)
		rc = judge(tx, &b);
	if (rc != RC_OK || b.status != KEY_BATCH_RUNNING)
		return rc;
	rc = step(tx, &b, &given);
	if (rc == RC_OK && thorough && !given)
		rc = any_busy(tx, &b, &busy);
	if (rc != RC_OK || !thorough || given || busy)
		return rc;
	rc = wear_out(tx, &b);
	return rc == RC_OK ? judge(tx, &b) : rc;
}

enum rc key_steps_scan(struct tx *tx)
{
	static const struct store_query running = {
		.sql = "SELECT id FROM key_batches WHERE status = 'running' ORDER BY id LIMIT 100"
	};
	const char *ids[100];
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;
	enum rc rc = store_run(tx->db, &running, STORE_NO_ARGS, &r, tx->fault);

	while (rc == RC_OK && n < 100 && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		ids[n] = arena_str(tx->arena, store_col_text(r, 0));
		rc = ids[n++] ? RC_OK : RC_NOMEM;
	}
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = key_steps_run(tx, ids[i], true);
	return rc;
}
