#include "control/access/audit.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "control/webhooks/webhook_fill.h"
#include "control/webhooks/webhook_routes.h"
#include "control/webhooks/webhook_row.h"
#include "wire/field_json.h"

#include <inttypes.h>

static const char *const status_words[] = { "behind", "due", "sending", "delivered", "dead", NULL };

struct delivery {
	const char *id, *webhook_id;
	int64_t pos;
	const char *type, *subject;
	int status;
	uint32_t attempts, last_status;
	int64_t next_at, created_at, finished_at;
};
#define AT(member) FIELD_AT(struct delivery, member)
static const struct field delivery_fields[] = {
	{ .name = "id", .type = FIELD_STR, AT(id), .doc = "The webhook-id header: the same in every attempt." },
	{ .name = "webhookId", .type = FIELD_STR, AT(webhook_id), .doc = "To which webhook." },
	{ .name = "position", .type = FIELD_I64, AT(pos), .doc = "Of the event in the log; 0: a test." },
	{ .name = "type", .type = FIELD_STR, AT(type), .doc = "The event's type." },
	{ .name = "subject",
		.type = FIELD_STR,
		AT(subject),
		.doc = "What the event is about; of one subject one after another is delivered." },
	{ .name = "status",
		.type = FIELD_ENUM,
		AT(status),
		.words = status_words,
		.doc = "behind: another of its subject comes first." },
	{ .name = "attempts", .type = FIELD_U32, AT(attempts), .doc = "How often it was tried." },
	{ .name = "lastStatus",
		.type = FIELD_U32,
		AT(last_status),
		.doc = "The HTTP status of the last attempt; 0: there was no answer." },
	{ .name = "nextAttemptAt",
		.type = FIELD_TIME,
		AT(next_at),
		.doc = "When it is tried next, while it is due." },
	{ .name = "createdAt", .type = FIELD_TIME, AT(created_at), .doc = "When it was made." },
	{ .name = "finishedAt", .type = FIELD_TIME, AT(finished_at), .doc = "When it was delivered, or given up." },
	{ 0 },
};
#define SELECT                                                                                            \
	"SELECT id, webhook_id, pos, type, subject, status, attempts, last_status, next_at, created_at, " \
	"finished_at "                                                                                    \
	"FROM webhook_deliveries "

static enum rc load(struct call *c, const char *webhook_id, const char *id, struct delivery *ret)
{
	static const struct store_query one = { .sql = SELECT "WHERE webhook_id = $1 AND id = $2" };
	return rows_one(c->tx.db, &one, STORE_ARGS(store_text(webhook_id), store_text(id)),
		(struct rows_into){ delivery_fields, c->tx.arena, ret }, c->tx.fault);
}

struct list_query {
	struct page_query page;
	const char *status;
};
static const struct field list_fields[] = {
	PAGE_QUERY_FIELDS(struct list_query),
	{ .name = "status",
		.type = FIELD_STR,
		FIELD_AT(struct list_query, status),
		.max = 16,
		.doc = "Only behind, due, sending, delivered or dead." },
	{ 0 },
};

static bool is_status(const char *word)
{
	for (int i = 0; status_words[i]; i++)
		if (!strcmp(word, status_words[i]))
			return true;
	return false;
}

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = SELECT
						"WHERE webhook_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3" };
	static const struct store_query some = {
		.sql = SELECT "WHERE webhook_id = $1 AND id < $2 AND status = $4 ORDER BY id DESC LIMIT $3"
	};
	const struct list_query *q = c->query;
	struct webhook_row w = { 0 };
	auto_rows struct store_rows *r = NULL;
	const char *before;

	if (q->status && !is_status(q->status))
		return fault_set(c->tx.fault, RC_INVALID, "status: behind, due, sending, delivered or dead");
	enum rc rc = webhook_row_load(&c->tx, c->arg[0], &w);
	if (rc == RC_OK)
		rc = page_begin(c, &q->page, &before);
	if (rc != RC_OK)
		return rc;
	const struct store_value v[] = { store_text(w.id), store_text(before), store_int(q->page.limit + 1),
		store_text(q->status) };
	rc = store_run(
		c->tx.db, q->status ? &some : &all, (struct store_args){ v, q->status ? 4 : 3 }, &r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out) { return load(c, c->arg[0], c->arg[1], ret_out); }

