#include "control/access/audit.h"
#include "base/metric.h"
#include "control/control.h"

enum rc audit_note(struct tx *tx, const char *action, const char *resource, const char *words)
{
	static const struct store_query add = { .sql = "INSERT INTO audit (ts, actor, peer, action, resource, "
						       "trace_id, words) VALUES ($1, $2, $3, $4, $5, $6, $7)" };
	metric_add(tx->control->metrics, METRIC_AUDIT_RECORDS, NULL, 1);
	return store_put(tx->db, &add,
		STORE_ARGS(store_int(tx->now_ms), store_text(tx->actor), store_text(tx->peer), store_text(action),
			store_text(resource), store_text(tx->trace_id), store_text(words)),
		tx->fault);
}

enum rc audit_add(struct tx *tx, const char *action, const char *resource)
{
	return audit_note(tx, action, resource, NULL);
}
