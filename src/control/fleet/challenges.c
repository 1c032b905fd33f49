#include "control/fleet/challenges.h"
#include "base/id.h"
#include "base/when.h"
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/events/events.h"
#include "control/fleet/states.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "wire/field_json.h"
#include "wire/json.h"

#include <string.h>

#define ALIVE_MAX  8 /* of one account */
#define EXPIRE_MAX 500
#define TEXT_MAX   512
#define CODE_MAX   64

enum state { OPEN, ANSWERED, ACCEPTED, EXPIRED, REFUSED, MOOT };
static const char *const state_words[] = { "open", "answered", "accepted", "expired", "refused", "moot", NULL };
enum kind { GUARD_EMAIL, GUARD_TOTP, DEVICE_APPROVAL, QR, PARENTAL_PIN };
static const char *const kind_words[] = { "guard_email", "guard_totp", "device_approval", "qr", "parental_pin",
	NULL };
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
		.words = kind_words },
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

struct challenge {
	const char *id, *account_id;
	int kind, state;
	const char *hint, *qr_url;
	uint32_t answers;
	const char *answered_by;
	int64_t answered_at;
	bool delivered;
	int64_t expires_at, created_at, updated_at;
};
static const struct field challenge_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct challenge, id), .doc = "chg_ and a ULID." },
	{ .name = "accountId",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, account_id),
		.doc = "The account that waits for it." },
	{ .name = "kind",
		.type = FIELD_ENUM,
		FIELD_AT(struct challenge, kind),
		.words = kind_words,
		.doc = "What Steam wants." },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct challenge, state),
		.words = state_words,
		.doc = "open: it waits for an answer; answered: given, and Steam has not said yet." },
	{ .name = "hint",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, hint),
		.doc = "What Steam tells, such as the end of the e-mail address." },
	{ .name = "qrUrl",
		.type = FIELD_STR,
		FIELD_AT(struct challenge, qr_url),
		.doc = "What the QR code says; it changes." },
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
#define COLUMNS                                                                                                 \
	"id, account_id, kind, state, hint, qr_url, answers, answered_by, answered_at, delivered, expires_at, " \
	"created_at, updated_at"

static enum rc load(struct tx *tx, const char *id, struct challenge *ret)
{
	static const struct store_query one = { .sql = "SELECT " COLUMNS " FROM challenges WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ challenge_fields, tx->arena, ret }, tx->fault);
}

static enum rc told(struct tx *tx, const char *type, const struct challenge *v, const char *more)
{
	const char *payload = arena_fmt(
		tx->arena, "{\"challengeId\":\"%s\",\"kind\":\"%s\"%s}", v->id, kind_words[v->kind], more);
	return payload ? events_add(tx,
				 &(struct event){ .type = type, .account_id = v->account_id, .payload = payload })
		       : RC_NOMEM;
}

static enum rc tell_opened(struct tx *tx, const struct challenge *v)
{
	struct buf more = { 0 };
	char when[WHEN_MAX];

	when_text(when, v->expires_at);
	buf_fmt(&more, ",\"expiresAt\":\"%s\",\"hint\":", when);
	json_put_str(&more, v->hint);
	enum rc rc = more.bad ? RC_NOMEM : told(tx, "challenge.opened", v, buf_text(&more));
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
			STORE_ARGS(store_text(v.id), store_text(a->id), store_text(kind_words[v.kind]),
				store_text(v.hint), store_text(said->qr_url), store_int(v.expires_at),
				store_int(tx->now_ms)),
			tx->fault);
	return rc == RC_OK ? tell_opened(tx, &v) : rc;
}

enum rc challenges_open(struct tx *tx, const struct states_account *a, const struct challenges_opened *said)
{
	static const struct store_query again = { .sql = "UPDATE challenges SET state = $2, hint = $3, qr_url = "
							 "$4, expires_at = $5, updated_at = $6, "
							 "delivered = $7 WHERE id = $1" };
	struct challenge v = { 0 };

	enum rc rc = load(tx, said->id, &v);
	if (rc == RC_MISSING)
		return insert(tx, a, said);
	if (rc != RC_OK || strcmp(v.account_id, a->id) != 0)
		return rc;
	/* The answer was delivered, and Steam wants another. One that is still on its way stands. */
	bool anew = v.state == ANSWERED && v.delivered;
	if (v.state != OPEN && v.state != ANSWERED)
		return RC_OK;
	rc = store_do(tx->db, &again,
		STORE_ARGS(store_text(v.id), store_text(state_words[anew ? OPEN : v.state]), store_text(said->hint),
			store_text(said->qr_url), store_int(said->expires_at), store_int(tx->now_ms), store_int(0)),
		tx->fault);
	v.expires_at = said->expires_at;
	v.hint = said->hint;
	return rc == RC_OK && anew ? tell_opened(tx, &v) : rc;
}

