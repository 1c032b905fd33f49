#include "control/downloads/download_fold.h"
#include "base/buf.h"
#include "base/metric.h"
#include "control/artifacts/artifacts.h"
#include "control/control.h"
#include "control/downloads/download_account.h"
#include "control/downloads/download_bytes.h"
#include "control/downloads/download_leave.h"
#include "control/downloads/download_queue.h"
#include "control/downloads/download_request.h"
#include "control/downloads/download_stop.h"
#include "control/engine/moves.h"
#include "control/events/events.h"
#include "wire/field_json.h"

#include <jansson.h>

/* ---- bytes that were sent ---- */

/* Another run begins: it may fetch all of it once more, and so what it holds must be enough for both. *ret: it is not. */
static enum rc begin_run(struct tx *tx, struct download_row *d, bool *ret_short)
{
	struct download_room room = { .fits = true };
	enum rc rc = d->reserved_bytes && d->run_bytes ? download_bytes_reserve(tx, d, d->run_bytes, &room) : RC_OK;

	d->run_bytes = 0;
	*ret_short = !room.fits;
	return rc;
}

/* `run`: of the run that the agent tells of. */
static void count_bytes(struct tx *tx, struct download_row *d, uint64_t run)
{
	int64_t now = run > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)run;
	int64_t more = now > d->run_bytes ? now - d->run_bytes : 0;

	d->network_bytes += more;
	d->run_bytes += more;
	if (more > 0)
		metric_add(tx->control->metrics, METRIC_DOWNLOAD_BYTES, "network", (uint64_t)more);
}

/* ---- how far it is ---- */

static enum rc read_as(struct tx *tx, const struct field *t, const char *text, void *to)
{
	struct field_reader r = { .arena = tx->arena, .lenient = true };
	auto_json json_t *j = NULL;
	enum rc rc = text ? json_read(text, strlen(text), &j, tx->fault) : RC_INVALID;

	return rc == RC_OK ? field_json_decode(t, j, &r, to, tx->fault) : rc;
}

static uint32_t percent_of(const struct download_row *d, const struct action_download_progress *p)
{
	uint64_t all = p->bytes_total ? p->bytes_done * 100 / p->bytes_total : 0;
	uint32_t now = all > 100 ? 100 : (uint32_t)all;

	return now > d->percent ? now : d->percent;
}

static void put_lists(struct buf *b, const struct action_download_progress *p)
{
	const struct action_download_server *s = p->servers.at;

	buf_str(b, "\"currentFiles\":[");
	for (size_t i = 0; i < p->current_files.n && i < 4; i++) {
		buf_str(b, i ? "," : "");
		json_put_str(b, ((const char *const *)p->current_files.at)[i]);
	}
	buf_str(b, "],\"servers\":[");
	for (size_t i = 0; i < p->servers.n && i < 20; i++) {
		buf_str(b, i ? ",{\"host\":" : "{\"host\":");
		json_put_str(b, s[i].host ? s[i].host : "");
		buf_fmt(b, ",\"rateBps\":%llu,\"errors\":%u}", (unsigned long long)s[i].rate_bps, s[i].errors);
	}
	buf_u8(b, ']');
}

/* As the API shows it, and as the event tells it. In the arena. */
static const char *progress_of(
	struct tx *tx, const struct download_row *d, const struct action_download_progress *p)
{
	enum download_state is = (enum download_state)d->state;
	struct buf b = { 0 };

#define N(v) (unsigned long long)(v)
	buf_fmt(&b,
		"{\"state\":\"%s\",\"phase\":\"%s\",\"percent\":%u,\"bytesTotal\":%llu,\"bytesDone\":%llu,"
		"\"bytesNetwork\":%lld,\"bytesReused\":%llu,\"packageDone\":%llu,\"filesTotal\":%u,\"filesDone\":%"
		"u,"
		"\"rateBps\":%llu,\"etaSeconds\":%lld,\"tries\":%u,",
		download_words[is], download_phase(is), d->percent, N(p->bytes_total), N(p->bytes_done),
		(long long)d->network_bytes, N(p->bytes_reused), N(p->package_done), p->files_total, p->files_done,
		N(p->rate_bps), (long long)p->eta_s, p->tries);
#undef N
	put_lists(&b, p);
	buf_u8(&b, '}');
	const char *text = b.bad ? NULL : arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* The state that the agent names, if it is one of a running download and may follow. */
static enum rc follow_state(struct tx *tx, struct download_row *d, const char *word)
{
	enum download_state is = (enum download_state)d->state;

