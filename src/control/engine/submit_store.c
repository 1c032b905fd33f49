#include "base/id.h"
#include "control/access/audit.h"
#include "control/access/keys.h"
#include "control/engine/park.h"
#include "control/engine/sealed.h"
#include "control/engine/submit.h"
#include "control/engine/submit_parts.h"
#include "control/engine/wants.h"
#include "control/events/events.h"
#include "io/clock.h"
#include "model/job.h"
#include "wire/json.h"

/* Ids of one job's tasks grow by one: so tasks of the same priority go in the order in which the accounts were named. */
static void count_up(uint8_t random[static ID_RANDOM])
{
	for (int i = ID_RANDOM; i-- > 0;)
		if (++random[i])
			return;
}

/* One row as submit_tasks reads it: [id, account, region, enabled]. */
static void put_row(struct buf *to, const char *id, const struct submit_plan *p, const struct submit_target *t)
{
	const char *region = p->region_id ? p->region_id : t->region_id;

	buf_fmt(to, "%s[\"%s\",", to->n > 1 ? "," : "", id);
	if (t->account_id)
		json_put_str(to, t->account_id);
	else
		buf_str(to, "null");
	buf_u8(to, ',');
	if (region)
		json_put_str(to, region);
	else
		buf_str(to, "null");
	buf_str(to, t->enabled ? ",1]" : ",0]");
}

/* All tasks of a job by one statement, however many there are. */
static enum rc add_tasks(struct submit_plan *p)
{
#define SUBMIT_TASK_COLUMNS                                                                                        \
	"INSERT INTO tasks (id, account_id, region_id, status, finished_at, error, job_id, action, priority, "     \
	"max_attempts, not_before, created_at, owner, tenant_id, attempt, lease_until, cancel_asked, started_at, " \
	"waits, look_at, quiet) "                                                                                  \
	"SELECT "
	static const struct store_query insert = {
		.sql = SUBMIT_TASK_COLUMNS
		"json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), "
		"CASE json_extract(value, '$[3]') WHEN 1 THEN 'queued' ELSE 'failed' END, "
		"CASE json_extract(value, '$[3]') WHEN 1 THEN 0 ELSE $7 END, "
		"CASE json_extract(value, '$[3]') WHEN 1 THEN NULL ELSE $9 END, "
		"$2, $3, $4, $5, $6, $7, $8, $10, 0, 0, 0, 0, $11, $6, $12 FROM json_each($1)",
		.sql_pg = SUBMIT_TASK_COLUMNS
		"value->>0, value->>1, value->>2, CASE value->>3 WHEN '1' THEN 'queued' ELSE 'failed' END, "
		"CASE value->>3 WHEN '1' THEN 0 ELSE $7::bigint END, "
		"CASE value->>3 WHEN '1' THEN NULL ELSE $9::text END, "
		"$2::text, $3::text, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::text, $10::text, 0, 0, 0, "
		"0, $11::text, $6::bigint, $12::bigint FROM "
		"jsonb_array_elements($1::jsonb) AS rows (value)"
	};
	static const char disabled[] =
		"{\"code\":\"account_disabled\",\"detail\":\"the account is disabled\",\"retryable\":false}";
	struct tx *tx = p->tx;
	uint8_t random[ID_RANDOM];
	char id[ID_MAX] = "";
	struct buf rows = { 0 };

	clock_random(random, sizeof(random));
	random[0] &= 0x7F; /* there is room to count */
	buf_u8(&rows, '[');
	for (size_t i = 0; i < p->n; i++, count_up(random)) {
		id_make(id, "tsk", tx->now_ms, random);
		put_row(&rows, id, p, &p->targets[i]);
	}
	buf_u8(&rows, ']');
	p->task_id = arena_str(tx->arena, id);
	enum rc rc = rows.bad || !p->task_id ? RC_NOMEM : RC_OK;
	if (rc == RC_OK)
		rc = store_put(tx->db, &insert,
			STORE_ARGS(store_text(buf_text(&rows)), store_text(p->id), store_text(p->action->name),
				store_int(p->priority), store_int(p->policy.max_attempts), store_int(p->not_before),
				store_int(tx->now_ms), store_text(p->owner), store_text(disabled),
				store_text(p->tenant_id), store_text(p->not_before ? PARK_TIME : NULL),
				store_int(p->quiet)),
			tx->fault);
	buf_done(&rows);
	return rc;
}

static enum rc add_job(struct submit_plan *p, const struct job_summary *s)
{
	static const struct store_query insert = {
		.sql = "INSERT INTO jobs (id, action, status, priority, payload, total, queued, running, "
		       "succeeded, failed, canceled, parent_job_id, created_by, trace_id, created_at, updated_at, "
		       "finished_at, secret, dry_run, not_before, retry_backoff, retry_backoff_max, schedule_id, "
		       "traceparent, quota_held, quiet) "
		       "VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, 0, $9, $10, $11, $12, $12, $13, $14, $15, "
		       "$16, $17, $18, $19, $20, $21, $22)"
	};
	struct tx *tx = p->tx;
	enum job_status status = job_status_of(s);
	bool over = job_is_over(status);

