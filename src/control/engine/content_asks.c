/*
 * content_asks: questions about content that somebody waits for: the manifests of a depot, what differs between two of them, Workshop items.
 * Each is a job of one task, as all that is asked of Steam is; with Prefer: wait=N the answer comes when it is over.
 */
#include "control/engine/job_view.h"
#include "control/engine/submit.h"
#include "wire/json.h"

#include <stdlib.h>
#include <string.h>

extern const struct route content_asks_routes[];

struct manifests_query {
	const char *branch, *from, *to;
};

#define BRANCH_FIELD                                                                                      \
	{                                                                                                 \
		.name = "branch", .type = FIELD_STR, FIELD_AT(struct manifests_query, branch), .max = 64, \
		.doc = "The branch; without one public."                                                  \
	}
#define MANIFEST_FIELD(name_, member_, doc_)                                                       \
	{                                                                                          \
		.name = (name_), .type = FIELD_STR, FIELD_AT(struct manifests_query, member_),     \
		.flags = FIELD_REQUIRED, .min = 1, .max = 20, .chars = "0123456789", .doc = (doc_) \
	}

static const struct field list_query[] = { BRANCH_FIELD, { 0 } };
static const struct field diff_query[] = { MANIFEST_FIELD("from", from, "The earlier manifest."),
	MANIFEST_FIELD("to", to, "The later manifest."), BRANCH_FIELD, { 0 } };

/* A number of the path. */
static enum rc number_of(struct call *c, unsigned i, uint64_t max)
{
	const char *s = c->arg[i];
	size_t digits = strspn(s, "0123456789");

	if (digits == 0 || s[digits] || digits > 20 || strtoull(s, NULL, 10) > max || strtoull(s, NULL, 10) == 0)
		return fault_set(c->tx.fault, RC_INVALID, "'%.30s' is no id of what is asked for", s);
	return RC_OK;
}

/* Submits it; payload is JSON. */
static enum rc submit(struct call *c, const char *action, const char *payload, void *ret_out)
{
	struct submit_job *in = arena_take(c->tx.arena, sizeof(*in));
	const char *id = NULL;

	if (!in || !payload)
		return RC_NOMEM;
	field_defaults(submit_fields, in);
	in->action = action;
	in->payload = payload;
	enum rc rc = submit_new(c, in, &id);
	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/v1/jobs/%s", id);
	return c->location ? job_view_read(c, id, ret_out) : RC_NOMEM;
}

/* The members that both questions about manifests have. */
static enum rc begin(struct call *c, struct buf *to)
{
	const struct manifests_query *q = c->query;
	enum rc rc = number_of(c, 0, UINT32_MAX);

	if (rc == RC_OK)
		rc = number_of(c, 1, UINT32_MAX);
	if (rc != RC_OK)
		return rc;
	buf_fmt(to, "{\"app\":%llu,\"depot\":%llu", strtoull(c->arg[0], NULL, 10), strtoull(c->arg[1], NULL, 10));
	if (q->branch) {
		buf_str(to, ",\"branch\":");
		json_put_str(to, q->branch);
	}
	return RC_OK;
}

static const char *end(struct call *c, struct buf *b)
{
	buf_str(b, "}");
	const char *text = b->bad ? NULL : arena_strn(c->tx.arena, (const char *)b->p, b->n);
	buf_done(b);
	return text;
}

static enum rc list(struct call *c, void *ret_out)
{
	struct buf b = { 0 };
	enum rc rc = begin(c, &b);
	const char *payload = end(c, &b);

	return rc == RC_OK ? submit(c, "manifests.list", payload, ret_out) : rc;
}

static enum rc diff(struct call *c, void *ret_out)
{
	const struct manifests_query *q = c->query;
	struct buf b = { 0 };
	enum rc rc = begin(c, &b);

	if (rc == RC_OK)
		buf_fmt(&b, ",\"from\":\"%s\",\"to\":\"%s\"", q->from, q->to);
	const char *payload = end(c, &b);
	return rc == RC_OK ? submit(c, "manifests.diff", payload, ret_out) : rc;
}

static enum rc item(struct call *c, void *ret_out)
{
	enum rc rc = number_of(c, 0, UINT64_MAX);

	if (rc != RC_OK)
		return rc;
	return submit(c, "workshop.details", arena_fmt(c->tx.arena, "{\"ids\":[\"%s\"]}", c->arg[0]), ret_out);
}

#define ASKS                                                                   \
	.method = "GET", .reach = REACH_TENANT, .scope = SCOPE_DOWNLOADS_READ, \
	.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_WAIT, .status = 202, JOB_VIEW_OUT
#define ASKED_BY(fields) .query = (fields), .query_size = sizeof(struct manifests_query)

const struct route content_asks_routes[] = {
	{ .name = "listManifests",
		.path = "/v1/manifests/{app}/{depot}",
		ASKS,
		ASKED_BY(list_query),
		.run = list,
		.doc = "Asks Steam for a depot's manifests on a branch: answers with the job, whose task has them. "
		       "Prefer: "
		       "wait=N answers when it is over." },
	{ .name = "diffManifests",
		.path = "/v1/manifests/{app}/{depot}/diff",
		ASKS,
		ASKED_BY(diff_query),
		.run = diff,
		.doc = "Has two manifests of a depot compared: answers with the job, whose task tells the files "
		       "that differ." },
	{ .name = "getWorkshopItem",
		.path = "/v1/workshop/items/{id}",
		ASKS,
		.run = item,
		.doc = "Asks Steam for a Workshop item: answers with the job, whose task has it." },
	{ .name = "getWorkshopCollection",
		.path = "/v1/workshop/collections/{id}",
		ASKS,
		.run = item,
		.doc = "Asks Steam for a collection: answers with the job, whose task names its items." },
	{ 0 },
};
