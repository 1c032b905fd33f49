#include "control/downloads/download_create.h"
#include "control/downloads/download_queue.h"
#include "control/downloads/download_request.h"
#include "control/downloads/download_view.h"

static enum rc create(struct call *c, void *ret_out)
{
	const char *id = NULL;
	enum rc rc = download_create_called(c, c->in, &id);

	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/v1/downloads/%s", id);
	return download_view_one(&c->tx, id, ret_out);
}

struct download_batch {
	struct field_list ids;
};
static const struct field batch_out_fields[] = {
	{ .name = "ids",
		.type = FIELD_LIST,
		FIELD_AT(struct download_batch, ids),
		.item = FIELD_STR,
		.doc = "Of the downloads, in the order of their sources." },
	{ 0 },
};

/* All of them, or none. */
static enum rc create_all(struct call *c, void *ret_out)
{
	const struct download_request *in = c->in;
	const struct action_download_source *s = in->sources.at;
	const char **ids = arena_take(c->tx.arena, sizeof(*ids) * (in->sources.n + 1));
	enum rc rc = ids ? RC_OK : RC_NOMEM;

	download_create_count(c);
	for (size_t i = 0; i < in->sources.n && (rc == RC_OK || rc == RC_INVALID); i++) {
		enum rc one = download_request_check(c, in, &s[i], arena_fmt(c->tx.arena, "/sources/%zu", i));
		rc = one == RC_OK ? rc : one;
	}
	if (rc == RC_OK)
		rc = download_create_check_all(c, in);
	for (size_t i = 0; rc == RC_OK && i < in->sources.n; i++)
		rc = download_create_add(&c->tx, in, &s[i], &ids[i]);
	if (rc == RC_OK)
		rc = download_queue_pump(&c->tx);
	((struct download_batch *)ret_out)->ids = (struct field_list){ ids, in->sources.n };
	return rc;
}

extern const struct route download_create_routes[];
const struct route download_create_routes[] = {
	{ .name = "createDownload",
		.method = "POST",
		.path = "/v1/downloads",
		.reach = REACH_TENANT,
		.scope = SCOPE_DOWNLOADS_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_IDEMPOTENT,
		.status = 202,
		.in = download_request_fields,
		.in_size = sizeof(struct download_request),
		.out = download_view_fields,
		.out_size = sizeof(struct download_view),
		.run = create,
		.doc = "Has something fetched. It waits for its turn; its artifact is there when it is ready." },
	{ .name = "createDownloads",
		.method = "POST",
		.path = "/v1/downloads/batch",
		.reach = REACH_TENANT,
		.scope = SCOPE_DOWNLOADS_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_IDEMPOTENT,
		.status = 202,
		.in = download_request_batch_fields,
		.in_size = sizeof(struct download_request),
		.out = batch_out_fields,
		.out_size = sizeof(struct download_batch),
		.run = create_all,
		.doc = "Has up to 100 things fetched, all or none." },
	{ 0 },
};
