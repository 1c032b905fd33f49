#include "control/fleet/roster.h"
#include "control/fleet/policy_rule.h"
#include "control/rows.h"
#include "model/action_download.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *id, *region_id, *state, *capabilities;
	uint32_t capacity, sessions, downloads;
	bool cordoned;
	int64_t drain_until, lease_until;
};
static const struct field row_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct row, id) },
	{ .name = "region_id", .type = FIELD_STR, FIELD_AT(struct row, region_id) },
	{ .name = "state", .type = FIELD_STR, FIELD_AT(struct row, state) },
	{ .name = "capabilities", .type = FIELD_STR, FIELD_AT(struct row, capabilities) },
	{ .name = "capacity", .type = FIELD_U32, FIELD_AT(struct row, capacity) },
	{ .name = "sessions", .type = FIELD_U32, FIELD_AT(struct row, sessions) },
	{ .name = "cordoned", .type = FIELD_BOOL, FIELD_AT(struct row, cordoned) },
	{ .name = "drain_until", .type = FIELD_I64, FIELD_AT(struct row, drain_until) },
	{ .name = "lease_until", .type = FIELD_I64, FIELD_AT(struct row, lease_until) },
	{ .name = "downloads", .type = FIELD_U32, FIELD_AT(struct row, downloads) },
	{ 0 },
};

struct region {
	const char *id, *country;
	struct field_list labels, compliance;
};
static const struct field region_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct region, id) },
	{ .name = "country", .type = FIELD_STR, FIELD_AT(struct region, country) },
	{ .name = "labels", .type = FIELD_MAP, FIELD_AT(struct region, labels) },
	{ .name = "compliance", .type = FIELD_LIST, FIELD_AT(struct region, compliance), .item = FIELD_STR },
	{ 0 },
};

static enum placement_state state_of(const struct row *v, int64_t now_ms)
{
	if (strcmp(v->state, "connected") != 0 || v->lease_until <= now_ms)
		return PLACEMENT_AWAY;
	if (v->drain_until)
		return PLACEMENT_DRAINING;
	return v->cordoned ? PLACEMENT_CORDONED : PLACEMENT_UP;
}

static enum rc read_agents(struct tx *tx, bool all, struct roster *ret)
{
	static const struct store_query find = {
		.sql = "SELECT g.id, g.region_id, g.state, g.capabilities, g.capacity, g.sessions, CASE WHEN "
		       "g.cordoned = 1 OR r.cordoned = 1 THEN 1 ELSE 0 END, g.drain_until, g.lease_until, "
		       "g.downloads FROM "
		       "agents g JOIN regions r ON r.id = g.region_id WHERE g.state = 'connected' OR ($1 = 1 AND "
		       "g.state <> 'revoked') ORDER BY g.id LIMIT $2"
	};
	struct field_list list = { 0 };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &find, STORE_ARGS(store_int(all), store_int(ROSTER_MAX)), &r, tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ row_fields, tx->arena, NULL }, sizeof(struct row),
			ROSTER_MAX, &list, tx->fault);
	ret->agents = arena_take(tx->arena, (list.n + 1) * sizeof(*ret->agents));
	ret->verdicts = arena_take(tx->arena, (list.n + 1) * sizeof(*ret->verdicts));
	if (rc != RC_OK || !ret->agents || !ret->verdicts)
		return rc == RC_OK ? RC_NOMEM : rc;
	const struct row *v = list.at;
	for (size_t i = 0; i < list.n; i++)
		ret->agents[i] = (struct placement_agent){ .id = v[i].id,
			.region_id = v[i].region_id,
			.capabilities = v[i].capabilities,
			.mark = '"',
			.egress_kinds = ",direct,",
			.state = state_of(&v[i], tx->now_ms),
			.tasks_most = v[i].capacity,
			.downloads_most = v[i].downloads,
			.sessions = v[i].sessions,
			.sessions_most = PLACEMENT_SESSIONS_MOST };
	ret->n = list.n;
	return RC_OK;
}

static int by_id(const void *key, const void *at) { return strcmp(key, ((const struct placement_agent *)at)->id); }

struct placement_agent *roster_find(const struct roster *r, const char *agent_id)
{
	return r->n ? bsearch(agent_id, r->agents, r->n, sizeof(*r->agents), by_id) : NULL;
}

static enum rc count(struct tx *tx, const struct store_query *q, struct roster *r, bool downloads)
{
	auto_rows struct store_rows *rows = NULL;
	bool row = false;
	enum rc rc = store_run(tx->db, q, STORE_NO_ARGS, &rows, tx->fault);

	while (rc == RC_OK && (rc = store_next(rows, &row, tx->fault)) == RC_OK && row) {
		const char *id = store_col_text(rows, 0);
		struct placement_agent *a = id ? roster_find(r, id) : NULL;
		if (a)
			*(downloads ? &a->downloads : &a->tasks) = (uint32_t)store_col_int(rows, 1);
	}
	return rc;
}

static enum rc count_tasks(struct tx *tx, struct roster *r)
{
	static const struct store_query held = { .sql = "SELECT agent_id, COUNT(*) FROM tasks WHERE status IN "
							"('leased', 'running') GROUP BY agent_id" };
	static const struct store_query fetching = {
		.sql = "SELECT t.agent_id, COUNT(*) FROM downloads d JOIN tasks "
		       "t ON t.id = d.task_id WHERE d.finished_at = 0 AND "
		       "t.status IN ('leased', 'running') GROUP BY t.agent_id"
	};
	bool limited = false;
	enum rc rc = count(tx, &held, r, false);

	for (size_t i = 0; i < r->n; i++)
		limited |= r->agents[i].downloads_most > 0;
	return rc == RC_OK && limited ? count(tx, &fetching, r, true) : rc;
}

