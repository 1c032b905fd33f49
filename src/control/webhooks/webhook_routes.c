#include "control/webhooks/webhook_routes.h"
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/control.h"
#include "control/events/event_types.h"
#include "control/events/events.h"
#include "control/fleet/labels.h"
#include "control/http/page.h"
#include "control/webhooks/webhook_row.h"
#include "control/webhooks/webhook_secrets.h"
#include "control/webhooks/webhooks.h"
#include "wire/field_json.h"

static enum rc told(struct tx *tx, const char *type, const char *deed, const char *id)
{
	enum rc rc = events_add(tx, &(struct event){ .type = type, .resource = id });
	return rc == RC_OK ? audit_add(tx, deed, id) : rc;
}

/* Whoever makes a webhook sees events through it, so they must be allowed to. */
static enum rc check(struct call *c, const struct webhook_row *v)
{
	const char *const *types = v->types.at;
	struct fault why = { 0 };

	if (!route_may(c->who, SCOPE_EVENTS_READ))
		return fault_set(
			c->tx.fault, RC_DENIED, "a webhook shows events: this needs the scope events:read, too");
	enum rc rc = webhooks_url(c->tx.control, v->url, &why);
	if (rc != RC_OK)
		return field_json_problem(c->reader, "/url", "malformed",
			arena_fmt(c->tx.arena, "%s; see webhooks.ports and webhooks.allow_private", why.text));
	for (size_t i = 0; i < v->types.n; i++)
		if (!event_types_fits(types[i]))
			return field_json_problem(c->reader, arena_fmt(c->tx.arena, "/types/%zu", i), "not_one_of",
				"there is no such event type; see GET /v1/event-types");
	return webhook_row_subject(c, v);
}

static enum rc check_room(struct tx *tx)
{
	static const struct store_query count = { .sql = "SELECT COUNT(*) FROM webhooks" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_NO_ARGS, &r, tx->fault);

	return rc == RC_OK && store_col_int(r, 0) >= WEBHOOKS_MAX
		       ? fault_set(tx->fault, RC_LIMIT, "there can be %d webhooks; delete one first", WEBHOOKS_MAX)
		       : rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	static const struct store_query add = {
		.sql = "INSERT INTO webhooks (id, url, types, job_id, account_id, region_id, enabled, thin, "
		       "format, pos, "
		       "failing_since, "
		       "last_status, last_at, public_key, old_until, version, created_at, updated_at, tenant_id, "
		       "created_by) VALUES ($1, "
		       "$2, $3, $4, $5, "
		       "$6, $7, $8, $13, (SELECT COALESCE(MAX(pos), 0) FROM events), 0, 0, 0, $9, 0, 1, $10, $10, "
		       "$11, "
		       "$12)"
	};
	const struct webhook_row *in = c->in;
	struct webhook_row *v = ret_out;
	struct tx *tx = &c->tx;
	const char *id = tx_id(tx, "whk"), *types = labels_texts_json(tx->arena, &in->types), *secret, *public;

	enum rc rc = id && types ? check(c, in) : RC_NOMEM;
	if (rc == RC_OK)
		rc = check_room(tx);
	if (rc == RC_OK)
		rc = webhook_row_reserve(tx, id);
	if (rc == RC_OK)
		rc = webhook_secrets_make(tx, id, false, &secret, &public);
	if (rc != RC_OK)
		return rc;
	rc = store_do(tx->db, &add,
		STORE_ARGS(store_text(id), store_text(in->url), store_text(types), store_text(in->job_id),
			store_text(in->account_id), store_text(in->region_id), store_int(in->enabled),
			store_int(in->thin), store_text(public), store_int(tx->now_ms), store_text(tx_tenant(tx)),
			store_text(tx->actor), store_text(webhook_row_format(in))),
		tx->fault);
	if (rc == RC_OK)
		rc = told(tx, "webhook.created", "webhook.create", id);
	if (rc == RC_OK)
		rc = webhook_row_load(tx, id, v);
	v->secret = secret;
	c->version = 1;
	c->location = arena_fmt(tx->arena, "/v1/webhooks/%s", id);
	return rc;
}

