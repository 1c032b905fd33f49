#include "control/fleet/states.h"
#include "control/events/events.h"
#include "control/fleet/labels.h"
#include "control/rows.h"
#include "wire/json.h"

#include <inttypes.h>
#include <string.h>

#define HISTORY_KEEP 1000000 /* rows, of all accounts together */

static const struct field row_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct states_account, id) },
	{ .name = "agent_id", .type = FIELD_STR, FIELD_AT(struct states_account, agent_id) },
	{ .name = "enabled", .type = FIELD_BOOL, FIELD_AT(struct states_account, enabled) },
	{ .name = "held", .type = FIELD_BOOL, FIELD_AT(struct states_account, held) },
	{ .name = "moving", .type = FIELD_BOOL, FIELD_AT(struct states_account, moving) },
	{ .name = "quarantined", .type = FIELD_BOOL, FIELD_AT(struct states_account, quarantined) },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct states_account, state),
		.words = account_state_words },
	{ .name = "mode", .type = FIELD_ENUM, FIELD_AT(struct states_account, mode), .words = account_mode_words },
	{ .name = "epoch", .type = FIELD_I64, FIELD_AT(struct states_account, epoch) },
	{ .name = "generation", .type = FIELD_I64, FIELD_AT(struct states_account, generation) },
	{ .name = "want_until", .type = FIELD_I64, FIELD_AT(struct states_account, want_until) },
	{ .name = "reason", .type = FIELD_STR, FIELD_AT(struct states_account, reason) },
	{ 0 },
};

enum rc states_load(struct tx *tx, const char *id, struct states_account *ret)
{
	static const struct store_query one = {
		.sql = "SELECT id, agent_id, enabled, held, moving, quarantined, state, "
		       "want_mode, epoch, generation, want_until, "
		       "state_reason FROM accounts WHERE id = $1"
	};
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)), (struct rows_into){ row_fields, tx->arena, ret },
		tx->fault);
}

static enum rc note(
	struct tx *tx, const struct states_account *a, enum account_state to, const struct states_why *why)
{
	static const struct store_query add = {
		.sql = "INSERT INTO account_history (account_id, ts, was, state, reason, eresult, agent_id, epoch, "
		       "actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
	};
	return store_do(tx->db, &add,
		STORE_ARGS(store_text(a->id), store_int(tx->now_ms), store_text(account_state_words[a->state]),
			store_text(account_state_words[to]), store_text(why->reason ? why->reason : ""),
			store_int(why->eresult), store_text(a->held ? a->agent_id : NULL), store_int(a->epoch),
			store_text(tx->actor)),
		tx->fault);
}

static enum rc tell_event(
	struct tx *tx, const struct states_account *a, enum account_state to, const struct states_why *why)
{
	struct buf b = { 0 };

	buf_fmt(&b, "{\"was\":\"%s\",\"state\":\"%s\",\"reason\":", account_state_words[a->state],
		account_state_words[to]);
	json_put_str(&b, why->reason ? why->reason : "");
	if (why->eresult)
		buf_fmt(&b, ",\"eresult\":%u", why->eresult);
	buf_fmt(&b, ",\"epoch\":%" PRId64 ",\"generation\":%" PRId64 "}", a->epoch, a->generation);
	enum rc rc = b.bad ? RC_NOMEM
			   : events_add(tx, &(struct event){ .type = "account.state_changed",
						    .account_id = a->id,
						    .payload = buf_text(&b) });
	buf_done(&b);
	return rc;
}

static enum rc move(struct tx *tx, struct states_account *a, enum account_state to, const struct states_why *why)
{
	static const struct store_query set = {
		.sql = "UPDATE accounts SET state = $2, state_reason = $3, cool_until = $4, state_since = CASE "
		       "WHEN state "
		       "= $2 THEN state_since ELSE $5 END, used_at = $5 WHERE id = $1"
	};
	static const struct states_why none = { 0 };
	const struct states_why *is = why ? why : &none;
	const char *reason = is->reason ? is->reason : "";

	if (a->state == (int)to && a->reason && !strcmp(a->reason, reason))
		return RC_OK;
	enum rc rc = store_do(tx->db, &set,
		STORE_ARGS(store_text(a->id), store_text(account_state_words[to]), store_text(reason),
			store_int(to == ACCOUNT_COOLING_DOWN ? is->until : 0), store_int(tx->now_ms)),
		tx->fault);
	if (rc == RC_OK)
		rc = note(tx, a, to, is);
	if (rc == RC_OK)
		rc = tell_event(tx, a, to, is);
	if (rc == RC_OK) {
		a->state = (int)to;
		a->reason = arena_str(tx->arena, reason);
	}
	return rc;
}

