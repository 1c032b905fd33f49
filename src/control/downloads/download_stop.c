#include "control/downloads/download_stop.h"
#include "control/engine/cancel.h"

enum rc download_stop(struct tx *tx, struct download_row *d, const char *wants)
{
	const char *job_id = d->job_id, *id = d->id;
	enum rc rc = RC_OK;

	d->wants = wants;
	if (!strcmp(wants, DOWNLOAD_WANTS_CANCEL) && d->state != DOWNLOAD_CANCELING)
		rc = download_row_move(tx, d, DOWNLOAD_CANCELING, NULL);
	else
		rc = download_row_keep(tx, d);
	if (rc == RC_OK)
		rc = cancel_job(tx, job_id);
	return rc == RC_OK ? download_row_load(tx, id, d) : rc;
}
