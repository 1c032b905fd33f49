/*
 * download_stop: a download that an agent has is asked to stop. It has its slot until its task is over: then download_fold does what
 * `wants` says. On the writer.
 */
#pragma once

#include "control/downloads/download_row.h"

/* For this reason (DOWNLOAD_WANTS_…), and none that came before. *d is as it is afterwards: its task may have been nobody's yet. */
must_check enum rc download_stop(struct tx *tx, struct download_row *d, const char *wants);
