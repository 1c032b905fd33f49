#include "sim/web/pages.h"

#include "sim/web/api_vdf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *method, *path;
	void (*run)(struct ask *q, struct answer *a);
	enum ask_site site;
	enum request request;
	enum page_need need;
	bool form;
} pages[] = {
#define PAGE(site, method, path, request, need, form, run) \
	{ method, path, run, ASK_##site, REQUEST_##request, PAGE_##need, form },
#include "sim/web/pages.def"
#undef PAGE
};

#define PAGES (sizeof(pages) / sizeof(pages[0]))

/* A slash more at the end makes no difference, as with Steam. Several at its beginning count as one. */
static bool fits(struct ask *q, const char *pattern)
{
	const char *p = q->path + (q->path[0] == '/' && q->path[1] == '/');
	unsigned parts = 0;

	for (; *pattern; pattern++) {
		if (*pattern != '*') {
			if (*p++ != *pattern)
				return false;
			continue;
		}
		size_t n = strcspn(p, "/");
		if (n == 0)
			return false;
		q->part[parts++] = arena_strn(&q->arena, p, n);
		p += n;
	}
	return !strcmp(p, "") || !strcmp(p, "/");
}

static bool all_parts(const struct ask *q)
{
	for (size_t i = 0; i < ASK_PARTS_MAX; i++)
		if (!q->part[i])
			return false;
	return true;
}

void pages_refuse_login(const struct ask *q, struct answer *a, enum page_need need)
{
	switch (need) {
	case PAGE_ANYONE:
	case PAGE_REDIRECT:
		answer_redirect(a, q->site == ASK_STORE ? "https://store.steampowered.com/login/?redir="
							: "https://steamcommunity.com/login/home/?goto=");
		return;
	case PAGE_KEY:
		answer_html(a, *ask_either(q, "access_token") ? 401 : 403);
		buf_str(&a->body,
			"<html><head><title>Forbidden</title></head><body><h1>Forbidden</h1>Access is denied. "
			"Please verify your <pre>key=</pre> parameter.</body></html>");
		return;
	case PAGE_401:
		answer_json(a, 401);
		buf_str(&a->body, "null");
		return;
	case PAGE_403:
		answer_json(a, 403);
		buf_str(&a->body, "null");
		return;
	case PAGE_NEEDAUTH:
		answer_json(a, 200);
		buf_str(&a->body, "{\"success\":false,\"needauth\":true}");
		return;
	}
}

/* Effects that come instead of the page. True: that was the answer. */
static bool bent(struct ask *q, struct answer *a, enum page_need need)
{
	const struct effect *e = &q->effect;

	a->latency_ms = e->latency_ms;
	a->drop = e->drop || e->half_open;
	a->cut = e->cm_drop;
	if (a->drop || a->cut)
		return true;
	if (e->retry_after_s)
		answer_header(a, "retry-after", "%u", e->retry_after_s);
	if (e->http || e->retry_after_s) {
		answer_html(a, e->http ? (int)e->http : 429);
		buf_str(&a->body,
			"<html><body><h1>An error occurred while processing your request.</h1></body></html>");
		return true;
	}
	if (e->login_redirect) {
		pages_refuse_login(q, a, PAGE_REDIRECT);
		return true;
	}
	if (e->token_revoked && q->who)
		q->who->token_generation++;
	if (e->session_expired || e->token_revoked)
		q->who = NULL;
	if (e->eresult && need == PAGE_KEY) {
		answer_json(a, 200);
		answer_header(a, "x-eresult", "%d", e->eresult);
		buf_str(&a->body, "{\"response\":{}}");
		return true;
	}
	return false;
}

/* An account with a family view sees nothing of the community before its PIN. */
static bool locked(const struct ask *q, struct answer *a)
{
	char cookie[48]; /* each site has its own */

	if (!q->who || !*q->who->parental || (q->site != ASK_COMMUNITY && q->site != ASK_STORE) ||
		!strncmp(q->path, "/parental/", 10) || !strncmp(q->path, "/login/", 7))
		return false;
	snprintf(cookie, sizeof(cookie), "%" PRIu64 "-%d", q->who->steamid, (int)q->site);
	if (!strcmp(ask_cookie(q, "steamparental"), cookie))
		return false;
	answer_html(a, 403);
	buf_str(&a->body,
		"<html><body><div id=\"parental_notice_instructions\">Enter your PIN below to exit Family View."
		"</div></body></html>");
	return true;
}

/* What happens after the deed. */
static void after(struct ask *q, struct answer *a)
{
	const struct effect *e = &q->effect;

	a->drop |= e->commit_drop;
	a->cut |= e->commit_reset;
	if (a->cut)
		buf_done(&a->body);
	if (!e->commit_5xx)
		return;
	buf_done(&a->body);
	a->headers_n = 0;
	answer_html(a, 502);
	buf_str(&a->body,
		"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>");
}

static bool answer_by(struct ask *q, struct answer *a, size_t i)
{
	if (pages[i].request != REQUEST_COUNT)
		q->effect = sim_count(q->sim, pages[i].request);
	if (bent(q, a, pages[i].need) || locked(q, a))
		return true;
	if (pages[i].need != PAGE_ANYONE && !q->who) {
		pages_refuse_login(q, a, pages[i].need);
		return true;
	}
	if (pages[i].form && (!*q->sessionid || strcmp(ask_form(q, "sessionid"), q->sessionid) != 0)) {
		pages_refuse_login(q, a, pages[i].need);
		return true;
	}
	pages[i].run(q, a);
	if (q->site == ASK_API)
		api_vdf_if_wanted(q, a);
	after(q, a);
	return true;
}

bool pages_answer(struct ask *q, struct answer *a)
{
	for (size_t i = 0; i < PAGES; i++) {
		if (pages[i].site != q->site || (pages[i].method && strcmp(pages[i].method, q->method) != 0))
			continue;
		for (size_t k = 0; k < ASK_PARTS_MAX; k++)
			q->part[k] = "";
		if (fits(q, pages[i].path))
			return all_parts(q) && answer_by(q, a, i);
	}
	return false;
}
