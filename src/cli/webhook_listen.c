/*
 * Follows the log and posts each event to a URL, signed as a webhook's delivery is, by a secret of this run. One attempt each, in order: it is
 * for those who write a receiver. Nothing is made on the server.
 */
#include "cli/webhook_listen.h"
#include "cli/event.h"
#include "cli/output.h"
#include "cli/run.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "wire/json.h"
#include "wire/webhook_sign.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define ANSWER_MS  20000 /* as long as a webhook's receiver has */
#define ANSWER_MAX 4096  /* bytes of it that are read */

const struct verb_option webhook_listen_options[] = {
	EVENT_FILTER_OPTIONS,
	{ .row = { .name = "forward",
		  .type = FIELD_STR,
		  .flags = FIELD_REQUIRED,
		  .min = 1,
		  .max = 2048,
		  .doc = "Where each event is posted, such as localhost:3000/hook." },
		.value = "URL" },
	EVENT_TAIL_OPTIONS,
	{ 0 },
};

struct listen {
	struct event_tail tail;
	const char *url;
	uint8_t key[WEBHOOK_SIGN_KEY];
};

/* Posts it. The status; 0, and the reason in *f: there was no answer. */
static int post(const struct listen *l, const char *id, const char *text, struct fault *f)
{
	int64_t at_s = clock_wall_ms() / 1000;
	const struct webhook_sign_message m = { id, at_s, text, strlen(text) };
	struct http_answer answer = { 0 };
	struct buf signature = { 0 };
	char timestamp[24];

	snprintf(timestamp, sizeof(timestamp), "%" PRId64, at_s);
	enum rc rc = webhook_sign_v1(&m, l->key, &signature);
	const struct http_call_header headers[] = { { "content-type", "application/json" }, { "webhook-id", id },
		{ "webhook-timestamp", timestamp }, { "webhook-signature", buf_text(&signature) }, { 0 } };
	const struct http_ask ask = { .method = "POST",
		.url = l->url,
		.headers = headers,
		.body = text,
		.body_n = strlen(text),
		.body_max = ANSWER_MAX,
		.body_cut = true,
		.deadline_ms = ANSWER_MS };
	if (rc == RC_OK)
		rc = http_call(&ask, &answer, f);
	int status = rc == RC_OK ? answer.status : 0;
	http_answer_done(&answer);
	buf_done(&signature);
	return status;
}

static void forward(struct event_tail *t, const char *text, const json_t *event)
{
	const struct listen *l = t->ctx;
	const char *id = json_string_value(json_object_get(event, "id"));
	struct fault f = { 0 };
	int status = post(l, id ? id : "", text, &f);

	json_t *line = json_pack("{s:O?,s:O?,s:O?,s:i,s:s*}", "ts", json_object_get(event, "ts"), "type",
		json_object_get(event, "type"), "id", json_object_get(event, "id"), "status", status, "error",
		status ? NULL : f.text);
	output_item(t->c, line, t->printed == 0);
	json_drop(line);
}

enum cli_exit webhook_listen(struct cmd *c)
{
	const char *url = cmd_text(c, "forward");
	struct listen l = { .tail = { .c = c, .limit = (uint64_t)cmd_number(c, "limit"), .each = forward },
		.url = strstr(url, "://") ? url : arena_fmt(&c->arena, "http://%s", url) };
	struct buf secret = { 0 };
	struct request r = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	l.tail.ctx = &l;
	l.tail.path = (const char *)r.path.p;
	clock_random(l.key, sizeof(l.key));
	if (code == CLI_OK && (!l.url || webhook_sign_secret(l.key, &secret) != RC_OK))
		code = CLI_FAILED;
	if (code == CLI_OK)
		cmd_say(c, "events go to %s, signed by the secret of this run: %s", l.url, buf_text(&secret));
	while (code == CLI_OK && !l.tail.ended)
		code = event_follow(&l.tail);
	event_tail_done(&l.tail);
	request_done(&r);
	buf_done(&secret);
	return code;
}
