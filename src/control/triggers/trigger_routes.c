#include "control/triggers/trigger_routes.h"

#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/http/listing.h"
#include "control/rows.h"
#include "control/triggers/trigger_check.h"
#include "control/triggers/trigger_match.h"
#include "control/triggers/trigger_row.h"
#include "control/triggers/triggers.h"
#include "wire/field_json.h"

#include <jansson.h>
#include <string.h>

#define DEBOUNCE_MAX 604800

static const struct field in_fields[] = {
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct trigger, name),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = TRIGGER_ROW_NAME_MAX,
		.doc = "Unique." },
	{ .name = "enabled",
		.type = FIELD_BOOL,
		FIELD_AT(struct trigger, enabled),
		.def = true,
		.doc = "Whether it looks at what happens. What happens while it does not is not made up for." },
	{ .name = "on",
		.type = FIELD_JSON,
		FIELD_AT(struct trigger, on),
		.flags = FIELD_REQUIRED,
		.doc = "On what: an object of type (title.build_available when it is left out), store, title, "
		       "labels (of the "
		       "watch), branch, os, class; what is left out may be anything. An edit replaces it whole." },
	{ .name = "action",
		.type = FIELD_JSON,
		FIELD_AT(struct trigger, action),
		.flags = FIELD_REQUIRED,
		.doc = "What is done: {\"job\": as createJob takes it}, {\"download\": as createDownload takes it} "
		       "or {\"webhookId\": …}. {{titleId}}, "
		       "{{branch}}, "
		       "{{buildId}} and other members of the event may stand in the job's texts. An edit replaces "
		       "it whole." },
	{ .name = "debounceSeconds",
		.type = FIELD_U32,
		FIELD_AT(struct trigger, debounce_s),
		.max = DEBOUNCE_MAX,
		.doc = "It waits so long, and a newer build of the title that comes meanwhile takes the place of "
		       "the one before." },
	{ .name = "quietHours",
		.type = FIELD_JSON,
		FIELD_AT(struct trigger, quiet),
		.flags = FIELD_NULLABLE,
		.doc = "An object of timezone, from and to (22:00): what would be done then is done at their "
		       "end." },
	{ 0 },
};
enum { GIVEN_NAME = 1, GIVEN_ENABLED = 2, GIVEN_ON = 4, GIVEN_ACTION = 8, GIVEN_DEBOUNCE = 16, GIVEN_QUIET = 32 };

static enum rc noted(struct call *c, const struct trigger *t, const char *event, const char *audit)
{
	enum rc rc = events_add(&c->tx, &(struct event){ .type = event, .resource = t->id });
	return rc == RC_OK ? audit_add(&c->tx, audit, t->id) : rc;
}

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " TRIGGER_ROW_COLUMNS " FROM triggers WHERE id < $1 AND tenant_id = $3 ORDER BY id "
		       "DESC LIMIT $2"
	};
	return listing(c, &all, tx_tenant(&c->tx), ret_out);
}

static enum rc list_fires(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " TRIGGER_FIRE_COLUMNS " FROM trigger_fires WHERE id < $1 AND trigger_id = $3 ORDER "
		       "BY id DESC LIMIT $2"
	};
	return listing(c, &all, c->arg[0], ret_out);
}

static enum rc get(struct call *c, void *ret_out)
{
	struct trigger *t = ret_out;
	enum rc rc = trigger_row_load(&c->tx, c->arg[0], t);
	c->version = t->version;
	return rc;
}

static enum rc has_room(struct call *c)
{
	static const struct store_query count = { .sql = "SELECT COUNT(*) FROM triggers WHERE tenant_id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &count, STORE_ARGS(store_text(tx_tenant(&c->tx))), &r, c->tx.fault);

	if (rc == RC_OK && store_col_int(r, 0) >= TRIGGERS_MAX)
		return fault_set(c->tx.fault, RC_QUOTA, "a tenant has at most %d triggers", TRIGGERS_MAX);
	return rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	struct trigger *t = ret_out;

	*t = *(const struct trigger *)c->in;
	enum rc rc = trigger_check(c, t);
	if (rc == RC_OK)
		rc = has_room(c);
	if (rc != RC_OK)
		return rc;
	t->id = tx_id(&c->tx, "trg");
	t->tenant_id = tx_tenant(&c->tx);
	t->created_by = c->tx.actor;
	t->version = c->version = 1;
	t->created_at = t->updated_at = c->tx.now_ms;
	if (!t->id)
		return RC_NOMEM;
	rc = trigger_row_add(&c->tx, t);
	c->location = arena_fmt(c->tx.arena, "/v1/triggers/%s", t->id);
	return rc == RC_OK ? noted(c, t, "trigger.created", "trigger.create") : rc;
}

static enum rc patch(struct call *c, void *ret_out)
{
	struct trigger *t = ret_out;
	const struct trigger *in = c->in;
	uint64_t given = c->given;

