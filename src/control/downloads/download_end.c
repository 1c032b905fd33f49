#include "control/downloads/download_end.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/downloads/download_account.h"
#include "control/downloads/download_leave.h"
#include "control/downloads/download_progress.h"
#include "control/downloads/download_request.h"
#include "control/engine/moves.h"
#include "wire/field_json.h"

#include <jansson.h>

static enum rc end_well(struct tx *tx, struct download_row *d, const struct moves_task *t)
{
	struct action_download_result result = { 0 };
	struct download_request in = { 0 };
	enum rc rc = download_progress_read(tx, action_download_run.result, t->result, &result);

	if (rc == RC_INVALID || (rc == RC_OK && !result.content_id))
		return download_leave_failed(tx, d, "internal", "the agent's result cannot be read", true);
	if (rc != RC_OK)
		return rc;
	if (result.bytes_network > (uint64_t)d->run_bytes)
		download_progress_sent(tx, d, result.bytes_network);
	download_progress_errors(tx, d, result.chunk_errors);
	metric_add(tx->control->metrics, METRIC_DOWNLOAD_BYTES, "reused", result.bytes_reused);
	if (d->state == DOWNLOAD_CANCELING) /* too late to be of use to who asked */
		return download_leave(tx, d, DOWNLOAD_CANCELED, NULL);
	d->content_id = result.content_id;
	d->bytes_total = d->bytes_done = (int64_t)result.bytes;
	rc = download_request_read(tx, d->request, &in);
	if (rc == RC_OK && d->account_id)
		rc = download_account_licensed(tx, d->account_id, in.source.app_id);
	if (rc == RC_OK)
		rc = download_leave_ready(tx, d);
	return rc == RC_OK && d->state == DOWNLOAD_READY ? download_leave_home(tx, d) : rc;
}

/* Why it failed, as the agent says it. Texts are the JSON's. */
struct verdict {
	const char *code, *detail;
	bool retryable;
};

/* Nobody's session was not enough, or this account has no licence: the next may. False: nothing is left to be tried. */
static enum rc try_another(struct tx *tx, struct download_row *d, const struct download_request *in, bool *ret)
{
	enum download_choice how = DOWNLOAD_CHOICE_NONE;
	const char *next = NULL;
	enum rc rc = RC_OK;

	*ret = false;
	if (in->account.mode != DOWNLOAD_BY_AUTO)
		return RC_OK;
	if (d->account_id)
		rc = download_account_denied(tx, d->account_id, in->source.app_id);
	d->licensed = true;
	if (rc == RC_OK)
		rc = download_account_choose(tx, d, in, &how, &next);
	*ret = rc == RC_OK && how != DOWNLOAD_CHOICE_NONE;
	return rc;
}

/* It needs more than was reserved of a limit, or held in the store, and it may have more than that. */
static bool was_held_short(const struct download_row *d, const struct download_request *in, const struct verdict *v)
{
	if (strcmp(v->code, "max_bytes") != 0 || (!d->reserved_bytes && !d->store_bytes))
		return false;
	return !in->limits.max_bytes || d->bytes_total <= in->limits.max_bytes;
}

static enum rc wait_for_more(struct tx *tx, struct download_row *d)
{
	int64_t had = d->reserved_bytes ? download_room_bytes(d->reserved_bytes, false) : d->store_bytes;

	if (d->bytes_total)
		d->estimate = d->bytes_total;
	else
		d->estimate = had * 4;
	return download_leave_again(tx, d, d->reserved_bytes ? DOWNLOAD_FOR_QUOTA : DOWNLOAD_FOR_DISK, 0);
}

/* The agent was lost, and not only once. False: that makes no sense any more. */
static bool may_go_on(struct download_row *d, const struct verdict *v)
{
	if (!v->retryable || task_trouble_of(v->code) != TASK_LOST)
		return false;
	d->lost_runs = d->bytes_done > d->lost_bytes ? 0 : d->lost_runs + 1;
	d->lost_bytes = d->bytes_done > d->lost_bytes ? d->bytes_done : d->lost_bytes;
	return d->lost_runs < DOWNLOAD_END_LOST_MAX;
}

static enum rc end_badly(struct tx *tx, struct download_row *d, const struct verdict *v)
{
	struct download_request in = { 0 };
	bool another = false;
	enum rc rc = download_request_read(tx, d->request, &in);

	if (rc == RC_OK && was_held_short(d, &in, v))
		return wait_for_more(tx, d);
	metric_add(tx->control->metrics, METRIC_DOWNLOAD_FAILURES, download_failure(v->code), 1);
	if (rc != RC_OK)
		return rc;
	if (!strcmp(v->code, "disk_full"))
		return download_leave_again(tx, d, DOWNLOAD_FOR_DISK, tx->now_ms + DOWNLOAD_END_REST_MS);
	if (!strcmp(v->code, "rate_limited"))
		return download_leave_again(tx, d, DOWNLOAD_FOR_BUDGET, tx->now_ms + DOWNLOAD_END_REST_MS);
	if (may_go_on(d, v))
		return download_leave_again(tx, d, DOWNLOAD_FOR_CONCURRENCY, 0);
	if (download_wants_licence(v->code))
		rc = try_another(tx, d, &in, &another);
	if (rc == RC_OK && another)
		return download_leave_again(tx, d, DOWNLOAD_FOR_ACCOUNT, 0);
	return rc == RC_OK ? download_leave_failed(tx, d, v->code, v->detail, v->retryable) : rc;
}

/* Its task was stopped: because somebody asked for that, and then the download is as they asked. */
static enum rc end_stopped(struct tx *tx, struct download_row *d)
{
	const char *wants = d->wants ? d->wants : DOWNLOAD_WANTS_CANCEL;

	if (!strcmp(wants, DOWNLOAD_WANTS_PAUSE))
		return download_leave(tx, d, DOWNLOAD_PAUSED, NULL);
	if (!strcmp(wants, DOWNLOAD_WANTS_QUOTA))
		return download_leave_again(tx, d, DOWNLOAD_FOR_QUOTA, 0);
	if (!strcmp(wants, DOWNLOAD_WANTS_DISK))
		return download_leave_again(tx, d, DOWNLOAD_FOR_DISK, 0);
	if (!strcmp(wants, DOWNLOAD_WANTS_RUNTIME))
		return download_leave_failed(tx, d, "max_runtime", "it ran longer than it may", true);
	return download_leave(tx, d, DOWNLOAD_CANCELED, NULL);
}

enum rc download_end(struct tx *tx, struct download_row *d, const struct moves_task *t)
{
	struct verdict v = { "internal", "", false };
	auto_json json_t *j = NULL;
	enum rc rc = RC_OK;

	if (t->status == TASK_SUCCEEDED)
		return end_well(tx, d, t);
	if (t->status == TASK_CANCELED || d->wants || d->state == DOWNLOAD_CANCELING)
		return end_stopped(tx, d);
	if (t->status == TASK_EXPIRED)
		return download_leave_failed(tx, d, "max_runtime", "its key may run it no longer", false);
	rc = t->error ? json_read(t->error, strlen(t->error), &j, tx->fault) : RC_OK;
	if (rc != RC_OK)
		return rc;
	const char *code = json_string_value(json_object_get(j, "code"));
	v.code = code ? code : v.code;
	v.detail = json_string_value(json_object_get(j, "detail"));
	v.retryable = json_is_true(json_object_get(j, "retryable"));
	return end_badly(tx, d, &v);
}
