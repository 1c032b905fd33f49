#include "control/fleet/challenges.h"
#include "base/id.h"
#include "base/when.h"
#include "control/access/vault.h"
#include "control/events/events.h"
#include "control/fleet/challenges_parts.h"
#include "control/fleet/states.h"
#include "control/rows.h"
#include "wire/json.h"

#include <string.h>

#define ALIVE_MAX  8 /* of one account */
#define EXPIRE_MAX 500
#define TEXT_MAX   512

const char *const challenges_state_words[] = { "open", "answered", "accepted", "expired", "refused", "moot", NULL };
const char *const challenges_kind_words[] = { "guard_email", "guard_totp", "device_approval", "qr", "parental_pin",
	"shop_login", NULL };
static const char *const outcome_words[] = { "answered", "expired", "refused", "moot", NULL };

const struct field challenges_opened_fields[] = {
	{ .name = "id",
		.type = FIELD_STR,
		FIELD_AT(struct challenges_opened, id),
		.flags = FIELD_REQUIRED,
		.max = ID_MAX - 1 },
	{ .name = "hint",
		.type = FIELD_STR,
		FIELD_AT(struct challenges_opened, hint),
		.flags = FIELD_NULLABLE,
		.max = TEXT_MAX },
	{ .name = "qrUrl",
		.type = FIELD_STR,
		FIELD_AT(struct challenges_opened, qr_url),
		.flags = FIELD_NULLABLE,
		.max = TEXT_MAX },
	{ .name = "kind",
		.type = FIELD_ENUM,
		FIELD_AT(struct challenges_opened, kind),
		.flags = FIELD_REQUIRED,
		.words = challenges_kind_words },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct challenges_opened, expires_at),
		.flags = FIELD_REQUIRED },
	{ 0 },
};

const struct field challenges_closed_fields[] = {
	{ .name = "id",
		.type = FIELD_STR,
		FIELD_AT(struct challenges_closed, id),
		.flags = FIELD_REQUIRED,
		.max = ID_MAX - 1 },
	{ .name = "outcome",
		.type = FIELD_ENUM,
		FIELD_AT(struct challenges_closed, outcome),
		.flags = FIELD_REQUIRED,
		.words = outcome_words },
	{ 0 },
};

const struct field challenges_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct challenge, id), .doc = "chg_ and a ULID." },
	{ .name = "accountId",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, account_id),
		.doc = "The account that waits for it; null: an agent does." },
	{ .name = "agentId",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, agent_id),
		.doc = "The agent that wants to be logged in at a store; null: an account waits." },
	{ .name = "store",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, store),
		.doc = "Of shop_login: epic, gog." },
	{ .name = "url",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, url),
		.doc = "Of shop_login: the page to open and log in on. It ends with a code: that is the answer." },
	{ .name = "jobId",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, job_id),
		.doc = "Of shop_login: the job that takes the last answer to the agent." },
	{ .name = "kind",
		.type = FIELD_ENUM,
		FIELD_AT(struct challenge, kind),
		.words = challenges_kind_words,
		.doc = "What Steam wants; shop_login: Epic or GOG." },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct challenge, state),
		.words = challenges_state_words,
		.doc = "open: it waits for an answer; answered: given, and Steam has not said yet." },
	{ .name = "hint",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, hint),
		.doc = "What Steam tells, such as the end of the e-mail address; what went wrong with the last "
		       "answer." },
	{ .name = "qrUrl",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, qr_url),
		.doc = "What the CHALLENGES_QR code says; it changes." },
	{ .name = "answers",
		.type = FIELD_U32,
		FIELD_AT(struct challenge, answers),
		.doc = "How often it was answered." },
	{ .name = "answeredBy",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, answered_by),
		.doc = "Who answered." },
	{ .name = "answeredAt", .type = FIELD_TIME, FIELD_AT(struct challenge, answered_at), .doc = "When." },
	{ .name = "delivered",
		.type = FIELD_BOOL,
		FIELD_AT(struct challenge, delivered),
		.doc = "The account's agent has the answer." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct challenge, expires_at),
		.doc = "No answer helps later." },
	{ .name = "createdAt", .type = FIELD_TIME, FIELD_AT(struct challenge, created_at), .doc = "When it came." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct challenge, updated_at),
		.doc = "When it changed last." },
	{ 0 },
};

