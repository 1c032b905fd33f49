#include "control/http/serve.h"
#include "base/log.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/events/feed.h"
#include "control/http/match.h"
#include "control/http/perform.h"
#include "control/http/twins.h"
#include "control/http/waits.h"
#include "control/hub/hub.h"
#include "io/clock.h"

#include <stdio.h>
#include <strings.h>

#define HEADERS_MAX (30 + EXCHANGE_SAFETY_MAX)

static void count(const struct exchange *x, const char *method)
{
	char labels[METRIC_LABELS_MAX];
	struct metrics *m = x->control->metrics;

	snprintf(labels, sizeof(labels), "%s\n%s\n%d", method, x->route ? x->route->path : "_none", x->status);
	metric_add(m, METRIC_HTTP_REQUESTS, labels, 1);
	metric_add(m, METRIC_DOWNLOAD_HTTP, labels, 1); /* under the name that others' dashboards have */
	metric_seen(m, METRIC_HTTP_SECONDS, NULL, (double)(clock_mono_us() - x->began_us) / 1e6);
	metric_set(m, METRIC_HTTP_INFLIGHT, NULL, atomic_fetch_sub(&x->control->inflight, 1) - 1);
	exchange_span(x, method);
}

static void add(struct web_header *h, size_t *n, const char *name, const char *value)
{
	if (value && *value && *n < HEADERS_MAX - 1)
		h[(*n)++] = (struct web_header){ name, value };
}

static const char *type_of(const struct exchange *x)
{
	if (x->status >= 400 && x->rc != RC_OK)
		return "application/problem+json";
	return x->route && (x->route->flags & ROUTE_RAW) ? (x->out_type ? x->out_type : x->route->out_type)
							 : "application/json";
}

static bool not_modified(const struct exchange *x)
{
	return x->status == 200 && *x->etag && x->if_none_match && !strcmp(x->if_none_match, x->etag);
}

/* The next page of the same list: the same path and query, but for the cursor. */
static void put_link(const struct web_view *v, const char *cursor, char *to, size_t n)
{
	size_t used = (size_t)snprintf(to, n, "<%s?", v->path);

	for (const char *q = v->query; *q && used < n;) {
		size_t k = strcspn(q, "&");
		if (strncmp(q, "cursor=", 7) != 0)
			used += (size_t)snprintf(to + used, n - used, "%.*s&", (int)k, q);
		q += k + (q[k] == '&');
	}
	if (used < n)
		used += (size_t)snprintf(to + used, n - used, "cursor=%s>; rel=\"next\"", cursor);
	if (used >= n)
		*to = 0; /* too long for a header: the body has the cursor, too */
}

/* Answers, counts and frees. `allow` is for a 405. */
static void answer_with(struct exchange *x, const char *allow)
{
	struct web_header h[HEADERS_MAX] = { 0 };
	char retry[24] = "";
	char link[1024] = "";
	const struct web_view *v = web_view(x->request);
	size_t n = 0;

	if (not_modified(x)) {
		x->status = 304;
		x->body.n = 0;
	}
	if (x->status == 429 || x->status == 503 || x->rc == RC_KEY_BUSY)
		snprintf(retry, sizeof(retry), "%lld", x->retry_s > 0 ? (long long)x->retry_s : 1);
	if (*x->next)
		put_link(v, x->next, link, sizeof(link));
	add(h, &n, "content-type", x->body.n ? type_of(x) : NULL);
	add(h, &n, "cache-control", x->file ? "private, no-cache" : "no-store");
	answer_file_headers(x, h, &n);
	exchange_safety(x, h, &n);
	add(h, &n, "x-request-id", x->id);
	add(h, &n, "traceparent", x->traceparent);
	add(h, &n, "etag", x->etag);
	add(h, &n, "location", x->location);
	for (size_t i = 0; i < ROUTE_COOKIES_MAX; i++)
		add(h, &n, "set-cookie", x->set_cookie[i]);
	add(h, &n, "link", link);
	add(h, &n, "allow", allow);
	add(h, &n, "idempotency-replayed", x->replayed ? "true" : NULL);
	add(h, &n, "www-authenticate", x->status == 401 ? "Bearer" : NULL);
	add(h, &n, "ratelimit-policy", admit_policies(x));
	add(h, &n, "ratelimit", admit_left(x));
	add(h, &n, "retry-after", retry);
	if (x->status >= 500)
		log_warn(x->control->log, "answered status=%d request=%s method=%s path=%s", x->status, x->id,
			v->method, v->path);
	else
		log_debug(x->control->log, "answered status=%d request=%s trace=%s method=%s path=%s", x->status,
			x->id, x->trace_id, v->method, v->path);
	count(x, v->method);
	if (!answer_file_send(x, h))
		web_reply(x->request, x->status, h, x->body.p, !strcmp(v->method, "HEAD") ? 0 : x->body.n);
	exchange_free(x);
}

