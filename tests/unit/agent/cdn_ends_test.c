/* What ends a run of chunks: who asked for them, silence, and promises that nobody can keep. */
#include "tests/unit/agent/cdn_rig.h"

static void stops(void)
{
	struct keep k = { .stop_at = 5 };

	faults(NULL);
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put, .stop = stop }).rc == RC_CANCELED);
	k = (struct keep){ .fail_at = 7 };
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put, .stop = stop }).rc == RC_IO);
}

static bool at_once(void *ctx)
{
	(void)ctx;
	return true;
}

/* While nothing comes at all. */
static void stops_while_silent(void)
{
	struct keep k = { 0 };

	FAULTS("cdn_chunk@*:drop");
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put, .stop = at_once }).rc == RC_CANCELED);
}

static void stalls(void)
{
	struct keep k = { 0 };

	FAULTS("cdn_chunk@*:http=503");
	struct got g = fetch_how(&k, (struct cdn_run){ .put = put, .stall_ms = 300 });
	CHECK(g.rc == RC_TIMEOUT && !strcmp(task.code, "stalled"));
}

/* What a manifest may promise that no server has: never more memory than there is for it. */
static void hostile_promises(void)
{
	struct keep k = { 0 };

	faults(NULL);
	struct cdn_want big = wants[0];
	big.packed = UINT32_MAX;
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put, .want = &big, .n = 1 }).rc == RC_TOO_LARGE &&
		!strcmp(task.code, "integrity"));
	big = wants[0];
	big.size = UINT32_MAX;
	CHECK(fetch_how(&k, (struct cdn_run){ .put = put, .want = &big, .n = 1 }).rc == RC_TOO_LARGE);
	big = wants[0];
	big.packed /= 2; /* more comes than was promised: no byte past it is kept */
	struct got g = fetch_how(&k, (struct cdn_run){ .put = put, .want = &big, .n = 1, .stall_ms = 300 });
	CHECK(g.rc == RC_TIMEOUT && k.n == 0);
}

int main(void)
{
	rig_start();
	stops();
	stops_while_silent();
	stalls();
	hostile_promises();
	rig_end();
	return 0;
}