enum rc challenges_load(struct tx *tx, const char *id, struct challenge *ret)
{
	static const struct store_query one = { .sql = "SELECT " CHALLENGES_COLUMNS
						       " FROM challenges WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ challenges_fields, tx->arena, ret }, tx->fault);
}

enum rc challenges_told(struct tx *tx, const char *type, const struct challenge *v, const char *more)
{
	const char *payload = arena_fmt(tx->arena, "{\"challengeId\":\"%s\",\"kind\":\"%s\"%s}", v->id,
		challenges_kind_words[v->kind], more);
	return payload ? events_add(tx, &(struct event){ .type = type,
						.account_id = v->account_id,
						.resource = v->agent_id,
						.payload = payload,
						.tenant_id = v->account_id ? NULL : TX_TENANT_DEFAULT })
		       : RC_NOMEM;
}

enum rc challenges_tell_opened(struct tx *tx, const struct challenge *v)
{
	struct buf more = { 0 };
	char when[WHEN_MAX];

	when_text(when, v->expires_at);
	buf_fmt(&more, ",\"expiresAt\":\"%s\",\"hint\":", when);
	json_put_str(&more, v->hint);
	if (v->agent_id) {
		buf_str(&more, ",\"store\":");
		json_put_str(&more, v->store);
		buf_str(&more, ",\"url\":");
		json_put_str(&more, v->url);
	}
	enum rc rc = more.bad ? RC_NOMEM : challenges_told(tx, "challenge.opened", v, buf_text(&more));
	buf_done(&more);
	return rc;
}

static enum rc insert(struct tx *tx, const struct states_account *a, const struct challenges_opened *said)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*) FROM challenges WHERE account_id = $1 AND state IN ('open', 'answered')"
	};
	static const struct store_query add = { .sql = "INSERT INTO challenges (id, account_id, kind, state, hint, "
						       "qr_url, approve, answers, answered_at, "
						       "delivered, expires_at, created_at, updated_at) VALUES ($1, "
						       "$2, $3, 'open', $4, $5, 0, 0, 0, 0, $6, "
						       "$7, $7)" };
	const struct challenge v = { .id = said->id,
		.account_id = a->id,
		.kind = said->kind,
		.hint = said->hint,
		.expires_at = said->expires_at };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(tx->db, &count, STORE_ARGS(store_text(a->id)), &r, tx->fault);
	if (rc == RC_OK && store_col_int(r, 0) >= ALIVE_MAX)
		return RC_OK; /* an agent that goes wild fills no table */
	store_close(take(r));
	if (rc == RC_OK)
		rc = store_do(tx->db, &add,
			STORE_ARGS(store_text(v.id), store_text(a->id), store_text(challenges_kind_words[v.kind]),
				store_text(v.hint), store_text(said->qr_url), store_int(v.expires_at),
				store_int(tx->now_ms)),
			tx->fault);
	return rc == RC_OK ? challenges_tell_opened(tx, &v) : rc;
}

enum rc challenges_open(struct tx *tx, const struct states_account *a, const struct challenges_opened *said)
{
	static const struct store_query again = { .sql = "UPDATE challenges SET state = $2, hint = $3, qr_url = "
							 "$4, expires_at = $5, updated_at = $6, "
							 "delivered = $7 WHERE id = $1" };
	struct challenge v = { 0 };

	if (!id_is(said->id, "chg"))
		return RC_INVALID;
	enum rc rc = challenges_load(tx, said->id, &v);
	if (rc == RC_MISSING)
		return insert(tx, a, said);
	if (rc != RC_OK || !v.account_id || strcmp(v.account_id, a->id) != 0)
		return rc;
	/* The answer was delivered, and Steam wants another. One that is still on its way stands. */
	bool anew = v.state == CHALLENGES_ANSWERED && v.delivered;
	if (v.state != CHALLENGES_OPEN && v.state != CHALLENGES_ANSWERED)
		return RC_OK;
	rc = store_do(tx->db, &again,
		STORE_ARGS(store_text(v.id), store_text(challenges_state_words[anew ? CHALLENGES_OPEN : v.state]),
			store_text(said->hint), store_text(said->qr_url), store_int(said->expires_at),
			store_int(tx->now_ms), store_int(0)),
		tx->fault);
	v.expires_at = said->expires_at;
	v.hint = said->hint;
	return rc == RC_OK && anew ? challenges_tell_opened(tx, &v) : rc;
}

