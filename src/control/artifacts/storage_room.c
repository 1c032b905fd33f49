#include "control/artifacts/storage.h"
#include "control/control.h"
#include "control/tx.h"

#include <sys/statvfs.h>

/* What is held: in the store, and of that what is not on its disk yet. */
struct held {
	int64_t share, disk;
};

static enum rc sum(struct tx *tx, const char *but, struct held *ret)
{
	static const struct store_query all = {
		.sql = "SELECT CAST(COALESCE(SUM(store_bytes), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN "
		       "store_freed_at > 0 OR here_bytes >= store_bytes THEN 0 ELSE store_bytes - here_bytes END), "
		       "0) "
		       "AS BIGINT) FROM downloads WHERE store_bytes > 0 AND id <> $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &all, STORE_ARGS(store_text(but ? but : "")), &r, tx->fault);

	if (rc == RC_OK)
		*ret = (struct held){ store_col_int(r, 0), store_col_int(r, 1) };
	return rc;
}

/* -1: it was never counted. */
static enum rc counted(struct tx *tx, int64_t *ret)
{
	static const struct store_query find = { .sql = "SELECT bytes FROM storage_marks WHERE name = 'store'" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_NO_ARGS, &r, tx->fault);

	*ret = rc == RC_OK ? store_col_int(r, 0) : -1;
	return rc == RC_MISSING ? RC_OK : rc;
}

static struct storage_room room_of(int64_t mark, int64_t used, int64_t reserved)
{
	int64_t left = mark - used - reserved;
	return (struct storage_room){ mark, used, reserved, left > 0 ? left : 0 };
}

/* Of the disk, all that is not ours to give counts as used. */
static void look_at_disk(const struct control *c, int64_t held, struct storage_room *ret)
{
	const struct artifacts_conf *conf = c->conf->artifacts;
	struct statvfs v;

	*ret = (struct storage_room){ 0 };
	if (statvfs(conf->dir, &v) < 0 && statvfs(c->conf->data_dir, &v) < 0)
		return;
	uint64_t used = (uint64_t)v.f_blocks - (uint64_t)v.f_bfree, all = used + (uint64_t)v.f_bavail;
	*ret = room_of((int64_t)(all * v.f_frsize / 100 * conf->high_percent), (int64_t)(used * v.f_frsize), held);
}

enum rc storage_room(struct tx *tx, const char *but, struct storage_room *ret)
{
	const struct artifacts_conf *conf = tx->control->conf->artifacts;
	struct storage_room share;
	struct held held = { 0 };
	int64_t used = 0;
	enum rc rc = sum(tx, but, &held);

	if (rc == RC_OK && conf->max_bytes)
		rc = counted(tx, &used);
	if (rc != RC_OK)
		return rc;
	look_at_disk(tx->control, held.disk, ret);
	if (!conf->max_bytes)
		return RC_OK;
	int64_t mark = (int64_t)(conf->max_bytes / 100 * conf->high_percent);
	share = room_of(mark, used < 0 ? mark : used, held.share);
	int64_t most = ret->mark;
	if (share.left <= ret->left)
		*ret = share;
	ret->mark = most < mark ? most : mark;
	return RC_OK;
}

enum rc storage_counted(struct tx *tx, uint64_t bytes, int64_t began_ms)
{
	static const struct store_query set = {
		.sql = "INSERT INTO storage_marks (name, is_full, told_at, bytes) VALUES ('store', 0, $2, $1) ON "
		       "CONFLICT (name) DO UPDATE SET bytes = excluded.bytes"
	};
	static const struct store_query drop = { .sql = "UPDATE downloads SET store_bytes = 0, store_freed_at = 0 "
							"WHERE store_bytes > 0 AND store_freed_at > 0 AND "
							"store_freed_at <= $1" };
	enum rc rc =
		store_do(tx->db, &set, STORE_ARGS(store_int((int64_t)bytes), store_int(tx->now_ms)), tx->fault);

	return rc == RC_OK ? store_do(tx->db, &drop, STORE_ARGS(store_int(began_ms)), tx->fault) : rc;
}

enum rc storage_awaited(struct tx *tx, bool *ret)
{
	static const struct store_query find = {
		.sql = "SELECT 1 FROM downloads WHERE state = 'queued' AND reason = 'disk' LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_NO_ARGS, &r, tx->fault);

	*ret = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}
