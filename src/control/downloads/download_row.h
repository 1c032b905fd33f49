/*
 * download_row: a download as its row has it, and the one door through which it changes its state. On the writer, but for what only reads.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"
#include "model/download.h"

#define DOWNLOAD_ROW_PREFIX "dl_" /* of ids: as owner of a task, too */

struct download_row {
	const char *id, *source, *request, *content_key; /* source and request are JSON */
	int state;                                       /* enum download_state */
	const char *reason, *leader_id;
	const char *wants; /* why its task was asked to stop, see below; NULL: it was not */
	uint32_t priority;
	int64_t rank, not_before;
	const char *account_id;
	bool licensed;
	const char *task_id, *job_id;
	uint32_t attempt;
	const char *content_id, *artifact_id, *progress;
	uint32_t percent;
	int64_t bytes_total, bytes_done, network_bytes, run_bytes, estimate;
	uint32_t lost_runs; /* tasks in a row whose agent was lost before it came further than any before */
	bool tuned;         /* its agent is to be told of another bandwidth than its task's payload says */
	int64_t store_bytes, store_freed_at, store_need, here_bytes; /* see download_store */
	int64_t lost_bytes; /* how far the furthest of those whose agent was lost came */
	const char *error;
	int64_t reserved_bytes, settled_bytes, bandwidth_bps, deadline_at, expires_at;
	const char *labels; /* JSON */
	const char *tenant_id, *created_by;
	int64_t version, created_at, updated_at, state_at, told_at, started_at, finished_at;
};

extern const struct field download_row_fields[];
#define DOWNLOAD_ROW_COLUMNS                                                                                     \
	"id, source, request, content_key, state, reason, leader_id, wants, priority, rank, not_before, "        \
	"account_id, "                                                                                           \
	"licensed, task_id, job_id, attempt, content_id, artifact_id, progress, percent, bytes_total, "          \
	"bytes_done, "                                                                                           \
	"network_bytes, run_bytes, estimate, error, reserved_bytes, settled_bytes, bandwidth_bps, deadline_at, " \
	"expires_at, labels, tenant_id, created_by, version, created_at, updated_at, state_at, told_at, "        \
	"started_at, "                                                                                           \
	"finished_at, lost_runs, lost_bytes, tuned, store_bytes, store_freed_at, store_need, here_bytes"

/* RC_MISSING: there is none. */
must_check enum rc download_row_load(struct tx *tx, const char *id, struct download_row *ret);
must_check enum rc download_row_add(struct tx *tx, const struct download_row *d);

/* Writes all that may change, as a new version. */
must_check enum rc download_row_keep(struct tx *tx, struct download_row *d);

/*
 * To another state, with event, a line of its log and what follows for its times; the row is written. `why` goes into `reason` of a
 * queued one, and into the log of any; NULL: nothing. RC_CONFLICT: the move is not lawful.
 */
must_check enum rc download_row_move(
	struct tx *tx, struct download_row *d, enum download_state to, const char *why);

/* The ids of rows that a query names, at most `max`. */
must_check enum rc download_row_ids(
	struct tx *tx, const struct store_query *q, struct store_args args, size_t max, struct field_list *ret);

/* The texts of `wants`. */
#define DOWNLOAD_WANTS_PAUSE   "pause"
#define DOWNLOAD_WANTS_CANCEL  "cancel"
#define DOWNLOAD_WANTS_RUNTIME "runtime"
#define DOWNLOAD_WANTS_QUOTA   "quota"
#define DOWNLOAD_WANTS_DISK    "disk"

#define DOWNLOAD_ROW_LOG_MAX 200 /* lines of one download that are kept: the last */
must_check enum rc download_row_log(struct tx *tx, const char *id, const char *text);

/* The JSON of an error. In the arena. */
const char *download_row_error(struct tx *tx, const char *code, const char *detail, bool retryable);
