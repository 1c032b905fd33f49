/*
 * download_fold: what becomes of a download's task becomes of the download, in the same transaction.
 * A row of control/owners. On the writer.
 */
#pragma once

#include "control/tx.h"

struct moves_task;

must_check enum rc download_fold_task(struct tx *tx, const struct moves_task *t);
