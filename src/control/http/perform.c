#include "control/http/perform.h"
#include "base/log.h"
#include "control/access/door.h"
#include "control/http/idempotency.h"
#include "control/http/problem.h"
#include "control/http/query.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

void perform_problem(struct exchange *x, enum rc rc, const char *detail, const struct field_reader *r)
{
	x->rc = rc;
	x->status = rc_http(rc);
	x->body.n = 0;
	x->etag[0] = x->next[0] = 0;
	exchange_forget(x);
	problem_write(&x->body, rc, detail, r, x->id, x->violated ? x->violated : admit_violated(x));
}

static void asked(const struct exchange *x, const char *peer, struct door_ask *ret)
{
	*ret = (struct door_ask){ .method = x->route->method,
		.authorization = x->authorization,
		.peer = peer,
		.cookies = x->cookies,
		.csrf = web_header(x->request, "x-csrf-token"),
		.origin = web_header(x->request, "origin"),
		.fetch_site = web_header(x->request, "sec-fetch-site"),
		.host = web_header(x->request, "host"),
		.tls = web_view(x->request)->tls,
		.socket = web_view(x->request)->upgrade };
}

static enum rc authenticate(struct exchange *x, struct tx *tx, struct principal *who)
{
	who->id = "";
	if (x->route->reach == REACH_OPEN)
		return RC_OK;
	struct door_ask ask;
	asked(x, tx->peer, &ask);
	enum rc rc = door_enter(tx, &ask, who);
	if (rc == RC_UNAUTHENTICATED)
		return admit_failure(x, tx);
	if (rc != RC_OK)
		return rc;
	tx->actor = who->actor;
	tx->tenant_id = who->tenant_id;
	tx->session_id = who->session_id;
	return RC_OK;
}

static bool is_json(const struct exchange *x)
{
	const char *t = x->content_type;
	const char *want = !strcmp(x->route->method, "PATCH") ? "application/merge-patch+json" : "application/json";
	size_t n = t ? strcspn(t, "; ") : 0;

	return t && ((n == strlen(want) && !strncasecmp(t, want, n)) ||
			    (n == 16 && !strncasecmp(t, "application/json", n)));
}

static bool is_form(const struct exchange *x)
{
	static const char form[] = "application/x-www-form-urlencoded";

	return x->content_type && !strncasecmp(x->content_type, form, sizeof(form) - 1) &&
	       strchr("; ", x->content_type[sizeof(form) - 1]); /* or its end */
}

static enum rc take_form(struct exchange *x, struct call *c)
{
	const struct web_view *v = web_view(x->request);
	void *in = arena_take(c->tx.arena, x->route->in_size);

	if (!is_form(x))
		return fault_set(c->tx.fault, RC_MEDIA, "send the body as application/x-www-form-urlencoded");
	if (strlen(v->body) != v->body_n)
		return fault_set(c->tx.fault, RC_MALFORMED, "the form has a NUL");
	c->in = in;
	return in ? query_decode(x->route->in, v->body, c->reader, in, c->tx.fault) : RC_NOMEM;
}

static bool is_text(const struct exchange *x)
{
	return x->content_type && !strncasecmp(x->content_type, "text/plain", 10) &&
	       strchr("; ", x->content_type[10]); /* or its end */
}

/* The body as it is; as one JSON text it stands for itself in the fingerprint of the request. */
static enum rc take_text(struct exchange *x, struct call *c, struct json_t **ret_json)
{
	const struct web_view *v = web_view(x->request);

	*ret_json = json_stringn((const char *)v->body, v->body_n);
	if (!*ret_json)
		return fault_set(c->tx.fault, RC_INVALID, "the text is not UTF-8");
	c->text = (const char *)v->body;
	c->text_n = v->body_n;
	return RC_OK;
}

/* Clients of others send {} where there is nothing to say. */
static bool is_empty(const struct exchange *x, const struct web_view *v)
{
	return (x->route->flags & ROUTE_COMPAT) && v->body_n == 2 && !memcmp(v->body, "{}", 2);
}

/* The body as JSON, and decoded into c->in; a merge patch starts from zeroes, and c->given tells what it had. */
static enum rc take_body(struct exchange *x, struct call *c, struct json_t **ret_json)
{
	const struct web_view *v = web_view(x->request);
	auto_json struct json_t *body = NULL;

	if (x->route->flags & ROUTE_BYTES) {
		c->text = v->body;
		c->text_n = v->body_n;
		return RC_OK;
	}
	if (!x->route->in) {
		if (v->body_n == 0 || x->again || is_empty(x, v))
			return RC_OK;
		return fault_set(c->tx.fault, RC_INVALID, "this operation takes no body");
	}
	if ((x->route->flags & ROUTE_MAYBE) && v->body_n == 0)
		return RC_OK;
	if (x->route->flags & ROUTE_FORM)
		return take_form(x, c);
	if ((x->route->flags & ROUTE_TEXT) && is_text(x))
		return take_text(x, c, ret_json);
	if (!is_json(x))
		return fault_set(c->tx.fault, RC_MEDIA, "send the body as application/json%s",
			!strcmp(x->route->method, "PATCH") ? " or application/merge-patch+json" : "");
	void *in = arena_take(c->tx.arena, x->route->in_size);
	enum rc rc = in ? json_read(v->body, v->body_n, &body, c->tx.fault) : RC_NOMEM;
	if (rc != RC_OK)
		return rc;
	c->in = in;
	c->reader->lenient = false;
	c->reader->partial = !strcmp(x->route->method, "PATCH");
	rc = field_json_decode(x->route->in, body, c->reader, in, c->tx.fault);
	c->given = c->reader->given;
	*ret_json = take(body);
	return rc;
}

