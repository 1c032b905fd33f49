#include "agent/spans.h"
#include "agent/work.h"
#include "io/clock.h"
#include "model/action.h"

#include <stdio.h>
#include <string.h>

static uint64_t wall_us(void) { return (uint64_t)clock_wall_ms() * 1000; }

void spans_begin(struct work *w, const char *traceparent)
{
	struct trace above = { 0 };
	uint8_t random[TRACE_RANDOM];
	bool has = traceparent && trace_read(traceparent, &above);

	if (!w->tracer)
		return;
	clock_random(random, sizeof(random));
	trace_begin(w->tracer, has ? &above : NULL, random, &w->trace, w->parent_id);
	w->began_us = wall_us();
}

static void effect_over(struct work *w)
{
	struct span s = {
		.kind = SPAN_CLIENT, .begin_us = w->effect_us, .end_us = wall_us(), .failed = w->rc != RC_OK
	};
	uint8_t random[TRACE_RANDOM];

	if (!w->effect_us)
		return;
	w->effect_us = 0;
	clock_random(random, sizeof(random));
	trace_begin(w->tracer, &w->trace, random, &s.at, s.parent_id);
	span_name(&s, "effect %s", w->decl->name);
	span_put(&s, "footplate.effect", w->effect_name, 0);
	span_put(&s, "footplate.task_id", w->task.task_id, 0);
	tracer_add(w->tracer, &s);
}

void spans_effect(struct work *w, const char *what)
{
	if (!tracer_wants(w->tracer, &w->trace))
		return;
	effect_over(w);
	w->effect_us = wall_us();
	snprintf(w->effect_name, sizeof(w->effect_name), "%s", what);
}

void spans_end(struct work *w)
{
	struct span s = { .at = w->trace,
		.kind = SPAN_CONSUMER,
		.begin_us = w->began_us,
		.end_us = wall_us(),
		.failed = w->outcome.outcome == TUNNEL_MSG_FAILED || w->outcome.outcome == TUNNEL_MSG_UNKNOWN };

	effect_over(w);
	if (!tracer_wants(w->tracer, &w->trace) || !w->decl)
		return;
	memcpy(s.parent_id, w->parent_id, sizeof(s.parent_id));
	span_name(&s, "task %s", w->decl->name);
	span_put(&s, "footplate.task_id", w->task.task_id, 0);
	span_put(&s, "footplate.attempt", NULL, w->task.attempt);
	if (w->account_id)
		span_put(&s, "footplate.account_id", w->account_id, 0);
	span_put(&s, "footplate.outcome", tunnel_msg_outcome_words[w->outcome.outcome], 0);
	if (w->outcome.error.code)
		span_put(&s, "error.type", w->outcome.error.code, 0);
	tracer_add(w->tracer, &s);
}
