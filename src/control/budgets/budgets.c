#include "control/budgets/budgets.h"
#include "base/when.h"
#include "control/control.h"
#include "control/events/events.h"
#include "wire/json.h"

#include <string.h>

#define HOUR_MS 3600000
#define DAY_MS  86400000

const struct lane_kind *budgets_kind(const struct control *c, enum lane lane)
{
	const struct lane_kind *lanes = atomic_load(&c->conf->lanes);
	return lanes ? &lanes[lane] : &lane_kinds[lane];
}

bool budgets_is_key(const char *key)
{
	size_t n = 0;
	for (; key && key[n] && n < BUDGETS_KEY_MAX; n++)
		if (key[n] <= ' ' || key[n] >= 127 || key[n] == '/')
			return false;
	return n > 0 && n < BUDGETS_KEY_MAX;
}

const char *budgets_id(struct tx *tx, enum lane lane, const char *key)
{
	return arena_fmt(tx->arena, "%s:%s", lane_kinds[lane].name, key);
}

/* The row, or a full bucket. What the configuration says now holds for buckets that no operator has set. */
static enum rc read_bucket(struct tx *tx, struct budget *b)
{
	static const struct store_query find = {
		.sql = "SELECT every_us, base_us, burst, full_at, cool_until, cools, slowed_at, reason, tuned, "
		       "cooling, waiters FROM lane_buckets WHERE id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(b->id)), &r, tx->fault);

	b->is = lane_full(b->kind);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	b->is = (struct lane_bucket){ .every_us = (uint64_t)store_col_int(r, 0),
		.base_us = (uint64_t)store_col_int(r, 1),
		.burst = (uint32_t)store_col_int(r, 2),
		.full_ms = store_col_int(r, 3),
		.cool_until_ms = store_col_int(r, 4),
		.cools = (uint32_t)store_col_int(r, 5),
		.slowed_ms = store_col_int(r, 6) };
	b->reason = arena_str(tx->arena, store_col_text(r, 7));
	b->tuned = store_col_int(r, 8) != 0;
	b->cooling = store_col_int(r, 9) != 0;
	b->waiters = (uint32_t)store_col_int(r, 10);
	const struct lane_bucket now = lane_full(b->kind);
	if (!b->tuned && (b->is.base_us != now.base_us || b->is.burst != now.burst))
		lane_tune(&b->is, now.base_us, now.burst, tx->now_ms);
	/* Steam has not throttled again for as long as the longest pause: what was called since went well. */
	if (tx->now_ms - b->is.cool_until_ms >= (int64_t)b->kind->cool_max_ms)
		lane_ease(&b->is, tx->now_ms);
	return RC_OK;
}

enum rc budgets_load(struct tx *tx, enum lane lane, const char *key, struct budget *ret)
{
	if (lane >= LANE_COUNT || lane_kinds[lane].where != LANE_CONTROL || !budgets_is_key(key))
		return fault_set(tx->fault, RC_INVALID, "there is no such bucket");
	*ret = (struct budget){ .kind = budgets_kind(tx->control, lane),
		.lane = lane,
		.id = budgets_id(tx, lane, key),
		.key = arena_str(tx->arena, key) };
	return ret->id && ret->key ? read_bucket(tx, ret) : RC_NOMEM;
}

enum rc budgets_find(struct tx *tx, const char *id, struct budget *ret)
{
	const char *colon = strchr(id, ':');
	char *name = colon ? arena_strn(tx->arena, id, (size_t)(colon - id)) : NULL;
	enum lane lane = name ? lane_find(name) : LANE_COUNT;

