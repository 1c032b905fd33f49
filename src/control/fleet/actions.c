#include "control/fleet/actions.h"
#include "model/action.h"
#include "wire/field_json.h"
#include "wire/json.h"

static void put(const struct action *a, struct buf *to)
{
	buf_fmt(to,
		"{\"name\":\"%s\",\"class\":\"%s\",\"scope\":\"%s\",\"target\":\"%s\",\"timeoutSeconds\":%u,"
		"\"lanes\":[",
		a->name, task_class_words[a->class], scope_text(a->scope), action_target_words[a->target],
		a->timeout_s);
	for (size_t i = 0; a->lanes && a->lanes[i]; i++) {
		buf_str(to, i ? "," : "");
		json_put_str(to, a->lanes[i]);
	}
	const struct task_policy p = task_policy_of(a->class, a->retry, NULL);
	buf_fmt(to, "],\"retry\":{\"maxAttempts\":%u,\"backoffMs\":%u,\"backoffMaxMs\":%u}", p.max_attempts,
		p.backoff_ms, p.backoff_max_ms);
	buf_str(to, ",\"description\":");
	json_put_str(to, a->doc);
	buf_str(to, ",\"payloadSchema\":");
	field_json_schema(a->payload, false, to);
	buf_str(to, ",\"resultSchema\":");
	field_json_schema(a->result, true, to);
	buf_u8(to, '}');
}

static enum rc list(struct call *c, void *ret_out)
{
	(void)ret_out;
	buf_str(c->body, "{\"items\":[");
	for (size_t i = 0, n = 0; action_all[i]; i++) {
		if (action_all[i]->own)
			continue;
		buf_str(c->body, n++ ? "," : "");
		put(action_all[i], c->body);
	}
	buf_str(c->body, "],\"nextCursor\":null}");
	return RC_OK;
}

static enum rc get(struct call *c, void *ret_out)
{
	const struct action *a = action_find(c->arg[0]);
	(void)ret_out;
	if (!a || a->own)
		return RC_MISSING;
	put(a, c->body);
	return RC_OK;
}

void actions_document(struct buf *to)
{
	buf_str(to, "# Actions\n\n| action | class | target | scope | time-out | what it does "
		    "|\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; action_all[i]; i++) {
		const struct action *a = action_all[i];
		if (a->own)
			continue;
		buf_fmt(to, "| `%s` | %s | %s | `%s` | %u s | %s |\n", a->name, task_class_words[a->class],
			action_target_words[a->target], scope_text(a->scope), a->timeout_s, a->doc);
	}
}

const struct route actions_routes[] = {
	{ .name = "listActions",
		.method = "GET",
		.path = "/v1/actions",
		.reach = REACH_SHARED,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_NARROWED | ROUTE_RAW,
		.out_type = "application/json",
		.run = list,
		.doc = "The catalogue of actions, with the JSON Schemas of payload and result." },
	{ .name = "getAction",
		.method = "GET",
		.path = "/v1/actions/{name}",
		.reach = REACH_SHARED,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_NARROWED | ROUTE_RAW,
		.out_type = "application/json",
		.run = get,
		.doc = "Shows an action." },
	{ 0 },
};
