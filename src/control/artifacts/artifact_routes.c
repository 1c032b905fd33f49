#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/artifacts/artifact_content.h"
#include "control/artifacts/artifact_row.h"
#include "control/events/events.h"
#include "control/http/page.h"

struct artifacts_query {
	struct page_query page;
	int state;
	const char *content_id, *download_id;
};
static const char *const state_words[] = { "any", "ready", "expired", "deleted", NULL };

static const struct field query_fields[] = {
	PAGE_QUERY_FIELDS(struct artifacts_query),
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct artifacts_query, state),
		.words = state_words,
		.def = 1,
		.doc = "Only those in this state." },
	{ .name = "contentId",
		.type = FIELD_STR,
		FIELD_AT(struct artifacts_query, content_id),
		.max = 64,
		.doc = "Only those of this content." },
	{ .name = "downloadId",
		.type = FIELD_STR,
		FIELD_AT(struct artifacts_query, download_id),
		.max = 64,
		.doc = "Only those of this download." },
	{ 0 },
};

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = ARTIFACT_ROW_SELECT
		"WHERE a.id < $1 AND a.tenant_id = $3 AND ($4 = 'any' OR a.state = $4) AND ($5 = '' OR "
		"a.content_id = $5) AND ($6 = '' OR a.download_id = $6) ORDER BY a.id DESC LIMIT $2"
	};
	const struct artifacts_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1),
				store_text(decide_tenant(c->who)), store_text(state_words[q->state]),
				store_text(q->content_id ? q->content_id : ""),
				store_text(q->download_id ? q->download_id : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct artifact_row *v = ret_out;
	enum rc rc = artifact_row_load(&c->tx, c->arg[0], v);

	c->version = v->version;
	return rc;
}

/* The links of it end with it. */
static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query each[] = {
		{ .sql = "DELETE FROM artifact_link_uses WHERE link_id IN (SELECT id FROM artifact_links WHERE "
			 "artifact_id = $1)" },
		{ .sql = "DELETE FROM artifact_links WHERE artifact_id = $1" },
	};
	static const struct store_query set = { .sql = "UPDATE artifacts SET state = 'deleted', updated_at = $2, "
						       "version = version + 1 WHERE id = $1" };
	struct artifact_row v = { 0 };
	(void)ret_out;

	enum rc rc = artifact_row_load(&c->tx, c->arg[0], &v);
	if (rc == RC_OK)
		rc = route_match(c, v.version);
	if (rc == RC_OK && !strcmp(v.state, "deleted"))
		rc = fault_set(c->tx.fault, RC_MISSING, "it is deleted already");
	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_do(c->tx.db, &each[i], STORE_ARGS(store_text(v.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &set, STORE_ARGS(store_text(v.id), store_int(c->tx.now_ms)), c->tx.fault);
	if (rc == RC_OK)
		rc = events_add(&c->tx,
			&(struct event){ .type = "artifact.deleted", .resource = v.id, .tenant_id = v.tenant_id });
	return rc == RC_OK ? audit_add(&c->tx, "artifact.delete", v.id) : rc;
}

#define OUT .out = artifact_row_fields, .out_size = sizeof(struct artifact_row)

const struct route artifact_routes[] = {
	{ .name = "listArtifacts",
		.method = "GET",
		.path = "/v1/artifacts",
		.reach = REACH_TENANT,
		.lists = OBJECT_ARTIFACT,
		.scope = SCOPE_DOWNLOADS_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct artifacts_query),
		OUT,
		.run = list,
		.doc = "Lists what was fetched and can be downloaded, newest first." },
	{ .name = "getArtifact",
		.method = "GET",
		.path = "/v1/artifacts/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_ARTIFACT,
		.scope = SCOPE_DOWNLOADS_READ,
		OUT,
		.run = get,
		.doc = "Shows one artifact." },
	{ .name = "getArtifactManifest",
		.method = "GET",
		.path = "/v1/artifacts/{id}/manifest",
		.reach = REACH_TENANT,
		.object = OBJECT_ARTIFACT,
		.scope = SCOPE_DOWNLOADS_READ,
		.flags = ROUTE_RAW,
		.out_type = "application/json",
		.run = artifact_content_manifest,
		.doc = "Its files, with the SHA-256 of each. The SHA-256 of this text is the content's id, and the "
		       "ETag. "
		       "Range is obeyed." },
	{ .name = "getArtifactContent",
		.method = "GET",
		.path = "/v1/artifacts/{id}/content",
		.reach = REACH_TENANT,
		.object = OBJECT_ARTIFACT,
		.scope = SCOPE_DOWNLOADS_READ,
		.flags = ROUTE_RAW,
		.out_type = "application/octet-stream",
		.query = artifact_content_query_fields,
		.query_size = sizeof(struct artifact_content_query),
		.run = artifact_content_get,
		.doc = "Its package, or one of its files. The ETag is the SHA-256; Range (one), If-Range, "
		       "If-None-Match "
		       "and HEAD are obeyed." },
	{ .name = "deleteArtifact",
		.method = "DELETE",
		.path = "/v1/artifacts/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_ARTIFACT,
		.scope = SCOPE_DOWNLOADS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Ends the right to a content, and all links to it. The content goes when nobody else uses "
		       "it." },
	{ 0 },
};
