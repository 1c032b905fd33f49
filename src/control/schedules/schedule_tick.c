#include "control/schedules/schedule_tick.h"

const struct field schedule_tick_fields[] = {
	{ .name = "tick",
		.type = FIELD_TIME,
		FIELD_AT(struct schedule_tick, tick),
		.doc = "The moment that the schedule named." },
	{ .name = "status",
		.type = FIELD_STR,
		FIELD_AT(struct schedule_tick, status),
		.doc = "waiting, fired, missed, or failed: its job was refused." },
	{ .name = "jobId",
		.type = FIELD_STR,
		FIELD_AT(struct schedule_tick, job_id),
		.doc = "The job that it made." },
	{ .name = "reason", .type = FIELD_STR, FIELD_AT(struct schedule_tick, reason), .doc = "Why it made none." },
	{ .name = "at", .type = FIELD_TIME, FIELD_AT(struct schedule_tick, at), .doc = "When that came to be so." },
	{ 0 },
};