/* It is over: an answer that is still here is not wanted any more. */
static enum rc end(struct tx *tx, struct challenge *v, enum state state)
{
	static const struct store_query set = {
		.sql = "UPDATE challenges SET state = $2, qr_url = NULL, updated_at = $3 WHERE id = $1"
	};
	enum rc rc = store_do(tx->db, &set,
		STORE_ARGS(store_text(v->id), store_text(state_words[state]), store_int(tx->now_ms)), tx->fault);
	if (rc == RC_OK)
		rc = vault_drop_all(tx, "challenge", v->id);
	if (rc != RC_OK)
		return rc;
	if (state == EXPIRED)
		return told(tx, "challenge.expired", v, "");
	const char *more = arena_fmt(tx->arena, ",\"outcome\":\"%s\"", state_words[state]);
	return more ? told(tx, "challenge.closed", v, more) : RC_NOMEM;
}

enum rc challenges_close(struct tx *tx, const struct states_account *a, const struct challenges_closed *said)
{
	static const enum state ends[] = { ACCEPTED, EXPIRED, REFUSED, MOOT };
	struct challenge v = { 0 };

	enum rc rc = load(tx, said->id, &v);
	if (rc != RC_OK || strcmp(v.account_id, a->id) != 0 || (v.state != OPEN && v.state != ANSWERED))
		return rc == RC_MISSING ? RC_OK : rc;
	return end(tx, &v, ends[said->outcome]);
}

static enum rc end_all(struct tx *tx, const struct store_query *q, struct store_args args, enum state state)
{
	auto_rows struct store_rows *r = NULL;
	struct field_list list = { 0 };
	enum rc rc = store_run(tx->db, q, args, &r, tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ challenge_fields, tx->arena, NULL },
			sizeof(struct challenge), EXPIRE_MAX, &list, tx->fault);
	store_close(take(r));
	struct challenge *v = list.at;
	for (size_t i = 0; rc == RC_OK && i < list.n; i++)
		rc = end(tx, &v[i], state);
	return rc;
}

enum rc challenges_expire(struct tx *tx)
{
	static const struct store_query over = {
		.sql = "SELECT " COLUMNS
		       " FROM challenges WHERE state IN ('open', 'answered') AND expires_at <= $1 LIMIT 500"
	};
	_Static_assert(EXPIRE_MAX == 500, "the number in the query");
	return end_all(tx, &over, STORE_ARGS(store_int(tx->now_ms)), EXPIRED);
}

enum rc challenges_moot(struct tx *tx, const char *account_id)
{
	static const struct store_query alive = {
		.sql = "SELECT " COLUMNS " FROM challenges WHERE state IN ('open', 'answered') AND account_id = $1"
	};
	return end_all(tx, &alive, STORE_ARGS(store_text(account_id)), MOOT);
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

struct challenges_query {
	struct page_query page;
	const char *account;
	int state;
};
static const char *const query_words[] = { "any", "open", "answered", "accepted", "expired", "refused", "moot",
	NULL };
static const struct field query_fields[] = {
	PAGE_QUERY_FIELDS(struct challenges_query),
	{ .name = "account",
		.type = FIELD_STR,
		FIELD_AT(struct challenges_query, account),
		.max = 64,
		.doc = "Only those of this account, by its id." },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct challenges_query, state),
		.words = query_words,
		.doc = "Only those in this state." },
	{ 0 },
};

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " COLUMNS
		       " FROM challenges WHERE id < $1 AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = "
		       "account_id AND a.tenant_id = $5) AND ($3 = 'any' OR state = $3) "
		       "AND ($4 = '' OR account_id = $4) ORDER BY id DESC LIMIT $2"
	};
	const struct challenges_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1),
				store_text(query_words[q->state]), store_text(q->account ? q->account : ""),
				store_text(tx_tenant(&c->tx))),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out) { return load(&c->tx, c->arg[0], ret_out); }

