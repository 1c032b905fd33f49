#include "control/triggers/triggers.h"

#include "control/events/events.h"
#include "control/rows.h"
#include "control/triggers/trigger_act.h"
#include "control/triggers/trigger_match.h"
#include "wire/field_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

/* ---- the log ---- */

struct looking {
	const char *id, *on, *tenant_id;
	int64_t after_pos;
	uint32_t debounce_s;
};
static const struct field looking_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct looking, id) },
	{ .name = "match", .type = FIELD_STR, FIELD_AT(struct looking, on) },
	{ .name = "tenantId", .type = FIELD_STR, FIELD_AT(struct looking, tenant_id) },
	{ .name = "afterPos", .type = FIELD_I64, FIELD_AT(struct looking, after_pos) },
	{ .name = "debounceS", .type = FIELD_U32, FIELD_AT(struct looking, debounce_s) },
	{ 0 },
};

static const struct field event_row[] = {
	{ .name = "pos", .type = FIELD_I64, FIELD_AT(struct trigger_event, pos) },
	{ .name = "type", .type = FIELD_STR, FIELD_AT(struct trigger_event, type) },
	{ .name = "tenantId", .type = FIELD_STR, FIELD_AT(struct trigger_event, tenant_id) },
	{ .name = "data", .type = FIELD_STR, FIELD_AT(struct trigger_event, data) },
	{ 0 },
};

/* Where the one that is furthest behind is, and where the log ends. *ret_from -1: nobody looks. */
static enum rc ends(struct tx *tx, int64_t *ret_from, int64_t *ret_top)
{
	static const struct store_query find = {
		.sql = "SELECT COALESCE((SELECT MIN(after_pos) FROM triggers WHERE enabled = 1), -1), "
		       "COALESCE((SELECT MAX(pos) FROM events), 0)"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_NO_ARGS, &r, tx->fault);

	if (rc == RC_OK) {
		*ret_from = store_col_int(r, 0);
		*ret_top = store_col_int(r, 1);
	}
	return rc;
}

static enum rc read_events(struct tx *tx, int64_t from, int64_t top, struct field_list *ret)
{
	static const struct store_query find = { .sql = "SELECT pos, type, tenant_id, data FROM events WHERE pos > "
							"$1 AND pos <= $2 AND type LIKE 'title.%' "
							"ORDER BY pos LIMIT $3" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &find, STORE_ARGS(store_int(from), store_int(top), store_int(TRIGGERS_PAGE)),
		&r, tx->fault);

	if (rc != RC_OK)
		return rc;
	return rows_list(r, &(struct rows_into){ event_row, tx->arena, NULL }, sizeof(struct trigger_event),
		TRIGGERS_PAGE, ret, tx->fault);
}

static enum rc read_looking(struct tx *tx, struct field_list *ret)
{
	static const struct store_query find = { .sql = "SELECT id, match, tenant_id, after_pos, debounce_s FROM "
							"triggers WHERE enabled = 1 ORDER BY id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &find, STORE_NO_ARGS, &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	return rows_list(r, &(struct rows_into){ looking_row, tx->arena, NULL }, sizeof(struct looking),
		FIELD_LIST_MAX_DEFAULT, ret, tx->fault);
}

static enum rc note(struct tx *tx, int64_t pos)
{
	static const struct store_query set = {
		.sql = "UPDATE triggers SET after_pos = $1 WHERE enabled = 1 AND after_pos < $1"
	};
	return store_do(tx->db, &set, STORE_ARGS(store_int(pos)), tx->fault);
}

/* An older build of the same line that still waits is not wanted any more. */
static enum rc supersede(struct tx *tx, const char *trigger, const char *line, const char *by)
{
	static const struct store_query set = { .sql = "UPDATE trigger_fires SET status = 'superseded', "
						       "finished_at = $4 WHERE trigger_id = $1 AND line = $2 "
						       "AND status = 'pending' AND id <> $3" };
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(trigger), store_text(line), store_text(by), store_int(tx->now_ms)),
		tx->fault);
}

