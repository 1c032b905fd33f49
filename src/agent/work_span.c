/* What a trace learns of a task on this agent: the attempt, and each of its effects. */
#include "agent/work.h"
#include "io/clock.h"
#include "io/failpoint.h"
#include "model/action.h"
#include "wire/trace.h"

#include <stdio.h>
#include <string.h>

static uint64_t wall_us(void) { return (uint64_t)clock_wall_ms() * 1000; }

static bool is_wanted(const struct work *w, struct trace *ret)
{
	return w->tracer && trace_read(w->traceparent, ret) && ret->sampled;
}

void work_span_begin(struct work *w, const char *traceparent)
{
	struct trace above = { 0 }, own;
	uint8_t random[TRACE_RANDOM];
	bool has = traceparent && trace_read(traceparent, &above);

	if (!w->tracer)
		return;
	clock_random(random, sizeof(random));
	trace_begin(w->tracer, has ? &above : NULL, random, &own, w->parent_id);
	trace_write(&own, w->traceparent);
	w->began_us = wall_us();
}

static void effect_over(struct work *w, const struct trace *task)
{
	struct span s = {
		.kind = SPAN_CLIENT, .begin_us = w->effect_us, .end_us = wall_us(), .failed = w->rc != RC_OK
	};
	uint8_t random[TRACE_RANDOM];

	if (!w->effect_us)
		return;
	w->effect_us = 0;
	clock_random(random, sizeof(random));
	trace_begin(w->tracer, task, random, &s.at, s.parent_id);
	span_name(&s, "effect %s", w->decl->name);
	span_put(&s, "footplate.effect", w->effect_name, 0);
	span_put(&s, "footplate.task_id", w->task.task_id, 0);
	tracer_add(w->tracer, &s);
}

void work_span_effect(struct work *w, const char *what)
{
	struct trace task;

	FAILPOINT("work.before_effect");
	if (!is_wanted(w, &task))
		return;
	effect_over(w, &task);
	w->effect_us = wall_us();
	snprintf(w->effect_name, sizeof(w->effect_name), "%s", what);
}

void work_span_end(struct work *w)
{
	struct span s = { .kind = SPAN_CONSUMER,
		.begin_us = w->began_us,
		.end_us = wall_us(),
		.failed = w->outcome.outcome == TUNNEL_MSG_FAILED || w->outcome.outcome == TUNNEL_MSG_UNKNOWN };

	if (!is_wanted(w, &s.at) || !w->decl)
		return;
	effect_over(w, &s.at);
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