	return store_put(tx->db, &insert,
		STORE_ARGS(store_text(p->id), store_text(p->action->name), store_text(job_words[status]),
			store_int(p->priority), store_text(p->payload), store_int(s->total), store_int(s->queued),
			store_int(s->failed), store_text(p->parent),
			store_text(p->created_by ? p->created_by : tx->actor), store_text(tx->trace_id),
			store_int(tx->now_ms), store_int(over ? tx->now_ms : 0),
			store_text(over ? NULL : p->secret), store_int(p->dry_run), store_int(p->not_before),
			store_int(p->asked.backoff_ms), store_int(p->asked.backoff_max_ms),
			store_text(p->schedule_id), store_text(tx->traceparent ? tx->traceparent : ""),
			store_int(p->quota_held), store_int(p->quiet)),
		tx->fault);
}

/* session.login and session.logout say what is wanted from now on; the tasks themselves only wait for it. */
static enum rc want(struct submit_plan *p)
{
	enum rc rc = RC_OK;

	if (p->dry_run || p->not_before || !wants_say(p->action->name))
		return RC_OK; /* when it is due, moves does */
	for (size_t i = 0; rc == RC_OK && i < p->n; i++)
		if (p->targets[i].enabled)
			rc = wants_set(p->tx, p->action->name, p->targets[i].account_id);
	return rc;
}

static enum rc tell(struct submit_plan *p, const struct job_summary *s)
{
	struct tx *tx = p->tx;
	const char *payload = arena_fmt(tx->arena, "{\"action\":\"%s\",\"total\":%u}", p->action->name, s->total);

	if (p->quiet) {
		tx_ring(tx, p->targets[0].region_id);
		return RC_OK;
	}
	enum rc rc =
		payload ? events_add(
				  tx, &(struct event){ .type = "job.created", .job_id = p->id, .payload = payload })
			: RC_NOMEM;
	if (rc == RC_OK && job_is_over(job_status_of(s)))
		rc = events_add(tx, &(struct event){ .type = "job.finished", .job_id = p->id });
	if (s->queued > 0)
		for (size_t i = 0; i < p->n; i++)
			tx_ring(tx, p->region_id ? p->region_id : p->targets[i].region_id);
	if (rc != RC_OK || p->owner)
		return rc; /* the owner has told who wanted it */
	return audit_add(tx, p->parent ? "job.retry" : "job.create", p->id);
}

/* A job of a key runs at most as long as the key says, however it came about. */
static enum rc hold_runtime(struct submit_plan *p)
{
	static const struct store_query set = {
		.sql = "UPDATE jobs SET deadline = $2 WHERE id = $1 AND (deadline = 0 "
		       "OR deadline > $2)"
	};
	int64_t from = p->not_before > p->tx->now_ms ? p->not_before : p->tx->now_ms;
	uint32_t most_s = 0;

	enum rc rc = keys_runtime(p->tx, p->created_by ? p->created_by : p->tx->actor, &most_s);
	if (rc != RC_OK || most_s == 0)
		return rc;
	return store_put(p->tx->db, &set, STORE_ARGS(store_text(p->id), store_int(from + (int64_t)most_s * 1000)),
		p->tx->fault);
}

enum rc submit_store(struct submit_plan *p)
{
	struct job_summary s = { .total = (uint32_t)p->n };

	p->id = tx_id(p->tx, "job");
	if (!p->id)
		return RC_NOMEM;
	if (!p->tenant_id)
		p->tenant_id = tx_tenant(p->tx);
	p->asked = p->policy;
	p->policy = task_policy_of(p->action->class, p->action->retry, &p->asked);
	for (size_t i = 0; i < p->n; i++)
		s.failed += !p->targets[i].enabled;
	s.queued = s.total - s.failed;
	enum rc rc = submit_reserve(p, s.queued, job_is_over(job_status_of(&s)));
	if (rc == RC_OK)
		rc = sealed_split(p->tx, p->action, p->id, p->payload, &p->payload, &p->secret);
	if (rc == RC_OK)
		rc = add_job(p, &s);
	if (rc == RC_OK)
		rc = p->parent ? job_rules_copy(p->tx, p->id, p->parent)
			       : job_rules_keep(p->tx, p->id, p->tenant_id, &p->rules);
	if (rc == RC_OK)
		rc = hold_runtime(p);
	if (rc == RC_OK)
		rc = add_tasks(p);
	if (rc == RC_OK)
		rc = want(p);
	return rc == RC_OK ? tell(p, &s) : rc;
}
