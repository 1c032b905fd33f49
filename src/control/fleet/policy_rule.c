#include "control/fleet/policy_rule.h"
#include "wire/field_json.h"

const struct field policy_rule_when_fields[] = {
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct placement_when, labels),
		.doc = "Labels that the account has, all of them." },
	{ .name = "action",
		.type = FIELD_STR,
		FIELD_AT(struct placement_when, action),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "The task's action; a * stands for anything: offers.*" },
	{ .name = "country",
		.type = FIELD_STR,
		FIELD_AT(struct placement_when, country),
		.flags = FIELD_NULLABLE,
		.max = 63,
		.doc = "What the account's label `country` says." },
	{ .name = "compliance",
		.type = FIELD_STR,
		FIELD_AT(struct placement_when, compliance),
		.flags = FIELD_NULLABLE,
		.max = 63,
		.doc = "One of the words of the account's label `compliance`." },
	{ 0 },
};

const struct field policy_rule_need_fields[] = {
	{ .name = "agentId",
		.type = FIELD_STR,
		FIELD_AT(struct placement_need, agent_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "This agent." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct placement_need, region_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "An agent of this region." },
	{ .name = "egressKind",
		.type = FIELD_STR,
		FIELD_AT(struct placement_need, egress_kind),
		.flags = FIELD_NULLABLE,
		.max = 32,
		.doc = "direct, bind_address, http_proxy or socks5: what the account goes out by; of a task "
		       "without an "
		       "account, what the agent's region has." },
	{ .name = "capability",
		.type = FIELD_STR,
		FIELD_AT(struct placement_need, capability),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "An agent that can run this action." },
	{ .name = "country",
		.type = FIELD_STR,
		FIELD_AT(struct placement_need, country),
		.flags = FIELD_NULLABLE,
		.max = 63,
		.doc = "A region of this country." },
	{ .name = "compliance",
		.type = FIELD_LIST,
		FIELD_AT(struct placement_need, compliance),
		.item = FIELD_STR,
		.max = 16,
		.doc = "A region that has all of these." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct placement_need, labels),
		.doc = "A region that has all of these labels." },
	{ 0 },
};

const struct field policy_rule_fields[] = { POLICY_RULE_FIELDS(struct placement_rule, ), { 0 } };

const char *policy_rule_text(struct arena *a, const struct placement_rule *rule)
{
	struct buf b = { 0 };

	field_json_encode(policy_rule_fields, rule, &b);
	const char *text = b.bad ? NULL : arena_str(a, buf_text(&b));
	buf_done(&b);
	return text;
}

enum rc policy_rule_read(struct tx *tx, const char *text, struct placement_rule *ret)
{
	struct field_reader r = { .arena = tx->arena, .lenient = true };
	auto_json struct json_t *j = NULL;
	enum rc rc = json_read(text, strlen(text), &j, tx->fault);

	if (rc == RC_OK)
		rc = field_json_decode(policy_rule_fields, j, &r, ret, tx->fault);
	return rc == RC_INVALID ? fault_set(tx->fault, RC_INTERNAL, "a rule in the database is damaged") : rc;
}

enum rc policy_rule_all(struct tx *tx, struct placement_rules *ret)
{
	static const struct store_query all = {
		.sql = "SELECT name, rule, tenant_id FROM routing_policies ORDER BY position, id LIMIT $1"
	};
	struct placement_rule *rules = NULL;
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_int(POLICY_RULE_ALL)), &r, tx->fault);

	while (rc == RC_OK && n < POLICY_RULE_ALL && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		if (!rules)
			rules = arena_take(tx->arena, POLICY_RULE_ALL * sizeof(*rules));
		if (!rules)
			return RC_NOMEM;
		struct placement_rule *to = &rules[n++];
		rc = policy_rule_read(tx, store_col_text(r, 1), to);
		to->name = arena_str(tx->arena, store_col_text(r, 0));
		to->tenant_id = arena_str(tx->arena, store_col_text(r, 2));
	}
	*ret = (struct placement_rules){ rules, n };
	return rc;
}
