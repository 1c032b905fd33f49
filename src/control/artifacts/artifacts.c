#include "control/artifacts/artifacts.h"
#include "control/control.h"
#include "control/events/events.h"
#include "io/blobs.h"
#include "io/file.h"
#include "wire/json.h"
#include "wire/listing.h"
#include "wire/sheet.h"

static enum rc read_sheet(struct tx *tx, const char *content_id, const char *format, struct sheet *ret)
{
	char path[BLOBS_PATH_MAX];
	struct buf b = { 0 };

	blobs_sheet_path(tx->control->conf->artifacts->dir, content_id, format, path);
	enum rc rc = file_read(path, SHEET_MAX, &b, NULL);
	if (rc == RC_MISSING)
		rc = fault_set(tx->fault, RC_MISSING, "the store has no content %.64s packed as %.16s", content_id,
			format);
	if (rc == RC_OK)
		rc = sheet_read(b.p, b.n, tx->arena, ret, tx->fault);
	if (rc == RC_OK && strcmp(ret->package_format, format) != 0)
		rc = fault_set(tx->fault, RC_INTERNAL, "the sheet of the content %.64s is another's", content_id);
	buf_done(&b);
	return rc;
}

/* A content that was gone and came again is whole again. */
static enum rc put_content(struct tx *tx, const char *id, const struct sheet *s)
{
	static const struct store_query put = {
		.sql = "INSERT INTO contents (id, kind, bytes, files, state, unused_since, created_at) VALUES "
		       "($1, $2, $3, $4, 'whole', 0, $5) ON CONFLICT (id) DO UPDATE SET state = 'whole', "
		       "unused_since = 0"
	};
	static const struct store_query package = {
		.sql = "INSERT INTO content_packages (content_id, format, bytes, sha256) VALUES ($1, $2, $3, $4) "
		       "ON CONFLICT (content_id, format) DO UPDATE SET bytes = excluded.bytes, "
		       "sha256 = excluded.sha256"
	};
	enum rc rc = store_do(tx->db, &put,
		STORE_ARGS(store_text(id), store_text(s->kind), store_int(s->bytes), store_int(s->files),
			store_int(tx->now_ms)),
		tx->fault);

	if (rc != RC_OK || !s->package_sha256)
		return rc;
	return store_do(tx->db, &package,
		STORE_ARGS(store_text(id), store_text(s->package_format), store_int(s->package_bytes),
			store_text(s->package_sha256)),
		tx->fault);
}

static enum rc insert(struct tx *tx, const struct artifacts_new *n, const char *id, const char *format)
{
	static const struct store_query put = {
		.sql = "INSERT INTO artifacts (id, content_id, package_format, download_id, source, state, "
		       "expires_at, labels, tenant_id, created_by, version, created_at, updated_at) VALUES "
		       "($1, $2, $3, $4, $5, 'ready', $6, $7, $8, $9, 1, $10, $10)"
	};
	int64_t until = n->expires_at ? n->expires_at : tx->now_ms + ARTIFACTS_KEEP_MS;

	return store_put(tx->db, &put,
		STORE_ARGS(store_text(id), store_text(n->content_id), store_text(format),
			store_text(n->download_id), store_text(n->source), store_int(until),
			store_text(n->labels ? n->labels : "{}"), store_text(n->tenant_id),
			store_text(n->created_by), store_int(tx->now_ms)),
		tx->fault);
}

static enum rc tell(struct tx *tx, const struct artifacts_new *n, const char *id, const struct sheet *s)
{
	struct buf b = { 0 };

	buf_fmt(&b, "{\"contentId\":\"%s\",\"downloadId\":", n->content_id);
	json_put_str(&b, n->download_id);
	buf_fmt(&b, ",\"bytes\":%lld,\"files\":%lld}", (long long)s->bytes, (long long)s->files);
	enum rc rc = b.bad ? RC_NOMEM
			   : events_add(tx, &(struct event){ .type = "artifact.published",
						    .resource = id,
						    .payload = buf_text(&b),
						    .tenant_id = n->tenant_id });
	buf_done(&b);
	return rc;
}

enum rc artifacts_grant(struct tx *tx, const struct artifacts_new *n, const char **ret_id)
{
	const char *format = n->package_format ? n->package_format : "none", *id = tx_id(tx, "art");
	struct sheet s = { 0 };

	if (!id)
		return RC_NOMEM;
	if (!listing_is_sha256(n->content_id))
		return fault_set(tx->fault, RC_INVALID, "a content's id is a SHA-256");
	if (strspn(format, "abcdefghijklmnopqrstuvwxyz.") != strlen(format))
		return fault_set(tx->fault, RC_INVALID, "there is no such package format");
	enum rc rc = read_sheet(tx, n->content_id, format, &s);
	if (rc == RC_OK)
		rc = put_content(tx, n->content_id, &s);
	if (rc == RC_OK)
		rc = insert(tx, n, id, format);
	if (rc == RC_OK)
		rc = tell(tx, n, id, &s);
	if (rc == RC_OK)
		*ret_id = id;
	return rc;
}