static void answer(struct exchange *x)
{
	if (x->again && x->status == 200)
		x->status = x->first_status;
	answer_with(x, NULL);
}

static void refuse(struct exchange *x, enum rc rc, const char *detail, const char *allow)
{
	perform_problem(x, rc, detail, NULL);
	answer_with(x, allow);
}

/* The work is done, the answer is ready: a stream begins, a wait goes on, or it is sent. */
static void finish(struct exchange *x)
{
	if (x->rc == RC_MORE && admit_waits(x)) {
		admit_park(x);
		return;
	}
	if (noted_first(x, finish))
		return;
	twins_leave(x->control->twins, x);
	if (x->rc == RC_OK && x->wish) {
		x->status = 200;
		count(x, "GET");
		x->wish->asked_ms = x->began_us / 1000;
		x->wish->hold = take(x->pass);
		feed_open(x->control->feed, x->request, take(x->wish));
		exchange_free(x);
		return;
	}
	if (x->replayed && x->wait_ms &&
		!x->again) /* the stored answer is old: the job is read before it is waited for */
		x->woken = true;
	bool watched = !list_empty(&x->waiting);
	if (x->rc != RC_OK || x->job_over || !x->wait_ms) {
		waits_forget(x);
		answer(x);
		return;
	}
	if (!watched && !waits_watch(x->control->waits, x)) {
		answer(x);
		return;
	}
	waits_park(x->control->waits, x);
}

static void on_written(struct write *w)
{
	struct exchange *x = exchange_of_write(w);
	/* What was refused has its problem already; a commit that failed has not. */
	if (w->rc != RC_OK && x->rc == RC_OK) {
		x->replayed = false;
		perform_problem(x, w->rc, w->fault.text, NULL);
	}
	finish(x);
}

static void on_read(struct read *r) { finish(exchange_of_read(r)); }

static enum rc run_write(struct write *w, struct tx *tx) { return perform_request(exchange_of_write(w), tx); }
static void run_read(struct read *r, struct tx *tx)
{
	if (perform_request(exchange_of_read(r), tx) != RC_OK)
		return; /* the answer is the problem */
}

/* On the loop's own time: that it is answered proves that the loop turns, whatever the database does. */
static void run_here(struct exchange *x)
{
	struct arena arena = { 0 };
	struct fault f = { 0 };
	struct tx tx = { .control = x->control,
		.arena = &arena,
		.fault = &f,
		.now_ms = clock_wall_ms(),
		.actor = "",
		.peer = "" };

	enum rc rc = perform_request(x, &tx);
	(void)rc; /* the answer is the problem */
	arena_done(&arena);
	finish(x);
}

static enum rc push_write(struct exchange *x)
{
	x->write = (struct write){ .control = x->control, .run = run_write, .done = on_written };
	return writer_push(&x->write);
}