static enum rc decode(struct exchange *x, struct call *c, struct json_t **ret_json)
{
	const struct route *r = x->route;
	void *query = r->query ? arena_take(c->tx.arena, r->query_size) : NULL;

	if (r->query && !query)
		return RC_NOMEM;
	c->query = query;
	c->reader->lenient = r->flags & ROUTE_LENIENT;
	enum rc rc =
		query_decode(r->query, x->again ? "" : web_view(x->request)->query, c->reader, query, c->tx.fault);
	if (rc == RC_OK)
		rc = take_body(x, c, ret_json);
	if (rc == RC_OK && (r->flags & ROUTE_MATCH) && !x->if_match)
		return fault_set(c->tx.fault, RC_NEED_MATCH,
			"send If-Match with the ETag you read, or * to change it whatever it is");
	return rc;
}

static void encode_page(const struct exchange *x, const struct page *page, struct buf *to)
{
	const struct field one[] = { { .name = "items",
					     .type = FIELD_LIST,
					     .item = FIELD_OBJ,
					     .sub = x->route->out,
					     .sub_size = x->route->out_size,
					     FIELD_AT(struct page, items) },
		{ .name = "nextCursor", .type = FIELD_STR, FIELD_AT(struct page, next) }, { 0 } };
	field_json_encode(one, page, to);
}

/* The items alone: more of them are told of by the header Link. */
static void encode_array(const struct exchange *x, const struct page *page, struct buf *to)
{
	const char *at = page->items.at;

	buf_u8(to, '[');
	for (size_t i = 0; i < page->items.n; i++) {
		buf_str(to, i ? "," : "");
		field_json_encode(x->route->out, at + i * x->route->out_size, to);
	}
	buf_u8(to, ']');
}

static enum rc run(struct exchange *x, struct call *c)
{
	const struct route *r = x->route;
	bool list = r->flags & ROUTE_LIST;
	size_t size = list ? sizeof(struct page) : r->out_size;
	void *out = size ? arena_take(c->tx.arena, size) : NULL;

	if (size && !out)
		return RC_NOMEM;
	c->body = &x->body;
	enum rc rc = route_run(c, out);
	if (rc != RC_OK || c->refuse != RC_OK)
		return rc;
	if (list && (r->flags & ROUTE_COMPAT))
		encode_array(x, out, &x->body);
	else if (list)
		encode_page(x, out, &x->body);
	else if (r->out)
		field_json_encode(r->out, out, &x->body);
	x->status = c->status ? c->status : r->status ? r->status : 200;
	route_run_shown(c, x->status, &x->body);
	if (c->version)
		snprintf(x->etag, sizeof(x->etag), "\"%" PRId64 "\"", c->version);
	if (!exchange_answer(x, c->location, c->set_cookie))
		return RC_NOMEM;
	if (list && ((struct page *)out)->next)
		snprintf(x->next, sizeof(x->next), "%s", ((struct page *)out)->next);
	x->out_type = c->out_type;
	/* A request that waits is read again while the loop looks at whose end it waits for. */
	if (c->job_id && strcmp(x->job_id, c->job_id) != 0)
		snprintf(x->job_id, sizeof(x->job_id), "%s", c->job_id);
	x->job_over = c->job_over;
	x->wish = take(c->wish);
	return x->body.bad ? RC_NOMEM : RC_OK;
}

static enum rc replay(struct exchange *x, const struct idempotency_answer *a)
{
	static const char *const none[ROUTE_COOKIES_MAX];

	x->status = a->status;
	x->replayed = true;
	buf_str(&x->body, a->body);
	if (!exchange_answer(x, a->location, none))
		return RC_NOMEM;
	if (a->location && (x->route->flags & ROUTE_WAIT))
		snprintf(x->job_id, sizeof(x->job_id), "%s", strrchr(a->location, '/') + 1);
	return RC_OK;
}

/* Runs once for each Idempotency-Key. What went wrong for good is not kept: nothing was done, so the key is free again. */
static enum rc run_once(struct exchange *x, struct call *c, const struct json_t *body)
{
	struct idempotency i = { 0 };
	struct idempotency_answer a = { 0 };

