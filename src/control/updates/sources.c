#include "control/updates/sources.h"
#include "control/control.h"
#include "control/engine/moves.h"
#include "control/hub/scan.h"

static const char *const names[] = { "steam.pics", "steam.store_http", "steam.workshop", "epic.launcher",
	"epic.catalog_http", "gog.content_system", "gog.product_http" };

/* Each source has its row from the first look on. */
static enum rc seed(struct tx *tx)
{
	static const struct store_query count = { .sql = "SELECT COUNT(*) FROM sources" };
	static const struct store_query add = {
		.sql = "INSERT INTO sources (name, breaker_since, updated_at) VALUES ($1, $2, $2) "
		       "ON CONFLICT (name) DO NOTHING"
	};
	auto_rows struct store_rows *r = NULL;
	size_t n = sizeof(names) / sizeof(*names);

	enum rc rc = store_one(tx->db, &count, STORE_NO_ARGS, &r, tx->fault);
	if (rc != RC_OK || (size_t)store_col_int(r, 0) >= n)
		return rc;
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = store_do(tx->db, &add, STORE_ARGS(store_text(names[i]), store_int(tx->now_ms)), tx->fault);
	return rc;
}

enum rc sources_scan(struct tx *tx) { return seed(tx); }

/* The ask is over with its task. */
static enum rc forget(struct tx *tx, const char *id)
{
	static const struct store_query drop = { .sql = "DELETE FROM source_asks WHERE id = $1" };
	return store_do(tx->db, &drop, STORE_ARGS(store_text(id)), tx->fault);
}

enum rc sources_fold(struct tx *tx, const struct moves_task *t)
{
	return task_is_over((enum task_status)t->status) ? forget(tx, t->owner) : RC_OK;
}

enum rc sources_progress(struct tx *tx, const struct moves_task *t, const char *data)
{
	static const struct store_query heard = { .sql = "UPDATE source_asks SET heard_at = $2 WHERE id = $1" };

	(void)data;
	return store_do(tx->db, &heard, STORE_ARGS(store_text(t->owner), store_int(tx->now_ms)), tx->fault);
}

void sources_wake(struct control *c)
{
	if (c->scan)
		scan_wake(c->scan);
}
