/* cloud_event: each member of an event finds its place in the envelope, and what is no event is refused. */
#include "control/events/cloud_event.h"
#include "tests/unit/check.h"
#include "wire/json.h"

#include <jansson.h>

static json_t *envelope(const char *event)
{
	struct buf b = { 0 };
	struct fault f = { 0 };
	json_t *whole = NULL;

	CHECK(cloud_event_put(&b, "e1", event, strlen(event), &f) == RC_OK);
	CHECK(!strncmp(buf_text(&b), CLOUD_EVENT_HEAD, strlen(CLOUD_EVENT_HEAD)));
	CHECK(json_read((const char *)b.p, b.n, &whole, &f) == RC_OK);
	buf_done(&b);
	return whole;
}

static const char *text(const json_t *e, const char *name)
{
	const char *s = json_string_value(json_object_get(e, name));
	return s ? s : "";
}

static void whole(void)
{
	json_t *e = envelope(
		"{\"id\":\"e1-7\",\"pos\":7,\"epoch\":\"e1\",\"type\":\"task.failed\",\"schema\":\"task.failed/"
		"1\",\"ts\":\"2026-11-22T07:00:00.000Z\",\"jobId\":\"job_1\",\"taskId\":\"tsk_1\",\"accountId\":"
		"\"acc_1\",\"regionId\":\"rgn_1\",\"actor\":\"agent:\\\"x\\\"\",\"traceId\":\"6e1f\",\"payload\":{"
		"\"attempt\":1,\"text\":\"\\u00fc\\\"\"}}");
	const char *const want[][2] = { { "specversion", "1.0" }, { "id", "e1-7" },
		{ "source", "urn:footplate:log:e1" }, { "type", "footplate.task.failed" }, { "subject", "tsk_1" },
		{ "time", "2026-11-22T07:00:00.000Z" }, { "dataschema", "urn:footplate:schema:task.failed/1" },
		{ "sequence", "0000000000000000007" }, { "jobid", "job_1" }, { "taskid", "tsk_1" },
		{ "accountid", "acc_1" }, { "regionid", "rgn_1" }, { "actor", "agent:\"x\"" },
		{ "traceid", "6e1f" }, { "datacontenttype", "application/json" } };

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		CHECK_STR(text(e, want[i][0]), want[i][1]);
	const json_t *data = json_object_get(e, "data");
	CHECK(json_integer_value(json_object_get(data, "attempt")) == 1);
	CHECK_STR(text(data, "text"), "\xc3\xbc\"");
	CHECK(json_object_size(e) == sizeof(want) / sizeof(*want) + 1);
	json_decref(e);
}

/* Without a payload, and as a gap is told to a webhook. */
static void parts(void)
{
	json_t *e = envelope(
		"{\"id\":\"e1-9\",\"pos\":9,\"type\":\"region.created\",\"resource\":\"rgn_2\",\"thin\":true}");
	CHECK(json_is_true(json_object_get(e, "thin")) && !json_object_get(e, "data"));
	CHECK_STR(text(e, "subject"), "rgn_2");
	json_decref(e);
	e = envelope("{\"id\":\"e1-4\",\"type\":\"stream.gap\",\"from\":1,\"to\":4}");
	CHECK_STR(text(e, "type"), "footplate.stream.gap");
	CHECK(json_integer_value(json_object_get(json_object_get(e, "data"), "to")) == 4);
	json_decref(e);
}

static void refused(void)
{
	static const char *const bad[] = { "", "[]", "{\"id\":\"e1-1\"}", "{\"type\":\"job.created\"}",
		"{\"id\":1,\"type\":2}" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct buf b = { 0 };
		struct fault f = { 0 };
		CHECK(cloud_event_put(&b, "e1", bad[i], strlen(bad[i]), &f) == RC_MALFORMED);
		CHECK(*f.text && b.n == 0);
		buf_done(&b);
	}
}

int main(void)
{
	whole();
	parts();
	refused();
	return 0;
}
