/* download_progress: how far an agent says a download is, and the bytes that were sent for it. Part of download_fold. On the writer. */
#pragma once

#include "control/tx.h"

struct action_download_progress;
struct buf;
struct download_row;
struct field;
struct moves_task;

/* The download of the task. RC_MISSING: it is not (any more) that of one. */
must_check enum rc download_progress_load(struct tx *tx, const struct moves_task *t, struct download_row *ret);

/* Another run begins: it may fetch all of it once more, and so what it holds must be enough for both. *ret_short: it is not. */
must_check enum rc download_progress_run(struct tx *tx, struct download_row *d, bool *ret_short);

/* `run`: bytes of the run that the agent tells of. */
void download_progress_sent(struct tx *tx, struct download_row *d, uint64_t run);

/*
 * `is`: by enum chunk_error, errors of the run that the agent tells of. What the row's progress does not have yet is counted in the metric; the row's
 * progress is to have them then, or be of no use any more.
 */
void download_progress_errors(struct tx *tx, const struct download_row *d, const uint32_t *is);
void download_progress_errors_put(const uint32_t *is, struct buf *to); /* as the row's progress has them */

/* What an agent tells, as this table has it. RC_INVALID: NULL, or none of it. */
must_check enum rc download_progress_read(struct tx *tx, const struct field *t, const char *text, void *to);

/* How far it is, as the API shows it and as the event tells it. In the arena. */
const char *download_progress_text(
	struct tx *tx, const struct download_row *d, const struct action_download_progress *p);
must_check enum rc download_progress_tell(
	struct tx *tx, const struct download_row *d); /* its row's, as an event; also of those who follow it */
/* Tells that it waits, and for what; its row's progress says so, too. The caller keeps the row. */
must_check enum rc download_progress_waits(struct tx *tx, struct download_row *d);

#define DOWNLOAD_PROGRESS_TELL_MS   500 /* it is told at most so often */
#define DOWNLOAD_PROGRESS_FOLLOWERS 64  /* of those who follow it, so many are told with it */

/* How far the agent says it is. A row of control/owners. */
must_check enum rc download_progress_fold(struct tx *tx, const struct moves_task *t, const char *data);
