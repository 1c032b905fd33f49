#include "control/artifacts/artifacts.h"
#include "control/control.h"
#include "control/downloads/download_row.h"
#include "control/downloads/download_view.h"
#include "control/events/feed.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "io/blobs.h"
#include "io/file.h"
#include "wire/field_json.h"

#define LISTING_SHOWN_MAX 8388608 /* bytes; what is longer is had by the artifact's manifest */

struct downloads_query {
	struct page_query page;
	const char *state, *phase;
};
static const struct field query_fields[] = {
	PAGE_QUERY_FIELDS(struct downloads_query),
	{ .name = "state",
		.type = FIELD_STR,
		FIELD_AT(struct downloads_query, state),
		.max = 32,
		.doc = "Only those in this state." },
	{ .name = "phase",
		.type = FIELD_STR,
		FIELD_AT(struct downloads_query, phase),
		.max = 32,
		.doc = "Only those in this phase: queued, running, success or failed." },
	{ 0 },
};

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = DOWNLOAD_VIEW_SELECT(
			"0") "WHERE d.id < $1 AND d.tenant_id = $3 AND ($4 = '' OR d.state = $4) AND ($5 "
			     "= '' OR $5 = CASE WHEN d.state IN ('queued', 'paused') THEN 'queued' "
			     "WHEN d.state IN ('ready', 'expired') THEN 'success' WHEN d.state IN "
			     "('canceled', 'failed') THEN 'failed' ELSE 'running' END) ORDER BY "
			     "d.id DESC LIMIT $2"
	};
	const struct downloads_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(tx_tenant(&c->tx)),
				store_text(q->state ? q->state : ""), store_text(q->phase ? q->phase : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct download_view *v = ret_out;
	enum rc rc = download_view_one(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

struct log_line {
	int64_t n, at;
	const char *text;
};
static const struct field log_fields[] = {
	{ .name = "n", .type = FIELD_I64, FIELD_AT(struct log_line, n), .doc = "Counts its lines." },
	{ .name = "at", .type = FIELD_TIME, FIELD_AT(struct log_line, at), .doc = "When." },
	{ .name = "text", .type = FIELD_STR, FIELD_AT(struct log_line, text), .doc = "What happened." },
	{ 0 },
};
struct log_view {
	struct field_list items;
};
static const struct field log_view_fields[] = {
	{ .name = "items",
		.type = FIELD_LIST,
		FIELD_AT(struct log_view, items),
		.item = FIELD_OBJ,
		.sub = log_fields,
		.sub_size = sizeof(struct log_line),
		.doc = "Oldest first: the last 200." },
	{ 0 },
};

static enum rc show_log(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT n, at, text FROM download_log WHERE download_id = $1 ORDER BY n"
	};
	struct log_view *v = ret_out;
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(c->tx.db, &all, STORE_ARGS(store_text(c->arg[0])), &r, c->tx.fault);

	return rc == RC_OK ? rows_list(r, &(struct rows_into){ log_fields, c->tx.arena, NULL },
				     sizeof(struct log_line), DOWNLOAD_ROW_LOG_MAX, &v->items, c->tx.fault)
			   : rc;
}

/* The listing of what was fetched lies in the store under the content's id. */
static enum rc files(struct call *c, void *ret_out)
{
	struct download_view v = { 0 };
	char path[BLOBS_PATH_MAX];
	(void)ret_out;

	enum rc rc = download_view_one(&c->tx, c->arg[0], &v);
	if (rc != RC_OK)
		return rc;
	if (strcmp(v.state, "ready") != 0 || !v.content_id)
		return fault_set(c->tx.fault, RC_CONFLICT,
			"the download is %s: its files are known once it is ready", v.state);
	blobs_path(c->tx.control->conf->artifacts->dir, v.content_id, path);
	rc = file_read(path, LISTING_SHOWN_MAX, c->body, c->tx.fault);
	if (rc == RC_TOO_LARGE || rc == RC_INVALID)
		return fault_set(c->tx.fault, RC_TOO_LARGE,
			"it has too many files; see the manifest of artifact %s", v.artifact_id);
	return rc;
}

static const char *text_of(struct call *c, const struct download_view *v)
{
	struct buf b = { 0 };

	field_json_encode(download_view_fields, v, &b);
	const char *text = b.bad ? NULL : arena_str(c->tx.arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* As a stream: first the download as it is, then what becomes of it. Else as it is. */
static enum rc follow(struct call *c, void *ret_out)
{
	static const char *const types[] = { "download.state_changed", "download.progress", NULL };
	struct feed_about about = { .resource = c->arg[0], .types = types, .first_type = "download" };
	struct download_view v = { 0 };
	(void)ret_out;

	enum rc rc = feed_about_begin(c, &about);
	if (rc == RC_OK)
		rc = download_view_one(&c->tx, c->arg[0], &v);
	about.first = rc == RC_OK ? text_of(c, &v) : NULL;
	if (rc != RC_OK || !about.first)
		return rc == RC_OK ? RC_NOMEM : rc;
	if (c->streams)
		return feed_about_open(c, &about);
	buf_str(c->body, about.first);
	return RC_OK;
}

#define ONE(name_, path_)                                                                                    \
	.name = (name_), .method = "GET", .path = (path_), .reach = REACH_TENANT, .object = OBJECT_DOWNLOAD, \
	.scope = SCOPE_DOWNLOADS_READ

extern const struct route download_routes[];
const struct route download_routes[] = {
	{ .name = "listDownloads",
		.method = "GET",
		.path = "/v1/downloads",
		.reach = REACH_TENANT,
		.lists = OBJECT_DOWNLOAD,
		.scope = SCOPE_DOWNLOADS_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct downloads_query),
		.out = download_view_fields,
		.out_size = sizeof(struct download_view),
		.run = list,
		.doc = "Lists the downloads, newest first." },
	{ ONE("getDownload", "/v1/downloads/{id}"), .out = download_view_fields,
		.out_size = sizeof(struct download_view), .run = get,
		.doc = "Shows a download, and how far it is." },
	{ ONE("listDownloadFiles", "/v1/downloads/{id}/files"), .flags = ROUTE_RAW, .out_type = "application/json",
		.run = files,
		.doc = "Lists the files of a download that is ready, each with size, mode and SHA-256." },
	{ ONE("getDownloadLog", "/v1/downloads/{id}/log"), .out = log_view_fields,
		.out_size = sizeof(struct log_view), .run = show_log,
		.doc = "Shows what became of a download, line by line." },
	{ ONE("followDownload", "/v1/downloads/{id}/events"), .flags = ROUTE_RAW | ROUTE_STREAM,
		.out_type = "application/json", .run = follow,
		.doc = "With Accept: text/event-stream: the download as it is (event download), then each change "
		       "and how "
		       "far it is, at most twice a second. Else the download as it is." },
	{ 0 },
};
