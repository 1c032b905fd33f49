#include "io/web_request.h"
#include "base/hush.h"
#include "io/clock.h"
#include "io/http_chunks.h"
#include "io/web_tls.h"
#include "io/ws_frame.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct web_request {
	struct web_view view;
	struct http_head head;
	void *owner;
	struct web_conn *conn; /* NULL: the client is gone */
	_Atomic bool gone;     /* the same, for workers */
	bool given;            /* to on_request; before, the body is being read */
	struct http_chunks chunks;
	struct buf body;
	char peer[WEB_CONN_PEER_MAX], cert_uri[WEB_TLS_NAME_MAX], cert_serial[WEB_TLS_NAME_MAX];
	char *text; /* the head, and room for as much again */
	size_t text_n;
	struct http_field fields[];
};

static const struct web_conn_mode requests;

/* --- what the owner sees */

const struct web_view *web_view(const struct web_request *r) { return &r->view; }
const char *web_header(const struct web_request *r, const char *name) { return http_head_field(&r->head, name); }
bool web_gone(const struct web_request *r) { return atomic_load(&r->gone); }
void web_request_set(struct web_request *r, void *owner) { r->owner = owner; }
void *web_request_get(const struct web_request *r) { return r->owner; }

const struct http_head *web_request_head(const struct web_request *r) { return &r->head; }

bool web_request_keeps(const struct web_request *r)
{
	return r->conn && r->head.keep && !r->conn->server->draining;
}

void web_request_free(struct web_request *r)
{
	buf_done(&r->body);
	if (r->text)
		hush_wipe(r->text, r->text_n); /* it has a key, or a cookie */
	free(r->text);
	free(r);
}

/* --- answers */

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 101, "Switching Protocols" },
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 411, "Length Required" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Range Not Satisfiable" },
		{ 417, "Expectation Failed" },
		{ 422, "Unprocessable Content" },
		{ 426, "Upgrade Required" },
		{ 428, "Precondition Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

static const char *date_now(struct web_server *s)
{
	int64_t now_s = clock_wall_ms() / 1000;
	if (now_s != s->date_s) {
		time_t t = (time_t)now_s;
		struct tm tm;
		strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&t, &tm));
		s->date_s = now_s;
	}
	return s->date;
}

static void put_clean(struct buf *b, const char *s)
{
	size_t from = b->n;
	buf_str(b, s);
	for (size_t i = from; i < b->n; i++)
		if (b->p[i] < ' ' || b->p[i] == 127)
			b->p[i] = ' ';
}

void web_request_put_header(struct buf *b, const char *name, const char *value)
{
	put_clean(b, name);
	buf_str(b, ": ");
	put_clean(b, value);
	buf_str(b, "\r\n");
}

static void put_head(struct web_conn *c, int status, const struct web_header *headers)
{
	struct buf *out = web_conn_out(c);

	buf_room(out, 512);
	buf_str(out, "HTTP/1.1 ");
	buf_dec(out, (uint64_t)status);
	buf_str(out, " ");
	buf_str(out, reason_of(status));
	buf_str(out, "\r\nDate: ");
	buf_str(out, date_now(c->server));
	buf_str(out, "\r\n");
	for (; headers && headers->name; headers++)
		web_request_put_header(out, headers->name, headers->value);
}

static bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

struct web_conn *web_request_answer(
	struct web_request *r, int status, const struct web_header *headers, uint64_t length)
{
	struct web_conn *c = r->conn;
	if (!c)
		return NULL;

