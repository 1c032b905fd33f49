/* events: the catalogue is whole, and the log forgets by age and by number, a piece at a time, but never its newest event. */
#include "control/events/event_types.h"
#include "control/events/events.h"
#include "tests/unit/control/desk.h"
#include "wire/json.h"

#include <jansson.h>

static const char *const types[] = {
#define EVENT(type, doc) type,
#include "control/events/types.def"
#undef EVENT
};
static const char *const members[][2] = {
#define MEMBER(of, name, type, flags, sub, doc) { of, name },
#include "control/events/payloads.def"
#undef MEMBER
};
#define N(list) (sizeof(list) / sizeof(*(list)))

static void catalogue(void)
{
	for (size_t i = 0; i < N(types); i++) {
		struct buf b = { 0 };
		auto_json json_t *schema = NULL;
		CHECK(event_types_schema(types[i], &b) == RC_OK);
		CHECK(json_read((const char *)b.p, b.n, &schema, NULL) == RC_OK);
		json_t *properties = json_object_get(schema, "properties");
		CHECK_STR(
			json_string_value(json_object_get(json_object_get(properties, "type"), "const")), types[i]);
		json_t *payload = json_object_get(json_object_get(properties, "payload"), "properties");
		for (size_t k = 0; k < N(members); k++)
			if (!strcmp(members[k][0], types[i]))
				CHECK(json_object_get(payload, members[k][1]));
		buf_done(&b);
	}
	for (size_t k = 0; k < N(members); k++) {
		CHECK(event_types_fits(members[k][0]) && !strchr(members[k][0], '*'));
		CHECK(k == 0 || strcmp(members[k - 1][0], members[k][0]) <= 0);
	}
}

static void patterns(void)
{
	CHECK(event_types_fits("*") && event_types_fits("task.*") && event_types_fits("job.created"));
	CHECK(!event_types_fits("task") && !event_types_fits("*.created") && !event_types_fits("tusk.*") &&
		!event_types_fits(""));
	CHECK(event_types_match("task.*", "task.failed") && !event_types_match("task.*", "job.created"));
	CHECK(event_types_match("task.failed", "task.failed") && !event_types_match("task.fail", "task.failed"));
}

static void add(struct desk *d, int n)
{
	struct tx *tx = desk_begin(d);
	for (int i = 0; i < n; i++)
		CHECK(events_add(tx, &(struct event){ .type = "region.created", .region_id = "rgn_1" }) == RC_OK);
	desk_commit(d);
}

static bool sweep(struct desk *d)
{
	bool more = false;
	CHECK(events_sweep(desk_begin(d), &more) == RC_OK);
	desk_commit(d);
	return more;
}

static int64_t oldest(struct desk *d)
{
	return desk_number(d, DESK_QUERY("SELECT MIN(pos) FROM events"), NULL, NULL);
}
static int64_t newest(struct desk *d)
{
	return desk_number(d, DESK_QUERY("SELECT MAX(pos) FROM events"), NULL, NULL);
}

static void forgets(void)
{
	struct desk d;

	desk_open(&d);
	d.conf.event_keep = 100;
	CHECK(!sweep(&d)); /* an empty log */
	add(&d, 300);
	CHECK(!sweep(&d) && oldest(&d) == 201 && newest(&d) == 300);
	d.conf.event_keep_ms = 1000;
	d.tx.now_ms += 600;
	add(&d, 50);
	CHECK(!sweep(&d) && oldest(&d) == 251);
	d.tx.now_ms += 401; /* those before are older than a second now, those of later are not */
	CHECK(!sweep(&d) && oldest(&d) == 301 && newest(&d) == 350);
	d.tx.now_ms += 10000;
	CHECK(!sweep(&d) && oldest(&d) == 350 && newest(&d) == 350); /* the newest stays */
	add(&d, EVENTS_SWEEP_MAX + 500);
	CHECK(sweep(&d) && oldest(&d) == 350 + EVENTS_SWEEP_MAX);
	CHECK(!sweep(&d) && newest(&d) - oldest(&d) == 99);
	desk_close(&d);
}

int main(void)
{
	catalogue();
	patterns();
	forgets();
	return 0;
}