	for (int s = DOWNLOAD_RESOLVING; word && s <= DOWNLOAD_PUBLISHING; s++)
		if (!strcmp(download_words[s], word) && s != DOWNLOAD_ATTACHED && s != d->state &&
			download_move(&is, (enum download_state)s) == RC_OK)
			return download_row_move(tx, d, (enum download_state)s, NULL);
	return download_row_keep(tx, d);
}

/* RC_MISSING: the task is not (any more) that of a download. */
static enum rc load_of(struct tx *tx, const struct moves_task *t, struct download_row *ret)
{
	enum rc rc = download_row_load(tx, t->owner, ret);

	if (rc == RC_OK && (!ret->task_id || strcmp(ret->task_id, t->id) != 0))
		return RC_MISSING;
	return rc;
}

enum rc download_fold_progress(struct tx *tx, const struct moves_task *t, const char *data)
{
	struct action_download_progress p = { 0 };
	struct download_row d = { 0 };
	bool is_short = false;
	enum rc rc = load_of(tx, t, &d);

	if (rc == RC_OK && !download_is_running((enum download_state)d.state))
		rc = RC_MISSING;
	if (rc == RC_OK)
		rc = read_as(tx, action_download_progress_fields, data, &p);
	if (rc == RC_MISSING || rc == RC_INVALID)
		return RC_OK; /* it is another's word that does not count */
	if (rc != RC_OK)
		return rc;
	if (p.bytes_network < (uint64_t)d.run_bytes) /* a run that tells less than before is another */
		rc = begin_run(tx, &d, &is_short);
	if (rc == RC_OK && is_short && !d.wants)
		rc = download_stop(tx, &d, DOWNLOAD_WANTS_QUOTA);
	if (rc != RC_OK || is_short)
		return rc;
	count_bytes(tx, &d, p.bytes_network);
	d.percent = percent_of(&d, &p);
	d.bytes_total = p.bytes_total > INT64_MAX ? INT64_MAX : (int64_t)p.bytes_total;
	d.bytes_done = p.bytes_done > INT64_MAX ? INT64_MAX : (int64_t)p.bytes_done;
	d.estimate = d.bytes_total ? d.bytes_total : d.estimate;
	bool tells = tx->now_ms - d.told_at >= DOWNLOAD_FOLD_TELL_MS;
	if (tells)
		d.told_at = tx->now_ms;
	d.progress = progress_of(tx, &d, &p);
	rc = d.progress ? follow_state(tx, &d, p.state) : RC_NOMEM;
	return rc == RC_OK && tells ? events_add(tx, &(struct event){ .type = "download.progress",
							     .account_id = d.account_id,
							     .resource = d.id,
							     .payload = d.progress,
							     .tenant_id = d.tenant_id })
				    : rc;
}

/* ---- how it ended ---- */

/* What its tenant may have of the content from now on. */
static enum rc grant(struct tx *tx, struct download_row *d)
{
	struct download_request in = { 0 };
	enum rc rc = download_request_read(tx, d->request, &in);

	d->expires_at = tx->now_ms + (int64_t)in.retain_s * 1000;
	return rc == RC_OK ? artifacts_grant(tx,
				     &(struct artifacts_new){ .download_id = d->id,
					     .content_id = d->content_id,
					     .package_format = download_request_package(&in),
					     .source = d->source,
					     .labels = d->labels,
					     .tenant_id = d->tenant_id,
					     .created_by = d->created_by,
					     .expires_at = d->expires_at },
				     &d->artifact_id)
			   : rc;
}

static enum rc fail(struct tx *tx, struct download_row *d, const char *code, const char *detail, bool retryable)
{
	d->error = download_row_error(tx, code, detail, retryable);
	return d->error ? download_leave(tx, d, DOWNLOAD_FAILED, code) : RC_NOMEM;
}

static enum rc be_ready(struct tx *tx, struct download_row *d)
{
	enum rc rc = grant(tx, d);

