#include "control/artifacts/artifact_row.h"
#include "control/artifacts/cleaner.h"
#include "control/control.h"
#include "control/events/events.h"
#include "io/blobs.h"

#include <unistd.h>

static enum rc expire_one(struct tx *tx, const char *id, const char *content_id, const char *tenant_id)
{
	static const struct store_query set = { .sql = "UPDATE artifacts SET state = 'expired', updated_at = $2, "
						       "version = version + 1 WHERE id = $1" };
	char *payload = arena_fmt(tx->arena, "{\"contentId\":\"%s\"}", content_id);
	enum rc rc = payload ? store_do(tx->db, &set, STORE_ARGS(store_text(id), store_int(tx->now_ms)), tx->fault)
			     : RC_NOMEM;

	return rc == RC_OK ? events_add(tx, &(struct event){ .type = "artifact.expired",
						    .resource = id,
						    .payload = payload,
						    .tenant_id = tenant_id })
			   : rc;
}

/* Read whole before the first is changed: one question at a time. */
struct due {
	const char *id, *content_id, *tenant_id;
};

static enum rc list(struct tx *tx, const struct store_query *q, int64_t until, struct due *ret, size_t *ret_n)
{
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	*ret_n = 0;
	enum rc rc = store_run(tx->db, q, STORE_ARGS(store_int(until), store_int(CLEANER_AT_ONCE)), &r, tx->fault);
	while (rc == RC_OK && *ret_n < CLEANER_AT_ONCE && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		struct due *d = &ret[(*ret_n)++];
		*d = (struct due){ arena_str(tx->arena, store_col_text(r, 0)),
			arena_str(tx->arena, store_col_text(r, 1)), arena_str(tx->arena, store_col_text(r, 2)) };
		if (!d->id || !d->content_id || !d->tenant_id)
			return RC_NOMEM;
	}
	return rc;
}

static enum rc expire(struct tx *tx, struct due *due)
{
	static const struct store_query over = {
		.sql = "SELECT id, content_id, tenant_id FROM artifacts WHERE state = "
		       "'ready' AND expires_at <= $1 ORDER BY expires_at LIMIT $2"
	};
	size_t n = 0;
	enum rc rc = list(tx, &over, tx->now_ms, due, &n);

	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = expire_one(tx, due[i].id, due[i].content_id, due[i].tenant_id);
	return rc;
}

/* Links end by themselves; their rows go with them. */
static enum rc forget(struct tx *tx, int64_t grace_ms)
{
	static const struct store_query each[] = {
		{ .sql = "UPDATE artifacts SET state = 'deleted', updated_at = $1, version = version + 1 WHERE "
			 "state = "
			 "'expired' AND updated_at <= $2" },
		{ .sql = "DELETE FROM artifact_link_uses WHERE link_id IN (SELECT id FROM artifact_links WHERE "
			 "expires_at "
			 "<= $1 AND $2 = $2)" },
		{ .sql = "DELETE FROM artifact_links WHERE expires_at <= $1 AND $2 = $2" },
		{ .sql = "DELETE FROM arrivals WHERE expires_at <= $1 AND $2 = $2" },
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_do(tx->db, &each[i], STORE_ARGS(store_int(tx->now_ms), store_int(tx->now_ms - grace_ms)),
			tx->fault);
	return rc;
}

#define BASES                                                                                                 \
	"EXISTS (SELECT 1 FROM downloads o, artifacts b WHERE o.finished_at = 0 AND b.content_id = c.id AND " \
	"o.request LIKE '%' || b.id || '%')"

static enum rc count_uses(struct tx *tx)
{
	static const struct store_query unused = { .sql = "UPDATE contents SET unused_since = $1 WHERE id IN "
							  "(SELECT c.id FROM contents c WHERE c.state = "
							  "'whole' AND c.unused_since = 0 AND " ARTIFACT_ROW_USES(
								  "c.id") " = 0 AND NOT " BASES ")" };
	static const struct store_query used = { .sql = "UPDATE contents SET unused_since = 0 WHERE id IN (SELECT "
							"c.id FROM contents c WHERE c.state = "
							"'whole' AND c.unused_since > 0 AND (" ARTIFACT_ROW_USES(
								"c.id") " > 0 OR " BASES "))" };
	enum rc rc = store_do(tx->db, &used, STORE_NO_ARGS, tx->fault);

	return rc == RC_OK ? store_do(tx->db, &unused, STORE_ARGS(store_int(tx->now_ms)), tx->fault) : rc;
}

/* Its sheets go at once: from now on nobody is granted it, until it was fetched again. */
static enum rc drop_one(struct tx *tx, const char *id)
{
	static const char *const formats[] = { "none", "zip", "tar", "tar.zst" };
	static const struct store_query each[] = {
		{ .sql = "UPDATE contents SET state = 'gone' WHERE id = $1" },
		{ .sql = "DELETE FROM content_packages WHERE content_id = $1" },
	};
	char path[BLOBS_PATH_MAX];
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_do(tx->db, &each[i], STORE_ARGS(store_text(id)), tx->fault);
	for (size_t i = 0; rc == RC_OK && i < sizeof(formats) / sizeof(*formats); i++) {
		blobs_sheet_path(tx->control->conf->artifacts->dir, id, formats[i], path);
		(void)unlink(path);
	}
	return rc;
}

static enum rc drop(struct tx *tx, struct due *due, int64_t grace_ms, int64_t *ret_gone)
{
	static const struct store_query over = { .sql = "SELECT id, id, id FROM contents WHERE state = 'whole' AND "
							"unused_since > 0 AND unused_since <= $1 ORDER BY "
							"unused_since, id LIMIT $2" };
	size_t n = 0;
	enum rc rc = list(tx, &over, tx->now_ms - grace_ms, due, &n);

	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = drop_one(tx, due[i].id);
	*ret_gone = (int64_t)n;
	return rc;
}

enum rc cleaner_steps(struct tx *tx, int64_t grace_ms, int64_t *ret_gone)
{
	struct due *due = arena_take(tx->arena, CLEANER_AT_ONCE * sizeof(*due));

	*ret_gone = 0;
	enum rc rc = due ? expire(tx, due) : RC_NOMEM;
	if (rc == RC_OK)
		rc = forget(tx, grace_ms);
	if (rc == RC_OK)
		rc = count_uses(tx);
	return rc == RC_OK ? drop(tx, due, grace_ms, ret_gone) : rc;
}