struct attempt {
	uint32_t number;
	int64_t at, ms;
	uint32_t status;
	const char *error, *answer;
};
static const struct field attempt_fields[] = {
	{ .name = "number", .type = FIELD_U32, FIELD_AT(struct attempt, number), .doc = "Counts from 1." },
	{ .name = "at", .type = FIELD_TIME, FIELD_AT(struct attempt, at), .doc = "When it began." },
	{ .name = "ms", .type = FIELD_I64, FIELD_AT(struct attempt, ms), .doc = "How long it took." },
	{ .name = "status", .type = FIELD_U32, FIELD_AT(struct attempt, status), .doc = "Of HTTP; 0: no answer." },
	{ .name = "error", .type = FIELD_STR, FIELD_AT(struct attempt, error), .doc = "Why it failed." },
	{ .name = "answer",
		.type = FIELD_STR,
		FIELD_AT(struct attempt, answer),
		.doc = "The beginning of the answer." },
	{ 0 },
};

struct attempts_query {
	uint32_t limit;
};
static const struct field attempts_fields[] = {
	{ .name = "limit",
		.type = FIELD_U32,
		FIELD_AT(struct attempts_query, limit),
		.min = 1,
		.max = PAGE_LIMIT_MAX,
		.def = PAGE_LIMIT_DEFAULT,
		.doc = "How many items at most." },
	{ 0 },
};

static enum rc attempts(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT number, at, ms, status, error, answer FROM webhook_attempts "
		       "WHERE delivery_id = $1 ORDER BY number DESC LIMIT $2"
	};
	const struct rows_into each = { attempt_fields, c->tx.arena, NULL };
	const struct attempts_query *q = c->query;
	struct page *page = ret_out;
	struct delivery d = { 0 };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = load(c, c->arg[0], c->arg[1], &d);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all, STORE_ARGS(store_text(d.id), store_int(q->limit)), &r, c->tx.fault);
	return rc == RC_OK ? rows_list(r, &each, sizeof(struct attempt), PAGE_LIMIT_MAX, &page->items, c->tx.fault)
			   : rc;
}

static enum rc enabled(struct call *c, struct webhook_row *ret)
{
	enum rc rc = webhook_row_load(&c->tx, c->arg[0], ret);
	return rc == RC_OK && !ret->enabled
		       ? fault_set(c->tx.fault, RC_CONFLICT, "the webhook is disabled; enable it first")
		       : rc;
}

static enum rc redeliver(struct call *c, void *ret_out)
{
	struct webhook_row w = { 0 };
	struct delivery *d = ret_out;

	enum rc rc = enabled(c, &w);
	if (rc == RC_OK)
		rc = load(c, w.id, c->arg[1], d);
	if (rc != RC_OK)
		return rc;
	rc = webhook_fill_again(&c->tx, w.id, d->id);
	if (rc == RC_MISSING)
		return fault_set(c->tx.fault, RC_CONFLICT, "it is being sent just now");
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "webhook.redeliver", d->id);
	return rc == RC_OK ? load(c, w.id, c->arg[1], d) : rc;
}

static enum rc test(struct call *c, void *ret_out)
{
	struct webhook_row w = { 0 };
	const char *id = NULL;

	enum rc rc = webhook_row_load(&c->tx, c->arg[0], &w);
	if (rc == RC_OK)
		rc = webhook_fill_ping(&c->tx, &w, &id);
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "webhook.test", w.id);
	if (rc == RC_OK)
		c->location = arena_fmt(c->tx.arena, "/v1/webhooks/%s/deliveries/%s", w.id, id);
	return rc == RC_OK ? load(c, w.id, id, ret_out) : rc;
}

struct replay {
	int64_t from, to, since, until, n;
};
static const struct field replay_in_fields[] = {
	{ .name = "from",
		.type = FIELD_I64,
		FIELD_AT(struct replay, from),
		.min = 1,
		.max = INT64_MAX,
		.doc = "The first position." },
	{ .name = "to",
		.type = FIELD_I64,
		FIELD_AT(struct replay, to),
		.min = 1,
		.max = INT64_MAX,
		.doc = "The last position. Default: where the webhook is." },
	{ .name = "since",
		.type = FIELD_TIME,
		FIELD_AT(struct replay, since),
		.doc = "Instead of from: a moment." },
	{ .name = "until", .type = FIELD_TIME, FIELD_AT(struct replay, until), .doc = "Instead of to: a moment." },
	{ 0 },
};
static const struct field replay_fields[] = {
	{ .name = "from", .type = FIELD_I64, FIELD_AT(struct replay, from), .doc = "The first position." },
	{ .name = "to", .type = FIELD_I64, FIELD_AT(struct replay, to), .doc = "The last position." },
	{ .name = "deliveries",
		.type = FIELD_I64,
		FIELD_AT(struct replay, n),
		.doc = "Events of the webhook in between; each is delivered again." },
	{ 0 },
};

