/* download_view: a download as the API shows it. */
#pragma once

#include "control/http/route.h"

struct download_view {
	const char *id, *tenant_id, *source, *request, *state, *phase, *reason, *wants;
	uint32_t priority;
	int64_t not_before;
	uint32_t attempt;
	const char *account_id, *leader_id, *artifact_id, *content_id, *progress, *error;
	int64_t reserved_bytes, settled_bytes, network_bytes, bandwidth_bps, position;
	struct field_list labels;
	const char *created_by;
	int64_t created_at, updated_at, started_at, finished_at, expires_at, version;
};
extern const struct field download_view_fields[];

/* A condition follows. The position is counted for few rows alone: see download_view_one. */
#define DOWNLOAD_VIEW_SELECT(position)                                                                            \
	"SELECT d.id, d.tenant_id, d.source, d.request, d.state, CASE WHEN d.state IN ('queued', 'paused') THEN " \
	"'queued' WHEN d.state IN ('ready', 'expired') THEN 'success' WHEN d.state IN ('canceled', 'failed') "    \
	"THEN "                                                                                                   \
	"'failed' ELSE 'running' END, d.reason, d.wants, d.priority, d.not_before, d.attempt, d.account_id, "     \
	"d.leader_id, d.artifact_id, d.content_id, CASE WHEN d.state = 'attached' THEN (SELECT l.progress FROM "  \
	"downloads l WHERE l.id = d.leader_id) ELSE d.progress END, d.error, d.reserved_bytes, d.settled_bytes, " \
	"d.network_bytes, d.bandwidth_bps, " position ", d.labels, d.created_by, d.created_at, d.updated_at, "    \
	"d.started_at, d.finished_at, d.expires_at, d.version FROM downloads d "

must_check enum rc download_view_one(struct tx *tx, const char *id, struct download_view *ret);
