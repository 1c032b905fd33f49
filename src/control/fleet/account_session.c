#include "control/fleet/account_session.h"
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/fleet/account_row.h"
#include "control/fleet/bots.h"
#include "control/fleet/states.h"
#include "control/http/page.h"
#include "control/http/route.h"
#include "control/rows.h"
#include "model/account.h"
#include "wire/field_json.h"
#include "wire/steam/guard.h"

#include <string.h>

#define CODES_MAX       10 /* of one account … */
#define CODES_WINDOW_MS 60000

struct lease_view {
	bool held;
	const char *agent_id;
	int64_t epoch, expires_at;
};
static const struct field lease_fields[] = {
	{ .name = "held",
		.type = FIELD_BOOL,
		FIELD_AT(struct lease_view, held),
		.doc = "An agent has the account." },
	{ .name = "agentId",
		.type = FIELD_STR,
		FIELD_AT(struct lease_view, agent_id),
		.doc = "Which; or which had it last." },
	{ .name = "epoch",
		.type = FIELD_I64,
		FIELD_AT(struct lease_view, epoch),
		.doc = "Counts the leases; what is told under an older one is dropped." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct lease_view, expires_at),
		.doc = "Unless the agent is heard again." },
	{ 0 },
};

struct session_view {
	const char *account_id;
	int state;
	const char *reason;
	int64_t since, cool_until;
	bool quarantined;
	const char *steam_id;
	struct account_desired desired;
	int64_t generation, observed_generation;
	const char *conditions;
	struct lease_view lease;
	const char *challenge_id;
};
static const struct field session_fields[] = {
	{ .name = "accountId",
		.type = FIELD_STR,
		FIELD_AT(struct session_view, account_id),
		.doc = "Whose session." },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct session_view, state),
		.words = account_state_words,
		.doc = "What it does." },
	{ .name = "reason", .type = FIELD_STR, FIELD_AT(struct session_view, reason), .doc = "Why, as a code." },
	{ .name = "since", .type = FIELD_TIME, FIELD_AT(struct session_view, since), .doc = "Since when." },
	{ .name = "coolUntil",
		.type = FIELD_TIME,
		FIELD_AT(struct session_view, cool_until),
		.doc = "It does not log on before." },
	{ .name = "quarantined",
		.type = FIELD_BOOL,
		FIELD_AT(struct session_view, quarantined),
		.doc = "An operator keeps it off." },
	{ .name = "steamId", .type = FIELD_STR, FIELD_AT(struct session_view, steam_id), .doc = "Its SteamID64." },
	{ .name = "desired",
		.type = FIELD_OBJ,
		FIELD_AT(struct session_view, desired),
		.sub = account_row_desired_fields,
		.sub_size = sizeof(struct account_desired),
		.doc = "What it is to do." },
	{ .name = "generation",
		.type = FIELD_I64,
		FIELD_AT(struct session_view, generation),
		.doc = "Counts what was desired." },
	{ .name = "observedGeneration",
		.type = FIELD_I64,
		FIELD_AT(struct session_view, observed_generation),
		.doc = "The last of it that its agent has seen." },
	{ .name = "conditions",
		.type = FIELD_JSON,
		FIELD_AT(struct session_view, conditions),
		.doc = "What else is known: a list of type, status, reason, observedAt." },
	{ .name = "lease",
		.type = FIELD_OBJ,
		FIELD_AT(struct session_view, lease),
		.sub = lease_fields,
		.sub_size = sizeof(struct lease_view),
		.doc = "Which agent has it." },
	{ .name = "challengeId",
		.type = FIELD_STR,
		FIELD_AT(struct session_view, challenge_id),
		.doc = "What waits for a person; null: nothing." },
	{ 0 },
};

static enum rc show(struct tx *tx, const char *id, struct session_view *ret)
{
	static const struct store_query one = {
		.sql = "SELECT a.id, a.state, a.state_reason, a.state_since, a.cool_until, a.quarantined, "
		       "a.steam_id, "
		       "a.want_mode, "
		       "a.want_apps, a.want_game, a.want_persona, a.want_until, a.generation, "
		       "a.observed_generation, "
		       "a.conditions, a.held, a.agent_id, a.epoch, CASE WHEN a.held = 1 THEN g.lease_until ELSE 0 "
		       "END, "
		       "(SELECT MAX(c.id) FROM challenges c WHERE c.account_id = a.id AND c.state IN ('open', "
		       "'answered')) "
		       "FROM accounts a LEFT JOIN agents g ON g.id = a.agent_id WHERE a.id = $1"
	};
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ session_fields, tx->arena, ret }, tx->fault);
}

static enum rc get(struct call *c, void *ret_out) { return show(&c->tx, c->arg[0], ret_out); }