static enum rc add_fire(struct tx *tx, const struct looking *t, const struct trigger_event *e)
{
	static const struct store_query add = { .sql = "INSERT INTO trigger_fires (id, trigger_id, build_key, "
						       "line, status, not_before, event, created_at) "
						       "VALUES ($1, $2, $3, $4, 'pending', $5, $6, $7) ON CONFLICT "
						       "(trigger_id, build_key) DO NOTHING "
						       "RETURNING id" };
	const char *id = tx_id(tx, "tfi"), *key = trigger_match_key(tx, e), *line = trigger_match_line(tx, e);
	auto_rows struct store_rows *r = NULL;
	struct buf payload = { 0 };

	if (!id || !key || !line)
		return RC_NOMEM;
	enum rc rc = json_put(&payload, e->payload, true);
	if (rc == RC_OK)
		rc = store_one(tx->db, &add,
			STORE_ARGS(store_text(id), store_text(t->id), store_text(key), store_text(line),
				store_int(tx->now_ms + (int64_t)t->debounce_s * 1000),
				store_text(buf_text(&payload)), store_int(tx->now_ms)),
			&r, tx->fault);
	buf_done(&payload);
	store_close(take(r));
	if (rc == RC_OK && t->debounce_s)
		return supersede(tx, t->id, line, id);
	return rc == RC_MISSING ? RC_OK : rc; /* this build had its fire */
}

/* One event, held against every trigger of its tenant that has not seen it. */
static enum rc take_event(struct tx *tx, const struct field_list *all, struct trigger_event *e)
{
	auto_json json_t *whole = NULL;
	const struct looking *t = all->at;
	struct trigger_on on;
	char *text = arena_fmt(tx->arena, "{%s", e->data);
	bool wanted = false;

	enum rc rc = text ? json_read(text, strlen(text), &whole, tx->fault) : RC_NOMEM;
	e->payload = json_object_get(whole, "payload");
	for (size_t i = 0; rc == RC_OK && i < all->n; i++) {
		if (strcmp(t[i].tenant_id, e->tenant_id) != 0 || e->pos <= t[i].after_pos)
			continue;
		rc = trigger_row_on(tx, t[i].on, &on);
		if (rc == RC_OK)
			rc = trigger_match(tx, &on, e, &wanted);
		if (rc == RC_OK && wanted)
			rc = add_fire(tx, &t[i], e);
	}
	e->payload = NULL;
	return rc;
}

static enum rc read_on(struct tx *tx)
{
	struct field_list events = { 0 }, all = { 0 };
	int64_t from = -1, top = 0;

	enum rc rc = ends(tx, &from, &top);
	if (rc != RC_OK || from < 0 || from >= top)
		return rc;
	rc = read_events(tx, from, top, &events);
	if (rc == RC_OK && events.n)
		rc = read_looking(tx, &all);
	struct trigger_event *e = events.at;
	for (size_t i = 0; rc == RC_OK && i < events.n; i++)
		rc = take_event(tx, &all, &e[i]);
	if (rc != RC_OK || (events.n == 0 && top - from < TRIGGERS_LAG))
		return rc;
	return note(tx, events.n == TRIGGERS_PAGE ? e[events.n - 1].pos : top);
}

/* ---- fires ---- */

static enum rc settle(struct tx *tx, const struct trigger_fire *f)
{
	static const struct store_query set = { .sql = "UPDATE trigger_fires SET status = $2, not_before = $3, "
						       "made = $4, problem = $5, fired_at = $6, "
						       "finished_at = $7 WHERE id = $1" };
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(f->id), store_text(f->status), store_int(f->not_before), store_text(f->made),
			store_text(f->problem), store_int(f->fired_at), store_int(f->finished_at)),
		tx->fault);
}

