#include "control/fleet/regions.h"
#include "control/fleet/roster.h"
#include "control/rows.h"
#include "model/action.h"
#include "wire/field_json.h"

#include <string.h>

struct question {
	const char *account_id, *action, *region_id;
	struct field_list labels;
};
static const struct field question_fields[] = {
	{ .name = "accountId",
		.type = FIELD_STR,
		FIELD_AT(struct question, account_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "The account of the task; null: one that nobody has, with `labels`, or none." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct question, labels),
		.doc = "Labels of an account that need not be there." },
	{ .name = "action",
		.type = FIELD_STR,
		FIELD_AT(struct question, action),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "What the task does; null: the account is only to be online." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct question, region_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "Only there; null: where the account says, or anywhere." },
	{ 0 },
};

struct candidate {
	const char *agent_id, *region_id, *code, *detail;
	bool chosen;
	uint32_t tasks, capacity, sessions;
	int64_t load, preference;
};
static const struct field candidate_fields[] = {
	{ .name = "agentId", .type = FIELD_STR, FIELD_AT(struct candidate, agent_id), .doc = "The agent." },
	{ .name = "regionId", .type = FIELD_STR, FIELD_AT(struct candidate, region_id), .doc = "Its region." },
	{ .name = "chosen", .type = FIELD_BOOL, FIELD_AT(struct candidate, chosen), .doc = "It is the one." },
	{ .name = "code",
		.type = FIELD_STR,
		FIELD_AT(struct candidate, code),
		.doc = "Why it is, or is not: chosen; not_connected, cordoned, draining, held_by_another, region, "
		       "egress_region, capability, avoided, downloads_full, sessions_full, or rule_ and what the "
		       "rule says: it "
		       "cannot; "
		       "no_room, less_preferred, more_loaded, lost_tie: another is better." },
	{ .name = "detail", .type = FIELD_STR, FIELD_AT(struct candidate, detail), .doc = "The same in words." },
	{ .name = "load",
		.type = FIELD_I64,
		FIELD_AT(struct candidate, load),
		.doc = "Of 1000: tasks and sessions as parts of what it bears; 150 less if it has or had the "
		       "account." },
	{ .name = "preference",
		.type = FIELD_I64,
		FIELD_AT(struct candidate, preference),
		.doc = "The first of the rule's preferences that it meets, from 1; 0: none." },
	{ .name = "tasks", .type = FIELD_U32, FIELD_AT(struct candidate, tasks), .doc = "Tasks that it has." },
	{ .name = "capacity", .type = FIELD_U32, FIELD_AT(struct candidate, capacity), .doc = "Tasks at once." },
	{ .name = "sessions",
		.type = FIELD_U32,
		FIELD_AT(struct candidate, sessions),
		.doc = "Accounts that it has." },
	{ 0 },
};

struct answer {
	const char *agent_id, *rule, *placement;
	bool bound;
	struct field_list candidates;
};
static const struct field answer_fields[] = {
	{ .name = "agentId",
		.type = FIELD_STR,
		FIELD_AT(struct answer, agent_id),
		.doc = "The agent that would get it now; null: none." },
	{ .name = "rule",
		.type = FIELD_STR,
		FIELD_AT(struct answer, rule),
		.doc = "The name of the policy that holds; null: none does." },
	{ .name = "bound",
		.type = FIELD_BOOL,
		FIELD_AT(struct answer, bound),
		.doc = "An agent has the account's session: only that one can." },
	{ .name = "placement",
		.type = FIELD_JSON,
		FIELD_AT(struct answer, placement),
		.doc = "What a task would be told: agentId, rule, reasons." },
	{ .name = "candidates",
		.type = FIELD_LIST,
		FIELD_AT(struct answer, candidates),
		.item = FIELD_OBJ,
		.sub = candidate_fields,
		.sub_size = sizeof(struct candidate),
		.doc = "Every agent, the chosen one first." },
	{ 0 },
};

struct account {
	const char *region_hint, *egress_kind, *egress_region, *agent_id;
	struct field_list labels;
	bool held;
};
static const struct field account_row[] = {
	{ .name = "region_hint", .type = FIELD_STR, FIELD_AT(struct account, region_hint) },
	{ .name = "kind", .type = FIELD_STR, FIELD_AT(struct account, egress_kind) },
	{ .name = "region_id", .type = FIELD_STR, FIELD_AT(struct account, egress_region) },
	{ .name = "agent_id", .type = FIELD_STR, FIELD_AT(struct account, agent_id) },
	{ .name = "labels", .type = FIELD_MAP, FIELD_AT(struct account, labels) },
	{ .name = "held", .type = FIELD_BOOL, FIELD_AT(struct account, held) },
	{ 0 },
};