	enum rc rc = trigger_row_load(&c->tx, c->arg[0], t);
	if (rc == RC_OK)
		rc = route_match(c, t->version);
	if (rc != RC_OK)
		return rc;
	bool again = !t->enabled && given & GIVEN_ENABLED && in->enabled;
	t->name = given & GIVEN_NAME ? in->name : t->name;
	t->enabled = given & GIVEN_ENABLED ? in->enabled : t->enabled;
	t->on = given & GIVEN_ON ? in->on : t->on;
	t->action = given & GIVEN_ACTION ? in->action : t->action;
	t->debounce_s = given & GIVEN_DEBOUNCE ? in->debounce_s : t->debounce_s;
	t->quiet = given & GIVEN_QUIET ? in->quiet : t->quiet;
	rc = trigger_check(c, t);
	t->updated_at = c->tx.now_ms;
	c->version = ++t->version;
	if (rc == RC_OK)
		rc = trigger_row_keep(&c->tx, t, again);
	return rc == RC_OK ? noted(c, t, "trigger.updated", "trigger.update") : rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query fires = { .sql = "DELETE FROM trigger_fires WHERE trigger_id = $1" };
	static const struct store_query delete = { .sql = "DELETE FROM triggers WHERE id = $1" };
	struct trigger t = { 0 };
	(void)ret_out;