	if (rc == RC_MISSING || rc == RC_MALFORMED || rc == RC_INVALID)
		return fail(tx, d, "integrity", "the store does not have what the agent brought", true);
	d->percent = 100;
	return rc == RC_OK ? download_leave(tx, d, DOWNLOAD_READY, NULL) : rc;
}

/* Those who followed have it, too. */
static enum rc lead_home(struct tx *tx, const struct download_row *leader)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM downloads WHERE state = 'attached' AND leader_id = $1 ORDER BY rank, id"
	};
	struct field_list ids = { 0 };
	enum rc rc = download_row_ids(tx, &find, STORE_ARGS(store_text(leader->id)), 100000, &ids);

	for (size_t i = 0; rc == RC_OK && i < ids.n; i++) {
		struct download_row d = { 0 };
		rc = download_row_load(tx, ((const char **)ids.at)[i], &d);
		d.content_id = leader->content_id;
		d.bytes_total = leader->bytes_total;
		d.bytes_done = leader->bytes_done;
		if (rc == RC_OK)
			rc = be_ready(tx, &d);
	}
	return rc;
}

static enum rc end_well(struct tx *tx, struct download_row *d, const struct moves_task *t)
{
	struct action_download_result result = { 0 };
	struct download_request in = { 0 };
	enum rc rc = read_as(tx, action_download_run.result, t->result, &result);

	if (rc == RC_INVALID || (rc == RC_OK && !result.content_id))
		return fail(tx, d, "internal", "the agent's result cannot be read", true);
	if (rc != RC_OK)
		return rc;
	if (result.bytes_network > (uint64_t)d->run_bytes)
		count_bytes(tx, d, result.bytes_network);
	metric_add(tx->control->metrics, METRIC_DOWNLOAD_BYTES, "reused", result.bytes_reused);
	if (d->state == DOWNLOAD_CANCELING) /* too late to be of use to who asked */
		return download_leave(tx, d, DOWNLOAD_CANCELED, NULL);
	d->content_id = result.content_id;
	d->bytes_total = d->bytes_done = (int64_t)result.bytes;
	rc = download_request_read(tx, d->request, &in);
	if (rc == RC_OK && d->account_id)
		rc = download_account_licensed(tx, d->account_id, in.source.app_id);
	if (rc == RC_OK)
		rc = be_ready(tx, d);
	return rc == RC_OK && d->state == DOWNLOAD_READY ? lead_home(tx, d) : rc;
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

/* It needs more than was reserved, and it may have more than that. */
static bool was_held_short(const struct download_row *d, const struct download_request *in, const struct verdict *v)
{
	return !strcmp(v->code, "max_bytes") && d->reserved_bytes > 0 &&
	       (!in->limits.max_bytes || download_reserve(in->limits.max_bytes) > d->reserved_bytes);
}

static enum rc end_badly(struct tx *tx, struct download_row *d, const struct verdict *v)
{
	struct download_request in = { 0 };
	bool another = false;
	enum rc rc = download_request_read(tx, d->request, &in);

