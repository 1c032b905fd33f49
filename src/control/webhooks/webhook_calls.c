#include "control/webhooks/webhook_calls.h"
#include "base/hush.h"
#include "base/metric.h"
#include "control/access/audit.h"
#include "control/control.h"
#include "control/events/cloud_event.h"
#include "control/events/events.h"
#include "control/webhooks/webhook_fill.h"
#include "control/webhooks/webhook_rules.h"
#include "control/webhooks/webhook_secrets.h"

#include <stdio.h>
#include <string.h>

#define SWEEP_AT_ONCE 2000
#define ENDPOINTS_MAX 100 /* that one transaction looks at */

void webhook_calls_free(struct webhook_call *c)
{
	if (!c)
		return;
	hush_wipe(c->keys, sizeof(c->keys));
	hush_wipe(c->seeds, sizeof(c->seeds));
	free(c->url);
	free(c->body);
	free(c->answer);
	free(c);
}

/* --- claims */

enum rc webhook_calls_recover(struct tx *tx, const char *mine)
{
	static const struct store_query free_them = {
		.sql = "UPDATE webhook_deliveries SET status = 'due', next_at = $2 WHERE status = 'sending' AND "
		       "claim <> $1"
	};
	return store_do(tx->db, &free_them, STORE_ARGS(store_text(mine), store_int(tx->now_ms)), tx->fault);
}

struct endpoint {
	const char *id, *url;
	bool enabled;
	int64_t old_until, sending;
};

static enum rc list_endpoints(struct tx *tx, struct endpoint ret[static ENDPOINTS_MAX], size_t *ret_n)
{
	static const struct store_query due = { .sql = "SELECT w.id, w.url, w.enabled, w.old_until, (SELECT "
						       "COUNT(*) FROM webhook_deliveries s WHERE "
						       "s.webhook_id = w.id AND s.status = 'sending') AS sending "
						       "FROM webhooks w WHERE EXISTS (SELECT 1 FROM "
						       "webhook_deliveries d WHERE d.webhook_id = w.id AND "
						       "d.status = 'due' AND d.next_at <= $1 AND (w.enabled = "
						       "1 OR d.type = '" WEBHOOK_PING
						       "')) ORDER BY 5, w.id LIMIT $2" };
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;

	enum rc rc =
		store_run(tx->db, &due, STORE_ARGS(store_int(tx->now_ms), store_int(ENDPOINTS_MAX)), &r, tx->fault);
	while (rc == RC_OK && n < ENDPOINTS_MAX && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		ret[n] = (struct endpoint){ .id = arena_str(tx->arena, store_col_text(r, 0)),
			.url = arena_str(tx->arena, store_col_text(r, 1)),
			.enabled = store_col_int(r, 2) != 0,
			.old_until = store_col_int(r, 3),
			.sending = store_col_int(r, 4) };
		rc = ret[n].id && ret[n].url ? RC_OK : RC_NOMEM;
		n++;
	}
	*ret_n = n;
	return rc;
}

/* The body tells: a delivery keeps the words it was made in, whatever its webhook asks for since. */
static const char *media_of(const char *body)
{
	return strncmp(body, CLOUD_EVENT_HEAD, strlen(CLOUD_EVENT_HEAD)) == 0 ? CLOUD_EVENT_MEDIA
									      : "application/json";
}

static enum rc new_call(const struct endpoint *e, struct store_rows *r, struct webhook_call **ret)
{
	struct webhook_call *c = calloc(1, sizeof(*c));
	if (!c)
		return RC_NOMEM;
	const char *trace = store_col_text(r, 2);
	snprintf(c->id, sizeof(c->id), "%s", store_col_text(r, 0));
	snprintf(c->webhook_id, sizeof(c->webhook_id), "%s", e->id);
	snprintf(c->trace_id, sizeof(c->trace_id), "%s", trace ? trace : "");
	c->body = strdup(store_col_text(r, 1));
	c->media = media_of(store_col_text(r, 1));
	c->url = strdup(e->url);
	c->created_ms = store_col_int(r, 3);
	c->next = *ret;
	*ret = c;
	return c->body && c->url ? RC_OK : RC_NOMEM;
}

