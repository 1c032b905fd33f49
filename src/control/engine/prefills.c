/* prefills: POST /v1/prefills, a job of prefill.run. */
#include "control/engine/prefills.h"

#include "control/engine/submit.h"
#include "model/action_download.h"
#include "wire/field_json.h"

#define APPS_MAX 100

struct prefill_new {
	struct action_prefill what;
	const char *region_id;
};

struct prefill_view {
	const char *job_id;
};

static const struct field new_fields[] = {
	{ .name = "apps",
		.type = FIELD_LIST,
		.flags = FIELD_REQUIRED,
		FIELD_AT(struct prefill_new, what.apps),
		.item = FIELD_U32,
		.min = 1,
		.max = APPS_MAX,
		.doc = "The apps." },
	{ .name = "os",
		.type = FIELD_STR,
		FIELD_AT(struct prefill_new, what.os),
		.min = 1,
		.max = 16,
		.doc = "windows, linux or macos; absent: windows." },
	{ .name = "lang",
		.type = FIELD_STR,
		FIELD_AT(struct prefill_new, what.lang),
		.min = 1,
		.max = 32,
		.doc = "Absent: english." },
	{ .name = "force",
		.type = FIELD_BOOL,
		FIELD_AT(struct prefill_new, what.force),
		.doc = "Also what the agent has fetched so before and has not changed." },
	{ .name = "concurrency",
		.type = FIELD_U32,
		FIELD_AT(struct prefill_new, what.concurrency),
		.max = 128,
		.doc = "Requests at once; absent: 30, which are also the most." },
	{ .name = "maxBytes",
		.type = FIELD_ID64,
		FIELD_AT(struct prefill_new, what.max_bytes),
		.doc = "It ends well after so many bytes: to measure; absent: all." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct prefill_new, region_id),
		.min = 1,
		.max = 64,
		.doc = "Where the cache is; absent: any." },
	{ 0 },
};

static const struct field view_fields[] = {
	{ .name = "jobId",
		.type = FIELD_STR,
		FIELD_AT(struct prefill_view, job_id),
		.doc = "The job that does it." },
	{ 0 },
};

static enum rc create(struct call *c, void *ret_out)
{
	const struct prefill_new *in = c->in;
	struct prefill_view *out = ret_out;
	struct buf payload = { 0 };
	enum rc rc = RC_NOMEM;

	field_json_encode(action_prefill_run.payload, &in->what, &payload);
	const struct submit_job job = {
		.action = "prefill.run", .payload = buf_text(&payload), .region_id = in->region_id
	};
	if (!payload.bad)
		rc = submit_new(c, &job, &out->job_id);
	buf_done(&payload);
	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/v1/jobs/%s", out->job_id);
	return c->location ? RC_OK : RC_NOMEM;
}

const struct route prefills_routes[] = {
	{
		.name = "createPrefill",
		.method = "POST",
		.path = "/v1/prefills",
		.reach = REACH_TENANT,
		.scope = SCOPE_PREFILL_WRITE,
		.flags = ROUTE_WRITE | ROUTE_IDEMPOTENT,
		.status = 201,
		.in = new_fields,
		.in_size = sizeof(struct prefill_new),
		.out = view_fields,
		.out_size = sizeof(struct prefill_view),
		.run = create,
		.doc = "Fetches all of some apps on an agent and keeps nothing, so that a cache in its network has "
		       "it: a job of prefill.run.",
	},
	{ 0 },
};