enum rc states_move(struct tx *tx, struct states_account *a, enum account_state to, const struct states_why *why)
{
	static const struct states_why operator= { .reason = "operator" };
	if (to == ACCOUNT_OFFLINE && a->quarantined)
		return move(tx, a, ACCOUNT_QUARANTINED, &operator);
	return move(tx, a, to, why);
}

enum rc states_tell(struct tx *tx, const char *id)
{
	static const struct store_query tell = {
		.sql = "UPDATE accounts SET bot_version = bot_version + 1 WHERE id = $1"
	};
	tx->bots = true;
	return store_do(tx->db, &tell, STORE_ARGS(store_text(id)), tx->fault);
}

/* The agent learns by a new generation that it is to try anew. */
static enum rc count_generation(struct tx *tx, struct states_account *a)
{
	static const struct store_query count = { .sql = "UPDATE accounts SET generation = generation + 1, "
							 "bot_version = bot_version + 1 WHERE id = $1" };
	a->generation++;
	tx->bots = true;
	return store_do(tx->db, &count, STORE_ARGS(store_text(a->id)), tx->fault);
}

enum rc states_do(struct tx *tx, struct states_account *a, enum account_event event, const char *what)
{
	enum account_state to = ACCOUNT_OFFLINE;
	const char *reason = "";

	if (account_move((enum account_state)a->state, event, NULL, &to, &reason) != RC_OK)
		return fault_set(tx->fault, RC_CONFLICT, "an account that is %s cannot %s",
			account_state_words[a->state], what);
	enum rc rc = count_generation(tx, a);
	return rc == RC_OK ? states_move(tx, a, to, &(struct states_why){ .reason = reason }) : rc;
}

static enum rc set_quarantined(struct tx *tx, struct states_account *a, bool on)
{
	static const struct store_query set = { .sql = "UPDATE accounts SET quarantined = $2 WHERE id = $1" };
	a->quarantined = on;
	enum rc rc = store_do(tx->db, &set, STORE_ARGS(store_text(a->id), store_int(on)), tx->fault);
	return rc == RC_OK ? count_generation(tx, a) : rc;
}

enum rc states_quarantine(struct tx *tx, const char *id)
{
	const struct states_why why = { .reason = "operator" };
	struct states_account a = { 0 };

	enum rc rc = states_load(tx, id, &a);
	if (rc == RC_OK && a.quarantined)
		rc = fault_set(tx->fault, RC_CONFLICT, "the account is quarantined already");
	if (rc == RC_OK)
		rc = set_quarantined(tx, &a, true);
	if (rc != RC_OK || a.state == ACCOUNT_DISABLED)
		return rc;
	/* Its agent logs it off; what that ends in is for states_move to say. */
	return states_move(tx, &a, states_is_live(&a) ? ACCOUNT_DRAINING : ACCOUNT_QUARANTINED, &why);
}

enum rc states_clear(struct tx *tx, const char *id)
{
	struct states_account a = { 0 };

	enum rc rc = states_load(tx, id, &a);
	if (rc == RC_OK && !a.quarantined)
		return states_do(tx, &a, ACCOUNT_CLEARED, "be cleared: that is for one that is quarantined");
	if (rc == RC_OK)
		rc = set_quarantined(tx, &a, false);
	return rc == RC_OK && a.state == ACCOUNT_QUARANTINED ? states_move(tx, &a, ACCOUNT_OFFLINE, NULL) : rc;
}

static enum rc tell_desired(struct tx *tx, const char *id, int mode, int64_t generation)
{
	const char *payload = arena_fmt(
		tx->arena, "{\"desired\":\"%s\",\"generation\":%" PRId64 "}", account_mode_words[mode], generation);
	return payload ? events_add(tx,
				 &(struct event){ .type = "account.desired", .account_id = id, .payload = payload })
		       : RC_NOMEM;
}

enum rc states_want(struct tx *tx, const char *id, const struct account_desired *want, int64_t *ret_generation)
{
	static const struct store_query set = { .sql = "UPDATE accounts SET want_mode = $2, want_apps = $3, "
						       "want_game = $4, want_persona = $5, want_until "
						       "= $6, until_passed = 0, generation = generation + 1, "
						       "bot_version = bot_version + 1, used_at = $7 "
						       "WHERE id = $1 RETURNING generation" };
	auto_rows struct store_rows *r = NULL;
	const char *apps = labels_numbers_json(tx->arena, &want->apps);