static enum rc claim_of(struct tx *tx, const struct endpoint *e, size_t room, struct webhook_call **list)
{
	static const struct store_query take = {
		.sql = "SELECT id, body, trace_id, created_at FROM webhook_deliveries WHERE webhook_id = $1 AND "
		       "status = 'due' "
		       "AND next_at <= $2 AND pos <= $3 ORDER BY next_at, id LIMIT $4"
	};
	static const struct store_query mark = {
		.sql = "UPDATE webhook_deliveries SET status = 'sending', claim = $2 WHERE id = $1"
	};
	struct webhook_call *before = *list;
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	enum rc rc = store_run(tx->db, &take,
		STORE_ARGS(store_text(e->id), store_int(tx->now_ms), store_int(e->enabled ? INT64_MAX : 0),
			store_int((int64_t)room)),
		&r, tx->fault);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		rc = new_call(e, r, list);
	store_close(take(r));
	for (struct webhook_call *c = *list; rc == RC_OK && c != before; c = c->next) {
		c->keys_n = e->old_until > tx->now_ms ? 2 : 1;
		rc = webhook_secrets_get(tx, e->id, c->keys_n, c->keys, c->seeds);
		if (rc == RC_OK)
			rc = store_do(tx->db, &mark,
				STORE_ARGS(store_text(c->id), store_text(tx->control->instance_id)), tx->fault);
	}
	return rc;
}

enum rc webhook_calls_claim(struct tx *tx, size_t room, struct webhook_call **ret_list)
{
	struct endpoint *all = arena_take(tx->arena, ENDPOINTS_MAX * sizeof(*all));
	const int64_t parallel = tx->control->webhook_rules->conf->parallel;
	size_t n = 0;
	enum rc rc = all ? list_endpoints(tx, all, &n) : RC_NOMEM;

	for (size_t i = 0; rc == RC_OK && i < n && room > 0; i++) {
		int64_t free_n = parallel - all[i].sending;
		size_t most = free_n <= 0 ? 0 : (size_t)free_n < room ? (size_t)free_n : room;
		struct webhook_call *before = *ret_list;
		if (most > 0)
			rc = claim_of(tx, &all[i], most, ret_list);
		for (struct webhook_call *c = *ret_list; c != before; c = c->next)
			room--;
	}
	return rc;
}

/* --- ends */

struct open {
	uint32_t tries, attempts;
	int64_t failing_since;
	bool ping; /* somebody tries the endpoint: once, and it says nothing of how it is doing */
	const char *subject;
};

static enum rc load_open(struct tx *tx, const struct webhook_call *c, struct open *ret)
{
	static const struct store_query find = {
		.sql = "SELECT d.tries, d.attempts, CASE d.type WHEN '" WEBHOOK_PING
		       "' THEN 1 ELSE 0 END, w.failing_since, d.subject FROM webhook_deliveries d "
		       "JOIN webhooks w "
		       "ON w.id = d.webhook_id WHERE d.id = $1 AND d.status = 'sending' AND d.claim = $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		tx->db, &find, STORE_ARGS(store_text(c->id), store_text(tx->control->instance_id)), &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	*ret = (struct open){ .tries = (uint32_t)store_col_int(r, 0),
		.attempts = (uint32_t)store_col_int(r, 1),
		.ping = store_col_int(r, 2) != 0,
		.failing_since = store_col_int(r, 3),
		.subject = arena_str(tx->arena, store_col_text(r, 4)) };
	return ret->subject ? RC_OK : RC_NOMEM;
}

static enum rc note_attempt(struct tx *tx, const struct webhook_call *c, uint32_t number)
{
	static const struct store_query add = {
		.sql = "INSERT INTO webhook_attempts (delivery_id, number, at, ms, status, "
		       "error, answer) VALUES ($1, $2, $3, $4, $5, $6, $7)"
	};
	return store_do(tx->db, &add,
		STORE_ARGS(store_text(c->id), store_int(number), store_int(c->at_ms), store_int(c->took_ms),
			store_int(c->status), store_text(*c->error ? c->error : NULL), store_text(c->answer)),
		tx->fault);
}

/* The next of its subject is due now. */
static enum rc promote(struct tx *tx, const char *webhook_id, const char *subject)
{
	static const struct store_query next = { .sql = "UPDATE webhook_deliveries SET status = 'due' WHERE status "
							"= 'behind' AND id = (SELECT id FROM "
							"webhook_deliveries WHERE webhook_id = $1 AND subject = $2 "
							"AND finished_at = 0 ORDER BY pos, id LIMIT 1)" };
	return store_do(tx->db, &next, STORE_ARGS(store_text(webhook_id), store_text(subject)), tx->fault);
}

