#include "control/downloads/download_view.h"
#include "control/rows.h"

#define ROW(name_, type_, member, doc_)                                                                 \
	{                                                                                               \
		.name = (name_), .type = (type_), FIELD_AT(struct download_view, member), .doc = (doc_) \
	}

static const struct field quota_fields[] = {
	ROW("reservedBytes", FIELD_I64, reserved_bytes,
		"Held of the limits of who asked for it; 0: nothing, or no limit."),
	ROW("settledBytes", FIELD_I64, settled_bytes, "Bytes that were sent for it, and count."),
	{ 0 },
};

const struct field download_view_fields[] = {
	ROW("id", FIELD_STR, id, "dl_ and a ULID."),
	ROW("tenantId", FIELD_STR, tenant_id, "Whose it is."),
	ROW("source", FIELD_JSON, source, "What is fetched."),
	ROW("request", FIELD_JSON, request, "All of what was asked for, but a password."),
	ROW("state", FIELD_STR, state,
		"queued, admitted, resolving, attached, allocating, downloading, verifying, packaging, publishing, "
		"paused, "
		"canceling, ready, expired, canceled or failed."),
	ROW("phase", FIELD_STR, phase, "The same in four words: queued, running, success, failed."),
	ROW("reason", FIELD_STR, reason,
		"What a queued one waits for: concurrency, quota, budget, account, disk or dependency."),
	ROW("wants", FIELD_STR, wants,
		"Why its agent was asked to stop: pause, cancel, runtime, quota or disk; null: it was not."),
	ROW("priority", FIELD_U32, priority, "9 goes first."),
	ROW("notBefore", FIELD_TIME, not_before, "A queued one: not earlier."),
	ROW("attempt", FIELD_U32, attempt, "Counts how often it was begun."),
	ROW("accountId", FIELD_STR, account_id, "Whose session it uses; null: nobody's."),
	ROW("leaderId", FIELD_STR, leader_id, "An attached one: the download that fetches the same."),
	ROW("artifactId", FIELD_STR, artifact_id, "What is to be had, once it is ready."),
	ROW("contentId", FIELD_STR, content_id, "SHA-256 of the listing of what was fetched."),
	ROW("progress", FIELD_JSON, progress, "How far it is; of an attached one: of who fetches it."),
	ROW("error", FIELD_JSON, error, "Why the last attempt failed: code, detail, retryable."),
	{ .name = "quota", .type = FIELD_OBJ, .sub = quota_fields, .doc = "Bytes that count for limits." },
	ROW("networkBytes", FIELD_I64, network_bytes, "Bytes that were sent for it, over all attempts."),
	ROW("bandwidthLimitBps", FIELD_I64, bandwidth_bps, "Bits a second at most; 0: no limit of its own."),
	ROW("position", FIELD_I64, position,
		"A queued one: its place among those of its tenant, from 1. 0: it does not wait, or in a list."),
	ROW("labels", FIELD_MAP, labels, "Names and values of your own."),
	ROW("createdBy", FIELD_STR, created_by, "Who made it."),
	ROW("createdAt", FIELD_TIME, created_at, "When it was made."),
	ROW("updatedAt", FIELD_TIME, updated_at, "When it was changed last."),
	ROW("startedAt", FIELD_TIME, started_at, "When it got its first slot."),
	ROW("finishedAt", FIELD_TIME, finished_at, "When it was over."),
	ROW("expiresAt", FIELD_TIME, expires_at, "Until when it is to be had."),
	ROW("version", FIELD_I64, version, "Counts changes."),
	{ 0 },
};

enum rc download_view_one(struct tx *tx, const char *id, struct download_view *ret)
{
	static const struct store_query one = {
		.sql = DOWNLOAD_VIEW_SELECT(
			"CASE WHEN d.state = 'queued' THEN 1 + (SELECT COUNT(*) FROM downloads q WHERE q.state = "
			"'queued' "
			"AND q.tenant_id = d.tenant_id AND q.rank < d.rank) ELSE 0 END") "WHERE d.id = $1"
	};
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ download_view_fields, tx->arena, ret }, tx->fault);
}
