#include "control/downloads/download_leave.h"
#include "control/access/vault.h"
#include "control/downloads/download_bytes.h"
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
