#include "control/artifacts/storage.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/http/route.h"
#include "control/rows.h"

#include <sys/statvfs.h>

/* The store's own share of the disk: what is narrower counts. */
static void look_at_share(uint64_t most, uint64_t taken, struct storage_disk *d)
{
	int64_t left = taken < most ? (int64_t)(most - taken) : 0;
	int64_t percent = (int64_t)(taken < most ? taken * 100 / most : 100);

	d->total_bytes = d->total_bytes < (int64_t)most ? d->total_bytes : (int64_t)most;
	d->free_bytes = d->free_bytes < left ? d->free_bytes : left;
	d->used_percent = d->used_percent > percent ? d->used_percent : percent;
}

void storage_look(struct control *c, struct storage_disk *d)
{
	const struct artifacts_conf *conf = c->conf->artifacts;
	struct statvfs v;

	/* The folder is made by the first content; its disk is that of what is above it. */
	if (statvfs(conf->dir, &v) < 0 && statvfs(c->conf->data_dir, &v) < 0)
		return;
	uint64_t all = (uint64_t)v.f_blocks, left = (uint64_t)v.f_bavail, used = all - (uint64_t)v.f_bfree;
	d->total_bytes = (int64_t)(all * v.f_frsize);
	d->free_bytes = (int64_t)(left * v.f_frsize);
	d->used_percent = used + left ? (int64_t)(used * 100 / (used + left)) : 0;
	if (conf->max_bytes)
		look_at_share(conf->max_bytes, atomic_load(&c->storage_bytes), d);
	d->full = d->used_percent >= (d->full ? conf->low_percent : conf->high_percent);
	atomic_store(&c->storage_full, d->full);
}

static enum rc tell(struct tx *tx, const struct storage_disk *d)
{
	char *payload = arena_fmt(tx->arena, "{\"full\":%s,\"usedPercent\":%lld,\"freeBytes\":%lld}",
		d->full ? "true" : "false", (long long)d->used_percent, (long long)d->free_bytes);

	return payload ? events_add(tx, &(struct event){ .type = "storage.watermark",
						.resource = "storage",
						.payload = payload,
						.tenant_id = TX_TENANT_DEFAULT })
		       : RC_NOMEM;
}

/* What was told last is a row: also another control plane, or one that was started anew, tells each change once. */
enum rc storage_tell(struct tx *tx, const struct storage_disk *d)
{
	static const struct store_query told = {
		.sql = "INSERT INTO storage_marks (name, is_full, told_at) VALUES ('store', $1, $2) ON CONFLICT "
		       "(name) DO "
		       "UPDATE SET is_full = excluded.is_full, told_at = excluded.told_at WHERE "
		       "storage_marks.is_full <> excluded.is_full RETURNING name"
	};
	static const struct store_query begin = {
		.sql = "INSERT INTO storage_marks (name, is_full, told_at) VALUES "
		       "('store', 0, $1) ON CONFLICT (name) DO NOTHING"
	};
	struct store_rows *r = NULL;
	enum rc rc = store_do(tx->db, &begin, STORE_ARGS(store_int(tx->now_ms)), tx->fault);

	if (rc == RC_OK)
		rc = store_one(tx->db, &told, STORE_ARGS(store_int(d->full), store_int(tx->now_ms)), &r, tx->fault);
	store_close(r);
	if (rc == RC_MISSING)
		return RC_OK;
	return rc == RC_OK ? tell(tx, d) : rc;
}

