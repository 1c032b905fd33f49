/*
 * spans: what the control plane's trace learns of a task on this agent: the attempt, and each of its effects. See wire/trace.
 */
#pragma once

struct work;

/* Loop: the attempt has come with this traceparent (NULL: none); w->tracer is set. */
void spans_begin(struct work *w, const char *traceparent);
/* The worker: what is called an effect begins now, and ends with the next one or the run. `what` may go. */
void spans_effect(struct work *w, const char *what);
/* Loop: the attempt has its outcome. */
void spans_end(struct work *w);