	enum rc rc = trigger_row_load(&c->tx, c->arg[0], &t);
	if (rc == RC_OK)
		rc = route_match(c, t.version);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &fires, STORE_ARGS(store_text(t.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &delete, STORE_ARGS(store_text(t.id)), c->tx.fault);
	return rc == RC_OK ? noted(c, &t, "trigger.deleted", "trigger.delete") : rc;
}

/* ---- what would it do? ---- */

struct trial_in {
	const char *event;
};
static const struct field trial_in_fields[] = {
	{ .name = "event",
		.type = FIELD_JSON,
		FIELD_AT(struct trial_in, event),
		.flags = FIELD_NULLABLE,
		.doc = "The payload of an event of the type that it waits for; without one the last in the log." },
	{ 0 },
};

struct trial {
	bool matches, fired;
	const char *build_key, *event, *would;
	int64_t not_before;
};
static const struct field trial_fields[] = {
	{ .name = "matches",
		.type = FIELD_BOOL,
		FIELD_AT(struct trial, matches),
		.doc = "Whether the event is one that it waits for." },
	{ .name = "fired",
		.type = FIELD_BOOL,
		FIELD_AT(struct trial, fired),
		.doc = "Whether it has had its turn for this build: then nothing more is done." },
	{ .name = "buildKey",
		.type = FIELD_STR,
		FIELD_AT(struct trial, build_key),
		.doc = "What the event is about." },
	{ .name = "event", .type = FIELD_JSON, FIELD_AT(struct trial, event), .doc = "The event's payload." },
	{ .name = "would",
		.type = FIELD_JSON,
		FIELD_AT(struct trial, would),
		.doc = "The job that would be submitted, or what the endpoint would be told." },
	{ .name = "notBefore",
		.type = FIELD_TIME,
		FIELD_AT(struct trial, not_before),
		.doc = "When, if it came now: after the debounce and the quiet hours." },
	{ 0 },
};

/* The payload of the newest event of that type in the tenant's log; NULL: there is none. */
static enum rc last_event(struct call *c, const char *type, const char **ret)
{
	static const struct store_query find = {
		.sql = "SELECT data FROM events WHERE tenant_id = $1 AND type = $2 AND pos "
		       "> (SELECT COALESCE(MAX(pos), 0) - 10000 FROM events) ORDER BY pos DESC LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	auto_json json_t *whole = NULL;
	struct buf b = { 0 };

	enum rc rc = store_one(
		c->tx.db, &find, STORE_ARGS(store_text(tx_tenant(&c->tx)), store_text(type)), &r, c->tx.fault);
	if (rc == RC_OK)
		buf_fmt(&b, "{%s", store_col_text(r, 0));
	if (rc == RC_OK)
		rc = b.bad ? RC_NOMEM : json_read((const char *)b.p, b.n, &whole, c->tx.fault);
	b.n = 0;
	if (rc == RC_OK)
		rc = json_put(&b, json_object_get(whole, "payload"), false);
	*ret = rc == RC_OK ? arena_str(c->tx.arena, buf_text(&b)) : NULL;
	buf_done(&b);
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc was_fired(struct call *c, const char *trigger, const char *key, bool *ret)
{
	static const struct store_query find = {
		.sql = "SELECT COUNT(*) FROM trigger_fires WHERE trigger_id = $1 AND build_key = $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(trigger), store_text(key)), &r, c->tx.fault);
	if (rc == RC_OK)
		*ret = store_col_int(r, 0) > 0;
	return rc;
}

/* What becomes of this payload. */
static enum rc weigh(struct call *c, const struct trigger *t, const struct trigger_on *on, struct trial *to)
{
	auto_json json_t *payload = NULL;
	struct quiet quiet;

	enum rc rc = json_read(to->event, strlen(to->event), &payload, c->tx.fault);
	if (rc == RC_OK && !json_is_object(payload))
		return field_json_problem(
			c->reader, "/event", "wrong_type", "the payload of an event is an object");
	const struct trigger_event e = {
		.type = on->type ? on->type : "title.build_available", .tenant_id = t->tenant_id, .payload = payload
	};
	if (rc == RC_OK)
		rc = trigger_match(&c->tx, on, &e, &to->matches);
	if (rc == RC_OK && !(to->build_key = trigger_match_key(&c->tx, &e)))
		rc = RC_NOMEM;
	if (rc == RC_OK)
		rc = was_fired(c, t->id, to->build_key, &to->fired);
	if (rc == RC_OK)
		rc = triggers_would(&c->tx, t, to->event, &to->would);
	if (rc == RC_OK)
		rc = trigger_row_quiet(&c->tx, t->quiet, &quiet);
	if (rc == RC_OK)
		to->not_before = quiet_until(&quiet, c->tx.now_ms + (int64_t)t->debounce_s * 1000);
	return rc;
}

static enum rc test(struct call *c, void *ret_out)
{
	const struct trial_in *in = c->in;
	struct trial *to = ret_out;
	struct trigger t = { 0 };
	struct trigger_on on;

	enum rc rc = trigger_row_load(&c->tx, c->arg[0], &t);
	if (rc == RC_OK)
		rc = trigger_row_on(&c->tx, t.on, &on);
	if (rc != RC_OK)
		return rc;
	to->event = in ? in->event : NULL;
	if (!to->event)
		rc = last_event(c, on.type ? on.type : "title.build_available", &to->event);
	if (rc == RC_OK && !to->event)
		return fault_set(c->tx.fault, RC_CONFLICT,
			"the log has no event of that type to test it with: give one as \"event\"");
	return rc == RC_OK ? weigh(c, &t, &on, to) : rc;
}

struct triggers_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct triggers_query), { 0 } };
#define PAGED .flags = ROUTE_LIST, .query = page_fields, .query_size = sizeof(struct triggers_query)
#define OUT   .out = trigger_row_fields, .out_size = sizeof(struct trigger)
#define IN    .in = in_fields, .in_size = sizeof(struct trigger)

const struct route trigger_routes[] = {
	{ .name = "listTriggers",
		.method = "GET",
		.path = "/v1/triggers",
		.reach = REACH_TENANT,
		.lists = OBJECT_TRIGGER,
		.scope = SCOPE_WATCHES_READ,
		PAGED,
		OUT,
		.run = list,
		.doc = "Lists the triggers, newest first." },
	{ .name = "createTrigger",
		.method = "POST",
		.path = "/v1/triggers",
		.reach = REACH_TENANT,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		IN,
		OUT,
		.run = create,
		.doc = "Makes a trigger: what is to be done when a title has a new build, or changes; each build "
		       "once. Needs the "
		       "scope of its job's action, too." },
	{ .name = "getTrigger",
		.method = "GET",
		.path = "/v1/triggers/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_TRIGGER,
		.scope = SCOPE_WATCHES_READ,
		OUT,
		.run = get,
		.doc = "Shows a trigger." },
	{ .name = "updateTrigger",
		.method = "PATCH",
		.path = "/v1/triggers/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_TRIGGER,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		IN,
		OUT,
		.run = patch,
		.doc = "Edits a trigger by a merge patch (RFC 7396)." },
	{ .name = "deleteTrigger",
		.method = "DELETE",
		.path = "/v1/triggers/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_TRIGGER,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Deletes a trigger; the jobs that it made stay." },
	{ .name = "listTriggerFires",
		.method = "GET",
		.path = "/v1/triggers/{id}/fires",
		.reach = REACH_TENANT,
		.object = OBJECT_TRIGGER,
		.scope = SCOPE_WATCHES_READ,
		PAGED,
		.out = trigger_fire_fields,
		.out_size = sizeof(struct trigger_fire),
		.run = list_fires,
		.doc = "Lists what became of the builds that the trigger waited for, newest first." },
	{ .name = "testTrigger",
		.method = "POST",
		.path = "/v1/triggers/{id}/test",
		.reach = REACH_TENANT,
		.object = OBJECT_TRIGGER,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_MAYBE,
		.in = trial_in_fields,
		.in_size = sizeof(struct trial_in),
		.out = trial_fields,
		.out_size = sizeof(struct trial),
		.run = test,
		.doc = "Tells what the trigger would do for an event, and does nothing." },
	{ 0 },
};