static enum rc disable(struct tx *tx, const char *webhook_id, const char *reason)
{
	static const struct store_query set = { .sql = "UPDATE webhooks SET enabled = 0, disabled_reason = $2, "
						       "version = version + 1, updated_at = $3 WHERE id = "
						       "$1 AND enabled = 1 RETURNING tenant_id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(webhook_id), store_text(reason), store_int(tx->now_ms)), &r, tx->fault);

	const char *tenant = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;
	store_close(take(r));
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc; /* it is disabled already */
	rc = events_add(tx, &(struct event){ .type = "webhook.disabled",
				    .resource = webhook_id,
				    .tenant_id = tenant,
				    .payload = arena_fmt(tx->arena, "{\"reason\":\"%s\"}", reason) });
	return rc == RC_OK ? audit_add(tx, "webhook.disable", webhook_id) : rc;
}

static enum rc note_endpoint(struct tx *tx, const struct webhook_call *c, const struct webhook *w)
{
	static const struct store_query set = {
		.sql = "UPDATE webhooks SET failing_since = $2, last_status = $3, last_at = $4 WHERE id = $1"
	};
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(c->webhook_id), store_int(w->failing_since_ms), store_int(c->status),
			store_int(c->at_ms)),
		tx->fault);
}

static enum rc note_delivery(struct tx *tx, const struct webhook_call *c, const struct webhook *w,
	const struct open *o, enum webhook_verdict verdict)
{
	static const struct store_query set = { .sql = "UPDATE webhook_deliveries SET status = $2, tries = $3, "
						       "attempts = $4, next_at = $5, claim = NULL, "
						       "last_status = $6, finished_at = $7 WHERE id = $1" };
	static const char *const words[] = { "delivered", "due", "dead", "dead" };
	bool over = verdict != WEBHOOK_AGAIN;
	enum rc rc = store_do(tx->db, &set,
		STORE_ARGS(store_text(c->id), store_text(words[verdict]), store_int(w->tries),
			store_int(o->attempts + 1), store_int(w->next_ms), store_int(c->status),
			store_int(over ? tx->now_ms : 0)),
		tx->fault);
	return rc == RC_OK && over ? promote(tx, c->webhook_id, o->subject) : rc;
}

/* What a delivery tells of its endpoint. */
static enum rc judge_endpoint(
	struct tx *tx, const struct webhook_call *c, const struct webhook *w, enum webhook_verdict verdict)
{
	enum rc rc = note_endpoint(tx, c, w);

	if (rc == RC_OK && verdict == WEBHOOK_GONE)
		return disable(tx, c->webhook_id, "gone");
	return rc == RC_OK && webhook_is_tired(w, tx->now_ms) ? disable(tx, c->webhook_id, "failing") : rc;
}

enum rc webhook_calls_settle(struct tx *tx, const struct webhook_call *c)
{
	static const char *const results[] = { "delivered", "retried", "dead", "gone" };
	static const struct webhook_plan once = { .n = 1 };
	struct open o = { 0 };
	enum rc rc = load_open(tx, c, &o);

	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	struct webhook w = { .tries = o.tries, .failing_since_ms = o.failing_since };
	const struct webhook_end end = { .status = c->status,
		.retry_after = *c->retry_after ? c->retry_after : NULL,
		.dice = c->dice,
		.now_ms = tx->now_ms };
	enum webhook_verdict verdict = webhook_ended(o.ping ? &once : &tx->control->webhook_rules->plan, &w, &end);
	rc = note_attempt(tx, c, o.attempts + 1);
	if (rc == RC_OK)
		rc = note_delivery(tx, c, &w, &o, verdict);
	if (rc == RC_OK && !o.ping)
		rc = judge_endpoint(tx, c, &w, verdict);
	metric_add(tx->control->metrics, METRIC_WEBHOOK_DELIVERIES, results[verdict], 1);
	metric_seen(tx->control->metrics, METRIC_WEBHOOK_SECONDS, NULL, (double)c->took_ms / 1e3);
	return rc;
}

enum rc webhook_calls_sweep(struct tx *tx)
{
	static const struct store_query attempts = {
		.sql = "DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT id FROM webhook_deliveries WHERE "
		       "finished_at > "
		       "0 AND finished_at < $1 ORDER BY finished_at, id LIMIT $2)"
	};
	static const struct store_query deliveries = {
		.sql = "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE "
		       "finished_at > 0 AND "
		       "finished_at < $1 ORDER BY finished_at, id LIMIT $2)"
	};
	const struct store_args args = STORE_ARGS(
		store_int(tx->now_ms - tx->control->webhook_rules->conf->keep_ms), store_int(SWEEP_AT_ONCE));
	enum rc rc = store_do(tx->db, &attempts, args, tx->fault);
	return rc == RC_OK ? store_do(tx->db, &deliveries, args, tx->fault) : rc;
}
