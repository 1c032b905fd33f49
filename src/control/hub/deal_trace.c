#include "base/metric.h"
#include "control/control.h"
#include "control/engine/dispatch.h"
#include "control/hub/deal.h"
#include "io/clock.h"
#include "wire/trace.h"

_Static_assert(DEAL_TRACE == TRACE_TEXT, "a traceparent fits");

void deal_trace(struct control *c, const struct dispatch_grant *g, char ret[static DEAL_TRACE])
{
	int64_t now = clock_wall_ms(), due = g->due_ms && g->due_ms < now ? g->due_ms : now;
	struct span s = { .kind = SPAN_PRODUCER, .begin_us = (uint64_t)due * 1000, .end_us = (uint64_t)now * 1000 };
	struct trace of_job = { 0 };
	uint8_t random[TRACE_RANDOM];

	clock_random(random, sizeof(random));
	bool has = g->traceparent && trace_read(g->traceparent, &of_job);
	trace_begin(c->tracer, has ? &of_job : NULL, random, &s.at, s.parent_id);
	trace_write(&s.at, ret);
	metric_seen(c->metrics, METRIC_TASK_QUEUE_WAIT, NULL, (double)(now - due) / 1e3);
	if (!tracer_wants(c->tracer, &s.at))
		return;
	span_name(&s, "queue %s", g->action);
	span_put(&s, "footplate.job_id", g->job_id, 0);
	span_put(&s, "footplate.task_id", g->task_id, 0);
	span_put(&s, "footplate.attempt", NULL, g->attempt);
	tracer_add(c->tracer, &s);
}