static void on_before(struct read *r)
{
	struct exchange *x = exchange_of_read(r);

	if (x->rc == RC_OK && push_write(x) == RC_OK)
		return;
	if (x->rc == RC_OK)
		perform_problem(x, RC_OVERLOADED, "too many requests wait; try again in a moment", NULL);
	finish(x);
}

static void run_before(struct read *r, struct tx *tx)
{
	struct exchange *x = exchange_of_read(r);

	if (web_gone(x->request))
		perform_problem(x, RC_CANCELED, "the client is gone", NULL);
	else if (atomic_load(&x->control->draining))
		perform_problem(x, RC_OVERLOADED, "this server is about to stop; ask another", NULL);
	else
		perform_before(x, tx);
}

static enum rc push(struct exchange *x)
{
	if (x->route->flags & ROUTE_LOOP) {
		run_here(x);
		return RC_OK;
	}
	if (x->route->before) {
		x->read = (struct read){ .control = x->control, .run = run_before, .done = on_before };
		return reader_push_slow(&x->read);
	}
	if (x->route->flags & ROUTE_WRITE)
		return push_write(x);
	x->read = (struct read){ .control = x->control, .run = run_read, .done = on_read };
	return x->route->flags & ROUTE_SLOW ? reader_push_slow(&x->read) : reader_push(&x->read);
}

/* Reads the job once more, for an answer that waited for its end. */
static void read_again(struct exchange *x)
{
	if (!x->again) {
		x->again = true;
		x->first_status = x->status;
		x->route = match_named(x->control->routes, "getJob");
		x->arg[0] = x->job_id;
	}
	x->body.n = 0;
	if (push(x) == RC_OK)
		return;
	waits_forget(x);
	refuse(x, RC_OVERLOADED, "too many requests wait", NULL);
}

/* The client's own id of the request, when it is one that a log line can show; else a new one. */
static void take_id(struct exchange *x)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *given = web_header(x->request, "x-request-id");
	uint8_t random[ID_RANDOM];

	if (given && *given && strlen(given) < sizeof(x->id) && strspn(given, letters) == strlen(given)) {
		snprintf(x->id, sizeof(x->id), "%s", given);
		return;
	}
	clock_random(random, sizeof(random));
	id_make(x->id, "req", clock_wall_ms(), random);
}

static uint32_t wait_of(const char *prefer)
{
	const char *at = prefer ? strstr(prefer, "wait=") : NULL;
	long s = at ? strtol(at + 5, NULL, 10) : 0;
	return s <= 0 ? 0 : (uint32_t)(s > WAITS_SECONDS_MAX ? WAITS_SECONDS_MAX : s) * 1000;
}

static struct exchange *new_exchange(struct control *c, struct web_request *r)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->control = c;
	x->request = r;
	x->body.wipes = true;
	x->began_us = clock_mono_us();
	x->began_wall_ms = clock_wall_ms();
	list_init(&x->waiting);
	gates_address(c, r, x->peer, sizeof(x->peer));
	list_init(&x->twin);
	take_id(x);
	exchange_trace(x);
	x->path = strdup(web_view(r)->path);
	x->authorization = web_header(r, "authorization");
	x->cookies = web_header(r, "cookie");
	x->idempotency_key = web_header(r, "idempotency-key");
	x->if_match = web_header(r, "if-match");
	x->if_none_match = web_header(r, "if-none-match");
	x->content_type = web_header(r, "content-type");
	x->last_event_id = web_header(r, "last-event-id");
	x->accept = web_header(r, "accept");
	x->user_agent = web_header(r, "user-agent");
	x->wait_ms = wait_of(web_header(r, "prefer"));
	metric_set(c->metrics, METRIC_HTTP_INFLIGHT, NULL, atomic_fetch_add(&c->inflight, 1) + 1);
	if (x->path)
		return x;
	exchange_free(x);
	return NULL;
}

