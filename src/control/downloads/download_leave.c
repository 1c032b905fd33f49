#include "control/downloads/download_leave.h"
#include "control/access/vault.h"
#include "control/artifacts/artifacts.h"
#include "control/downloads/download_bytes.h"
#include "control/downloads/download_progress.h"
#include "control/downloads/download_request.h"
#include "control/downloads/download_store.h"
#include "control/quotas/quotas.h"

/* Those who followed it fetch it themselves: the first of them soon leads the others. */
static enum rc free_followers(struct tx *tx, const char *leader_id)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM downloads WHERE state = 'attached' AND leader_id = $1 ORDER BY rank, id"
	};
	struct field_list ids = { 0 };
	enum rc rc = download_row_ids(tx, &find, STORE_ARGS(store_text(leader_id)), 100000, &ids);

	for (size_t i = 0; rc == RC_OK && i < ids.n; i++) {
		struct download_row d = { 0 };
		rc = download_row_load(tx, ((const char **)ids.at)[i], &d);
		if (rc == RC_OK)
			rc = download_row_move(
				tx, &d, DOWNLOAD_QUEUED, download_reason_words[DOWNLOAD_FOR_DEPENDENCY]);
	}
	return rc;
}

/* The slot is free, what was reserved is settled; a paused one keeps what it reserved. */
static enum rc give_back(struct tx *tx, struct download_row *d, bool keep)
{
	enum rc rc = quotas_settle(tx, d->id);

	if (rc == RC_OK && !keep)
		rc = download_bytes_settle(tx, d);
	if (!keep)
		download_store_release(tx, d);
	d->task_id = d->job_id = NULL;
	d->deadline_at = 0;
	return rc;
}

enum rc download_leave_again(struct tx *tx, struct download_row *d, enum download_reason why, int64_t not_before)
{
	enum rc rc = give_back(tx, d, false);

	d->not_before = not_before;
	if (rc == RC_OK)
		rc = download_row_move(tx, d, DOWNLOAD_QUEUED, download_reason_words[why]);
	if (rc == RC_OK)
		rc = download_progress_waits(tx, d);
	if (rc == RC_OK)
		rc = download_row_keep(tx, d);
	return rc == RC_OK ? free_followers(tx, d->id) : rc;
}

enum rc download_leave(struct tx *tx, struct download_row *d, enum download_state to, const char *why)
{
	enum rc rc = give_back(tx, d, to == DOWNLOAD_PAUSED);

	if (rc == RC_OK && download_is_over(to))
		rc = vault_drop_all(tx, "download", d->id);
	if (rc == RC_MISSING)
		rc = RC_OK;
	if (rc == RC_OK)
		rc = download_row_move(tx, d, to, why);
	return rc == RC_OK && to != DOWNLOAD_READY ? free_followers(tx, d->id) : rc;
}

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

enum rc download_leave_failed(
	struct tx *tx, struct download_row *d, const char *code, const char *detail, bool retryable)
{
	d->error = download_row_error(tx, code, detail, retryable);
	return d->error ? download_leave(tx, d, DOWNLOAD_FAILED, code) : RC_NOMEM;
}

enum rc download_leave_ready(struct tx *tx, struct download_row *d)
{
	enum rc rc = grant(tx, d);

	if (rc == RC_MISSING || rc == RC_MALFORMED || rc == RC_INVALID)
		return download_leave_failed(
			tx, d, "integrity", "the store does not have what the agent brought", true);
	d->percent = 100;
	return rc == RC_OK ? download_leave(tx, d, DOWNLOAD_READY, NULL) : rc;
}

enum rc download_leave_home(struct tx *tx, const struct download_row *leader)
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
			rc = download_leave_ready(tx, &d);
	}
	return rc;
}
