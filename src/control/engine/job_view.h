/* job_view: a job as answers show it. */
#pragma once

#include "control/engine/job_rules.h"
#include "control/http/route.h"

struct summary_view {
	uint32_t total, queued, running, succeeded, failed, canceled, unknown, attention;
};

struct job_view {
	const char *id, *action, *payload, *parent_job_id, *created_by, *trace_id;
	int status;
	uint32_t priority;
	struct summary_view summary;
	bool dry_run;
	const char *schedule_id;
	const char *tenant_id, *stop_reason;
	struct job_rules rules;
	int64_t not_before, created_at, updated_at, finished_at;
};
extern const struct field job_view_fields[];
/* In the order of the fields. */
#define JOB_VIEW_COLUMNS                                                                                          \
	"id, action, status, priority, total, queued, running, succeeded, failed, canceled, unknown, attention, " \
	"payload, dry_run, tenant_id, " JOB_RULES_COLUMNS                                                         \
	", stop_reason, parent_job_id, schedule_id, not_before, "                                                 \
	"created_by, trace_id, "                                                                                  \
	"created_at, updated_at, finished_at"

/* The job of this id; and who waits with ROUTE_WAIT waits for it. */
must_check enum rc job_view_read(struct call *c, const char *id, struct job_view *ret);

/* Of a route that answers with a job. */
#define JOB_VIEW_OUT .out = job_view_fields, .out_size = sizeof(struct job_view)
