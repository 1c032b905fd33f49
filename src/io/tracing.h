/*
 * tracing: keeps spans until they are sent to a collector by OTLP/HTTP, on a thread of its own. Whoever adds a span never waits:
 * what does not fit is dropped and counted (footplate_trace_spans_total).
 *
 * A batch goes out when TRACING_BATCH spans wait, or TRACING_DELAY_MS after the first. 429, 502, 503, 504 and no answer at all are
 * tried again, after Retry-After or with growing pauses, TRACING_TRIES times; then the batch is given up.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "wire/otlp.h"

#define TRACING_RING     4096
#define TRACING_BATCH    512
#define TRACING_DELAY_MS 1000
#define TRACING_TRIES    5
#define TRACING_FLUSH_MS 2000 /* what is still there at the end gets so long */

struct log;
struct metrics;
struct tracing;

struct tracing_conf {
	const char *endpoint; /* http(s)://HOST:PORT[/PATH], to which /v1/traces is added */
	const char *headers;  /* NAME=VALUE,NAME=VALUE, percent-encoded; NULL: none. Secret */
	const char *tls_ca;   /* PEM file beside the system's; NULL: none */
	enum otlp_form form;
	enum trace_sampler sampler;
	const char *ratio; /* 0.0 to 1.0, for the samplers that have one; NULL: 1 */
	uint32_t timeout_ms;
	struct otlp_resource resource; /* copied, as all texts */
	const struct log *log;         /* outlive it */
	struct metrics *metrics;       /* NULL: none */
};

/* RC_INVALID: a header, the ratio or the endpoint is not one. */
must_check enum rc tracing_new(const struct tracing_conf *conf, struct tracing **ret_tracing, struct fault *f);
struct tracer *tracing_tracer(struct tracing *t); /* NULL: NULL */
/* Sends what is there, for at most TRACING_FLUSH_MS, and ends the thread. No more spans may come. */
void tracing_free(struct tracing *t);
OWN_DEFINE(tracing)