	if (lane == LANE_COUNT || lane_kinds[lane].where != LANE_CONTROL || !budgets_is_key(colon + 1))
		return fault_set(tx->fault, RC_MISSING,
			"a budget's id is LANE:KEY, with a lane that the control plane keeps");
	return budgets_load(tx, lane, colon + 1, ret);
}

enum rc budgets_save(struct tx *tx, const struct budget *b)
{
	static const struct store_query save = {
		.sql = "INSERT INTO lane_buckets (id, lane, key, every_us, base_us, burst, full_at, cool_until, "
		       "cools, slowed_at, reason, tuned, cooling, waiters) "
		       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0) ON CONFLICT (id) DO "
		       "UPDATE SET every_us = $4, base_us = $5, burst = $6, full_at = $7, cool_until = $8, "
		       "cools = $9, slowed_at = $10, reason = $11, tuned = $12, cooling = $13"
	};
	return store_do(tx->db, &save,
		STORE_ARGS(store_text(b->id), store_text(lane_kinds[b->lane].name), store_text(b->key),
			store_int((int64_t)b->is.every_us), store_int((int64_t)b->is.base_us),
			store_int(b->is.burst), store_int(b->is.full_ms), store_int(b->is.cool_until_ms),
			store_int(b->is.cools), store_int(b->is.slowed_ms), store_text(b->reason),
			store_int(b->tuned), store_int(b->cooling)),
		tx->fault);
}

static enum rc count(struct tx *tx, const char *id, uint32_t used, uint32_t throttled)
{
	static const struct store_query add = {
		.sql = "INSERT INTO lane_use (id, hour, used, throttled) VALUES ($1, $2, $3, $4) ON CONFLICT (id, "
		       "hour) DO UPDATE SET used = lane_use.used + $3, throttled = lane_use.throttled + $4"
	};
	return store_do(tx->db, &add,
		STORE_ARGS(store_text(id), store_int(tx->now_ms / HOUR_MS), store_int(used), store_int(throttled)),
		tx->fault);
}

/* All of them into `b`; *ret says which is the last to be free, when one is not. */
static enum rc look_at_all(
	struct tx *tx, const struct budgets_want *wants, size_t n, struct budget *b, struct budgets_answer *ret)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++)
			if (wants[k].lane == wants[i].lane && !strcmp(wants[k].key, wants[i].key))
				return fault_set(tx->fault, RC_INVALID, "a bucket is named twice");
		enum rc rc = budgets_load(tx, wants[i].lane, wants[i].key, &b[i]);
		if (rc != RC_OK)
			return rc;
		int64_t at = lane_free_at(&b[i].is, wants[i].n, tx->now_ms);
		if (at > tx->now_ms && at > ret->free_ms)
			*ret = (struct budgets_answer){ false, at, i };
	}
	return RC_OK;
}

enum rc budgets_take(struct tx *tx, const struct budgets_want *wants, size_t n, struct budgets_answer *ret)
{
	struct budget b[BUDGETS_WANTS_MAX];
	struct budgets_answer a = { .granted = true };

	if (n > BUDGETS_WANTS_MAX)
		return fault_set(tx->fault, RC_INVALID, "too many lanes");
	enum rc rc = look_at_all(tx, wants, n, b, &a);
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		if (a.granted)
			lane_take(&b[i].is, wants[i].n, tx->now_ms);
		if (a.granted || i == a.busy) /* a row for those who wait, too */
			rc = budgets_save(tx, &b[i]);
		if (rc == RC_OK && a.granted)
			rc = count(tx, b[i].id, wants[i].n, 0);
	}
	if (rc == RC_OK)
		*ret = a;
	return rc;
}

static enum rc tell(struct tx *tx, const char *type, const struct budget *b)
{
	struct buf p = { 0 };
	char until[WHEN_MAX];

	when_text(until, b->is.cool_until_ms);
	buf_fmt(&p, "{\"lane\":\"%s\",\"key\":", lane_kinds[b->lane].name);
	json_put_str(&p, b->key);
	if (b->reason) {
		buf_fmt(&p, ",\"until\":\"%s\",\"reason\":", until);
		json_put_str(&p, b->reason);
	}
	buf_u8(&p, '}');
	const bool account = lane_kinds[b->lane].key == LANE_ACCOUNT;
	enum rc rc = p.bad ? RC_NOMEM
			   : events_add(tx, &(struct event){ .type = type,
						    .account_id = account ? b->key : NULL,
						    .resource = b->id,
						    .payload = buf_text(&p) });
	buf_done(&p);
	return rc;
}