struct answer_in {
	const char *code;
	bool approve;
};
static const struct field answer_fields[] = {
	{ .name = "code",
		.type = FIELD_STR,
		FIELD_AT(struct answer_in, code),
		.flags = FIELD_SECRET,
		.min = 1,
		.max = CODE_MAX,
		.doc = "The code or PIN." },
	{ .name = "approve",
		.type = FIELD_BOOL,
		FIELD_AT(struct answer_in, approve),
		.doc = "It was approved on the phone: look at once." },
	{ 0 },
};

/* Does the answer fit what was asked? */
static enum rc check_answer(struct call *c, const struct challenge *v, const struct answer_in *in)
{
	if (!in->code == !in->approve)
		return field_json_problem(c->reader, "/code", "required", "send either code or approve: true");
	if (in->approve && (v->kind == GUARD_EMAIL || v->kind == GUARD_TOTP || v->kind == PARENTAL_PIN))
		return field_json_problem(c->reader, "/code", "required", "this challenge wants a code");
	if (in->code && v->kind == QR)
		return field_json_problem(c->reader, "/approve", "required", "a QR code is approved on a phone");
	for (const char *s = in->code; s && *s; s++)
		if (*s <= ' ' || *s > '~')
			return field_json_problem(
				c->reader, "/code", "malformed", "a code has visible ASCII characters only");
	return RC_OK;
}

static enum rc keep_answer(struct tx *tx, const struct challenge *v, const struct answer_in *in)
{
	static const struct store_query set = {
		.sql = "UPDATE challenges SET state = 'answered', approve = $2, answers = answers + 1, answered_by "
		       "= $3, "
		       "answered_at = $4, delivered = 0, updated_at = $4 WHERE id = $1"
	};
	const struct vault_at at = { "challenge", v->id, "code" };
	struct hush code = { 0 };
	enum rc rc = RC_OK;

	if (in->code) {
		rc = hush_set(&code, in->code, strlen(in->code));
		if (rc == RC_OK)
			rc = vault_put(tx, &at, &code, NULL);
		hush_done(&code);
	}
	return rc == RC_OK ? store_do(tx->db, &set,
				     STORE_ARGS(store_text(v->id), store_int(in->approve), store_text(tx->actor),
					     store_int(tx->now_ms)),
				     tx->fault)
			   : rc;
}

static enum rc answer(struct call *c, void *ret_out)
{
	const struct answer_in *in = c->in;
	struct challenge *v = ret_out;
	struct tx *tx = &c->tx;

	enum rc rc = load(tx, c->arg[0], v);
	if (rc != RC_OK)
		return rc;
	if (v->state != OPEN || v->expires_at <= tx->now_ms)
		return fault_set(tx->fault, RC_CONFLICT, "the challenge is %s; it takes no answer",
			v->state == OPEN ? "expired" : state_words[v->state]);
	rc = check_answer(c, v, in);
	if (rc == RC_OK)
		rc = keep_answer(tx, v, in);
	if (in->code)
		hush_wipe((char *)in->code, strlen(in->code)); /* it lies in this call's arena */
	if (rc == RC_OK)
		rc = told(tx, "challenge.answered", v, "");
	if (rc == RC_OK)
		rc = audit_add(tx, "challenge.answer", v->id);
	tx->bots = true;
	return rc == RC_OK ? load(tx, c->arg[0], v) : rc;
}

#define OUT .out = challenge_fields, .out_size = sizeof(struct challenge)

const struct route challenges_routes[] = {
	{ .name = "listChallenges",
		.method = "GET",
		.path = "/v1/challenges",
		.reach = REACH_TENANT,
		.lists = OBJECT_CHALLENGE,
		.scope = SCOPE_CHALLENGES_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct challenges_query),
		OUT,
		.run = list,
		.doc = "Lists what Steam wants from people, newest first." },
	{ .name = "getChallenge",
		.method = "GET",
		.path = "/v1/challenges/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_CHALLENGE,
		.scope = SCOPE_CHALLENGES_READ,
		OUT,
		.run = get,
		.doc = "Shows a challenge." },
	{ .name = "answerChallenge",
		.method = "POST",
		.path = "/v1/challenges/{id}/answer",
		.reach = REACH_TENANT,
		.object = OBJECT_CHALLENGE,
		.scope = SCOPE_CHALLENGES_ANSWER,
		.flags = ROUTE_WRITE,
		.in = answer_fields,
		.in_size = sizeof(struct answer_in),
		OUT,
		.run = answer,
		.doc = "Answers a challenge, once. The answer goes to the account's agent, and is kept nowhere "
		       "else." },
	{ 0 },
};
