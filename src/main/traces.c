#include "main/traces.h"
#include "base/hush.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/tracing.h"

#include <stdio.h>
#include <string.h>

#define HEADERS_FILE_MAX 8192

/* A file with a newline at its end, as editors make them. */
static enum rc read_headers(const struct conf *c, struct buf *ret, struct fault *f)
{
	if (!c->trace.headers_file)
		return RC_OK;
	enum rc rc = file_read_secret(c->trace.headers_file, HEADERS_FILE_MAX, ret, f);
	while (rc == RC_OK && ret->n && strchr("\r\n", ret->p[ret->n - 1]))
		ret->n--;
	return rc;
}

enum rc traces_start(const struct conf *c, const struct log *log, struct metrics *m, struct tracing **ret_tracing,
	struct fault *f)
{
	struct buf headers = { 0 };
	uint8_t random[8];
	char instance[17];

	if (!c->trace.endpoint || !*c->trace.endpoint)
		return RC_OK;
	clock_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(instance + i * 2, 3, "%02x", random[i]);
	enum rc rc = read_headers(c, &headers, f);
	const struct tracing_conf how = { .endpoint = c->trace.endpoint,
		.headers = headers.n ? buf_text(&headers) : c->trace.headers,
		.tls_ca = c->trace.ca_file,
		.form = (enum otlp_form)c->trace.protocol,
		.sampler = (enum trace_sampler)c->trace.sampler,
		.ratio = c->trace.sampler_arg,
		.timeout_ms = c->trace.timeout_ms,
		.resource = { c->trace.service_name, FOOTPLATE_VERSION, instance },
		.log = log,
		.metrics = m };
	if (rc == RC_OK)
		rc = tracing_new(&how, ret_tracing, f);
	if (headers.p)
		hush_wipe(headers.p, headers.room);
	buf_done(&headers);
	return rc;
}

struct tracer *traces_tracer(struct tracing *t) { return tracing_tracer(t); }
void traces_stop(struct tracing *t) { tracing_free(t); }
