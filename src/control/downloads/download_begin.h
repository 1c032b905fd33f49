/* download_begin: the task of a download that has all it needs, and what an agent is told of it. Part of download_admit. On the writer. */
#pragma once

#include "control/downloads/download_row.h"

struct download_request;

struct download_begin {
	struct download_row *d;
	const struct download_request *in;
	const char *account_id; /* NULL: an agent's own session */
	int64_t max_bytes;      /* 0: no limit */
};
must_check enum rc download_begin(struct tx *tx, const struct download_begin *b);
