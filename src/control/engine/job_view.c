#include "control/engine/job_view.h"

#include "control/engine/sealed.h"
#include "control/rows.h"
#include "model/job.h"

static const struct field summary_fields[] = {
	{ .name = "total", .type = FIELD_U32, FIELD_AT(struct summary_view, total), .doc = "All tasks." },
	{ .name = "queued", .type = FIELD_U32, FIELD_AT(struct summary_view, queued), .doc = "Tasks that wait." },
	{ .name = "running",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, running),
		.doc = "Tasks that an agent has." },
	{ .name = "succeeded",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, succeeded),
		.doc = "Tasks that succeeded." },
	{ .name = "failed",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, failed),
		.doc = "Tasks that failed for good." },
	{ .name = "canceled",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, canceled),
		.doc = "Tasks that were canceled." },
	{ .name = "outcomeUnknown",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, unknown),
		.doc = "Tasks of which nobody knows whether they had their effect." },
	{ .name = "needsAttention",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, attention),
		.doc = "The same, and somebody has to say: resolveTask." },
	{ 0 },
};

const struct field job_view_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct job_view, id), .doc = "job_ and a ULID." },
	{ .name = "action", .type = FIELD_STR, FIELD_AT(struct job_view, action), .doc = "What each task does." },
	{ .name = "status",
		.type = FIELD_ENUM,
		FIELD_AT(struct job_view, status),
		.words = job_words,
		.doc = "Follows from the tasks." },
	{ .name = "priority", .type = FIELD_U32, FIELD_AT(struct job_view, priority), .doc = "9 goes first." },
	{ .name = "summary",
		.type = FIELD_OBJ,
		FIELD_AT(struct job_view, summary),
		.sub = summary_fields,
		.doc = "How many tasks are in which state." },
	{ .name = "payload",
		.type = FIELD_JSON,
		FIELD_AT(struct job_view, payload),
		.doc = "What the action was given; what is secret of it is not shown." },
	{ .name = "dryRun",
		.type = FIELD_BOOL,
		FIELD_AT(struct job_view, dry_run),
		.doc = "Its tasks only tell what they would do." },
	{ .name = "tenantId", .type = FIELD_STR, FIELD_AT(struct job_view, tenant_id), .doc = "Whose it is." },
	JOB_RULES_FIELDS(struct job_view),
	{ .name = "stopReason",
		.type = FIELD_STR,
		FIELD_AT(struct job_view, stop_reason),
		.doc = "Why the rest of it is not done: deadline_exceeded, stopped_on_failures; null: it is." },
	{ .name = "parentJobId",
		.type = FIELD_STR,
		FIELD_AT(struct job_view, parent_job_id),
		.doc = "The job whose failed tasks this one tries again." },
	{ .name = "scheduleId",
		.type = FIELD_STR,
		FIELD_AT(struct job_view, schedule_id),
		.doc = "The schedule that made it." },
	{ .name = "notBefore",
		.type = FIELD_TIME,
		FIELD_AT(struct job_view, not_before),
		.doc = "No task is given to an agent earlier; null: at once." },
	{ .name = "createdBy",
		.type = FIELD_STR,
		FIELD_AT(struct job_view, created_by),
		.doc = "Who submitted it." },
	{ .name = "traceId",
		.type = FIELD_STR,
		FIELD_AT(struct job_view, trace_id),
		.doc = "Trace of the request that submitted it." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct job_view, created_at),
		.doc = "When it was accepted." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct job_view, updated_at),
		.doc = "When a count changed last." },
	{ .name = "finishedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct job_view, finished_at),
		.doc = "When its last task was over." },
	{ 0 },
};
enum rc job_view_read(struct call *c, const char *id, struct job_view *v)
{
	static const struct store_query one = { .sql = "SELECT " JOB_VIEW_COLUMNS " FROM jobs WHERE id = $1" };
	enum rc rc = rows_one(c->tx.db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ job_view_fields, c->tx.arena, v }, c->tx.fault);

	if (rc == RC_OK) {
		v->payload = sealed_shown(c->tx.arena, v->action, v->payload);
		c->job_id = v->id;
		c->job_over = job_is_over((enum job_status)v->status);
	}
	return rc;
}
