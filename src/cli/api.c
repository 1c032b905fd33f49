#include "cli/api.h"
#include "base/id.h"
#include "cli/problem.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "wire/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define HEADERS_MAX     9
#define STREAM_IDLE_MS  60000 /* the server writes a line every few seconds */
#define WAIT_MAX_DIGITS 24

/* A request on its way: its headers, and the line that holds the key, which is wiped. */
struct sending {
	struct cmd *c;
	const struct api_request *r;
	struct http_call_header headers[HEADERS_MAX + 1];
	size_t headers_n;
	struct buf bearer, url;
	char prefer[WAIT_MAX_DIGITS];
	struct http_ask ask;
	bool sent;
};

static void add(struct sending *s, const char *name, const char *value)
{
	if (value && s->headers_n < HEADERS_MAX)
		s->headers[s->headers_n++] = (struct http_call_header){ name, value };
}

static void sending_done(struct sending *s)
{
	hush_wipe(s->bearer.p, s->bearer.n);
	buf_done(&s->bearer);
	buf_done(&s->url);
}

static bool is_read(const struct api_request *r) { return !strcmp(r->method, "GET"); }

static void make(struct sending *s, const char *accept)
{
	struct cmd *c = s->c;
	const struct api_request *r = s->r;

	if (!c->caller)
		c->caller = http_call_new();
	buf_fmt(&s->url, "%s%s", c->server, r->path);
	if (c->key.n) {
		uint8_t *room = buf_room(&s->bearer, c->key.n + 8); /* once, so that no copy is left behind */
		(void)room;
		buf_str(&s->bearer, "Bearer ");
		buf_put(&s->bearer, c->key.p, c->key.n);
		add(s, "authorization", buf_text(&s->bearer));
	}
	add(s, "accept", accept);
	if (r->body)
		add(s, "content-type",
			!strcmp(r->method, "PATCH") ? "application/merge-patch+json" : "application/json");
	add(s, "idempotency-key", r->key);
	add(s, "if-match", r->if_match);
	add(s, "x-request-id", c->request_id);
	snprintf(s->prefer, sizeof(s->prefer), "wait=%u", r->wait_s);
	if (r->wait_s)
		add(s, "prefer", s->prefer);
	s->ask = (struct http_ask){
		/* libcurl itself repeats what a kept connection lost: only for what may be repeated. */
		.caller = is_read(r) || r->key ? c->caller : NULL,
		.method = r->method,
		.url = buf_text(&s->url),
		.headers = s->headers,
		.body = r->body,
		.body_n = r->body ? strlen(r->body) : 0,
		.body_max = API_BODY_MAX,
		.deadline_ms = c->timeout_ms + r->wait_s * 1000,
		.tls_ca = c->ca_file,
		.ret_sent = &s->sent,
	};
}

static void trace_request(const struct sending *s)
{
	if (!s->c->trace)
		return;
	fprintf(s->c->err, "> %s %s\n", s->r->method, s->r->path);
	for (size_t i = 0; i < s->headers_n; i++)
		fprintf(s->c->err, "> %s: %s\n", s->headers[i].name,
			!strcmp(s->headers[i].name, "authorization") ? "(hidden)" : s->headers[i].value);
}

static void trace_answer(const struct sending *s, enum rc rc, const struct http_answer *a, uint64_t began_ms)
{
	const char *id = rc == RC_OK ? http_call_header_of(a, "x-request-id") : NULL;

	if (!s->c->trace)
		return;
	if (rc == RC_OK)
		fprintf(s->c->err, "< %d in %" PRIu64 " ms%s%.60s\n", a->status, clock_mono_ms() - began_ms,
			id ? ", request " : "", id ? id : "");
	else
		fprintf(s->c->err, "< nothing: %s\n", rc_title(rc));
}

/* The exit code of a request without an answer. */
static enum cli_exit unanswered(const struct sending *s, enum rc rc, const struct fault *f)
{
	struct cmd *c = s->c;
	bool reads = is_read(s->r);

