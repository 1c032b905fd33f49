#include "control/audit/record_row.h"
#include "control/rows.h"
#include "wire/tunnel_auth.h"

enum rc record_row_put(struct store_conn *db, const struct audit_record *r, const uint8_t *leaf, struct fault *f)
{
	static const struct store_query add = {
		.sql = "INSERT INTO audit (" RECORD_ROW_COLUMNS
		       ", leaf) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
		       "$12, $13, $14, $15)"
	};
	char hex[2 * MERKLE_HASH + 1];

	tunnel_auth_hex(leaf, MERKLE_HASH, hex);
	return store_put(db, &add,
		STORE_ARGS(store_int(r->seq), store_int(r->ts), store_text(r->tenant_id), store_text(r->actor),
			store_text(r->session_id), store_text(r->peer), store_text(r->agent), store_text(r->action),
			store_text(r->resource), store_text(r->outcome), store_text(r->request_id),
			store_text(r->trace_id), store_text(r->words), store_text(r->after), store_text(hex)),
		f);
}

enum rc record_row_unleafed(struct tx *tx, int64_t after, size_t most, struct field_list *ret)
{
	static const struct store_query find = {
		.sql = "SELECT " RECORD_ROW_COLUMNS " FROM audit WHERE seq > $1 AND leaf = '' ORDER BY seq LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc =
		store_run(tx->db, &find, STORE_ARGS(store_int(after), store_int((int64_t)most)), &r, tx->fault);
	return rc == RC_OK ? rows_list(r, &(struct rows_into){ audit_record_fields, tx->arena, NULL },
				     sizeof(struct audit_record), most, ret, tx->fault)
			   : rc;
}