enum rc challenges_end(struct tx *tx, const struct challenge *v, enum challenges_state state)
{
	static const struct store_query set = {
		.sql = "UPDATE challenges SET state = $2, qr_url = NULL, updated_at = $3 WHERE id = $1"
	};
	enum rc rc = store_do(tx->db, &set,
		STORE_ARGS(store_text(v->id), store_text(challenges_state_words[state]), store_int(tx->now_ms)),
		tx->fault);
	if (rc == RC_OK)
		rc = vault_drop_all(tx, "challenge", v->id);
	if (rc != RC_OK)
		return rc;
	if (state == CHALLENGES_EXPIRED)
		return challenges_told(tx, "challenge.expired", v, "");
	const char *more = arena_fmt(tx->arena, ",\"outcome\":\"%s\"", challenges_state_words[state]);
	return more ? challenges_told(tx, "challenge.closed", v, more) : RC_NOMEM;
}

enum rc challenges_close(struct tx *tx, const struct states_account *a, const struct challenges_closed *said)
{
	static const enum challenges_state ends[] = { CHALLENGES_ACCEPTED, CHALLENGES_EXPIRED, CHALLENGES_REFUSED,
		CHALLENGES_MOOT };
	struct challenge v = { 0 };

	enum rc rc = challenges_load(tx, said->id, &v);
	if (rc != RC_OK || !v.account_id || strcmp(v.account_id, a->id) != 0 ||
		(v.state != CHALLENGES_OPEN && v.state != CHALLENGES_ANSWERED))
		return rc == RC_MISSING ? RC_OK : rc;
	return challenges_end(tx, &v, ends[said->outcome]);
}

static enum rc end_all(
	struct tx *tx, const struct store_query *q, struct store_args args, enum challenges_state state)
{
	auto_rows struct store_rows *r = NULL;
	struct field_list list = { 0 };
	enum rc rc = store_run(tx->db, q, args, &r, tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ challenges_fields, tx->arena, NULL },
			sizeof(struct challenge), EXPIRE_MAX, &list, tx->fault);
	store_close(take(r));
	struct challenge *v = list.at;
	for (size_t i = 0; rc == RC_OK && i < list.n; i++)
		rc = challenges_end(tx, &v[i], state);
	return rc;
}

enum rc challenges_expire(struct tx *tx)
{
	static const struct store_query over = {
		.sql = "SELECT " CHALLENGES_COLUMNS
		       " FROM challenges WHERE state IN ('open', 'answered') AND expires_at <= $1 LIMIT 500"
	};
	_Static_assert(EXPIRE_MAX == 500, "the number in the query");
	return end_all(tx, &over, STORE_ARGS(store_int(tx->now_ms)), CHALLENGES_EXPIRED);
}

enum rc challenges_moot(struct tx *tx, const char *account_id)
{
	static const struct store_query alive = {
		.sql = "SELECT " CHALLENGES_COLUMNS
		       " FROM challenges WHERE state IN ('open', 'answered') AND account_id = $1"
	};
	return end_all(tx, &alive, STORE_ARGS(store_text(account_id)), CHALLENGES_MOOT);
}

enum rc challenges_forget(struct tx *tx, const char *account_id)
{
	static const struct store_query forget = { .sql = "DELETE FROM challenges WHERE account_id = $1" };
	enum rc rc = challenges_moot(tx, account_id);
	return rc == RC_OK ? store_do(tx->db, &forget, STORE_ARGS(store_text(account_id)), tx->fault) : rc;
}

enum rc challenges_delivered(struct tx *tx, const char *id)
{
	static const struct store_query set = {
		.sql = "UPDATE challenges SET delivered = 1, updated_at = $2 WHERE id = $1 AND state = 'answered'"
	};
	enum rc rc = store_do(tx->db, &set, STORE_ARGS(store_text(id), store_int(tx->now_ms)), tx->fault);
	return rc == RC_OK ? vault_drop_all(tx, "challenge", id) : rc;
}
