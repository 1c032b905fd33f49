#include "control/recovery/heal.h"
#include "base/when.h"
#include "control/access/audit.h"
#include "control/control.h"
#include "control/engine/moves.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "model/action.h"

#include <stdio.h>

#define AT_ONCE 500

struct open_task {
	const char *id;
	int64_t not_before;
	bool dry_run;
};
static const struct field open_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct open_task, id) },
	{ .name = "not_before", .type = FIELD_I64, FIELD_AT(struct open_task, not_before) },
	{ .name = "dry_run", .type = FIELD_BOOL, FIELD_AT(struct open_task, dry_run) },
	{ 0 },
};

static bool has_effect(const struct action *a) { return !a || !task_may_repeat(a->class); }

/* An agent held it when the backup was made: nobody knows how that ended. */
static enum rc lose(struct tx *tx, struct moves_task *t, bool dry, struct heal_report *n)
{
	const char *error = moves_error(tx, "restored", "the database was put back from a backup", true);
	bool effect = !dry && has_effect(action_find(t->action));

	if (!error)
		return RC_NOMEM;
	t->code = "lost_by_agent";
	enum rc rc = moves_fail(tx, t, error, (struct task_failure){ true, effect });
	if (rc != RC_OK)
		return rc;
	n->doubted += t->status == TASK_ATTENTION;
	n->probed += t->status == TASK_QUEUED && effect;
	n->requeued += t->status == TASK_QUEUED && !effect;
	return RC_OK;
}

/* It waited when the backup was made, and may have been done since. */
static enum rc suspect(struct tx *tx, struct moves_task *t, struct heal_report *n)
{
	static const struct store_query ask = { .sql = "UPDATE tasks SET probe = 1 WHERE id = $1" };
	const struct action *a = action_find(t->action);
	const char *error = moves_error(
		tx, "restored", "it may have been done after the backup that the database was put back from", true);

	if (!error)
		return RC_NOMEM;
	if (a && a->class == TASK_GUARDED) {
		n->probed++;
		return store_do(tx->db, &ask, STORE_ARGS(store_text(t->id)), tx->fault);
	}
	n->doubted++;
	return moves_doubt(tx, t, error);
}

static enum rc heal_one(struct tx *tx, const struct open_task *o, struct heal_report *n)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_load(tx, o->id, &t);

	if (rc != RC_OK)
		return rc;
	if (t.status == TASK_LEASED || t.status == TASK_RUNNING)
		return lose(tx, &t, o->dry_run, n);
	/* What was not due before now cannot have been done. */
	if (t.status != TASK_QUEUED || o->dry_run || o->not_before > tx->now_ms ||
		!has_effect(action_find(t.action)))
		return RC_OK;
	return suspect(tx, &t, n);
}

static enum rc heal_tasks(struct tx *tx, struct heal_report *n)
{
	static const struct store_query next = {
		.sql = "SELECT t.id, t.not_before, j.dry_run FROM tasks t JOIN jobs j ON j.id = t.job_id WHERE "
		       "t.id > $1 AND "
		       "t.status IN ('queued', 'leased', 'running') ORDER BY t.id LIMIT $2"
	};
	char after[64] = "";
	bool more = true;

