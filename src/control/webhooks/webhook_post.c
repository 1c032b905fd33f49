#include "control/webhooks/webhook_post.h"
#include "base/utf8.h"
#include "control/control.h"
#include "control/webhooks/webhook_rules.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "wire/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEADERS_MAX 8

static enum rc sign(const struct webhook_call *c, int64_t timestamp_s, struct buf *to)
{
	const struct webhook_sign_message m = {
		.id = c->id, .timestamp_s = timestamp_s, .body = c->body, .n = strlen(c->body)
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < c->keys_n; i++) {
		buf_str(to, i ? " " : "");
		rc = webhook_sign_v1(&m, c->keys[i], to);
	}
	for (size_t i = 0; rc == RC_OK && i < c->keys_n; i++) {
		buf_u8(to, ' ');
		rc = webhook_sign_v1a(&m, c->seeds[i], to);
	}
	return rc == RC_OK && to->bad ? RC_NOMEM : rc;
}

/* A span of the trace that the event belongs to. */
static void put_trace(const struct webhook_call *c, char to[static TRACE_TEXT])
{
	struct trace t = { .sampled = true };
	uint8_t random[8];

	clock_random(random, sizeof(random));
	random[0] |= 1; /* an id of zeroes is none */
	snprintf(t.trace_id, sizeof(t.trace_id), "%s", c->trace_id);
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(t.span_id + 2 * i, 3, "%02x", random[i]);
	trace_write(&t, to);
}

/* What was answered is for people and for the database: UTF-8 without control characters. */
static char *clean(const uint8_t *p, size_t n)
{
	struct buf b = { 0 };

	for (size_t i = 0, k; i < n; i += k ? k : 1) {
		k = utf8_len(p + i, n - i);
		if (k == 0 || (k == 1 && p[i] < ' ' && p[i] != '\n' && p[i] != '\t'))
			buf_u8(&b, '?');
		else
			buf_put(&b, p + i, k);
	}
	char *text = b.bad || b.n == 0 ? NULL : strdup(buf_text(&b));
	buf_done(&b);
	return text;
}

static void look_at(struct webhook_call *c, const struct http_answer *a)
{
	const char *after = http_call_header_of(a, "retry-after");
	size_t n = a->body.n < WEBHOOK_RULES_ANSWER_KEEP ? a->body.n : WEBHOOK_RULES_ANSWER_KEEP;

	c->status = a->status;
	snprintf(c->retry_after, sizeof(c->retry_after), "%s", after ? after : "");
	if (a->status < 200 || a->status > 299)
		snprintf(c->error, sizeof(c->error), "%s",
			a->status >= 300 && a->status < 400 ? "a redirect: webhooks follow none"
							    : "the answer is not 2xx");
	c->answer = clean(a->body.p, n);
}

static void call(
	struct webhook_call *c, const struct webhook_rules *rules, const _Atomic bool *stop, const char *signature)
{
	struct http_answer answer = { 0 };
	struct fault f = { 0 };
	char timestamp[24], trace[TRACE_TEXT] = "";

	snprintf(timestamp, sizeof(timestamp), "%" PRId64, c->at_ms / 1000);
	if (*c->trace_id)
		put_trace(c, trace);
	const struct http_call_header headers[HEADERS_MAX] = {
		{ "content-type", c->media },
		{ "webhook-id", c->id },
		{ "webhook-timestamp", timestamp },
		{ "webhook-signature", signature },
		{ *trace ? "traceparent" : NULL, trace },
	};
	const struct http_ask ask = { .method = "POST",
		.url = c->url,
		.headers = headers,
		.body = c->body,
		.body_n = strlen(c->body),
		.body_max = WEBHOOK_RULES_ANSWER,
		.body_cut = true,
		.deadline_ms = rules->conf->timeout_ms,
		.connect_ms = rules->conf->timeout_ms,
		.tls_ca = rules->conf->ca_file,
		.guard = &rules->guard,
		.stop = stop };
	enum rc rc = http_call(&ask, &answer, &f);
	if (rc == RC_OK)
		look_at(c, &answer);
	else
		snprintf(c->error, sizeof(c->error), "%.199s", *f.text ? f.text : rc_title(rc));
	http_answer_done(&answer);
}

bool webhook_post(struct webhook_call *c, const struct webhook_rules *rules, const _Atomic bool *stop)
{
	struct buf signature = { 0 };
	uint64_t began = clock_mono_ms();

	c->at_ms = clock_wall_ms();
	clock_random(&c->dice, sizeof(c->dice));
	enum rc rc = sign(c, c->at_ms / 1000, &signature);
	hush_wipe(c->keys, sizeof(c->keys));
	hush_wipe(c->seeds, sizeof(c->seeds));
	if (rc == RC_OK)
		call(c, rules, stop, buf_text(&signature));
	else
		snprintf(c->error, sizeof(c->error), "%s", rc_title(rc));
	buf_done(&signature);
	c->took_ms = (int64_t)(clock_mono_ms() - began);
	return !atomic_load(stop);
}