static enum rc of_account(struct call *c, const struct question *in, struct placement_task *t)
{
	static const struct store_query find = { .sql = "SELECT a.region_hint, e.kind, e.region_id, a.agent_id, "
							"a.labels, a.held FROM accounts a LEFT JOIN "
							"egresses e ON e.id = a.egress_id WHERE a.id = $1 AND "
							"a.tenant_id = $2" };
	struct account a = { 0 };
	enum rc rc =
		rows_one(c->tx.db, &find, STORE_ARGS(store_text(in->account_id), store_text(tx_tenant(&c->tx))),
			(struct rows_into){ account_row, c->tx.arena, &a }, c->tx.fault);

	if (rc == RC_MISSING)
		return field_json_problem(c->reader, "/accountId", "not_one_of", "there is no such account");
	t->labels = a.labels;
	t->region_id = in->region_id ? in->region_id : a.region_hint;
	t->egress_kind = a.egress_kind;
	t->egress_region = a.egress_region;
	t->agent_id = a.agent_id;
	t->bound = a.held;
	return rc;
}

static enum rc ask(struct call *c, const struct question *in, struct placement_task *t)
{
	const struct action *a = in->action ? action_find(in->action) : NULL;

	if (in->action && !a)
		return field_json_problem(
			c->reader, "/action", "not_one_of", "there is no such action; GET /v1/actions lists them");
	if (in->account_id && in->labels.n)
		return field_json_problem(c->reader, "/labels", "out_of_range",
			"the account has its own; leave labels or accountId out");
	*t = (struct placement_task){ .key = in->account_id ? in->account_id : "",
		.action = in->action,
		.tenant_id = tx_tenant(&c->tx),
		.region_id = in->region_id,
		.labels = in->labels,
		.download = roster_is_download(in->action),
		.account = in->account_id || !a || a->target == ACTION_TARGET_ACCOUNT };
	return in->account_id ? of_account(c, in, t) : RC_OK;
}

static struct candidate view(
	const struct placement_agent *a, const struct placement_verdict *v, const struct placement *p)
{
	bool met = p->rule && v->preference < p->rule->prefer.n &&
		   (v->code == PLACEMENT_CHOSEN || v->code >= PLACEMENT_NO_ROOM);
	return (struct candidate){ .agent_id = a->id,
		.region_id = a->region_id,
		.code = placement_code_words[v->code],
		.detail = placement_code_doc[v->code],
		.chosen = v->code == PLACEMENT_CHOSEN,
		.tasks = a->tasks,
		.capacity = a->tasks_most,
		.sessions = a->sessions,
		.load = v->load,
		.preference = met ? (int64_t)v->preference + 1 : 0 };
}

static enum rc explain(struct call *c, void *ret_out)
{
	struct answer *out = ret_out;
	struct placement_task t;
	struct placement p;
	struct roster r;

	enum rc rc = ask(c, c->in, &t);
	if (rc == RC_OK)
		rc = roster_load(&c->tx, true, &r);
	if (rc != RC_OK)
		return rc;
	struct candidate *list = arena_take(c->tx.arena, (r.n + 1) * sizeof(*list));
	if (!list)
		return RC_NOMEM;
	roster_choose(&r, &t, &p);
	size_t n = 0;
	if (p.chosen < r.n)
		list[n++] = view(&r.agents[p.chosen], &r.verdicts[p.chosen], &p);
	for (size_t i = 0; i < r.n; i++)
		if (i != p.chosen)
			list[n++] = view(&r.agents[i], &r.verdicts[i], &p);
	*out = (struct answer){ .agent_id = p.chosen < r.n ? r.agents[p.chosen].id : NULL,
		.rule = p.rule ? p.rule->name : NULL,
		.bound = t.bound,
		.placement = roster_tell(c->tx.arena, &r, &t, &p),
		.candidates = { list, n } };
	return out->placement ? RC_OK : RC_NOMEM;
}

#define EXPLAIN(name_, path_)                                                                                      \
	{                                                                                                          \
		.name = (name_), .method = "POST", .path = (path_), .scope = SCOPE_TOPOLOGY_READ,                  \
		.reach = REACH_TENANT, .in = question_fields, .in_size = sizeof(struct question),                  \
		.out = answer_fields, .out_size = sizeof(struct answer), .run = explain,                           \
		.doc = "Tells which agent a task would get now, by which rule, and why no other. Nothing is done." \
	}

const struct route placements_routes[] = {
	EXPLAIN("explainPlacement", "/v1/placements/explain"),
	EXPLAIN("explainRouting", "/v1/routing-policies/explain"),
	{ 0 },
};
