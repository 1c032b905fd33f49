#include "control/engine/dispatch.h"
#include "control/engine/sealed.h"
#include "control/fleet/bots.h"
#include "control/rows.h"

struct candidate {
	const char *id, *action, *account_id, *login, *payload, *trace_id, *secret, *traceparent;
	bool dry_run;
	int64_t created_at, not_before;
};

static const struct field candidate_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct candidate, id) },
	{ .name = "action", .type = FIELD_STR, FIELD_AT(struct candidate, action) },
	{ .name = "account_id", .type = FIELD_STR, FIELD_AT(struct candidate, account_id) },
	{ .name = "login", .type = FIELD_STR, FIELD_AT(struct candidate, login) },
	{ .name = "payload", .type = FIELD_STR, FIELD_AT(struct candidate, payload) },
	{ .name = "trace_id", .type = FIELD_STR, FIELD_AT(struct candidate, trace_id) },
	{ .name = "secret", .type = FIELD_STR, FIELD_AT(struct candidate, secret) },
	{ .name = "dry_run", .type = FIELD_BOOL, FIELD_AT(struct candidate, dry_run) },
	{ .name = "traceparent", .type = FIELD_STR, FIELD_AT(struct candidate, traceparent) },
	{ .name = "created_at", .type = FIELD_I64, FIELD_AT(struct candidate, created_at) },
	{ .name = "not_before", .type = FIELD_I64, FIELD_AT(struct candidate, not_before) },
	{ 0 },
};

static enum rc find(struct tx *tx, const struct dispatch_offer *o, size_t max, struct field_list *ret)
{
	static const struct store_query waiting = {
		.sql = "SELECT t.id, t.action, t.account_id, a.login, j.payload, j.trace_id, j.secret, j.dry_run, "
		       "j.traceparent, t.created_at, t.not_before "
		       "FROM tasks t JOIN jobs "
		       "j ON j.id = t.job_id "
		       "LEFT JOIN accounts a ON a.id = t.account_id LEFT JOIN agents g ON g.id = a.agent_id LEFT "
		       "JOIN "
		       "egresses e ON e.id = a.egress_id "
		       "WHERE t.status = 'queued' AND t.not_before <= $1 AND (t.region_id IS NULL OR t.region_id = "
		       "$2) "
		       "AND $5 LIKE '%,' || t.action || ',%' "
		       "AND (a.agent_id IS NULL OR (a.agent_id = $3 AND a.moving = 0) OR (a.held = 0 AND g.state "
		       "<> "
		       "'connected')) AND (e.region_id IS NULL OR e.region_id = $2) "
		       "AND (t.account_id IS NULL OR NOT EXISTS "
		       "(SELECT 1 FROM tasks h WHERE h.account_id = t.account_id AND (h.status IN ('leased', "
		       "'running') OR (h.status = 'queued' AND h.probe = 1 AND t.probe = 0 AND h.action = "
		       "t.action)))) "
		       "ORDER BY t.priority DESC, t.id LIMIT $4"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &waiting,
		STORE_ARGS(store_int(tx->now_ms), store_text(o->region_id), store_text(o->agent_id),
			store_int((int64_t)max), store_text(o->actions)),
		&r, tx->fault);
	if (rc != RC_OK)
		return rc;
	return rows_list(r, &(struct rows_into){ candidate_row, tx->arena, NULL }, sizeof(struct candidate), max,
		ret, tx->fault);
}

/* Several tasks of one account may have been found together; the first of them takes the account. */
static bool account_taken(const struct dispatch_grant *grants, size_t n, const char *account_id)
{
	for (size_t i = 0; account_id && i < n; i++)
		if (grants[i].account_id && !strcmp(grants[i].account_id, account_id))
			return true;
	return false;
}

static enum rc lease_one(
	struct tx *tx, const struct dispatch_offer *o, const struct candidate *k, struct dispatch_grant *g)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_load(tx, k->id, &t);
	if (rc == RC_OK && k->account_id)
		rc = bots_hold(tx, k->account_id, o->agent_id); /* first: the attempt notes the account's epoch */
	if (rc == RC_OK)
		rc = moves_lease(tx, &t, o->agent_id);
	if (rc != RC_OK)
		return rc;
	*g = (struct dispatch_grant){ .task_id = k->id,
		.job_id = t.job_id,
		.nonce = t.nonce,
		.action = k->action,
		.account_id = k->account_id,
		.login = k->login,
		.payload = k->payload,
		.trace_id = k->trace_id,
		.traceparent = k->traceparent,
		.due_ms = k->created_at > k->not_before ? k->created_at : k->not_before,
		.attempt = t.attempt,
		.probe = t.probe,
		.dry_run = k->dry_run,
		.intent_ms = t.probe ? t.intent_at : 0,
		.intent = t.probe ? t.intent : NULL,
		.decl = action_find(k->action) };
	return k->secret ? sealed_for_agent(tx, t.job_id, k->secret, o->agent_id, &g->sealed) : RC_OK;
}

enum rc dispatch_lease(
	struct tx *tx, const struct dispatch_offer *offers, size_t n, struct field_list *ret_grants, bool *ret_more)
{
	struct dispatch_grant *grants = arena_take(tx->arena, (n * DISPATCH_AT_ONCE + 1) * sizeof(*grants));
	size_t got = 0;
	bool more = false;
	enum rc rc = grants ? RC_OK : RC_NOMEM;

	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		size_t room = offers[i].credit < DISPATCH_AT_ONCE ? offers[i].credit : DISPATCH_AT_ONCE;
		struct field_list found = { 0 };
		rc = room ? find(tx, &offers[i], room, &found) : RC_OK;
		more |= room && found.n == room;
		const struct candidate *k = found.at;
		for (size_t j = 0; rc == RC_OK && j < found.n; j++) {
			if (account_taken(grants, got, k[j].account_id))
				continue;
			rc = lease_one(tx, &offers[i], &k[j], &grants[got]);
			if (rc == RC_OK)
				grants[got++].offer = i;
		}
	}
	if (rc != RC_OK)
		return rc;
	*ret_grants = (struct field_list){ grants, got };
	*ret_more = more && got > 0;
	return RC_OK;
}