	struct buf *out = web_conn_out(c);
	bool keep = web_request_keeps(r) && !(r->head.old && length == HTTP_HEAD_NO_LENGTH);
	put_head(c, status, headers);
	if (length != HTTP_HEAD_NO_LENGTH && (!has_no_body(status) || (status == 304 && length > 0))) {
		buf_str(out, "Content-Length: ");
		buf_dec(out, length);
		buf_str(out, "\r\n");
	} else if (length == HTTP_HEAD_NO_LENGTH && !has_no_body(status) && !r->head.old) {
		buf_str(out, "Transfer-Encoding: chunked\r\n");
	}
	if (status != 101 && (!keep || r->head.old))
		buf_str(out, keep ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
	buf_str(out, "\r\n");
	c->of_mode = NULL;
	r->conn = NULL;
	return c;
}

void web_request_next(struct web_conn *c, bool keep)
{
	if (!keep || c->server->draining) { /* a stream may have begun long before the drain */
		web_conn_close(c);
		return;
	}
	web_conn_change(c, &requests, NULL);
	web_conn_due(c, c->server->conf.limits.idle_ms);
}

void web_reply(struct web_request *r, int status, const struct web_header *headers, const void *body, size_t n)
{
	bool keep = web_request_keeps(r);
	struct web_conn *c = web_request_answer(r, status, headers, n);

	if (c) {
		if (!has_no_body(status) && strcmp(r->view.method, "HEAD") != 0)
			buf_put(web_conn_out(c), body, n);
		web_request_next(c, keep);
		web_conn_push(c);
	}
	web_request_free(r);
}

void web_cut(struct web_request *r, const void *p, size_t n)
{
	struct web_conn *c = r->conn;

	if (c) {
		buf_put(web_conn_out(c), p, n);
		c->of_mode = NULL;
		r->conn = NULL;
		web_conn_close(c);
		web_conn_push(c);
	}
	web_request_free(r);
}

/* --- refusals: what web answers by itself */

static const char *code_of(int status)
{
	switch (status) {
	case 408:
		return "request_timeout";
	case 413:
		return rc_code(RC_TOO_LARGE);
	case 414:
		return "uri_too_long";
	case 417:
		return "expectation_failed";
	case 426:
		return "upgrade_required";
	case 431:
		return "headers_too_large";
	case 501:
		return "not_implemented";
	case 503:
		return rc_code(RC_OVERLOADED);
	case 505:
		return "http_version_not_supported";
	default:
		return rc_code(RC_MALFORMED);
	}
}

/* The connection closes after it: where the next request would begin cannot be known. */
static void refuse(struct web_conn *c, int status, const char *why)
{
	struct buf body = { 0 }, *out = web_conn_out(c);

	buf_fmt(&body,
		"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\",\"retryable\":%s,"
		"\"detail\":\"%s\"}",
		reason_of(status), status, code_of(status), status == 408 || status >= 500 ? "true" : "false", why);
	put_head(c, status,
		status == 426 ? (const struct web_header[]){ { "Sec-WebSocket-Version", "13" }, { 0 } } : NULL);
	buf_fmt(out, "Content-Type: application/problem+json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		body.n);
	buf_put(out, body.p, body.n);
	buf_done(&body);
	if (c->server->conf.on_refused)
		c->server->conf.on_refused(c->server->conf.ctx, c->peer, status, why);
	web_conn_close(c);
	web_conn_push(c);
}

/* --- reading */

static void give(struct web_conn *c, struct web_request *r)
{
	r->given = true;
	r->view.body = buf_text(&r->body);
	r->view.body_n = r->body.n;
	web_conn_due(c, 0);
	c->server->conf.on_request(c->server->conf.ctx, r);
}

static struct web_request *new_request(struct web_conn *c, const uint8_t *p, size_t n)
{
	struct web_request *r =
		calloc(1, sizeof(*r) + http_head_lines((const char *)p, n) * sizeof(struct http_field));
	char *text = malloc(2 * n);

	if (!r || !text) {
		free(r);
		free(text);
		return NULL;
	}
	memcpy(text, p, n);
	r->text = text;
	r->text_n = 2 * n;
	r->body.wipes = true;
	r->conn = c;
	r->head.fields = r->fields;
	memcpy(r->peer, c->peer, sizeof(r->peer));
	return r;
}

/* Checks what the head announces: the body, or the upgrade. */
static bool check_head(struct web_conn *c, struct web_request *r, struct http_refusal *refusal)
{
	const struct http_head *h = &r->head;
	char accept[WS_FRAME_ACCEPT_MAX];

	if (h->length != HTTP_HEAD_NO_LENGTH && h->length > c->server->conf.limits.body_bytes) {
		*refusal = (struct http_refusal){ 413, "the body is larger than this server takes" };
		return false;
	}
	if (!h->websocket)
		return true;
	const char *version = web_header(r, "sec-websocket-version");
	*refusal = (struct http_refusal){ 400,
		"a WebSocket handshake is a GET without a body, with a Sec-WebSocket-Key" };
	if (!version || strcmp(version, "13") != 0)
		*refusal = (struct http_refusal){ 426, "the only WebSocket version that is spoken here is 13" };
	else if (!strcmp(h->method, "GET") && (h->length == HTTP_HEAD_NO_LENGTH || h->length == 0) && !h->chunked)
		return ws_frame_accept(web_header(r, "sec-websocket-key"), accept);
	return false;
}

static void show_head(struct web_conn *c, struct web_request *r)
{
	r->view = (struct web_view){
		.method = r->head.method,
		.path = r->head.path,
		.query = r->head.query,
		.body = "",
		.peer = r->peer,
		.upgrade = r->head.websocket,
		.protocols = r->head.websocket ? web_header(r, "sec-websocket-protocol") : NULL,
		.tls = c->ssl != NULL,
	};
	if (c->ssl && c->server->trust && web_tls_client(c->ssl, r->cert_uri, r->cert_serial)) {
		r->view.cert_uri = r->cert_uri;
		r->view.cert_serial = r->cert_serial;
	}
}

static void begin_request(struct web_conn *c, const uint8_t *p, size_t n)
{
	struct http_refusal refusal;
	struct web_request *r = new_request(c, p, n);

	if (!r) {
		refuse(c, 503, "out of memory");
		return;
	}
	if (!http_head_parse(r->text, n, r->text + n, &r->head, &refusal) || !check_head(c, r, &refusal)) {
		web_request_free(r);
		refuse(c, refusal.status, refusal.why);
		return;
	}
	show_head(c, r);
	c->of_mode = r;
	if (!r->head.chunked && (r->head.length == HTTP_HEAD_NO_LENGTH || r->head.length == 0)) {
		give(c, r);
		return;
	}
	web_conn_due(c, c->server->conf.limits.body_ms);
	if (r->head.expects) {
		buf_str(web_conn_out(c), "HTTP/1.1 100 Continue\r\n\r\n");
		web_conn_push(c);
	}
}

static size_t take_head(struct web_conn *c, const uint8_t *p, size_t n)
{
	uint32_t max = c->server->conf.limits.header_bytes;

	if (web_conn_queued(c) > WEB_CONN_AHEAD_MAX)
		return 0; /* who does not take his answers is not asked for more */
	if (c->scanned == 0) {
		if (n >= 2 && p[0] == '\r' && p[1] == '\n')
			return 2; /* RFC 9112, 2.2: an empty line before the request is read over */
		if (n == 1 && p[0] == '\r')
			return 0;
		web_conn_due(c, c->server->conf.limits.head_ms);
	}
	size_t head = http_head_end((const char *)p, n < max ? n : max, &c->scanned);
	if (head > 0) {
		c->scanned = 0;
		begin_request(c, p, head);
		return head;
	}
	if (n < max)
		return 0;
	if (memchr(p, '\n', max))
		refuse(c, 431, "the headers are larger than this server takes");
	else
		refuse(c, 414, "the first line is longer than this server takes");
	return n;
}

static size_t take_body(struct web_conn *c, struct web_request *r, const uint8_t *p, size_t n)
{
	enum rc rc;
	size_t used = n;

	if (r->head.chunked) {
		rc = http_chunks_feed(&r->chunks, p, n, &r->body, c->server->conf.limits.body_bytes, &used);
	} else {
		uint64_t left = r->head.length - r->body.n;
		used = left < n ? (size_t)left : n;
		buf_put(&r->body, p, used);
		rc = used == left ? RC_OK : RC_MORE;
	}
	if (r->body.bad)
		refuse(c, 503, "out of memory");
	else if (rc == RC_TOO_LARGE)
		refuse(c, 413, "the body is larger than this server takes");
	else if (rc == RC_MALFORMED)
		refuse(c, 400, "the body is not in chunked coding, as its head says");
	else if (rc == RC_OK)
		give(c, r);
	return used;
}

static size_t take_bytes(struct web_conn *c, uint8_t *p, size_t n)
{
	struct web_request *r = c->of_mode;

	if (!r)
		return take_head(c, p, n);
	return r->given ? 0 : take_body(c, r, p, n);
}

static void all_sent(struct web_conn *c) { (void)c; }

/* Nothing of a request came for too long, or it comes too slowly. Silence on a connection that was kept is no fault. */
static void too_late(struct web_conn *c)
{
	if (c->of_mode)
		refuse(c, 408, "the body did not come in time");
	else if (c->scanned > 0)
		refuse(c, 408, "the head did not come in time");
	else
		web_conn_close(c);
	web_conn_push(c);
}

/* One that is given stays its owner's until it is answered; it only learns that the answer goes nowhere. */
static void lose(struct web_conn *c)
{
	struct web_request *r = c->of_mode;

	if (r && r->given) {
		r->conn = NULL;
		atomic_store(&r->gone, true);
	} else if (r) {
		web_request_free(r);
	}
}

static const struct web_conn_mode requests = { take_bytes, all_sent, too_late, lose };

void web_request_begin(struct web_conn *c)
{
	web_conn_change(c, &requests, NULL);
	web_conn_due(c, c->server->conf.limits.head_ms);
}

void web_request_drain(struct web_conn *c)
{
	if (c->mode != &requests || c->of_mode || c->in.n > 0)
		return;
	web_conn_close(c);
	web_conn_push(c);
}