	metric_add(tx->control->metrics, METRIC_DOWNLOAD_ERRORS, v->code, 1);
	if (rc != RC_OK)
		return rc;
	if (was_held_short(d, &in, v)) {
		int64_t had = (d->reserved_bytes - 1048576) / 21 * 20;
		d->estimate = d->bytes_total > had ? d->bytes_total : had * 4;
		return download_leave_again(tx, d, DOWNLOAD_FOR_QUOTA, 0);
	}
	if (!strcmp(v->code, "disk_full"))
		return download_leave_again(tx, d, DOWNLOAD_FOR_DISK, tx->now_ms + DOWNLOAD_FOLD_REST_MS);
	if (!strcmp(v->code, "rate_limited"))
		return download_leave_again(tx, d, DOWNLOAD_FOR_BUDGET, tx->now_ms + DOWNLOAD_FOLD_REST_MS);
	if (download_wants_licence(v->code))
		rc = try_another(tx, d, &in, &another);
	if (rc == RC_OK && another)
		return download_leave_again(tx, d, DOWNLOAD_FOR_ACCOUNT, 0);
	return rc == RC_OK ? fail(tx, d, v->code, v->detail, v->retryable) : rc;
}

/* Its task was stopped: because somebody asked for that, and then the download is as they asked. */
static enum rc end_stopped(struct tx *tx, struct download_row *d)
{
	const char *wants = d->wants ? d->wants : DOWNLOAD_WANTS_CANCEL;

	if (!strcmp(wants, DOWNLOAD_WANTS_PAUSE))
		return download_leave(tx, d, DOWNLOAD_PAUSED, NULL);
	if (!strcmp(wants, DOWNLOAD_WANTS_QUOTA))
		return download_leave_again(tx, d, DOWNLOAD_FOR_QUOTA, 0);
	if (!strcmp(wants, DOWNLOAD_WANTS_RUNTIME))
		return fail(tx, d, "max_runtime", "it ran longer than it may", true);
	return download_leave(tx, d, DOWNLOAD_CANCELED, NULL);
}

static enum rc end(struct tx *tx, struct download_row *d, const struct moves_task *t)
{
	struct verdict v = { "internal", "", false };
	auto_json json_t *j = NULL;
	enum rc rc = RC_OK;

	if (t->status == TASK_SUCCEEDED)
		return end_well(tx, d, t);
	if (t->status == TASK_CANCELED || d->wants || d->state == DOWNLOAD_CANCELING)
		return end_stopped(tx, d);
	if (t->status == TASK_EXPIRED)
		return fail(tx, d, "max_runtime", "its key may run it no longer", false);
	rc = t->error ? json_read(t->error, strlen(t->error), &j, tx->fault) : RC_OK;
	if (rc != RC_OK)
		return rc;
	const char *code = json_string_value(json_object_get(j, "code"));
	v.code = code ? code : v.code;
	v.detail = json_string_value(json_object_get(j, "detail"));
	v.retryable = json_is_true(json_object_get(j, "retryable"));
	return end_badly(tx, d, &v);
}

static enum rc begin_again(struct tx *tx, struct download_row *d)
{
	bool is_short = false;
	enum rc rc = begin_run(tx, d, &is_short);

	if (rc == RC_OK && is_short && !d->wants)
		return download_stop(tx, d, DOWNLOAD_WANTS_QUOTA);
	if (rc != RC_OK)
		return rc;
	return d->state == DOWNLOAD_CANCELING || d->state == DOWNLOAD_ADMITTED
		       ? download_row_keep(tx, d)
		       : download_row_move(tx, d, DOWNLOAD_ADMITTED, "tried again");
}

enum rc download_fold_task(struct tx *tx, const struct moves_task *t)
{
	struct download_row d = { 0 };
	enum rc rc = load_of(tx, t, &d);

	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	switch ((enum task_status)t->status) {
	case TASK_QUEUED: /* its agent was lost, or it is tried again */
		return begin_again(tx, &d);
	case TASK_RUNNING:
		return d.state == DOWNLOAD_ADMITTED ? download_row_move(tx, &d, DOWNLOAD_RESOLVING, NULL) : RC_OK;
	case TASK_SUCCEEDED:
	case TASK_FAILED:
	case TASK_CANCELED:
	case TASK_EXPIRED:
		rc = end(tx, &d, t);
		return rc == RC_OK ? download_queue_pump(tx) : rc;
	case TASK_LEASED:
	case TASK_UNKNOWN:
	case TASK_ATTENTION:
	case TASK_STATUSES:
		break;
	}
	return RC_OK;
}
