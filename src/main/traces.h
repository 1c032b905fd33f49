/* traces: the exporter of spans, as the configuration wants it; see io/tracing. */
#pragma once

#include "main/conf.h"

struct log;
struct metrics;
struct tracer;
struct tracing;

/* *ret_tracing stays NULL when no collector is configured. */
must_check enum rc traces_start(const struct conf *c, const struct log *log, struct metrics *m,
	struct tracing **ret_tracing, struct fault *f);
struct tracer *traces_tracer(struct tracing *t); /* NULL: NULL */
void traces_stop(struct tracing *t);             /* sends what is there, see tracing_free */