struct storage_view {
	int64_t total_bytes, free_bytes, used_percent;
	uint32_t high_percent, low_percent;
	bool full;
	int64_t mark_bytes, used_bytes, reserved_bytes;
	int64_t contents, content_bytes, package_bytes, unused_contents, evictable_bytes, artifacts, links;
};
#define COUNTS 9 /* of storage_fields, the first that come from the database */
static const struct field storage_fields[] = {
	{ .name = "totalBytes",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, total_bytes),
		.doc = "Of the disk of downloads.dir." },
	{ .name = "freeBytes",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, free_bytes),
		.doc = "That are left." },
	{ .name = "usedPercent",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, used_percent),
		.doc = "So much of it is used, by whomever." },
	{ .name = "highPercent",
		.type = FIELD_U32,
		FIELD_AT(struct storage_view, high_percent),
		.doc = "It counts as full from here on (downloads.high_percent)." },
	{ .name = "lowPercent",
		.type = FIELD_U32,
		FIELD_AT(struct storage_view, low_percent),
		.doc = "Until it is below (downloads.low_percent)." },
	{ .name = "full",
		.type = FIELD_BOOL,
		FIELD_AT(struct storage_view, full),
		.doc = "Does it count as full?" },
	{ .name = "markBytes",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, mark_bytes),
		.doc = "No download is admitted that would make it more: highPercent of the disk or of "
		       "downloads.max_mib, what is less." },
	{ .name = "usedBytes",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, used_bytes),
		.doc = "Of these: by the store when it was counted last, or of the disk by whomever, what has less "
		       "room "
		       "left." },
	{ .name = "reservedBytes",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, reserved_bytes),
		.doc = "Of these: held for downloads, those that are paused, too." },
	{ .name = "contents",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, contents),
		.doc = "Different contents that are kept." },
	{ .name = "contentBytes",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, content_bytes),
		.doc = "Of their files; what several have is kept once." },
	{ .name = "packageBytes",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, package_bytes),
		.doc = "Of their packages." },
	{ .name = "unusedContents",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, unused_contents),
		.doc = "Of these nobody uses; they go soon." },
	{ .name = "evictableBytes",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, evictable_bytes),
		.doc = "Of the files and packages of these." },
	{ .name = "artifacts",
		.type = FIELD_I64,
		FIELD_AT(struct storage_view, artifacts),
		.doc = "Rights to contents, of all tenants." },
	{ .name = "links", .type = FIELD_I64, FIELD_AT(struct storage_view, links), .doc = "Links that work." },
	{ 0 },
};

static enum rc get(struct call *c, void *ret_out)
{
	static const struct store_query counts = { .sql = "SELECT (SELECT COUNT(*) FROM contents WHERE state = "
							  "'whole'), (SELECT COALESCE(SUM(bytes), 0) "
							  "FROM contents WHERE state = 'whole'), (SELECT "
							  "COALESCE(SUM(bytes), 0) FROM content_packages), "
							  "(SELECT COUNT(*) FROM contents WHERE state = 'whole' "
							  "AND unused_since > 0), (SELECT COALESCE(SUM(c.bytes "
							  "+ COALESCE((SELECT SUM(p.bytes) FROM "
							  "content_packages p WHERE p.content_id = c.id), "
							  "0)), 0) FROM contents c WHERE c.state = 'whole' AND "
							  "c.unused_since > 0), (SELECT COUNT(*) "
							  "FROM artifacts WHERE state = 'ready'), (SELECT COUNT(*) "
							  "FROM artifact_links WHERE expires_at > "
							  "$1)" };
	const struct artifacts_conf *conf = c->tx.control->conf->artifacts;
	struct storage_disk d = { .full = atomic_load(&c->tx.control->storage_full) };
	struct storage_view *v = ret_out;
	struct storage_room room;

	storage_look(c->tx.control, &d);
	enum rc rc = storage_room(&c->tx, NULL, &room);
	if (rc != RC_OK)
		return rc;
	*v = (struct storage_view){ .total_bytes = d.total_bytes,
		.free_bytes = d.free_bytes,
		.used_percent = d.used_percent,
		.high_percent = conf->high_percent,
		.low_percent = conf->low_percent,
		.full = d.full,
		.mark_bytes = room.mark,
		.used_bytes = room.used,
		.reserved_bytes = room.reserved };
	return rows_one(c->tx.db, &counts, STORE_ARGS(store_int(c->tx.now_ms)),
		(struct rows_into){ storage_fields + COUNTS, c->tx.arena, v }, c->tx.fault);
}

const struct route storage_routes[] = {
	{ .name = "getStorage",
		.method = "GET",
		.path = "/v1/storage",
		.reach = REACH_PLATFORM,
		.scope = SCOPE_DOWNLOADS_READ,
		.out = storage_fields,
		.out_size = sizeof(struct storage_view),
		.run = get,
		.doc = "Shows how full the disk of what was fetched is, and what is kept." },
	{ 0 },
};
