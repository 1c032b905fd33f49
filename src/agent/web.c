#include "agent/web.h"

#include "agent/sessions_call.h"
#include "agent/sessions_conf.h"
#include "agent/web_head.h"
#include "io/clock.h"
#include "wire/steam/web_page.h"

#include <string.h>

#define AGAIN_MAX_S 86400 /* of a Retry-After */
#define ROOM        4096  /* so that what is wiped did not move before */
#define HEADERS_MAX 6

/* One request on its way. All of it is this frame's; what it answers is copied into the task's arena. */
struct trip {
	struct action_task *t;
	const struct agent_web_ask *ask;
	struct sessions_web web;
	struct buf url, cookie, referer, form; /* url and cookie hold tokens: wiped */
	struct http_call_header headers[HEADERS_MAX];
	unsigned headers_n;
};

static void wipe(struct buf *b)
{
	hush_wipe(b->p, b->n);
	buf_done(b);
}

static void trip_done(struct trip *x)
{
	wipe(&x->url);
	wipe(&x->cookie);
	wipe(&x->form);
	buf_done(&x->referer);
	sessions_web_done(&x->web);
}

static enum rc get_session(struct trip *x, bool fresh, struct fault *f)
{
	struct sessions_call c = { .want = x->ask->anonymous ? SESSIONS_EGRESS : SESSIONS_WEB,
		.account_id = x->t->account_id,
		.web = &x->web,
		.fresh = fresh,
		.deadline_ms = x->t->deadline_ms,
		.scope = x->t->scope,
		.reads = x->t->reads };

	enum rc rc = sessions_do(x->t->sessions, &c, f);
	if (c.offline)
		x->t->code = "session_offline";
	if (rc != RC_OK)
		x->t->eresult = c.eresult;
	return rc;
}

static const char *base_of(const struct trip *x)
{
	const struct sessions_urls *urls = sessions_urls(x->t->sessions);

	switch (x->ask->site) {
	case WEB_STORE:
		return urls->store;
	case WEB_API:
		return urls->api;
	case WEB_LOGIN:
		return urls->login;
	case WEB_COMMUNITY:
		break;
	}
	return urls->community;
}

static void put_pairs(struct buf *to, const struct agent_web_pair *p)
{
	for (; p && p->name; p++) {
		if (!p->value)
			continue;
		if (to->n && to->p[to->n - 1] != '?')
			buf_u8(to, '&');
		web_page_encode(to, p->name);
		buf_u8(to, '=');
		web_page_encode(to, p->value);
	}
}

static void put_url(struct trip *x)
{
	const struct agent_web_ask *ask = x->ask;
	const struct agent_web_pair *query = ask->query;

	buf_str(&x->url, base_of(x));
	buf_str(&x->url, ask->path);
	if (query || ask->token)
		buf_u8(&x->url, '?');
	put_pairs(&x->url, query);
	if (ask->token) {
		buf_str(&x->url, query && query->name ? "&access_token=" : "access_token=");
		buf_put(&x->url, x->web.access_token.p, x->web.access_token.n);
	}
}

static void add_header(struct trip *x, const char *name, const char *value)
{
	x->headers[x->headers_n++] = (struct http_call_header){ name, value };
}

static void put_cookies(struct trip *x)
{
	const struct sessions_web *w = &x->web;

	if (x->ask->anonymous || x->ask->site == WEB_API)
		return;
	web_head_cookies(w,
		x->ask->site == WEB_STORE       ? &w->store_unlock
		: x->ask->site == WEB_COMMUNITY ? &w->community_unlock
						: NULL,
		&x->cookie);
	add_header(x, "Cookie", buf_text(&x->cookie));
}

static enum rc prepare(struct trip *x)
{
	const struct agent_web_ask *ask = x->ask;
	bool post = !strcmp(ask->method, "POST");

	if (!buf_room(&x->url, ROOM + x->web.access_token.n) ||
		!buf_room(&x->cookie, ROOM + x->web.access_token.n) || !buf_room(&x->form, ROOM))
		return RC_NOMEM;
	put_url(x);
	put_cookies(x);
	if (post && ask->site != WEB_API)
		add_header(x, "Origin", base_of(x));
	if (ask->referer) {
		buf_str(&x->referer, base_of(x));
		buf_str(&x->referer, ask->referer);
		add_header(x, "Referer", buf_text(&x->referer));
	}
	if (post) {
		put_pairs(&x->form, ask->form);
		if (ask->site != WEB_API && !ask->anonymous)
			buf_fmt(&x->form, "%ssessionid=%s", x->form.n ? "&" : "", x->web.session_id);
		add_header(x, "Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
	}
	add_header(x, NULL, NULL);
	return x->url.bad || x->cookie.bad || x->referer.bad || x->form.bad ? RC_NOMEM : RC_OK;
}

static enum rc keep_answer(struct trip *x, struct http_answer *a, struct agent_web_answer *ret)
{
	const char *location = http_call_header_of(a, "location"), *eresult = http_call_header_of(a, "x-eresult");
	const char *again = http_call_header_of(a, "retry-after");
	unsigned long again_s = again && *again >= '0' && *again <= '9' ? strtoul(again, NULL, 10) : 0;

