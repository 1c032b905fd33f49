/* download_end: the task of a download is over: how, and what becomes of the download. Part of download_fold. On the writer. */
#pragma once

#include "control/tx.h"

struct download_row;
struct moves_task;

#define DOWNLOAD_END_REST_MS 60000 /* a full disk, and a throttled store, are tried again after so long */

/*
 * What an agent had when it was lost lies in its journal: as long as each task comes further than all before it, the download is begun
 * again. So many tasks in a row (each has the attempts of its action) that did not, and it has failed.
 */
#define DOWNLOAD_END_LOST_MAX 3

must_check enum rc download_end(struct tx *tx, struct download_row *d, const struct moves_task *t);