static enum rc check_desired(struct call *c, const struct account_desired *in)
{
	if (in->mode != ACCOUNT_MODE_PLAYING && (in->apps.n || in->game))
		return field_json_problem(
			c->reader, "/mode", "out_of_range", "apps and game go with mode playing only");
	if (in->mode == ACCOUNT_MODE_PLAYING && !in->apps.n && !in->game)
		return field_json_problem(
			c->reader, "/apps", "required", "name the apps, or a game, that is to be played");
	if (in->until > 0 && in->until <= c->tx.now_ms)
		return field_json_problem(c->reader, "/until", "out_of_range", "until must be in the future");
	return RC_OK;
}

static enum rc set_desired(struct call *c, void *ret_out)
{
	const struct account_desired *in = c->in;
	enum rc rc = check_desired(c, in);

	if (rc == RC_OK)
		rc = states_want(&c->tx, c->arg[0], in, NULL);
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "account.desired", c->arg[0]);
	return rc == RC_OK ? show(&c->tx, c->arg[0], ret_out) : rc;
}

static enum rc restart(struct call *c, void *ret_out)
{
	enum rc rc = bots_restart(&c->tx, c->arg[0]);
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "account.restart", c->arg[0]);
	return rc == RC_OK ? show(&c->tx, c->arg[0], ret_out) : rc;
}

static enum rc retry(struct call *c, void *ret_out)
{
	struct states_account a = { 0 };
	enum rc rc = states_load(&c->tx, c->arg[0], &a);

	if (rc == RC_OK)
		rc = states_do(&c->tx, &a, ACCOUNT_RETRIED, "be retried: that is for one that has failed");
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "account.retry", c->arg[0]);
	return rc == RC_OK ? show(&c->tx, c->arg[0], ret_out) : rc;
}

static enum rc quarantine(struct call *c, void *ret_out)
{
	enum rc rc = states_quarantine(&c->tx, c->arg[0]);
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "account.quarantine", c->arg[0]);
	return rc == RC_OK ? show(&c->tx, c->arg[0], ret_out) : rc;
}

static enum rc clear(struct call *c, void *ret_out)
{
	enum rc rc = states_clear(&c->tx, c->arg[0]);
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "account.quarantine.clear", c->arg[0]);
	return rc == RC_OK ? show(&c->tx, c->arg[0], ret_out) : rc;
}

struct step {
	const char *id; /* its place in the history, as a text: for the page's cursor */
	int64_t at;
	int was, state;
	const char *reason;
	uint32_t eresult;
	const char *agent_id;
	int64_t epoch;
	const char *actor;
};
static const struct field step_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct step, id), .doc = "Its place; later ones are greater." },
	{ .name = "at", .type = FIELD_TIME, FIELD_AT(struct step, at), .doc = "When." },
	{ .name = "was",
		.type = FIELD_ENUM,
		FIELD_AT(struct step, was),
		.words = account_state_words,
		.doc = "The state before." },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct step, state),
		.words = account_state_words,
		.doc = "The state since." },
	{ .name = "reason", .type = FIELD_STR, FIELD_AT(struct step, reason), .doc = "Why, as a code." },
	{ .name = "eresult",
		.type = FIELD_U32,
		FIELD_AT(struct step, eresult),
		.flags = FIELD_OMIT,
		.doc = "What Steam said." },
	{ .name = "agentId", .type = FIELD_STR, FIELD_AT(struct step, agent_id), .doc = "Which agent held it." },
	{ .name = "epoch", .type = FIELD_I64, FIELD_AT(struct step, epoch), .doc = "Under which lease." },
	{ .name = "actor", .type = FIELD_STR, FIELD_AT(struct step, actor), .doc = "Who or what did it." },
	{ 0 },
};

struct history_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct history_query), { 0 } };

static enum rc history(struct call *c, void *ret_out)
{
	/* Positions as texts of one length, so that they sort as numbers do. */
	static const struct store_query all = { .sql = "SELECT substr('0000000000000000000' || seq, -19), ts, was, "
						       "state, reason, eresult, agent_id, epoch, "
						       "actor FROM account_history WHERE account_id = $1 AND "
						       "substr('0000000000000000000' || seq, -19) < $2 "
						       "ORDER BY seq DESC LIMIT $3",
		.sql_pg = "SELECT lpad(seq::text, 19, '0'), ts, was, state, reason, eresult, agent_id, epoch, "
			  "actor FROM "
			  "account_history WHERE account_id = $1 AND lpad(seq::text, 19, '0') < $2 ORDER BY seq "
			  "DESC LIMIT $3" };
	const struct page_query *q = c->query;
	struct states_account a = { 0 };
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = states_load(&c->tx, c->arg[0], &a);
	if (rc == RC_OK)
		rc = page_begin(c, q, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(a.id), store_text(before), store_int(q->limit + 1)), &r, c->tx.fault);
	return rc == RC_OK ? page_read(c, q, r, ret_out) : rc;
}

struct code_view {
	const char *code;
	int64_t expires_at;
};
static const struct field code_fields[] = {
	{ .name = "code", .type = FIELD_STR, FIELD_AT(struct code_view, code), .doc = "Steam Guard's code." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct code_view, expires_at),
		.doc = "Good until then." },
	{ 0 },
};

