#include "control/downloads/download_begin.h"
#include "base/buf.h"
#include "base/hush.h"
#include "control/access/vault.h"
#include "control/downloads/download_bytes.h"
#include "control/downloads/download_request.h"
#include "control/engine/submit.h"
#include "wire/field_json.h"

static enum rc base_of(struct tx *tx, const struct download_begin *b, const char **ret)
{
	static const struct store_query find = {
		.sql = "SELECT content_id FROM artifacts WHERE id = $1 AND tenant_id = $2"
	};
	auto_rows struct store_rows *r = NULL;

	if (!b->in->base_artifact)
		return RC_OK;
	enum rc rc = store_one(tx->db, &find,
		STORE_ARGS(store_text(b->in->base_artifact), store_text(b->d->tenant_id)), &r, tx->fault);
	*ret = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc payload_of(struct tx *tx, const struct download_begin *b, const struct action *act, struct buf *to)
{
	struct action_download p = { .download_id = b->d->id,
		.source = b->in->source,
		.filter = b->in->filter,
		.package = { download_request_package(b->in), b->in->level },
		.concurrency = b->in->limits.concurrency,
		.stall_s = b->in->limits.stall_s,
		.max_bytes = (uint64_t)b->max_bytes };
	struct hush password = { 0 };
	char *text = NULL;

	enum rc rc = download_bytes_share(tx, b->d, &p.share);
	if (rc == RC_OK)
		rc = base_of(tx, b, &p.base_content);
	if (rc == RC_OK)
		rc = vault_get(tx, &(struct vault_at){ "download", b->d->id, "branch_password" }, &password);
	if (rc == RC_OK && !(text = strndup((const char *)password.p, password.n)))
		rc = RC_NOMEM;
	p.branch_password = text;
	if (rc == RC_OK || rc == RC_MISSING)
		field_json_encode(act->payload, &p, to);
	if (text)
		hush_wipe(text, password.n);
	free(text);
	hush_done(&password);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	return to->bad ? RC_NOMEM : RC_OK;
}

static enum rc job_of(struct tx *tx, const char *task_id, const char **ret)
{
	static const struct store_query find = { .sql = "SELECT job_id FROM tasks WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(task_id)), &r, tx->fault);

	*ret = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;
	return rc == RC_OK && !*ret ? RC_NOMEM : rc;
}

enum rc download_begin(struct tx *tx, const struct download_begin *b)
{
	const struct action *act = &action_download_run;
	struct download_row *d = b->d;
	struct submit_try try = { .action = act,
		.account_id = b->account_id,
		.owner = d->id,
		.tenant_id = d->tenant_id,
		.created_by = d->created_by,
		.priority = d->priority,
		.quiet = true };
	struct buf payload = { .wipes = true };

	enum rc rc = payload_of(tx, b, act, &payload);
	try.payload = buf_text(&payload);
	if (rc == RC_OK)
		rc = submit_own(tx, &try, &d->task_id);
	buf_done(&payload);
	if (rc == RC_OK)
		rc = job_of(tx, d->task_id, &d->job_id);
	if (rc != RC_OK)
		return rc;
	d->account_id = b->account_id;
	d->attempt++;
	d->tuned = false;
	d->percent = 0;
	d->run_bytes = 0;
	d->error = NULL;
	d->progress = NULL;
	d->not_before = 0;
	d->deadline_at = b->in->limits.runtime_s ? tx->now_ms + (int64_t)b->in->limits.runtime_s * 1000 : 0;
	return download_row_move(tx, d, DOWNLOAD_ADMITTED, b->account_id);
}
