/*
 * download_fold: what becomes of a download's task becomes of the download, in the same transaction; and how far the agent says it is.
 * Rows of control/owners. On the writer.
 */
#pragma once

#include "control/tx.h"

struct moves_task;

must_check enum rc download_fold_task(struct tx *tx, const struct moves_task *t);
must_check enum rc download_fold_progress(struct tx *tx, const struct moves_task *t, const char *data);

#define DOWNLOAD_FOLD_TELL_MS 500   /* progress is told at most so often */
#define DOWNLOAD_FOLD_REST_MS 60000 /* a full disk, and a throttled store, are tried again after so long */
