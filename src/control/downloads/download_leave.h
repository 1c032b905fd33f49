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

must_check enum rc download_leave_failed(
	struct tx *tx, struct download_row *d, const char *code, const char *detail, bool retryable);

/* Its tenant has an artifact of d->content_id now; it failed when the store has no such content. */
must_check enum rc download_leave_ready(struct tx *tx, struct download_row *d);

/* Those who followed one that is ready have it, too. */
must_check enum rc download_leave_home(struct tx *tx, const struct download_row *leader);
