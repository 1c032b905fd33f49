#include "agent/content/publish_bring.h"

#include "agent/action_run.h"
#include "base/hush.h"
#include "io/blobs.h"
#include "io/failpoint.h"
#include "io/http_call.h"
#include "wire/field_json.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define PAUSE_MS     500
#define PAUSE_MAX_MS 8000
#define TICK_MS      100
#define CALL_MS      60000
#define ANSWER_MAX   (256u << 10)

struct waiting {
	char sha256[BLOBS_NAME];
	uint64_t size;
	int folder_fd;
	char *path;
};

struct publish_bring {
	struct action_task *task;
	const _Atomic bool *stop;
	struct http_caller *http;
	char authorization[16 + TASK_TICKET];
	struct waiting each[PUBLISH_BRING_ASK];
	size_t n;
	uint8_t *piece;
};

static bool stops(const struct publish_bring *b) { return b->stop && atomic_load(b->stop); }

static enum rc canceled(struct fault *f)
{
	return fault_set(f, RC_CANCELED, "it was canceled while it was brought to the control plane");
}

static enum rc ask_ticket(struct publish_bring *b, struct fault *f)
{
	char ticket[TASK_TICKET];

	enum rc rc = task_ticket(b->task, ticket, f);
	if (rc == RC_OK)
		snprintf(b->authorization, sizeof(b->authorization), "Ticket %s", ticket);
	hush_wipe(ticket, sizeof(ticket));
	return rc;
}

enum rc publish_bring_new(
	struct action_task *t, const _Atomic bool *stop, struct publish_bring **ret, struct fault *f)
{
	auto_of(publish_bring) struct publish_bring *b = calloc(1, sizeof(*b));

	if (!b)
		return RC_NOMEM;
	b->task = t;
	b->stop = stop;
	b->http = http_call_new();
	b->piece = malloc(PUBLISH_BRING_PIECE);
	if (!b->http || !b->piece)
		return RC_NOMEM;
	enum rc rc = ask_ticket(b, f);
	if (rc == RC_OK)
		*ret = take(b);
	return rc;
}

static void forget(struct publish_bring *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->each[i].path);
	b->n = 0;
}

void publish_bring_free(struct publish_bring *b)
{
	if (!b)
		return;
	forget(b);
	http_call_free(b->http);
	hush_wipe(b->authorization, sizeof(b->authorization));
	free(b->piece);
	free(b);
}

/* ---- requests ---- */

struct request {
	const char *method, *path, *type;
	const void *body;
	size_t n;
};

static enum rc once(struct publish_bring *b, const struct request *q, struct http_answer *ret, struct fault *f)
{
	const struct publish_conf *conf = b->task->publish;
	const struct http_call_header headers[] = { { "Authorization", b->authorization },
		{ "Content-Type", q->type }, { 0 } };
	char url[1024];

	if ((size_t)snprintf(url, sizeof(url), "%s%s", conf->server_url, q->path) >= sizeof(url))
		return fault_set(f, RC_INVALID, "the control plane's URL is too long");
	const struct http_ask ask = { .caller = b->http,
		.method = q->method,
		.url = url,
		.headers = headers,
		.body = q->body,
		.body_n = q->n,
		.body_max = ANSWER_MAX,
		.deadline_ms = CALL_MS,
		.tls_ca = conf->ca_file,
		.http_proxy = conf->http_proxy,
		.stop = b->stop };
	return http_call(&ask, ret, f);
}

static enum rc rc_of(const struct http_answer *a, struct fault *f)
{
	auto_json json_t *j = json_loadb((const char *)a->body.p, a->body.n, 0, NULL);
	const char *why = json_string_value(json_object_get(j, "detail"));
	const char *code = json_string_value(json_object_get(j, "code"));

	if (a->status >= 200 && a->status < 300)
		return RC_OK;
	enum rc rc = code ? rc_of_code(code) : RC_REFUSED;
	if (a->status == 401)
		rc = RC_UNAUTHENTICATED;
	else if (rc != RC_QUOTA && (a->status >= 500 || a->status == 429))
		rc = RC_AWAY; /* its store is full for long, all else may pass */
	return fault_set(
		f, rc, "the control plane answered with status %d: %.150s", a->status, why ? why : "no more");
}

/* Waits in small steps, for it may be canceled. */
static void pause_for(const struct publish_bring *b, unsigned ms)
{
	for (unsigned waited = 0; waited < ms && !stops(b); waited += TICK_MS)
		(void)poll(NULL, 0, TICK_MS);
}

/* A control plane that is away or busy is asked again; a ticket that has expired is asked for anew. */
static enum rc request(struct publish_bring *b, const struct request *q, struct http_answer *ret, struct fault *f)
{
	unsigned pause = PAUSE_MS;
	enum rc rc = RC_AWAY;
	bool renewed = false;

	for (unsigned i = 0; i < PUBLISH_BRING_TRIES; i++) {
		struct http_answer a = { 0 };
		if (stops(b))
			return canceled(f);
		rc = once(b, q, &a, f);
		if (rc == RC_OK)
			rc = rc_of(&a, f);
		if (rc == RC_OK) {
			*ret = a;
			return RC_OK;
		}
		http_answer_done(&a);
		if (rc == RC_UNAUTHENTICATED && !renewed) {
			renewed = true;
			rc = ask_ticket(b, f);
			if (rc != RC_OK)
				return rc;
			continue;
		}
		if (!rc_retry(rc) || rc == RC_QUOTA)
			return rc;
		pause_for(b, pause);
		pause = pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause * 2;
	}
	return rc;
}

/* ---- one blob ---- */

