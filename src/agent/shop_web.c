#include "agent/shop_web.h"

#include "agent/agent_conf.h"
#include "agent/shop_login.h"
#include "io/clock.h"

#include <stdio.h>
#include <string.h>

#define AGAIN_MAX_S 86400
#define TOKEN_MAX   8192

static uint32_t again_ms(const struct http_answer *a)
{
	const char *s = http_call_header_of(a, "retry-after");
	unsigned long seconds = s && *s >= '0' && *s <= '9' ? strtoul(s, NULL, 10) : 0;
	return (uint32_t)(seconds < AGAIN_MAX_S ? seconds : AGAIN_MAX_S) * 1000;
}

static uint64_t end_of(const struct action_task *t, const struct shop_web_ask *ask)
{
	return ask->deadline_ms ? ask->deadline_ms : t->deadline_ms;
}

static enum rc send(struct action_task *t, const struct shop_web_ask *ask, struct http_answer *ret, struct fault *f)
{
	uint64_t now = clock_mono_ms(), end = end_of(t, ask);
	char bearer[TOKEN_MAX + 8] = "";
	struct http_call_header headers[] = { { "Accept", "application/json" }, { "Authorization", bearer },
		{ 0 } };
	bool known = ask->token && ask->token->n;

	if (now >= end)
		return fault_set(f, RC_TIMEOUT, "the time for the task is over");
	if (known && ask->token->n >= TOKEN_MAX)
		return fault_set(f, RC_INVALID, "the token has over %d bytes", TOKEN_MAX);
	if (known)
		snprintf(bearer, sizeof(bearer), "Bearer %.*s", (int)ask->token->n, (const char *)ask->token->p);
	else
		headers[1] = (struct http_call_header){ 0 };
	if (!t->http)
		t->http = http_call_new();
	const struct http_ask how = { .caller = t->http,
		.url = ask->url,
		.headers = headers,
		.body_max = ask->body_max,
		.deadline_ms = (uint32_t)(end - now),
		.slow_bps = SHOP_WEB_SLOW,
		.slow_ms = SHOP_WEB_SLOW_MS,
		.tls_ca = t->shops->ca_file,
		.http_proxy = t->shops->http_proxy };
	enum rc rc = http_call(&how, ret, f);
	hush_wipe(bearer, sizeof(bearer));
	return rc;
}

static enum rc judge(
	struct action_task *t, const struct shop_web_ask *ask, const struct http_answer *a, struct fault *f)
{
	const char *who = lane_kinds[ask->lane].name;

	if ((a->status >= 200 && a->status < 300) || a->status == 404)
		return RC_OK;
	if (a->status == 401 || a->status == 403) {
		bool known = ask->login || (ask->token && ask->token->n);
		t->code = known ? "access_denied" : "login_required";
		return fault_set(f, RC_DENIED, "%s answers %d: %s", who, a->status,
			known ? "it does not accept the agent's token for this" : "the agent has no token for it");
	}
	if (a->status == 429) {
		t->again_ms = again_ms(a);
		task_pause_for(t, ask->lane, t->again_ms, "http_429");
		t->code = "rate_limited";
		return fault_set(f, RC_LIMIT, "%s answers 429: too many requests", who);
	}
	return fault_set(f, RC_AWAY, "%s answers %d", who, a->status);
}

static enum rc take_token(struct action_task *t, const struct shop_web_ask *ask, const struct hush *refused,
	struct hush *ret, struct fault *f)
{
	enum rc rc = shop_login_token(ask->login, refused, end_of(t, ask), ret, f);

	if (rc == RC_DENIED)
		t->code = "login_required";
	return rc;
}

/* With a token that the login has; when that is refused, once more with a new one. */
static enum rc send_as(
	struct action_task *t, const struct shop_web_ask *ask, struct http_answer *ret, struct fault *f)
{
	struct hush first = { 0 }, second = { 0 };
	struct shop_web_ask as = *ask;

	if (!ask->login)
		return send(t, ask, ret, f);
	enum rc rc = take_token(t, ask, NULL, &first, f);
	as.token = &first;
	if (rc == RC_OK)
		rc = send(t, &as, ret, f);
	if (rc == RC_OK && ret->status == 401) {
		http_answer_done(ret);
		*ret = (struct http_answer){ 0 };
		rc = take_token(t, ask, &first, &second, f);
		as.token = &second;
		if (rc == RC_OK)
			rc = send(t, &as, ret, f);
	}
	hush_done(&first);
	hush_done(&second);
	return rc;
}

enum rc shop_web_get(
	struct action_task *t, const struct shop_web_ask *ask, struct http_answer *ret, struct fault *f)
{
	struct http_answer a = { 0 };
	enum rc rc = task_lanes(t, &ask->lane, 1, f);

	if (rc == RC_OK)
		rc = send_as(t, ask, &a, f);
	if (rc == RC_OK)
		rc = judge(t, ask, &a, f);
	if (rc == RC_OK)
		*ret = a;
	else
		http_answer_done(&a);
	return rc;
}