	if (rc == RC_INVALID)
		return cmd_usage(c, "%s", f->text);
	if (rc == RC_REFUSED) {
		cmd_say(c, "%s; --ca-file names an authority to trust", f->text);
		return CLI_AWAY;
	}
	if (rc != RC_AWAY && rc != RC_TIMEOUT) {
		cmd_say(c, "%s", *f->text ? f->text : rc_title(rc));
		return reads || !s->sent ? CLI_FAILED : CLI_UNKNOWN;
	}
	if (reads || !s->sent) {
		cmd_say(c, "%s", f->text);
		return CLI_AWAY;
	}
	if (s->r->key)
		cmd_say(c, "%s; it may have been done: repeat it with --idempotency-key %s to be sure", f->text,
			s->r->key);
	else
		cmd_say(c, "%s; it may have been done: look before you repeat it", f->text);
	return CLI_UNKNOWN;
}

/* An earlier try of ours is still being worked on; the server wants us to come back. */
static bool is_busy(const struct http_answer *a)
{
	auto_json json_t *j = NULL;
	if (a->status != 409 || json_read((const char *)a->body.p, a->body.n, &j, NULL) != RC_OK)
		return false;
	const char *code = json_string_value(json_object_get(j, "code"));
	return code && !strcmp(code, "idempotency_in_progress");
}

static enum rc send_tries(struct sending *s, struct http_answer *ret, struct fault *f)
{
	unsigned lost = 0, busy = 0;
	bool ever_sent = false;

	for (;;) {
		struct http_answer a = { 0 };
		uint64_t began_ms = clock_mono_ms();
		s->sent = false;
		trace_request(s);
		enum rc rc = http_call(&s->ask, &a, f);
		trace_answer(s, rc, &a, began_ms);
		bool after_loss = rc == RC_AWAY && (!s->sent || is_read(s->r) || s->r->key) && ++lost < API_TRIES;
		bool after_busy = rc == RC_OK && ever_sent && is_busy(&a) && ++busy < API_BUSY_TRIES;
		ever_sent = ever_sent || s->sent;
		s->sent = ever_sent;
		if (!after_loss && !after_busy) {
			if (rc == RC_OK)
				*ret = a;
			return rc;
		}
		http_answer_done(&a);
		clock_sleep_ms(after_busy ? API_BUSY_MS : (uint32_t)API_PAUSE_MS << (lost - 1));
	}
}

static void copy_header(char *to, size_t room, const struct http_answer *a, const char *name)
{
	const char *value = http_call_header_of(a, name);
	snprintf(to, room, "%s", value ? value : "");
}

static enum cli_exit read_answer(struct sending *s, struct http_answer *from, struct api_answer *ret)
{
	const char *type = http_call_header_of(from, "content-type");
	struct api_answer a = { .status = from->status };
	struct fault f = { 0 };

	copy_header(a.request_id, sizeof(a.request_id), from, "x-request-id");
	copy_header(a.etag, sizeof(a.etag), from, "etag");
	enum rc rc = RC_OK;
	if (from->body.n && type && strstr(type, "json"))
		rc = json_read((const char *)from->body.p, from->body.n, &a.json, &f);
	a.body = from->body;
	from->body = (struct buf){ 0 };
	if (rc == RC_OK || a.status >= 400) {
		*ret = a;
		return CLI_OK;
	}
	api_answer_done(&a);
	cmd_say(s->c, "the server's answer cannot be read: %s", f.text);
	return is_read(s->r) ? CLI_FAILED : CLI_UNKNOWN;
}

enum cli_exit api_call(struct cmd *c, const struct api_request *r, struct api_answer *ret)
{
	struct sending s = { .c = c, .r = r };
	struct http_answer a = { 0 };
	struct fault f = { 0 };

	make(&s, "application/json, application/problem+json, text/plain;q=0.5");
	enum rc rc = s.url.bad || s.bearer.bad ? RC_NOMEM : send_tries(&s, &a, &f);
	enum cli_exit code = rc == RC_OK ? read_answer(&s, &a, ret) : unanswered(&s, rc, &f);
	http_answer_done(&a);
	sending_done(&s);
	return code;
}

enum cli_exit api_refused(struct cmd *c, const struct api_request *r, const struct api_answer *a)
{
	struct buf line = { 0 };