	if (!apps)
		return RC_NOMEM;
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(id), store_text(account_mode_words[want->mode]), store_text(apps),
			store_text(want->game), store_int(want->persona), store_int(want->until),
			store_int(tx->now_ms)),
		&r, tx->fault);
	if (rc != RC_OK)
		return rc;
	int64_t generation = store_col_int(r, 0);
	store_close(take(r));
	tx->bots = true;
	if (ret_generation)
		*ret_generation = generation;
	return tell_desired(tx, id, want->mode, generation);
}

enum rc states_want_online(struct tx *tx, const char *id, bool online)
{
	static const struct store_query set = {
		.sql = "UPDATE accounts SET want_mode = CASE WHEN $2 = 1 THEN 'online' ELSE 'offline' END, "
		       "want_until = 0, "
		       "until_passed = 0, generation = generation + 1, bot_version = bot_version + 1, used_at = $3 "
		       "WHERE "
		       "id = $1 AND enabled = 1 AND (($2 = 1 AND (want_mode = 'offline' OR (want_until > 0 AND "
		       "want_until "
		       "<= $3))) OR ($2 = 0 AND want_mode <> 'offline')) RETURNING generation"
	};
	static const struct store_query dead = {
		.sql = "SELECT id FROM accounts WHERE id = $1 AND state = 'failed'"
	};
	auto_rows struct store_rows *r = NULL;
	struct states_account a = { 0 };

	enum rc rc = online ? store_one(tx->db, &dead, STORE_ARGS(store_text(id)), &r, tx->fault) : RC_MISSING;
	store_close(take(r));
	if (rc == RC_OK) { /* who asks for a logon wants another try (23) */
		rc = states_load(tx, id, &a);
		if (rc == RC_OK)
			rc = states_do(tx, &a, ACCOUNT_RETRIED, "be retried");
	}
	if (rc == RC_OK || rc == RC_MISSING)
		rc = store_one(tx->db, &set, STORE_ARGS(store_text(id), store_int(online), store_int(tx->now_ms)),
			&r, tx->fault);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	int64_t generation = store_col_int(r, 0);
	store_close(take(r));
	tx->bots = true;
	return tell_desired(tx, id, online ? ACCOUNT_MODE_ONLINE : ACCOUNT_MODE_OFFLINE, generation);
}

bool states_is_live(const struct states_account *a)
{
	switch ((enum account_state)a->state) {
	case ACCOUNT_CONNECTING:
	case ACCOUNT_AUTHENTICATING:
	case ACCOUNT_CHALLENGE:
	case ACCOUNT_ONLINE:
	case ACCOUNT_RECONNECTING:
	case ACCOUNT_DRAINING:
		return a->held;
	case ACCOUNT_DISABLED:
	case ACCOUNT_OFFLINE:
	case ACCOUNT_COOLING_DOWN:
	case ACCOUNT_QUARANTINED:
	case ACCOUNT_FAILED:
	case ACCOUNT_STATES:
		break;
	}
	return false;
}

enum rc states_enabled(struct tx *tx, const char *id)
{
	const struct states_why why = { .reason = "disabled" };
	struct states_account a = { 0 };

	enum rc rc = states_load(tx, id, &a);
	if (rc == RC_OK)
		rc = count_generation(tx, &a);
	if (rc != RC_OK)
		return rc;
	if (a.enabled) /* draining of a disabled one goes on, and ends in offline */
		return a.state == ACCOUNT_DISABLED ? states_move(tx, &a, ACCOUNT_OFFLINE, NULL) : RC_OK;
	if (a.state == ACCOUNT_DISABLED)
		return RC_OK;
	return states_move(tx, &a, states_is_live(&a) ? ACCOUNT_DRAINING : ACCOUNT_DISABLED, &why);
}

enum rc states_secret_changed(struct tx *tx, const char *id)
{
	struct states_account a = { 0 };
	enum rc rc = states_load(tx, id, &a);

	if (rc == RC_OK && a.state == ACCOUNT_FAILED)
		return states_do(tx, &a, ACCOUNT_RETRIED, "be retried");
	return rc == RC_OK ? states_tell(tx, id) : rc;
}

enum rc states_forget(struct tx *tx, const char *id)
{
	static const struct store_query history = { .sql = "DELETE FROM account_history WHERE account_id = $1" };
	return store_do(tx->db, &history, STORE_ARGS(store_text(id)), tx->fault);
}

enum rc states_sweep(struct tx *tx)
{
	static const struct store_query sweep = {
		.sql = "DELETE FROM account_history WHERE seq <= (SELECT MAX(seq) FROM account_history) - $1"
	};
	return store_do(tx->db, &sweep, STORE_ARGS(store_int(HISTORY_KEEP)), tx->fault);
}
