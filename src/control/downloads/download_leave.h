/*
 * download_leave: a download leaves its slot: for good, for a while, or to wait for its turn again. On the writer.
 */
#pragma once

#include "control/downloads/download_row.h"

/*
 * Into the queue again, for this reason (enum download_reason), not before that moment (0: at once). What it held is settled, its slot is
 * free; those who followed it wait for their own turns.
 */
must_check enum rc download_leave_again(
	struct tx *tx, struct download_row *d, enum download_reason why, int64_t not_before);

/* It is over as ready (with what d->content_id names), failed (with d->error) or canceled; or it is paused. */
must_check enum rc download_leave(struct tx *tx, struct download_row *d, enum download_state to, const char *why);
