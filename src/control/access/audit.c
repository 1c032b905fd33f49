#include "control/access/audit.h"

enum rc audit_add(struct tx *tx, const char *action, const char *resource)
{
	static const struct store_query add = { .sql = "INSERT INTO audit (ts, actor, peer, action, resource, "
						       "trace_id) VALUES ($1, $2, $3, $4, $5, $6)" };
	return store_do(tx->db, &add,
		STORE_ARGS(store_int(tx->now_ms), store_text(tx->actor), store_text(tx->peer), store_text(action),
			store_text(resource), store_text(tx->trace_id)),
		tx->fault);
}
