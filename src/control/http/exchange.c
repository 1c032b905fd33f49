#include "control/http/exchange.h"
#include "base/hush.h"
#include "control/audit/later.h"
#include "control/control.h"
#include "control/http/safety.h"
#include "io/clock.h"
#include "wire/trace.h"

#include <stdio.h>

_Static_assert(EXCHANGE_TRACE == TRACE_TEXT, "a traceparent fits");

void exchange_trace(struct exchange *x)
{
	const char *given = web_header(x->request, "traceparent");
	struct trace above = { 0 }, own;
	uint8_t random[TRACE_RANDOM];
	bool has = given && trace_read(given, &above);

	clock_random(random, sizeof(random));
	trace_begin(x->control->tracer, has ? &above : NULL, random, &own, x->parent_id);
	trace_write(&own, x->traceparent);
	memcpy(x->trace_id, own.trace_id, sizeof(x->trace_id));
}

/* The names are OpenTelemetry's semantic conventions for HTTP. */
void exchange_span(const struct exchange *x, const char *method)
{
	const char *path = x->route ? x->route->path : "";
	uint64_t began = (uint64_t)x->began_wall_ms * 1000;
	struct span s = { .kind = SPAN_SERVER,
		.failed = x->status >= 500,
		.begin_us = began,
		.end_us = began + clock_mono_us() - x->began_us };

	if (!trace_read(x->traceparent, &s.at) || !tracer_wants(x->control->tracer, &s.at))
		return;
	memcpy(s.parent_id, x->parent_id, sizeof(s.parent_id));
	span_name(&s, "%s%s%s", method, *path ? " " : "", path);
	span_put(&s, "http.request.method", method, 0);
	if (*path)
		span_put(&s, "http.route", path, 0);
	span_put(&s, "http.response.status_code", NULL, x->status);
	span_put(&s, "footplate.request_id", x->id, 0);
	if (*x->job_id)
		span_put(&s, "footplate.job_id", x->job_id, 0);
	tracer_add(x->control->tracer, &s);
}

static bool copy(char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return *to || !text;
}

bool exchange_answer(struct exchange *x, const char *location, const char *const set_cookie[ROUTE_COOKIES_MAX])
{
	exchange_forget(x);
	bool ok = copy(&x->location, location);
	for (size_t i = 0; i < ROUTE_COOKIES_MAX; i++)
		ok &= copy(&x->set_cookie[i], set_cookie[i]);
	return ok;
}

void exchange_forget(struct exchange *x)
{
	free(take(x->location));
	for (size_t i = 0; i < ROUTE_COOKIES_MAX; i++) {
		char *cookie = take(x->set_cookie[i]);
		if (cookie)
			hush_wipe(cookie, strlen(cookie));
		free(cookie);
	}
}

void exchange_api_key(struct exchange *x)
{
	const char *key = web_header(x->request, "x-api-key");

	if (!key || x->authorization)
		return;
	x->authorization = "-"; /* without memory: it is no good, and not nobody's */
	if (asprintf(&x->bearer, "Bearer %s", key) >= 0)
		x->authorization = x->bearer;
	else
		x->bearer = NULL;
}

void exchange_free(struct exchange *x)
{
	if (x->bearer)
		hush_wipe(x->bearer, strlen(x->bearer));
	free(x->bearer);
	admit_drop(x);
	exchange_forget(x);
	later_free(x->later);
	answer_file_free(x->file);
	arena_done(&x->before);
	buf_done(&x->body);
	free(x->wish);
	free(x->twin_key);
	free(x->path);
	free(x);
}

_Static_assert(EXCHANGE_SAFETY_MAX == SAFETY_HEADERS_MAX, "room for them all");

void exchange_safety(const struct exchange *x, struct web_header *to, size_t *n)
{
	safety_headers(x->control, x->request, to, n);
}

bool exchange_preflight(const struct control *c, struct web_request *r) { return safety_preflight(c, r); }
enum rc exchange_settings(const struct control *c, struct fault *f)
{
	return safety_check(c->conf->cors_origins, f);
}
