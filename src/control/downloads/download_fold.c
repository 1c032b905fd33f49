#include "control/downloads/download_fold.h"
#include "control/downloads/download_end.h"
#include "control/downloads/download_progress.h"
#include "control/downloads/download_queue.h"
#include "control/downloads/download_row.h"
#include "control/downloads/download_stop.h"
#include "control/engine/moves.h"

static enum rc begin_again(struct tx *tx, struct download_row *d)
{
	bool is_short = false;
	enum rc rc = download_progress_run(tx, d, &is_short);

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
	enum rc rc = download_progress_load(tx, t, &d);

	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	switch ((enum task_status)t->status) {
	case TASK_QUEUED: /* its agent was lost, or it is tried again */
		return begin_again(tx, &d);
	case TASK_RUNNING:
		tx->cancels |= d.tuned; /* it was set before the agent had it */
		return d.state == DOWNLOAD_ADMITTED ? download_row_move(tx, &d, DOWNLOAD_RESOLVING, NULL) : RC_OK;
	case TASK_SUCCEEDED:
	case TASK_FAILED:
	case TASK_CANCELED:
	case TASK_EXPIRED:
		rc = download_end(tx, &d, t);
		return rc == RC_OK ? download_queue_pump(tx) : rc;
	case TASK_LEASED:
	case TASK_UNKNOWN:
	case TASK_ATTENTION:
	case TASK_STATUSES:
		break;
	}
	return RC_OK;
}