struct webhooks_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct webhooks_query), { 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = WEBHOOK_ROW_SELECT "WHERE w.id < $1 AND w.tenant_id = $3 ORDER BY w.id DESC LIMIT $2"
	};
	const struct webhooks_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(tx_tenant(&c->tx))),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct webhook_row *v = ret_out;
	enum rc rc = webhook_row_load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

static void merge(struct webhook_row *v, const struct webhook_row *in, uint64_t given)
{
	if (given & WEBHOOK_ROW_URL)
		v->url = in->url;
	if (given & WEBHOOK_ROW_TYPES)
		v->types = in->types;
	if (given & WEBHOOK_ROW_JOB)
		v->job_id = in->job_id;
	if (given & WEBHOOK_ROW_ACCOUNT)
		v->account_id = in->account_id;
	if (given & WEBHOOK_ROW_REGION)
		v->region_id = in->region_id;
	if (given & WEBHOOK_ROW_THIN)
		v->thin = in->thin;
	if (given & WEBHOOK_ROW_FORMAT)
		v->format = in->format;
	if (!(given & WEBHOOK_ROW_ENABLED))
		return;
	if (in->enabled && !v->enabled) { /* it gets all its patience again */
		v->failing_since = 0;
		v->disabled_reason = NULL;
	}
	v->enabled = in->enabled;
}

static enum rc store_row(struct tx *tx, const struct webhook_row *v)
{
	static const struct store_query set = {
		.sql = "UPDATE webhooks SET url = $2, types = $3, job_id = $4, "
		       "account_id = $5, region_id = $6, enabled = $7, thin "
		       "= $8, disabled_reason = $9, failing_since = $10, version = "
		       "version + 1, updated_at = $11, format = $12 WHERE id = $1"
	};
	const char *types = labels_texts_json(tx->arena, &v->types);

	return types ? store_do(tx->db, &set,
			       STORE_ARGS(store_text(v->id), store_text(v->url), store_text(types),
				       store_text(v->job_id), store_text(v->account_id), store_text(v->region_id),
				       store_int(v->enabled), store_int(v->thin), store_text(v->disabled_reason),
				       store_int(v->failing_since), store_int(tx->now_ms),
				       store_text(webhook_row_format(v))),
			       tx->fault)
		     : RC_NOMEM;
}

/* What waited for a later attempt is due now: somebody has mended it. */
static enum rc hurry(struct tx *tx, const char *id)
{
	static const struct store_query now = { .sql = "UPDATE webhook_deliveries SET next_at = $2 WHERE "
						       "webhook_id = $1 AND status = 'due' AND next_at > $2" };
	return store_do(tx->db, &now, STORE_ARGS(store_text(id), store_int(tx->now_ms)), tx->fault);
}

static enum rc patch(struct call *c, void *ret_out)
{
	struct webhook_row *v = ret_out;
	enum rc rc = webhook_row_load(&c->tx, c->arg[0], v);

	if (rc == RC_OK)
		rc = route_match(c, v->version);
	if (rc != RC_OK)
		return rc;
	bool was = v->enabled;
	merge(v, c->in, c->given);
	rc = check(c, v);
	if (rc == RC_OK && v->enabled && !was)
		rc = hurry(&c->tx, v->id);
	if (rc == RC_OK)
		rc = store_row(&c->tx, v);
	if (rc == RC_OK)
		rc = told(&c->tx, "webhook.updated", "webhook.update", v->id);
	if (rc == RC_OK)
		rc = webhook_row_load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query each[] = {
		{ .sql = "DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT id FROM webhook_deliveries "
			 "WHERE webhook_id = "
			 "$1)" },
		{ .sql = "DELETE FROM webhook_deliveries WHERE webhook_id = $1" },
		{ .sql = "DELETE FROM webhooks WHERE id = $1" },
	};
	struct webhook_row v = { 0 };
	(void)ret_out;

