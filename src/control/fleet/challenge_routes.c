#include "control/fleet/challenge_routes.h"
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/fleet/challenges_parts.h"
#include "control/fleet/shop_answers.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "wire/field_json.h"

#include <string.h>

#define CODE_MAX  64
#define BRING_MAX 4096 /* SHOP_CODE_BRING of wire/shop_code.h */

struct challenges_query {
	struct page_query page;
	const char *account, *agent;
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
	{ .name = "agent",
		.type = FIELD_STR,
		FIELD_AT(struct challenges_query, agent),
		.max = 64,
		.doc = "Only those of this agent, by its id." },
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
		.sql = "SELECT " CHALLENGES_COLUMNS
		       " FROM challenges WHERE id < $1 AND (EXISTS (SELECT 1 FROM accounts a WHERE a.id = "
		       "account_id AND a.tenant_id = $5) OR (agent_id IS NOT NULL AND $5 = '" TX_TENANT_DEFAULT
		       "')) AND ($3 = 'any' OR state = $3) "
		       "AND ($4 = '' OR account_id = $4) AND ($6 = '' OR agent_id = $6) ORDER BY id DESC LIMIT $2"
	};
	const struct challenges_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1),
				store_text(query_words[q->state]), store_text(q->account ? q->account : ""),
				store_text(tx_tenant(&c->tx)), store_text(q->agent ? q->agent : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out) { return challenges_load(&c->tx, c->arg[0], ret_out); }

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
		.max = BRING_MAX,
		.doc = "The code or PIN. Of shop_login: the code, or the whole address or JSON that the page ends "
		       "with." },
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
	if (in->approve && (v->kind == CHALLENGES_GUARD_EMAIL || v->kind == CHALLENGES_GUARD_TOTP ||
				   v->kind == CHALLENGES_PARENTAL_PIN))
		return field_json_problem(c->reader, "/code", "required", "this challenge wants a code");
	if (v->kind == CHALLENGES_SHOP_LOGIN)
		return in->code ? RC_OK
				: field_json_problem(
					  c->reader, "/code", "required", "this challenge wants the page's code");
	if (in->code && strlen(in->code) > CODE_MAX)
		return field_json_problem(c->reader, "/code", "too_long", "a code has at most 64 characters");
	if (in->code && v->kind == CHALLENGES_QR)
		return field_json_problem(
			c->reader, "/approve", "required", "a CHALLENGES_QR code is approved on a phone");
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

static enum rc bring(struct call *c, const struct challenge *v, const char *code)
{
	struct fault f = { 0 };
	struct fault *own = c->tx.fault;

	c->tx.fault = &f;
	enum rc rc = shop_answers_bring(&c->tx, v, code);
	c->tx.fault = own;
	if (rc == RC_INVALID)
		return field_json_problem(c->reader, "/code", "malformed", f.text);
	return rc == RC_OK ? RC_OK : fault_set(own, rc, "%s", f.text);
}

static enum rc answer(struct call *c, void *ret_out)
{
	const struct answer_in *in = c->in;
	struct challenge *v = ret_out;
	struct tx *tx = &c->tx;

	enum rc rc = challenges_load(tx, c->arg[0], v);
	if (rc != RC_OK)
		return rc;
	if (v->state != CHALLENGES_OPEN || v->expires_at <= tx->now_ms)
		return fault_set(tx->fault, RC_CONFLICT, "the challenge is %s; it takes no answer",
			v->state == CHALLENGES_OPEN ? "expired" : challenges_state_words[v->state]);
	rc = check_answer(c, v, in);
	if (rc == RC_OK)
		rc = v->kind == CHALLENGES_SHOP_LOGIN ? bring(c, v, in->code) : keep_answer(tx, v, in);
	if (in->code)
		hush_wipe((char *)in->code, strlen(in->code)); /* it lies in this call's arena */
	if (rc == RC_OK)
		rc = challenges_told(tx, "challenge.answered", v, "");
	if (rc == RC_OK)
		rc = audit_add(tx, "challenge.answer", v->id);
	tx->bots = true;
	return rc == RC_OK ? challenges_load(tx, c->arg[0], v) : rc;
}

#define OUT .out = challenges_fields, .out_size = sizeof(struct challenge)

const struct route challenge_routes[] = {
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
		.doc = "Lists what Steam, Epic and GOG want from people, newest first." },
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
		.doc = "Answers a challenge, once. The answer goes to the account's agent, or the one that is to "
		       "be logged "
		       "in, and is kept nowhere else." },
	{ 0 },
};