	while (more) {
		struct arena page = { 0 };
		struct tx part = *tx;
		auto_rows struct store_rows *r = NULL;
		struct field_list found = { 0 };
		part.arena = &page;
		enum rc rc =
			store_run(tx->db, &next, STORE_ARGS(store_text(after), store_int(AT_ONCE)), &r, tx->fault);
		if (rc == RC_OK)
			rc = rows_list(r, &(struct rows_into){ open_row, &page, NULL }, sizeof(struct open_task),
				AT_ONCE, &found, tx->fault);
		store_close(take(r));
		const struct open_task *o = found.at;
		for (size_t i = 0; rc == RC_OK && i < found.n; i++)
			rc = heal_one(&part, &o[i], n);
		if (rc == RC_OK && found.n)
			snprintf(after, sizeof(after), "%s", o[found.n - 1].id);
		more = found.n == AT_ONCE;
		tx->appended |= part.appended;
		arena_done(&page);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* Each in its own statement, for both engines; $1 is now. */
static enum rc heal_rest(struct tx *tx)
{
	static const struct store_query all[] = {
		{ .sql = "UPDATE tasks SET attempt = attempt + 1000, max_attempts = max_attempts + 1000, waits = "
			 "NULL, look_at = 0 "
			 "WHERE finished_at = 0 AND $1 > 0" },
		{ .sql = "UPDATE accounts SET epoch = epoch + 1000000, bot_version = bot_version + 1, bot_sent = 0 "
			 "WHERE $1 > 0" },
		{ .sql = "UPDATE lane_buckets SET full_at = CASE WHEN full_at > $1 THEN full_at ELSE $1 END + "
			 "burst * every_us / "
			 "1000" },
		{ .sql = "UPDATE join_tokens SET expires_at = 0 WHERE used_at = 0 AND expires_at > $1" },
		{ .sql = "UPDATE key_batches SET status = 'paused', updated_at = $1 WHERE status = 'running'" },
		{ .sql = "UPDATE schedules SET enabled = 0, updated_at = $1 WHERE enabled = 1 AND (waiting > 0 OR "
			 "(next_tick > 0 "
			 "AND next_tick <= $1))" },
		/* One that was ended since would live again, and a refresh token that was used. */
		{ .sql = "UPDATE auth_sessions SET revoked_at = $1, revoked_why = 'restored' WHERE revoked_at = "
			 "0" },
		{ .sql = "DELETE FROM auth_refresh_tokens WHERE $1 > 0" },
		{ .sql = "DELETE FROM auth_challenges WHERE $1 > 0" },
		{ .sql = "DELETE FROM instances WHERE $1 > 0" },
		{ .sql = "DELETE FROM meta WHERE name IN ('" HEAL_MARK "', 'epoch') AND $1 > 0" },
	};
	_Static_assert(HEAL_ATTEMPTS == 1000 && HEAL_EPOCHS == 1000000, "as the statements say");
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(all) / sizeof(*all); i++)
		rc = store_do(tx->db, &all[i], STORE_ARGS(store_int(tx->now_ms)), tx->fault);
	return rc;
}

enum rc heal_restored(struct tx *tx, bool *ret_healed, struct heal_report *ret_report)
{
	static const struct store_query find = { .sql = "SELECT value FROM meta WHERE name = '" HEAL_MARK "'" };
	auto_rows struct store_rows *r = NULL;

	*ret_healed = false;
	*ret_report = (struct heal_report){ 0 };
	enum rc rc = store_one(tx->db, &find, STORE_NO_ARGS, &r, tx->fault);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	const char *words = arena_str(tx->arena, store_col_text(r, 0));
	store_close(take(r));
	rc = words ? heal_tasks(tx, ret_report) : RC_NOMEM;
	if (rc == RC_OK)
		rc = heal_rest(tx);
	const char *payload = arena_fmt(tx->arena, "{\"requeued\":%lld,\"probed\":%lld,\"doubted\":%lld}",
		(long long)ret_report->requeued, (long long)ret_report->probed, (long long)ret_report->doubted);
	if (rc == RC_OK)
		rc = payload ? events_add(tx, &(struct event){ .type = "database.restored", .payload = payload })
			     : RC_NOMEM;
	if (rc == RC_OK)
		rc = audit_note(tx, "database.restore", "database", words);
	*ret_healed = rc == RC_OK;
	return rc;
}

enum rc heal_mark(struct store_conn *db, int64_t backup_ms, int64_t now_ms, struct fault *f)
{
	static const struct store_query set = { .sql = "INSERT INTO meta (name, value) VALUES ('" HEAL_MARK
						       "', $1) ON CONFLICT (name) DO NOTHING" };
	char made[WHEN_MAX], now[WHEN_MAX], text[160];

	when_text(made, backup_ms);
	when_text(now, now_ms);
	snprintf(text, sizeof(text), "{\"backup\":\"%s\",\"at\":\"%s\"}", backup_ms ? made : "", now);
	return store_do(db, &set, STORE_ARGS(store_text(text)), f);
}