	enum rc rc = idempotency_key(x->idempotency_key, c->tx.arena, &i.key, c->tx.fault);
	if (rc == RC_OK)
		rc = idempotency_fingerprint(c->tx.control, body, i.fingerprint);
	if (rc == RC_OK)
		rc = idempotency_find(c, &i, &a);
	if (rc == RC_OK)
		return replay(x, &a);
	if (rc != RC_MISSING)
		return rc;
	rc = run(x, c);
	if (rc != RC_OK || c->refuse != RC_OK)
		return rc;
	a = (struct idempotency_answer){ x->status, x->location, buf_text(&x->body) };
	return idempotency_keep(c, &i, &a);
}

/* Who may, and with what: the way to `run`, and to `before`. */
static enum rc prepare(struct exchange *x, struct call *c, struct principal *who, struct json_t **ret_json)
{
	enum rc rc = authenticate(x, &c->tx, who);
	if (rc == RC_OK && who->kind != PRINCIPAL_NOBODY)
		rc = admit_request(x, &c->tx, who);
	if (rc == RC_OK && !x->again)
		rc = decide_route(c);
	if (rc == RC_OK && (x->route->flags & ROUTE_IDEMPOTENT) && !x->idempotency_key)
		rc = fault_set(c->tx.fault, RC_KEY_MISSING,
			"send an Idempotency-Key header: a new random value for each new request, the same for a "
			"repeat");
	return rc == RC_OK ? decode(x, c, ret_json) : rc;
}

static enum rc perform(struct exchange *x, struct call *c, struct principal *who)
{
	auto_json struct json_t *body = NULL;

	enum rc rc = prepare(x, c, who, &body);
	if (rc != RC_OK)
		return rc;
	bool keyed = !x->again && (x->route->flags & (ROUTE_IDEMPOTENT | ROUTE_ACCEPTED)) && x->idempotency_key;
	return keyed ? run_once(x, c, body) : run(x, c);
}

static struct call call_of(const struct exchange *x, const struct tx *tx, struct principal *who)
{
	struct call c = { .tx = *tx,
		.route = x->route,
		.request = x->request,
		.who = who,
		.if_match = x->if_match,
		.cookies = x->cookies,
		.query_text = x->again ? "" : web_view(x->request)->query,
		.user_agent = web_header(x->request, "user-agent"),
		.found = x->found,
		.streams = x->streams,
		.last_event_id = x->last_event_id,
		.accept = x->accept };

	struct door_ask ask;
	memcpy(c.arg, x->arg, sizeof(c.arg));
	c.tx.peer = x->peer;
	c.tx.trace_id = x->trace_id;
	c.tx.request_id = x->id;
	c.tx.user_agent = x->user_agent;
	c.tx.traceparent = x->traceparent;
	asked(x, c.tx.peer, &ask);
	c.ours = door_is_ours(&ask);
	return c;
}

static void tell_log(const struct exchange *x, const struct tx *tx, const struct fault *f)
{
	if (x->rc == RC_INTERNAL || x->rc == RC_IO)
		log_error(
			tx->control->log, "request failed request=%s route=%s: %s", x->id, x->route->name, f->text);
}

static void note(struct exchange *x, const struct call *c, const char *why)
{
	if (!x->again && route_run_note(c, x->rc, web_view(x->request)->query, why, &x->later) != RC_OK)
		x->rc = RC_NOMEM; /* what is not recorded is not shown */
}

enum rc perform_request(struct exchange *x, struct tx *tx)
{
	struct principal who = { 0 };
	struct field_reader reader = { .arena = tx->arena };
	struct fault f = { 0 };
	struct call c = call_of(x, tx, &who);

	c.reader = &reader;
	c.tx.fault = &f;
	enum rc rc = perform(x, &c, &who);
	x->rc = rc == RC_OK ? c.refuse : rc;
	answer_file_free(x->file);
	x->file = take(c.file);
	x->violated = x->rc == RC_QUOTA ? c.tx.violated : NULL;
	note(x, &c, f.text);
	if (x->rc != RC_OK && x->rc != RC_MORE)
		perform_problem(x, x->rc, f.text, &reader);
	x->violated = NULL; /* it goes with the transaction */
	tx->appended = c.tx.appended;
	if (c.tx.ring)
		tx_ring(tx, c.tx.ring_in);
	tx->cancels = c.tx.cancels;
	tx->bots = c.tx.bots;
	tell_log(x, tx, &f);
	return rc;
}

void perform_before(struct exchange *x, struct tx *tx)
{
	struct principal who = { 0 };
	struct field_reader reader = { .arena = &x->before };
	struct fault f = { 0 };
	struct call c = call_of(x, tx, &who);
	auto_json struct json_t *body = NULL;

	x->before.wipes = true;
	c.reader = &reader;
	c.tx.arena = &x->before;
	c.tx.fault = &f;
	x->rc = prepare(x, &c, &who, &body);
	if (x->rc == RC_OK)
		x->rc = x->route->before(&c);
	x->found = c.found;
	note(x, &c, f.text);
	if (x->rc != RC_OK && x->rc != RC_MORE)
		perform_problem(x, x->rc, f.text, &reader);
	tell_log(x, tx, &f);
}