	enum rc rc = webhook_row_load(&c->tx, c->arg[0], &v);
	if (rc == RC_OK)
		rc = route_match(c, v.version);
	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_do(c->tx.db, &each[i], STORE_ARGS(store_text(v.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = vault_drop_all(&c->tx, "webhook", v.id);
	if (rc == RC_OK)
		rc = webhook_row_settle(&c->tx, v.id);
	return rc == RC_OK ? told(&c->tx, "webhook.deleted", "webhook.delete", v.id) : rc;
}

static enum rc rotate(struct call *c, void *ret_out)
{
	static const struct store_query set = { .sql = "UPDATE webhooks SET old_public_key = public_key, "
						       "public_key = $2, old_until = $3, version = version + 1, "
						       "updated_at = $4 WHERE id = $1" };
	struct webhook_row *v = ret_out;
	struct tx *tx = &c->tx;
	const char *secret, *public;

	enum rc rc = webhook_row_load(tx, c->arg[0], v);
	if (rc == RC_OK)
		rc = webhook_secrets_make(tx, v->id, true, &secret, &public);
	if (rc != RC_OK)
		return rc;
	int64_t until = tx->now_ms + tx->control->conf->webhooks->overlap_ms;
	rc = store_do(tx->db, &set,
		STORE_ARGS(store_text(v->id), store_text(public), store_int(until), store_int(tx->now_ms)),
		tx->fault);
	if (rc == RC_OK)
		rc = told(tx, "webhook.updated", "webhook.rotate", v->id);
	if (rc == RC_OK)
		rc = webhook_row_load(tx, c->arg[0], v);
	v->secret = secret;
	c->version = v->version;
	return rc;
}

#define OUT  .out = webhook_row_fields, .out_size = sizeof(struct webhook_row)
#define IN   .in = webhook_row_in_fields, .in_size = sizeof(struct webhook_row)
#define EDIT .scope = SCOPE_WEBHOOKS_WRITE

const struct route webhook_routes[] = {
	{ .name = "listWebhooks",
		.method = "GET",
		.path = "/v1/webhooks",
		.reach = REACH_TENANT,
		.lists = OBJECT_WEBHOOK,
		.scope = SCOPE_WEBHOOKS_READ,
		.flags = ROUTE_LIST,
		.query = page_fields,
		.query_size = sizeof(struct webhooks_query),
		OUT,
		.run = list,
		.doc = "Lists the webhooks, newest first. Never the secrets." },
	{ .name = "createWebhook",
		.method = "POST",
		.path = "/v1/webhooks",
		.reach = REACH_TENANT,
		EDIT,
		.flags = ROUTE_NARROWED | ROUTE_WRITE,
		.status = 201,
		IN,
		OUT,
		.run = create,
		.doc = "Makes a webhook; it is told of the events that come after. The answer has its secret, this "
		       "once." },
	{ .name = "getWebhook",
		.method = "GET",
		.path = "/v1/webhooks/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_WEBHOOK,
		.scope = SCOPE_WEBHOOKS_READ,
		OUT,
		.run = get,
		.doc = "Shows a webhook. Never the secret." },
	{ .name = "updateWebhook",
		.method = "PATCH",
		.path = "/v1/webhooks/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_WEBHOOK,
		EDIT,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		IN,
		OUT,
		.run = patch,
		.doc = "Edits a webhook. One that is enabled again goes on where it was." },
	{ .name = "deleteWebhook",
		.method = "DELETE",
		.path = "/v1/webhooks/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_WEBHOOK,
		EDIT,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Deletes a webhook with its deliveries." },
	{ .name = "rotateWebhookSecret",
		.method = "POST",
		.path = "/v1/webhooks/{id}/rotate-secret",
		.reach = REACH_TENANT,
		.object = OBJECT_WEBHOOK,
		EDIT,
		.flags = ROUTE_WRITE,
		OUT,
		.run = rotate,
		.doc = "Makes new secrets. Until oldSecretUntil each delivery is signed by the old ones, too. The "
		       "answer has the "
		       "secret, this once." },
	{ 0 },
};
