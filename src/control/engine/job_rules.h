/*
 * job_rules: what a job may say of its pace: how many tasks at once, until when, when to give up, and what to do with accounts
 * that are not online. The same table stands in what is submitted and in what is shown.
 */
#pragma once

#include "control/tx.h"

#include "base/field.h"

enum job_order { JOB_ORDER_FAIR, JOB_ORDER_SEQUENTIAL };
extern const char *const job_rules_order_words[];

enum job_offline { JOB_OFFLINE_START, JOB_OFFLINE_WAIT, JOB_OFFLINE_FAIL };
extern const char *const job_rules_offline_words[];

struct job_stop {
	uint32_t count, percent; /* 0: no limit */
};
extern const struct field job_rules_stop_fields[];

struct job_rules {
	int64_t deadline;
	uint32_t max_parallel; /* 0: no limit */
	int order, offline;
	struct job_stop stop;
};

#define JOB_RULES_PARALLEL_MAX 10000

/* Rows of a table over `owner`, whose member `rules` is a struct job_rules; in the order of JOB_RULES_COLUMNS. */
#define JOB_RULES_FIELDS(owner)                                                                                    \
	{ .name = "deadline",                                                                                      \
		.type = FIELD_TIME,                                                                                \
		FIELD_AT(owner, rules.deadline),                                                                   \
		.flags = FIELD_NULLABLE,                                                                           \
		.doc = "Tasks that no agent has by then expire, and running ones are asked to stop; null: "        \
		       "whenever." },                                                                              \
		{ .name = "maxParallel",                                                                           \
			.type = FIELD_U32,                                                                         \
			FIELD_AT(owner, rules.max_parallel),                                                       \
			.max = JOB_RULES_PARALLEL_MAX,                                                             \
			.doc = "How many of its tasks agents may have at once; 0: as many as there is room "       \
			       "for." },                                                                           \
		{ .name = "order",                                                                                 \
			.type = FIELD_ENUM,                                                                        \
			FIELD_AT(owner, rules.order),                                                              \
			.words = job_rules_order_words,                                                            \
			.doc = "sequential: one task after another, in their order; fair: as there is room." },    \
		{ .name = "onAccountOffline",                                                                      \
			.type = FIELD_ENUM,                                                                        \
			FIELD_AT(owner, rules.offline),                                                            \
			.words = job_rules_offline_words,                                                          \
			.doc = "Of an account that is not online: start its session, wait until it is online, or " \
			       "fail the task." },                                                                 \
	{                                                                                                          \
		.name = "stopOnFailures", .type = FIELD_OBJ, FIELD_AT(owner, rules.stop),                          \
		.sub = job_rules_stop_fields, .sub_size = sizeof(struct job_stop),                                 \
		.doc = "When so much of it has failed, the rest is canceled."                                      \
	}
#define JOB_RULES_COLUMNS "deadline, max_parallel, task_order, offline, stop_count, stop_percent"

/* The job is made: it keeps the rules, and belongs to a tenant. */
must_check enum rc job_rules_keep(
	struct tx *tx, const char *job_id, const char *tenant_id, const struct job_rules *rules);

/* The same as those of another job; the deadline is not taken over. */
must_check enum rc job_rules_copy(struct tx *tx, const char *job_id, const char *from_id);
