#include "control/engine/job_rules.h"
#include "model/job.h"

const char *const job_rules_order_words[] = { "fair", "sequential", NULL };
const char *const job_rules_offline_words[] = { "start", "wait", "fail", NULL };

const struct field job_rules_stop_fields[] = {
	{ .name = "count",
		.type = FIELD_U32,
		FIELD_AT(struct job_stop, count),
		.max = JOB_TARGETS_MAX,
		.doc = "So many tasks; 0: no such limit." },
	{ .name = "percent",
		.type = FIELD_U32,
		FIELD_AT(struct job_stop, percent),
		.max = 100,
		.doc = "So many of a hundred of all its tasks; 0: no such limit." },
	{ 0 },
};

enum rc job_rules_keep(struct tx *tx, const char *job_id, const char *tenant_id, const struct job_rules *rules)
{
	static const struct store_query set = {
		.sql = "UPDATE jobs SET tenant_id = $2, deadline = $3, max_parallel = $4, task_order = $5, offline "
		       "= $6, stop_count = $7, stop_percent = $8 WHERE id = $1"
	};
	return store_put(tx->db, &set,
		STORE_ARGS(store_text(job_id), store_text(tenant_id), store_int(rules->deadline),
			store_int(rules->max_parallel), store_text(job_rules_order_words[rules->order]),
			store_text(job_rules_offline_words[rules->offline]), store_int(rules->stop.count),
			store_int(rules->stop.percent)),
		tx->fault);
}

enum rc job_rules_copy(struct tx *tx, const char *job_id, const char *from_id)
{
	static const struct store_query set = {
		.sql = "UPDATE jobs SET (tenant_id, max_parallel, task_order, offline, stop_count, stop_percent) = "
		       "(SELECT tenant_id, max_parallel, task_order, offline, stop_count, stop_percent FROM jobs f "
		       "WHERE f.id = $2) WHERE id = $1"
	};
	return store_put(tx->db, &set, STORE_ARGS(store_text(job_id), store_text(from_id)), tx->fault);
}