static enum rc read_piece(
	struct publish_bring *b, int fd, const struct waiting *w, uint64_t at, size_t *ret_n, struct fault *f)
{
	size_t want = w->size - at < PUBLISH_BRING_PIECE ? (size_t)(w->size - at) : PUBLISH_BRING_PIECE, got = 0;

	while (got < want) {
		ssize_t n = pread(fd, b->piece + got, want - got, (off_t)(at + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fault_set(f, RC_IO, "%.150s cannot be read any more", w->path);
		got += (size_t)n;
	}
	*ret_n = want;
	return RC_OK;
}

static enum rc put_piece(
	struct publish_bring *b, const struct waiting *w, uint64_t *at, size_t n, bool *ret_whole, struct fault *f)
{
	struct http_answer a = { 0 };
	char path[200];

	snprintf(path, sizeof(path), "/v1/arrivals/blobs/%s?offset=%llu&size=%llu", w->sha256,
		(unsigned long long)*at, (unsigned long long)w->size);
	const struct request q = { "PUT", path, "application/octet-stream", b->piece, n };
	enum rc rc = request(b, &q, &a, f);
	if (rc != RC_OK)
		return rc;
	auto_json json_t *j = json_loadb((const char *)a.body.p, a.body.n, 0, NULL);
	const json_t *received = json_object_get(j, "received");
	http_answer_done(&a);
	if (!json_is_integer(received) || (uint64_t)json_integer_value(received) > w->size)
		return fault_set(f, RC_MALFORMED, "the control plane did not say how much it has");
	*at = (uint64_t)json_integer_value(received);
	*ret_whole = json_is_true(json_object_get(j, "whole"));
	FAILPOINT("publish.piece");
	return RC_OK;
}

static enum rc bring(struct publish_bring *b, const struct waiting *w, uint64_t at, struct fault *f)
{
	bool whole = false;
	size_t n = 0;

	auto_close int fd = openat(w->folder_fd, w->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return fault_set(f, RC_IO, "cannot open %.150s: %s", w->path, strerror(errno));
	while (!whole) {
		enum rc rc = read_piece(b, fd, w, at, &n, f);
		if (rc == RC_OK)
			rc = put_piece(b, w, &at, n, &whole, f);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* ---- all of them ---- */

static void write_question(const struct publish_bring *b, struct buf *to)
{
	buf_str(to, "{\"blobs\":[");
	for (size_t i = 0; i < b->n; i++)
		buf_fmt(to, "%s{\"sha256\":\"%s\",\"size\":%llu}", i ? "," : "", b->each[i].sha256,
			(unsigned long long)b->each[i].size);
	buf_str(to, "]}");
}

static const struct waiting *find(const struct publish_bring *b, const char *sha256)
{
	for (size_t i = 0; i < b->n; i++)
		if (!strcmp(b->each[i].sha256, sha256))
			return &b->each[i];
	return NULL;
}

static enum rc flush(struct publish_bring *b, struct fault *f)
{
	struct http_answer a = { 0 };
	struct buf body = { 0 };
	const json_t *one;
	size_t i;

	if (b->n == 0)
		return RC_OK;
	write_question(b, &body);
	const struct request q = { "POST", "/v1/arrivals/missing", "application/json", body.p, body.n };
	enum rc rc = body.bad ? RC_NOMEM : request(b, &q, &a, f);
	buf_done(&body);
	if (rc != RC_OK)
		return rc;
	auto_json json_t *j = json_loadb((const char *)a.body.p, a.body.n, 0, NULL);
	http_answer_done(&a);
	json_array_foreach(json_object_get(j, "blobs"), i, one)
	{
		const char *sha256 = json_string_value(json_object_get(one, "sha256"));
		const struct waiting *w = sha256 ? find(b, sha256) : NULL;
		json_int_t at = json_integer_value(json_object_get(one, "received"));
		if (w && at >= 0 && (uint64_t)at <= w->size && rc == RC_OK)
			rc = bring(b, w, (uint64_t)at, f);
	}
	forget(b);
	return rc;
}

enum rc publish_bring_add(struct publish_bring *b, const struct publish_bring_blob *blob, struct fault *f)
{
	enum rc rc = b->n == PUBLISH_BRING_ASK ? flush(b, f) : RC_OK;

	if (rc != RC_OK || find(b, blob->sha256))
		return rc;
	struct waiting *w = &b->each[b->n];
	*w = (struct waiting){ .size = blob->size, .folder_fd = blob->folder_fd, .path = strdup(blob->path) };
	snprintf(w->sha256, sizeof(w->sha256), "%s", blob->sha256);
	if (!w->path)
		return RC_NOMEM;
	b->n++;
	return RC_OK;
}

enum rc publish_bring_end(struct publish_bring *b, const struct publish_bring_end *end, struct fault *f)
{
	struct http_answer a = { 0 };
	struct buf body = { 0 };

	enum rc rc = flush(b, f);
	buf_fmt(&body, "{\"contentId\":\"%s\",\"kind\":", end->content_id);
	json_put_str(&body, end->kind);
	buf_fmt(&body, ",\"packageFormat\":\"%s\"", end->format);
	if (end->package_sha256)
		buf_fmt(&body, ",\"packageSha256\":\"%s\",\"packageBytes\":%llu", end->package_sha256,
			(unsigned long long)end->package_bytes);
	buf_str(&body, "}");
	const struct request q = { "POST", "/v1/arrivals/end", "application/json", body.p, body.n };
	if (rc == RC_OK)
		rc = body.bad ? RC_NOMEM : request(b, &q, &a, f);
	buf_done(&body);
	http_answer_done(&a);
	return rc;
}