/* The first event of that moment or later, the last of that moment or earlier; 0: there is none. */
static enum rc position_at(struct call *c, int64_t ms, bool last, int64_t *ret)
{
	static const struct store_query first_of = {
		.sql = "SELECT pos FROM events WHERE ts >= $1 ORDER BY pos LIMIT 1"
	};
	static const struct store_query last_of = {
		.sql = "SELECT pos FROM events WHERE ts <= $1 ORDER BY pos DESC LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, last ? &last_of : &first_of, STORE_ARGS(store_int(ms)), &r, c->tx.fault);

	*ret = rc == RC_OK ? store_col_int(r, 0) : 0;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc replay(struct call *c, void *ret_out)
{
	const struct replay *in = c->in;
	struct webhook_row w = { 0 };
	struct replay *v = ret_out;

	enum rc rc = enabled(c, &w);
	*v = *in;
	if (rc == RC_OK && in->since)
		rc = position_at(c, in->since, false, &v->from);
	if (rc == RC_OK && in->until)
		rc = position_at(c, in->until, true, &v->to);
	if (rc != RC_OK)
		return rc;
	if (!in->from && !in->since)
		return field_json_problem(c->reader, "/from", "required", "say from which position, or since when");
	if ((!v->to && !in->until) || v->to > w.pos)
		v->to = w.pos; /* what comes after is on its way */
	if (v->from == 0 || v->from > v->to)
		return RC_OK;
	rc = webhook_fill_replay(&c->tx, &w, v->from, v->to, &v->n);
	return rc == RC_OK ? audit_add(&c->tx, "webhook.replay", w.id) : rc;
}

#define OUT    .out = delivery_fields, .out_size = sizeof(struct delivery)
#define EDIT   .method = "POST", .scope = SCOPE_WEBHOOKS_WRITE, .flags = ROUTE_WRITE | ROUTE_ACCEPTED, .status = 202
#define SEE    .method = "GET", .scope = SCOPE_WEBHOOKS_READ
#define PREFIX "/v1/webhooks/{id}"

const struct route webhook_delivery_routes[] = {
	{ .name = "testWebhook",
		.path = PREFIX "/test",
		.reach = REACH_TENANT,
		.object = OBJECT_WEBHOOK,
		EDIT,
		OUT,
		.run = test,
		.doc = "Sends a webhook.ping, once, also to a webhook that is disabled." },
	{ .name = "listWebhookDeliveries",
		.path = PREFIX "/deliveries",
		.reach = REACH_TENANT,
		.object = OBJECT_WEBHOOK,
		SEE,
		.flags = ROUTE_LIST,
		.query = list_fields,
		.query_size = sizeof(struct list_query),
		OUT,
		.run = list,
		.doc = "Lists the deliveries of a webhook, newest first." },
	{ .name = "getWebhookDelivery",
		.path = PREFIX "/deliveries/{delivery}",
		.reach = REACH_TENANT,
		.object = OBJECT_WEBHOOK,
		SEE,
		OUT,
		.run = get,
		.doc = "Shows a delivery." },
	{ .name = "listWebhookAttempts",
		.path = PREFIX "/deliveries/{delivery}/attempts",
		.reach = REACH_TENANT,
		.object = OBJECT_WEBHOOK,
		SEE,
		.flags = ROUTE_LIST,
		.query = attempts_fields,
		.query_size = sizeof(struct attempts_query),
		.out = attempt_fields,
		.out_size = sizeof(struct attempt),
		.run = attempts,
		.doc = "Lists the attempts of a delivery, the last first, with the beginning of each answer." },
	{ .name = "redeliverWebhook",
		.path = PREFIX "/deliveries/{delivery}/redeliver",
		.reach = REACH_TENANT,
		.object = OBJECT_WEBHOOK,
		EDIT,
		OUT,
		.run = redeliver,
		.doc = "Sends a delivery again, with the same webhook-id and the whole plan of attempts." },
	{ .name = "replayWebhook",
		.path = PREFIX "/replay",
		.reach = REACH_TENANT,
		.object = OBJECT_WEBHOOK,
		EDIT,
		.in = replay_in_fields,
		.in_size = sizeof(struct replay),
		.out = replay_fields,
		.out_size = sizeof(struct replay),
		.run = replay,
		.doc = "Delivers a range of the log again, and what of it was never delivered: at most 10000 "
		       "events." },
	{ 0 },
};