	ret->status = a->status;
	ret->body = arena_strn(x->t->arena, (const char *)a->body.p, a->body.n);
	ret->body_n = a->body.n;
	ret->location = location ? arena_str(x->t->arena, location) : NULL;
	ret->eresult = eresult ? (int32_t)strtol(eresult, NULL, 10) : 0;
	ret->again_ms = again_s < AGAIN_MAX_S ? (uint32_t)again_s * 1000 : AGAIN_MAX_S * 1000;
	if (!ret->body || (location && !ret->location))
		return RC_TOO_LARGE;
	return RC_OK;
}

static enum rc send(struct trip *x, struct agent_web_answer *ret, struct fault *f)
{
	uint64_t now = clock_mono_ms();
	struct http_answer answer = { 0 };

	if (now >= x->t->deadline_ms)
		return fault_set(f, RC_TIMEOUT, "the time for the task is over");
	if (!x->t->http)
		x->t->http = http_call_new();
	struct http_ask how = { .caller = x->t->http,
		.method = x->ask->method,
		.url = buf_text(&x->url),
		.headers = x->headers,
		.body = x->form.n ? x->form.p : NULL,
		.body_n = x->form.n,
		.body_max = x->ask->body_max,
		.deadline_ms = (uint32_t)(x->t->deadline_ms - now),
		.tls_ca = sessions_urls(x->t->sessions)->ca_file,
		.ret_sent = &ret->sent };
	web_head_way(&x->web, &how);
	enum rc rc = http_call(&how, &answer, f);
	if (rc == RC_OK)
		rc = keep_answer(x, &answer, ret);
	http_answer_done(&answer);
	return rc;
}

/* One request with the session as it is, or a new one. */
static enum rc go(struct action_task *t, const struct agent_web_ask *ask, bool fresh, struct agent_web_answer *ret,
	struct fault *f)
{
	struct trip x = { .t = t, .ask = ask };

	enum rc rc = get_session(&x, fresh, f);
	if (rc == RC_OK)
		rc = prepare(&x);
	if (rc == RC_OK)
		rc = send(&x, ret, f);
	trip_done(&x);
	return rc;
}

static bool is_lost(const struct agent_web_ask *ask, const struct agent_web_answer *a)
{
	if (ask->anonymous)
		return false;
	if (ask->site == WEB_API)
		return a->status == 401 || (ask->token && a->status == 403);
	return web_page_is_lost(a->status, a->location, a->body);
}

static enum rc limited(struct action_task *t, const struct agent_web_ask *ask, uint32_t again_ms, struct fault *f)
{
	t->again_ms = again_ms;
	if (ask->pause_on_429 != LANE_COUNT)
		task_pause(t, ask->pause_on_429, "http_429");
	t->code = "rate_limited";
	return fault_set(f, RC_LIMIT, "Steam answers 429: too many requests");
}

/* A session for the next task, when this request may not be made again. */
static enum rc renew(struct action_task *t, const struct agent_web_ask *ask, struct fault *f)
{
	struct trip x = { .t = t, .ask = ask };

	enum rc rc = get_session(&x, true, f);
	trip_done(&x);
	return rc;
}

static bool is_locked(const struct agent_web_ask *ask, const struct agent_web_answer *a)
{
	return (ask->site == WEB_COMMUNITY || ask->site == WEB_STORE) && !ask->anonymous &&
	       web_page_is_locked(a->body);
}

/* A locked page has done nothing of what it was asked, so it is asked again when it is open. */
static enum rc unlock(
	struct action_task *t, const struct agent_web_ask *ask, struct agent_web_answer *ret, struct fault *f)
{
	struct sessions_call c = { .want = SESSIONS_UNLOCK,
		.account_id = t->account_id,
		.store = ask->site == WEB_STORE,
		.deadline_ms = t->deadline_ms,
		.scope = t->scope,
		.reads = t->reads };

	enum rc rc = sessions_do(t->sessions, &c, f);
	t->code = c.offline ? "session_offline" : rc == RC_DENIED ? "family_view" : t->code;
	if (rc == RC_OK && ask->lanes_n)
		rc = task_lanes(t, ask->lanes, ask->lanes_n, f);
	if (rc == RC_OK)
		rc = go(t, ask, false, ret, f);
	if (rc != RC_OK || !is_locked(ask, ret))
		return rc;
	t->code = "family_view";
	return fault_set(f, RC_DENIED, "a parental PIN locks this page, also when it was said");
}

enum rc agent_web(
	struct action_task *t, const struct agent_web_ask *ask, struct agent_web_answer *ret, struct fault *f)
{
	*ret = (struct agent_web_answer){ 0 };
	enum rc rc = ask->lanes_n ? task_lanes(t, ask->lanes, ask->lanes_n, f) : RC_OK;
	if (rc == RC_OK)
		rc = go(t, ask, false, ret, f);
	if (rc == RC_OK && is_lost(ask, ret)) {
		rc = ask->repeat ? RC_OK : renew(t, ask, f);
		if (rc == RC_OK && ask->repeat && ask->lanes_n)
			rc = task_lanes(t, ask->lanes, ask->lanes_n, f);
		if (rc == RC_OK && ask->repeat)
			rc = go(t, ask, true, ret, f);
		if (rc == RC_OK && is_lost(ask, ret)) {
			t->code = "web_session_lost";
			return fault_set(f, RC_DENIED, "Steam does not accept the account's web session");
		}
	}
	if (rc == RC_OK && is_locked(ask, ret))
		rc = unlock(t, ask, ret, f);
	if (rc != RC_OK)
		return rc;
	return ret->status == 429 ? limited(t, ask, ret->again_ms, f) : RC_OK;
}
