/* The routes of WallWhale's clients: /api/v1/downloads. Each does what one of /v1/downloads does, and no more. */
#include "control/access/decide.h"
#include "control/artifacts/artifact_content.h"
#include "control/artifacts/artifact_row.h"
#include "control/downloads/download_acts.h"
#include "control/downloads/download_create.h"
#include "control/downloads/download_view.h"
#include "control/events/feed.h"
#include "control/wallwhale/wallwhale_job.h"

#include <string.h>

static enum rc create(struct call *c, void *ret_out)
{
	struct download_request *request = arena_take(c->tx.arena, sizeof(*request));
	const char *id = NULL;
	enum rc rc = request ? wallwhale_job_request(c, c->in, request) : RC_NOMEM;

	if (rc == RC_OK)
		rc = download_create_called(c, request, &id);
	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/api/v1/downloads/%s", id);
	return wallwhale_job_load(&c->tx, id, ret_out);
}

static enum rc get(struct call *c, void *ret_out) { return wallwhale_job_load(&c->tx, c->arg[0], ret_out); }

static enum rc follow(struct call *c, void *ret_out)
{
	static const char *const types[] = { "download.state_changed", "download.progress", NULL };
	struct feed_about about = { .resource = c->arg[0], .types = types, .say = wallwhale_job_say };
	struct wallwhale_job j = { 0 };
	(void)ret_out;

	enum rc rc = feed_about_begin(c, &about);
	if (rc == RC_OK)
		rc = wallwhale_job_load(&c->tx, c->arg[0], &j);
	if (rc == RC_OK)
		rc = wallwhale_job_log(&c->tx, &j, &about.first);
	about.over = rc == RC_OK && download_is_over(j.state);
	return rc == RC_OK ? feed_about_open(c, &about) : rc;
}

/* One that is over stays as it is: its client is told no more than that the word has come. */
static enum rc cancel(struct call *c, void *ret_out)
{
	struct download_view shown = { 0 };
	struct wallwhale_job j = { 0 };
	enum rc rc = wallwhale_job_load(&c->tx, c->arg[0], &j);
	(void)ret_out;

	return rc == RC_OK && !download_is_over(j.state) ? download_acts_cancel(c, &shown) : rc;
}

static enum rc zip(struct call *c, void *ret_out)
{
	struct artifact_row a = { 0 };
	struct wallwhale_job j = { 0 };
	enum rc rc = wallwhale_job_load(&c->tx, c->arg[0], &j);
	(void)ret_out;

	if (rc == RC_OK && !j.artifact_id)
		return fault_set(c->tx.fault, RC_CONFLICT, "the download is %s: it has no zip", j.status);
	if (rc == RC_OK)
		rc = decide_object(c, OBJECT_ARTIFACT, j.artifact_id);
	if (rc == RC_OK)
		rc = artifact_row_ready(&c->tx, j.artifact_id, &a);
	if (rc == RC_OK && (!a.package.format || strcmp(a.package.format, "zip") != 0))
		return fault_set(c->tx.fault, RC_CONFLICT, "it was not packed as a zip; see artifact %s", a.id);
	return rc == RC_OK
		       ? artifact_content_package(c, &a, arena_fmt(c->tx.arena, "%s.zip", *j.item ? j.item : j.id))
		       : rc;
}

#define JOB .out = wallwhale_job_fields, .out_size = sizeof(struct wallwhale_job)
#define CREATE(name_, path_, doc_)                                                                                 \
	.name = (name_), .method = "POST", .path = (path_), .reach = REACH_TENANT, .scope = SCOPE_DOWNLOADS_WRITE, \
	.flags = ROUTE_COMPAT | ROUTE_NARROWED | ROUTE_WRITE | ROUTE_ACCEPTED, .status = 202,                      \
	.in = wallwhale_job_in_fields, .in_size = sizeof(struct wallwhale_job_in), JOB, .run = create,             \
	.doc = (doc_)
#define ONE(name_, method_, path_) \
	.name = (name_), .method = (method_), .path = (path_), .reach = REACH_TENANT, .object = OBJECT_DOWNLOAD

extern const struct route wallwhale_downloads_routes[];
const struct route wallwhale_downloads_routes[] = {
	{ CREATE("wallwhaleCreate", "/api/v1/downloads",
		"Has a Workshop item fetched and packed as a zip, as WallWhale's clients ask for it.") },
	{ CREATE("wallwhaleCreateSlash", "/api/v1/downloads/", "The same as wallwhaleCreate.") },
	{ ONE("wallwhaleGet", "GET", "/api/v1/downloads/{id}"), .scope = SCOPE_DOWNLOADS_READ,
		.flags = ROUTE_COMPAT, JOB, .run = get,
		.doc = "Shows a download, as WallWhale's clients read it." },
	{ ONE("wallwhaleLogs", "GET", "/api/v1/downloads/{id}/logs"), .scope = SCOPE_DOWNLOADS_READ,
		.flags = ROUTE_COMPAT | ROUTE_RAW | ROUTE_STREAM, .out_type = "text/event-stream", .run = follow,
		.doc = "The lines of its log, those before and those to come, as server-sent events; event end is "
		       "the last." },
	{ ONE("wallwhaleCancel", "POST", "/api/v1/downloads/{id}/cancel"), .scope = SCOPE_DOWNLOADS_WRITE,
		.flags = ROUTE_COMPAT | ROUTE_WRITE | ROUTE_ACCEPTED, .status = 204, .run = cancel,
		.doc = "Ends a download; one that is over stays as it is." },
	{ ONE("wallwhaleZip", "GET", "/api/v1/downloads/{id}/zip"), .scope = SCOPE_DOWNLOADS_READ,
		.flags = ROUTE_COMPAT | ROUTE_RAW, .out_type = "application/zip", .run = zip,
		.doc = "The zip of a download that is ready. Range is obeyed." },
	{ 0 },
};
