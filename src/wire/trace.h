/*
 * trace: the context of a trace as HTTP carries it (W3C Trace Context, `traceparent`), and spans: what took how long, and why.
 *
 * A `tracestate` is dropped: the recommendation allows it, and nothing here would read it. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_RANDOM   24 /* bytes of randomness that a new context takes */
#define TRACE_TEXT     56 /* of a traceparent, and NUL */
#define SPAN_ATTRS_MAX 6
#define SPAN_NAME_MAX  96
#define SPAN_VALUE_MAX 96

/* Where in which trace. Lower-case hexadecimal; all texts "" is no trace. */
struct trace {
	char trace_id[33], span_id[17];
	bool sampled; /* whoever made it keeps its spans: so do we */
};

/*
 * Reads a traceparent, strictly: version 00 is exactly 55 characters; a later one may go on after a '-'; ff, upper case, ids of
 * zeroes and anything else are not one. False: leaves *ret alone.
 */
bool trace_read(const char *text, struct trace *ret);
void trace_write(const struct trace *t, char ret[static TRACE_TEXT]); /* "" for no trace */

/* How whole traces are picked (OTEL_TRACES_SAMPLER). */
enum trace_sampler {
	TRACE_PARENT_ALWAYS, /* as the parent says; what has no parent is kept */
	TRACE_PARENT_NEVER,
	TRACE_PARENT_RATIO,
	TRACE_ALWAYS,
	TRACE_NEVER,
	TRACE_RATIO,
};
extern const char *const trace_sampler_words[]; /* as the variable spells them; ends in NULL */

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER }; /* as OTLP counts */

struct span_attr {
	const char *key; /* lives for ever */
	int64_t number;  /* when text is "" */
	char text[SPAN_VALUE_MAX];
};

struct span {
	struct trace at;
	char parent_id[17]; /* "": the first of its trace */
	enum span_kind kind;
	bool failed;
	char name[SPAN_NAME_MAX];
	uint64_t begin_us, end_us; /* since 1970 */
	struct span_attr attrs[SPAN_ATTRS_MAX];
	size_t attrs_n;
};

/* Begins a span's context: below `parent` (NULL, or no trace: a new one). *ret_parent_id may be NULL. */
struct tracer;
void trace_begin(const struct tracer *t, const struct trace *parent, const uint8_t random[static TRACE_RANDOM],
	struct trace *ret, char ret_parent_id[static 17]);

void span_name(struct span *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Past SPAN_ATTRS_MAX they are left out; texts are cut. `text` NULL: the number. */
void span_put(struct span *s, const char *key, const char *text, int64_t number);

/* Who keeps spans; NULL: nobody does. */
struct tracer {
	void (*add)(struct tracer *t, const struct span *s); /* copies; never waits; any thread */
	enum trace_sampler sampler;
	uint64_t share; /* of TRACE_SHARE_ALL, for the ratio */
};
#define TRACE_SHARE_ALL (UINT64_C(1) << 56)

static inline bool tracer_wants(const struct tracer *t, const struct trace *at) { return t && at->sampled; }
static inline void tracer_add(struct tracer *t, const struct span *s)
{
	if (tracer_wants(t, &s->at))
		t->add(t, s);
}