/* A GET that waits watches its job before it reads it, so that no end is missed in between. */
static void watch_first(struct exchange *x)
{
	if (!x->wait_ms || (x->route->flags & (ROUTE_WAIT | ROUTE_WRITE)) != ROUTE_WAIT || !x->arg[0])
		return;
	snprintf(x->job_id, sizeof(x->job_id), "%s", x->arg[0]);
	if (!waits_watch(x->control->waits, x))
		x->wait_ms = 0;
}

static void begin(struct exchange *x)
{
	if (push(x) == RC_OK)
		return;
	twins_leave(x->control->twins, x);
	waits_forget(x);
	refuse(x, RC_OVERLOADED, "too many requests wait; try again in a moment", NULL);
}

/* The row of a limit was asked: the request is performed anew, and has its answer. */
static void admitted(struct exchange *x)
{
	x->rc = RC_OK;
	begin(x);
}

static void refuse_held(struct exchange *x)
{
	refuse(x, RC_KEY_BUSY,
		"the first request with this Idempotency-Key is still worked on; ask again in a moment", NULL);
}

static bool asks_for_stream(const struct exchange *x)
{
	const struct web_view *v = web_view(x->request);

	if (x->route->flags & ROUTE_SOCKET)
		return v->upgrade && feed_speaks(v->protocols);
	return (x->route->flags & ROUTE_COMPAT) || (x->accept && strstr(x->accept, "text/event-stream"));
}

void serve_request(void *ctx, struct web_request *r)
{
	struct control *c = ctx;
	const struct web_view *v = web_view(r);
	char allow[MATCH_ALLOW_MAX];

	if (v->upgrade && strcmp(v->path, FEED_SOCKET_PATH) != 0) {
		hub_accept(c->hub, r);
		return;
	}
	if (exchange_preflight(c, r))
		return;
	struct exchange *x = new_exchange(c, r);
	if (!x) {
		web_reply(r, 503, NULL, "", 0);
		return;
	}
	enum rc rc = match_route(c->routes, v->method, x->path, &x->route, x->arg, allow);
	if (rc != RC_OK) {
		refuse(x, rc,
			rc == RC_METHOD    ? "see Allow for the methods it has"
			: rc == RC_MISSING ? "there is no such path"
					   : "the path has a malformed %-escape",
			rc == RC_METHOD ? allow : NULL);
		return;
	}
	if (x->route->flags & ROUTE_COMPAT)
		exchange_api_key(x);
	if (!(x->route->flags & ROUTE_WAIT))
		x->wait_ms = 0;
	x->wait_until_ms = loop_now_ms(c->loop) + x->wait_ms;
	x->streams = (x->route->flags & ROUTE_STREAM) && asks_for_stream(x);
	if (atomic_load(&c->draining) && (x->route->flags & ROUTE_WRITE)) {
		refuse(x, RC_OVERLOADED, "this server is about to stop; ask another, or again in a moment", NULL);
		return;
	}
	watch_first(x);
	bool keyed = x->idempotency_key && (x->route->flags & (ROUTE_IDEMPOTENT | ROUTE_ACCEPTED));
	if (!keyed || twins_enter(c->twins, x))
		begin(x);
}

void serve_refused(void *ctx, const char *peer, int status, const char *why)
{
	struct control *c = ctx;
	char labels[64];

	snprintf(labels, sizeof(labels), "_\n_refused\n%d", status);
	metric_add(c->metrics, METRIC_HTTP_REQUESTS, labels, 1);
	log_debug(c->log, "refused a request peer=%s status=%d: %s", peer, status, why);
}

enum rc serve_start(struct control *c, struct fault *f)
{
	enum rc rc = exchange_settings(c, f);
	if (rc != RC_OK)
		return rc;
	rc = waits_new(c, read_again, answer, &c->waits);
	if (rc == RC_OK)
		rc = twins_new(c, begin, refuse_held, &c->twins);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for waiting requests");
	return gates_start(c, admitted, f);
}