	problem_line(&line, a->status, a->json, a->request_id);
	cmd_say(c, "%s", buf_text(&line));
	buf_done(&line);
	if (a->status == 401 && c->key.n == 0)
		cmd_say(c,
			"no key was given: footplate login, or --key-file FILE, --key-fd N, $FOOTPLATE_KEY_FILE");
	return problem_exit(a->status, a->json, !is_read(r));
}

enum cli_exit api_ask(struct cmd *c, const struct api_request *r, struct api_answer *ret)
{
	struct api_answer a = { 0 };
	enum cli_exit code = api_call(c, r, &a);

	if (code != CLI_OK)
		return code;
	if (a.status >= 200 && a.status < 300) {
		*ret = a;
		return CLI_OK;
	}
	code = api_refused(c, r, &a);
	api_answer_done(&a);
	return code;
}

/* Between libcurl and the reader of the stream: notes that it began. */
struct following {
	const struct api_stream *s;
	bool opened;
};

static bool on_bytes(void *ctx, const void *p, size_t n)
{
	struct following *at = ctx;
	at->opened = true;
	return at->s->on_bytes(at->s->ctx, p, n);
}

enum cli_exit api_follow(struct cmd *c, const struct api_stream *stream, bool *ret_opened)
{
	const struct api_request r = { .method = "GET", .path = stream->path };
	struct sending s = { .c = c, .r = &r };
	struct following at = { .s = stream };
	struct http_answer a = { 0 };
	struct api_answer answer = { 0 };
	struct fault f = { 0 };

	make(&s, "text/event-stream");
	add(&s, "last-event-id", stream->last_event_id);
	s.ask.deadline_ms = stream->deadline_ms;
	s.ask.idle_ms = STREAM_IDLE_MS;
	s.ask.on_body = on_bytes;
	s.ask.ctx = &at;
	trace_request(&s);
	uint64_t began_ms = clock_mono_ms();
	enum rc rc = http_call(&s.ask, &a, &f);
	trace_answer(&s, rc, &a, began_ms);
	enum cli_exit code = CLI_OK;
	if (rc == RC_OK && a.status >= 300) {
		code = read_answer(&s, &a, &answer);
		code = code == CLI_OK ? api_refused(c, &r, &answer) : code;
		api_answer_done(&answer);
	} else if (rc != RC_OK && rc != RC_CANCELED && !at.opened && rc != RC_TIMEOUT) {
		code = unanswered(&s, rc, &f);
	}
	*ret_opened = at.opened || (rc == RC_OK && a.status < 300);
	http_answer_done(&a);
	sending_done(&s);
	return code;
}

enum cli_exit api_fetch(struct cmd *c, const struct api_file *file)
{
	const struct api_request r = { .method = "GET", .path = file->path };
	struct sending s = { .c = c, .r = &r };
	struct http_answer a = { 0 };
	struct api_answer answer = { 0 };
	struct fault f = { 0 };
	char range[48];

	make(&s, "*/*");
	snprintf(range, sizeof(range), "bytes=%" PRIu64 "-", file->from);
	if (file->from)
		add(&s, "range", range);
	s.ask.deadline_ms = 0;
	s.ask.idle_ms = STREAM_IDLE_MS;
	s.ask.on_body = file->on_bytes;
	s.ask.ctx = file->ctx;
	trace_request(&s);
	uint64_t began_ms = clock_mono_ms();
	enum rc rc = http_call(&s.ask, &a, &f);
	trace_answer(&s, rc, &a, began_ms);
	enum cli_exit code = rc == RC_OK ? CLI_OK : unanswered(&s, rc, &f);
	if (rc == RC_OK && a.status >= 300) {
		code = read_answer(&s, &a, &answer);
		code = code == CLI_OK ? api_refused(c, &r, &answer) : code;
		api_answer_done(&answer);
	}
	http_answer_done(&a);
	sending_done(&s);
	return code;
}

void api_new_key(char *ret, size_t room)
{
	uint8_t random[ID_RANDOM];
	char id[ID_MAX];

	clock_random(random, sizeof(random));
	id_make(id, "cli", clock_wall_ms(), random);
	snprintf(ret, room, "%s", id);
}

void api_answer_done(struct api_answer *a)
{
	json_decref(a->json);
	buf_done(&a->body);
	*a = (struct api_answer){ 0 };
}