enum rc budgets_cool(struct tx *tx, enum lane lane, const char *key, uint32_t for_ms, const char *reason)
{
	struct budget b = { 0 };
	enum rc rc = budgets_load(tx, lane, key, &b);
	if (rc != RC_OK)
		return rc;
	int64_t until = b.is.cool_until_ms;
	bool paused = until > tx->now_ms;
	lane_cool(&b.is, b.kind, for_ms, tx->now_ms);
	bool pauses = b.is.cool_until_ms > tx->now_ms;
	b.reason = reason;
	b.cooling = pauses;
	rc = budgets_save(tx, &b);
	if (rc == RC_OK && !paused)
		rc = count(tx, b.id, 0, 1);
	return rc == RC_OK && pauses && b.is.cool_until_ms != until ? tell(tx, "budget.cooldown_started", &b) : rc;
}

static enum rc end_pause(struct tx *tx, struct budget *b)
{
	b->cooling = false;
	b->reason = NULL;
	enum rc rc = budgets_save(tx, b);
	return rc == RC_OK ? tell(tx, "budget.cooldown_ended", b) : rc;
}

enum rc budgets_clear(struct tx *tx, struct budget *b)
{
	if (b->is.cool_until_ms > tx->now_ms)
		b->is.cool_until_ms = tx->now_ms;
	b->is.cools = 0;
	return b->cooling ? end_pause(tx, b) : budgets_save(tx, b);
}

enum rc budgets_scan(struct tx *tx)
{
	static const struct store_query over = {
		.sql = "SELECT id FROM lane_buckets WHERE cooling = 1 AND cool_until <= $1 ORDER BY cool_until "
		       "LIMIT 100"
	};
	const char *ids[100];
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;
	enum rc rc = store_run(tx->db, &over, STORE_ARGS(store_int(tx->now_ms)), &r, tx->fault);

	while (rc == RC_OK && n < 100 && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		ids[n] = arena_str(tx->arena, store_col_text(r, 0));
		rc = ids[n++] ? RC_OK : RC_NOMEM;
	}
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		struct budget b = { 0 };
		rc = budgets_find(tx, ids[i], &b);
		if (rc == RC_OK)
			rc = end_pause(tx, &b);
	}
	return rc;
}

enum rc budgets_waiting(struct tx *tx, const char *id, uint32_t n)
{
	static const struct store_query set = { .sql = "UPDATE lane_buckets SET waiters = $2 WHERE id = $1" };
	return store_do(tx->db, &set, STORE_ARGS(store_text(id), store_int(n)), tx->fault);
}

enum rc budgets_used(struct tx *tx, const char *id, int64_t *ret_used, int64_t *ret_throttled)
{
	static const struct store_query sum = {
		.sql = "SELECT COALESCE(SUM(used), 0), COALESCE(SUM(throttled), 0) FROM lane_use WHERE id = $1 AND "
		       "hour > $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		tx->db, &sum, STORE_ARGS(store_text(id), store_int(tx->now_ms / HOUR_MS - 24)), &r, tx->fault);
	if (rc != RC_OK)
		return rc;
	*ret_used = store_col_int(r, 0);
	*ret_throttled = store_col_int(r, 1);
	return RC_OK;
}

enum rc budgets_sweep(struct tx *tx)
{
	static const struct store_query idle = {
		.sql = "DELETE FROM lane_buckets WHERE tuned = 0 AND cooling = 0 AND waiters = 0 AND slowed_at = 0 "
		       "AND full_at < $1 AND cool_until < $1"
	};
	static const struct store_query old = { .sql = "DELETE FROM lane_use WHERE hour <= $1" };
	enum rc rc = store_do(tx->db, &idle, STORE_ARGS(store_int(tx->now_ms - DAY_MS)), tx->fault);
	return rc == RC_OK ? store_do(tx->db, &old, STORE_ARGS(store_int(tx->now_ms / HOUR_MS - 24)), tx->fault)
			   : rc;
}

enum rc budgets_revive(struct tx *tx)
{
	static const struct store_query none = { .sql = "UPDATE lane_buckets SET waiters = 0 WHERE waiters > 0" };
	return store_do(tx->db, &none, STORE_NO_ARGS, tx->fault);
}