bool roster_is_download(const char *action) { return action && !strcmp(action, action_download_run.name); }

enum rc roster_downloads(struct tx *tx, int64_t *ret)
{
	static const struct store_query sum = {
		.sql = "SELECT CAST(COALESCE(SUM(CASE WHEN g.downloads > 0 AND g.downloads < g.capacity THEN "
		       "g.downloads "
		       "ELSE g.capacity END), 0) AS BIGINT) FROM agents g JOIN regions r ON r.id = g.region_id "
		       "WHERE "
		       "g.state = 'connected' AND g.lease_until > $1 AND g.cordoned = 0 AND r.cordoned = 0 AND "
		       "g.drain_until = 0"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &sum, STORE_ARGS(store_int(tx->now_ms)), &r, tx->fault);

	*ret = rc == RC_OK ? store_col_int(r, 0) : 0;
	return rc;
}

/* What rules look at of a region stands with each of its agents. */
static enum rc read_regions(struct tx *tx, struct roster *ret)
{
	static const struct store_query all = {
		.sql = "SELECT id, country, labels, compliance FROM regions LIMIT $1"
	};
	struct field_list list = { 0 };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_int(ROSTER_MAX)), &r, tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ region_row, tx->arena, NULL }, sizeof(struct region),
			ROSTER_MAX, &list, tx->fault);
	const struct region *v = list.at;
	for (size_t i = 0; rc == RC_OK && i < ret->n; i++)
		for (size_t k = 0; k < list.n; k++)
			if (!strcmp(v[k].id, ret->agents[i].region_id)) {
				ret->agents[i].country = v[k].country;
				ret->agents[i].labels = v[k].labels;
				ret->agents[i].compliance = v[k].compliance;
			}
	return rc;
}

static enum rc read_egresses(struct tx *tx, struct roster *ret)
{
	static const struct store_query all = {
		.sql = "SELECT DISTINCT kind, region_id FROM egresses WHERE kind <> 'direct' LIMIT $1"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_int(ROSTER_MAX)), &r, tx->fault);

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		const char *region = store_col_text(r, 1);
		for (size_t i = 0; i < ret->n; i++) {
			struct placement_agent *a = &ret->agents[i];
			if (region && strcmp(region, a->region_id) != 0)
				continue;
			a->egress_kinds = arena_fmt(tx->arena, "%s%s,", a->egress_kinds, store_col_text(r, 0));
			if (!a->egress_kinds)
				return RC_NOMEM;
		}
	}
	return rc;
}

enum rc roster_load(struct tx *tx, bool all, struct roster *ret)
{
	*ret = (struct roster){ 0 };
	enum rc rc = policy_rule_all(tx, &ret->rules);
	if (rc == RC_OK)
		rc = read_agents(tx, all, ret);
	if (rc == RC_OK)
		rc = count_tasks(tx, ret);
	if (rc == RC_OK && ret->rules.n)
		rc = read_regions(tx, ret);
	return rc == RC_OK && ret->rules.n ? read_egresses(tx, ret) : rc;
}

void roster_choose(const struct roster *r, const struct placement_task *t, struct placement *ret)
{
	placement_choose(t, r->agents, r->n, r->rules, r->verdicts, ret);
}

static void reason(struct buf *b, const char *text)
{
	buf_str(b, b->n && b->p[b->n - 1] == '[' ? "" : ",");
	json_put_str(b, text);
}

/* What decided among those that fit. */
static void tell_choice(
	struct buf *b, const struct roster *r, const struct placement_task *t, const struct placement *p)
{
	const struct placement_verdict *v = &r->verdicts[p->chosen];
	size_t tied = 0;
	char text[96];

	if (t->bound) {
		reason(b, "it has the account's session");
		return;
	}
	if (p->fit == 1) {
		reason(b, "the only one that fits");
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		tied += r->verdicts[i].code == PLACEMENT_LOST_TIE;
	if (p->rule && v->preference < p->rule->prefer.n) {
		snprintf(text, sizeof(text), "it meets preference %u of the rule", v->preference + 1);
		reason(b, text);
	}
	if (t->agent_id && !strcmp(t->agent_id, r->agents[p->chosen].id))
		reason(b, "it had the account last");
	snprintf(text, sizeof(text), "load %d of %d, the least of %zu that fit", v->load, PLACEMENT_LOAD_FULL,
		p->fit);
	reason(b, text);
	if (tied)
		reason(b, "as good as others, and chosen by the hash");
}

const char *roster_tell(
	struct arena *a, const struct roster *r, const struct placement_task *t, const struct placement *p)
{
	size_t out[PLACEMENT_CODES] = { 0 };
	struct buf b = { 0 };
	char text[128];

	buf_str(&b, "{\"agentId\":");
	json_put_str(&b, p->chosen < r->n ? r->agents[p->chosen].id : NULL);
	buf_str(&b, ",\"rule\":");
	json_put_str(&b, p->rule ? p->rule->name : NULL);
	buf_str(&b, ",\"reasons\":[");
	if (p->chosen < r->n)
		tell_choice(&b, r, t, p);
	for (size_t i = 0; i < r->n; i++)
		out[r->verdicts[i].code]++;
	for (int code = PLACEMENT_NOT_CONNECTED; code < PLACEMENT_NO_ROOM; code++) {
		if (!out[code])
			continue;
		snprintf(text, sizeof(text), "%zu not: %s", out[code], placement_code_doc[code]);
		reason(&b, text);
	}
	buf_str(&b, "]}");
	const char *told = b.bad ? NULL : arena_str(a, buf_text(&b));
	buf_done(&b);
	return told;
}
