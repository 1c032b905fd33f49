#include "control/http/exchange.h"
#include "base/hush.h"
#include "control/access/audit.h"
#include "control/audit/later.h"
#include "control/control.h"
#include "control/http/perform.h"
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

void exchange_free(struct exchange *x)
{
	exchange_forget(x);
	later_free(x->later);
	arena_done(&x->before);
	buf_done(&x->body);
	free(x->wish);
	free(x->twin_key);
	free(x->path);
	free(x);
}

/* Known, and not allowed: a scope, a selector, another tenant's thing; or a key that was revoked or has expired. */
static bool is_refused(const struct exchange *x, const struct call *c)
{
	return c->who->id && *c->who->id &&
	       (x->rc == RC_DENIED || x->rc == RC_UNAUTHENTICATED || (x->rc == RC_MISSING && c->tx.foreign));
}

void exchange_note(struct exchange *x, const struct call *c, const char *why)
{
	bool reads = x->rc == RC_OK && (c->route->flags & ROUTE_AUDITED), refused = is_refused(x, c);
	char action[96];

	if (x->later || x->again || !(reads || refused))
		return;
	const char *query = web_view(x->request)->query;
	snprintf(action, sizeof(action), "api.%s", c->route->name);
	x->later = later_new(c, &(struct audit_new){ .action = action,
					.resource = c->arg[0],
					.words = reads           ? query
						 : c->tx.foreign ? "it is another tenant's"
								 : why,
					.outcome = reads ? NULL : "denied",
					.actor = c->who->actor,
					.tenant_id = c->who->tenant_id });
	if (reads && !x->later)
		x->rc = RC_NOMEM; /* what is not recorded is not shown */
}

static void on_noted(void *ctx, enum rc rc, const char *why)
{
	struct exchange *x = ctx;

	if (rc != RC_OK)
		perform_problem(x, rc, why, NULL);
	x->noted(x);
}

bool exchange_noted(struct exchange *x, void (*done)(struct exchange *x))
{
	if (!x->later)
		return false;
	if (x->rc != RC_OK) {
		later_refused(x->control, take(x->later));
		return false;
	}
	x->noted = done;
	if (later_push(x->control, x->later, &(struct later_on){ on_noted, x }) == RC_OK) {
		x->later = NULL;
		return true;
	}
	later_free(take(x->later));
	perform_problem(x, RC_OVERLOADED, "too many requests wait; try again in a moment", NULL);
	return false;
}