static enum rc tell(struct tx *tx, const struct trigger *t, const struct trigger_fire *f, const char *job_id)
{
	struct buf b = { 0 };

	buf_fmt(&b, "{\"fireId\":\"%s\",\"status\":\"%s\",\"buildKey\":", f->id, f->status);
	json_put_str(&b, f->build_key);
	buf_str(&b, ",\"made\":");
	json_put_str(&b, f->made);
	buf_str(&b, ",\"problem\":");
	json_put_str(&b, f->problem);
	buf_fmt(&b, ",\"event\":%s}", f->event);
	enum rc rc = b.bad ? RC_NOMEM
			   : events_add(tx, &(struct event){ .type = "trigger.fired",
						    .resource = t->id,
						    .job_id = job_id,
						    .payload = buf_text(&b),
						    .tenant_id = t->tenant_id });
	buf_done(&b);
	return rc;
}

/* The words of what was wrong, all of them. */
static const char *problem_of(struct tx *tx, const struct field_reader *r)
{
	struct buf b = { 0 };

	if (r->problems_n == 0)
		return arena_str(tx->arena, tx->fault->text);
	for (size_t i = 0; i < r->problems_n && b.n < 400; i++)
		buf_fmt(&b, "%s%s: %s", i ? "; " : "", r->problems[i].pointer, r->problems[i].detail);
	const char *text = arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* What an endpoint is told. */
static const char *told_of(struct tx *tx, const struct trigger *t, const char *payload)
{
	struct buf b = { 0 };

	buf_fmt(&b, "{\"triggerId\":\"%s\",\"name\":", t->id);
	json_put_str(&b, t->name);
	buf_fmt(&b, ",\"event\":%s}", payload);
	const char *text = b.bad ? NULL : arena_strn(tx->arena, (const char *)b.p, b.n);
	buf_done(&b);
	return text;
}

enum rc triggers_would(struct tx *tx, const struct trigger *t, const char *payload, const char **ret_json)
{
	struct trigger_action act;
	enum rc rc = trigger_row_action(tx, t->action, &act);

	if (rc != RC_OK || !act.webhook_id)
		return rc == RC_OK ? trigger_match_fill(tx, act.job ? act.job : act.download, payload, ret_json)
				   : rc;
	*ret_json = told_of(tx, t, payload);
	return *ret_json ? RC_OK : RC_NOMEM;
}

/* Is it what was asked for that is wrong, and nothing of ours? Nothing was written then. */
static bool is_refusal(enum rc rc)
{
	return rc == RC_INVALID || rc == RC_MALFORMED || rc == RC_CONFLICT || rc == RC_DENIED || rc == RC_MISSING ||
	       rc == RC_QUOTA;
}

static enum rc fire(struct tx *tx, const struct trigger *t, struct trigger_fire *f)
{
	struct field_reader r = { .arena = tx->arena };
	struct trigger_action act;
	const char *body = NULL;

	enum rc rc = trigger_row_action(tx, t->action, &act);
	if (rc == RC_OK)
		rc = triggers_would(tx, t, f->event, &body);
	if (rc == RC_OK)
		rc = trigger_act_make(tx, t, f, body, &r, &f->made);
	if (rc != RC_OK && !is_refusal(rc))
		return rc;
	f->fired_at = tx->now_ms;
	f->status = rc == RC_OK ? TRIGGER_FIRE_FIRED : TRIGGER_FIRE_FAILED;
	if (rc != RC_OK) {
		f->made = NULL;
		f->problem = problem_of(tx, &r);
		f->finished_at = tx->now_ms;
	}
	bool job = rc == RC_OK && act.job;
	rc = settle(tx, f);
	return rc == RC_OK ? tell(tx, t, f, job ? f->made : NULL) : rc;
}

/* Fires it, or lets it wait for the end of the quiet hours. */
static enum rc turn(struct tx *tx, struct trigger_fire *f)
{
	struct trigger t = { 0 };
	struct quiet quiet = { 0 };

	enum rc rc = trigger_row_load(tx, f->trigger_id, &t);
	if (rc == RC_OK)
		rc = trigger_row_quiet(tx, t.quiet, &quiet);
	if (is_refusal(rc)) { /* the time zone has gone from this system: then no hour is quiet */
		quiet = (struct quiet){ 0 };
		rc = RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	int64_t until = quiet_until(&quiet, tx->now_ms);
	if (until <= tx->now_ms)
		return fire(tx, &t, f);
	f->not_before = until;
	return settle(tx, f);
}

static enum rc fire_due(struct tx *tx)
{
	static const struct store_query find = {
		.sql = "SELECT " TRIGGER_FIRE_COLUMNS " FROM trigger_fires WHERE status = 'pending' AND not_before "
		       "<= $1 AND EXISTS (SELECT 1 FROM "
		       "triggers t WHERE t.id = trigger_id AND t.enabled = 1) ORDER BY not_before, id LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list due = { 0 };

	enum rc rc = store_run(
		tx->db, &find, STORE_ARGS(store_int(tx->now_ms), store_int(TRIGGERS_AT_ONCE)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ trigger_fire_fields, tx->arena, NULL },
			sizeof(struct trigger_fire), TRIGGERS_AT_ONCE, &due, tx->fault);
	store_close(take(r));
	struct trigger_fire *f = due.at;
	for (size_t i = 0; rc == RC_OK && i < due.n; i++)
		rc = turn(tx, &f[i]);
	return rc;
}

/* What was made is over: the job, or the delivery. What is not there any more was over long ago. */
static enum rc look_after(struct tx *tx)
{
	static const struct store_query jobs = {
		.sql = "UPDATE trigger_fires SET status = CASE WHEN EXISTS (SELECT 1 FROM jobs j WHERE j.id = made "
		       "AND "
		       "j.succeeded = j.total) THEN 'succeeded' ELSE 'failed' END, finished_at = $1 WHERE status = "
		       "'fired' AND made IN (SELECT j.id FROM jobs j WHERE j.id = made AND j.finished_at > 0)"
	};
	static const struct store_query deliveries = {
		.sql = "UPDATE trigger_fires SET status = CASE WHEN EXISTS (SELECT 1 FROM webhook_deliveries d "
		       "WHERE d.id "
		       "= made AND d.status = 'delivered') THEN 'succeeded' ELSE 'failed' END, finished_at = $1 "
		       "WHERE "
		       "status = 'fired' AND made IN (SELECT d.id FROM webhook_deliveries d WHERE d.id = made AND "
		       "d.finished_at > 0)"
	};
	static const struct store_query downloads = {
		.sql = "UPDATE trigger_fires SET status = CASE WHEN EXISTS (SELECT 1 FROM downloads d WHERE d.id = "
		       "made "
		       "AND d.artifact_id IS NOT NULL) THEN 'succeeded' ELSE 'failed' END, finished_at = $1 WHERE "
		       "status = "
		       "'fired' AND made IN (SELECT d.id FROM downloads d WHERE d.id = made AND d.finished_at > 0)"
	};
	static const struct store_query old = {
		.sql = "DELETE FROM trigger_fires WHERE finished_at > 0 AND finished_at < $1"
	};
	enum rc rc = store_do(tx->db, &jobs, STORE_ARGS(store_int(tx->now_ms)), tx->fault);

	if (rc == RC_OK)
		rc = store_do(tx->db, &deliveries, STORE_ARGS(store_int(tx->now_ms)), tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &downloads, STORE_ARGS(store_int(tx->now_ms)), tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &old, STORE_ARGS(store_int(tx->now_ms - TRIGGERS_KEEP_MS)), tx->fault);
	return rc;
}

enum rc triggers_scan(struct tx *tx)
{
	enum rc rc = read_on(tx);

	if (rc == RC_OK)
		rc = fire_due(tx);
	return rc == RC_OK ? look_after(tx) : rc;
}