/* So many in a minute, over restarts too: codes are for people, and a stolen key is to get few. */
static enum rc count_code(struct tx *tx, const char *account_id)
{
	static const struct store_query count = {
		.sql = "UPDATE accounts SET codes = CASE WHEN codes_since > CAST($2 AS BIGINT) - $3 THEN codes + 1 "
		       "ELSE 1 "
		       "END, codes_since = CASE WHEN codes_since > CAST($2 AS BIGINT) - $3 THEN codes_since ELSE "
		       "$2 END "
		       "WHERE id = $1 AND (codes_since <= CAST($2 AS BIGINT) - $3 OR codes < $4) RETURNING codes"
	};
	struct states_account a = { 0 };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = states_load(tx, account_id, &a);
	if (rc == RC_OK)
		rc = store_one(tx->db, &count,
			STORE_ARGS(store_text(account_id), store_int(tx->now_ms), store_int(CODES_WINDOW_MS),
				store_int(CODES_MAX)),
			&r, tx->fault);
	else
		return rc;
	return rc == RC_MISSING ? fault_set(tx->fault, RC_LIMIT, "at most %d codes of an account in %d seconds",
					  CODES_MAX, CODES_WINDOW_MS / 1000)
				: rc;
}

static enum rc code(struct call *c, void *ret_out)
{
	const struct vault_at at = { "account", c->arg[0], "shared_secret" };
	struct hush text = { 0 }, shared = { 0 };
	struct code_view *v = ret_out;
	char made[GUARD_CODE] = "";
	unsigned left_s = 0;

	enum rc rc = count_code(&c->tx, c->arg[0]);
	if (rc == RC_OK) {
		rc = vault_get(&c->tx, &at, &text);
		if (rc == RC_MISSING)
			rc = fault_set(c->tx.fault, RC_CONFLICT,
				"the account has no shared_secret; set it under "
				"/v1/accounts/%s/secrets/shared_secret",
				c->arg[0]);
	}
	if (rc == RC_OK)
		rc = guard_secret((const char *)text.p, text.n, &shared);
	if (rc == RC_OK)
		rc = guard_code(&shared, c->tx.now_ms / 1000, made, &left_s);
	hush_done(&text);
	hush_done(&shared);
	if (rc != RC_OK)
		return rc;
	v->code = arena_str(c->tx.arena, made);
	v->expires_at = (c->tx.now_ms / 1000 + left_s) * 1000;
	hush_wipe(made, sizeof(made));
	return v->code ? audit_add(&c->tx, "authenticator.code", c->arg[0]) : RC_NOMEM;
}

#define OUT .out = session_fields, .out_size = sizeof(struct session_view)

const struct route account_session_routes[] = {
	{ .name = "setDesiredState",
		.method = "PUT",
		.path = "/v1/accounts/{id}/desired-state",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_SESSIONS_WRITE,
		.flags = ROUTE_WRITE,
		.in = account_row_desired_fields,
		.in_size = sizeof(struct account_desired),
		OUT,
		.run = set_desired,
		.doc = "Says what an account's session is to do. It is brought there and kept there." },
	{ .name = "getAccountSession",
		.method = "GET",
		.path = "/v1/accounts/{id}/session",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_ACCOUNTS_READ,
		OUT,
		.run = get,
		.doc = "Shows what an account's session does." },
	{ .name = "restartAccountSession",
		.method = "POST",
		.path = "/v1/accounts/{id}/session/restart",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_SESSIONS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = restart,
		.doc = "Logs an account off and on again." },
	{ .name = "retryAccount",
		.method = "POST",
		.path = "/v1/accounts/{id}/retry",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_SESSIONS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = retry,
		.doc = "Lets an account that has failed try again." },
	{ .name = "quarantineAccount",
		.method = "POST",
		.path = "/v1/accounts/{id}/quarantine",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_SESSIONS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = quarantine,
		.doc = "Logs an account off and keeps it off, whatever is desired of it, until that is cleared." },
	{ .name = "clearQuarantine",
		.method = "POST",
		.path = "/v1/accounts/{id}/quarantine/clear",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_SESSIONS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = clear,
		.doc = "Takes an account out of quarantine." },
	{ .name = "getAccountHistory",
		.method = "GET",
		.path = "/v1/accounts/{id}/history",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_ACCOUNTS_READ,
		.flags = ROUTE_LIST,
		.query = page_fields,
		.query_size = sizeof(struct history_query),
		.out = step_fields,
		.out_size = sizeof(struct step),
		.run = history,
		.doc = "Lists the states of an account, newest first." },
	{ .name = "makeAuthenticatorCode",
		.method = "POST",
		.path = "/v1/accounts/{id}/authenticator/codes",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_AUTHENTICATOR_CODE,
		.flags = ROUTE_WRITE,
		.out = code_fields,
		.out_size = sizeof(struct code_view),
		.run = code,
		.doc = "Makes a Steam Guard code from the account's shared secret. At most ten a minute; each is "
		       "audited." },
	{ 0 },
};
