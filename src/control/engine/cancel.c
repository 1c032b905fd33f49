#include "control/engine/cancel.h"
#include "control/engine/moves.h"
#include "control/rows.h"

enum rc cancel_job(struct tx *tx, const char *job_id)
{
	static const struct store_query open = {
		.sql = "SELECT id FROM tasks WHERE job_id = $1 AND status = 'queued' AND probe = 0 ORDER BY id"
	};
	static const struct store_query ask = {
		.sql = "UPDATE tasks SET cancel_asked = 1 WHERE job_id = $1 AND status IN ('queued', 'leased', "
		       "'running') AND cancel_asked = 0"
	};
	static const struct field id_row[] = { { .name = "id", .type = FIELD_STR, .at = 0 }, { 0 } };
	struct field_list ids = { 0 };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_run(tx->db, &open, STORE_ARGS(store_text(job_id)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ id_row, tx->arena, NULL }, sizeof(const char *),
			JOB_TARGETS_MAX, &ids, tx->fault);
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < ids.n; i++) {
		struct moves_task t = { 0 };
		rc = moves_load(tx, ((const char **)ids.at)[i], &t);
		if (rc == RC_OK)
			rc = moves_cancel(tx, &t);
	}
	tx->cancels = true;
	return rc == RC_OK ? store_do(tx->db, &ask, STORE_ARGS(store_text(job_id)), tx->fault) : rc;
}
