#include "sim/web/ask.h"

#include "base/scan.h"

#include "io/web.h"
#include "sim/auth.h"
#include "sim/web/api_key.h"
#include "sim/web/ask_form.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- which site ---- */

static const struct {
	const char *host;
	enum ask_site site;
} hosts[] = {
	{ "api.steampowered.com", ASK_API },
	{ "steamcommunity.com", ASK_COMMUNITY },
	{ "www.steamcommunity.com", ASK_COMMUNITY },
	{ "store.steampowered.com", ASK_STORE },
	{ "login.steampowered.com", ASK_LOGIN },
	{ "help.steampowered.com", ASK_OTHER_SITE },
	{ "checkout.steampowered.com", ASK_OTHER_SITE },
	{ "steam.tv", ASK_OTHER_SITE },
	{ "launcher-public-service-prod06.ol.epicgames.com", ASK_EPIC },
	{ "catalog-public-service-prod06.ol.epicgames.com", ASK_EPIC },
	{ "content-system.gog.com", ASK_GOG },
	{ "api.gog.com", ASK_GOG },
	{ "cdn.gog.com", ASK_GOG },
};

static const struct {
	const char *prefix, *after; /* after: what must follow, so that no page of a site is taken for a prefix */
	enum ask_site site;
} prefixes[] = {
	{ "/community", "/", ASK_COMMUNITY },
	{ "/store", "/", ASK_STORE },
	{ "/api", "/I", ASK_API },
	{ "/login", "/jwt/", ASK_LOGIN },
	{ "/help", "/", ASK_OTHER_SITE },
	{ "/epic", "/", ASK_EPIC },
	{ "/gog", "/", ASK_GOG },
};

/* Beginnings of paths that one site alone has. */
static const struct {
	const char *begin;
	enum ask_site site;
} beginnings[] = {
	{ "/sim/", ASK_SELF },
	{ "/cmping", ASK_SELF },
	{ "/cmsocket", ASK_SELF },
	{ "/ISteamDirectory/", ASK_SELF },
	{ "/I", ASK_API },
	{ "/jwt/", ASK_LOGIN },
	{ "/depot/", ASK_CDN },
	{ "/lancache-heartbeat", ASK_CDN },
	{ "/ugc/", ASK_CDN },
	{ "/account/", ASK_STORE },
	{ "/freelicense/", ASK_STORE },
	{ "/api/appdetails", ASK_STORE },
};

static bool is_steams(const char *host)
{
	static const char *const cdn[] = { ".steamcontent.com", ".steamstatic.com", ".steamusercontent.com" };
	for (size_t i = 0; i < sizeof(cdn) / sizeof(cdn[0]); i++) {
		size_t n = strlen(cdn[i]), all = strlen(host);
		if (all > n && !strcasecmp(host + all - n, cdn[i]))
			return true;
	}
	return false;
}

static enum ask_site by_path(const char *path)
{
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (!strncmp(path, beginnings[i].begin, strlen(beginnings[i].begin)))
			return beginnings[i].site;
	return ASK_COMMUNITY;
}

static void find_site(struct ask *q)
{
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (!strcasecmp(q->host, hosts[i].host)) {
			q->site = hosts[i].site;
			if (q->site == ASK_API && by_path(q->path) == ASK_SELF)
				q->site = ASK_SELF;
			return;
		}
	if (is_steams(q->host)) {
		q->site = ASK_CDN;
		return;
	}
	q->direct = true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = strlen(prefixes[i].prefix);
		if (strncmp(q->path, prefixes[i].prefix, n) != 0 ||
			strncmp(q->path + n, prefixes[i].after, strlen(prefixes[i].after)) != 0)
			continue;
		q->path += n;
		q->site = by_path(q->path) == ASK_SELF ? ASK_SELF : prefixes[i].site;
		return;
	}
	q->site = by_path(q->path);
}

/* ---- reading ---- */

static const char *host_of(struct ask *q, const struct web_request *r)
{
	const char *host = web_header(r, "host");
	return host ? arena_strn(&q->arena, host, strcspn(host, ":")) : "";
}

static bool read_cookies(struct ask *q, const struct web_request *r)
{
	const char *all = web_header(r, "cookie");
	while (all && *all) {
		all += strspn(all, "; ,");
		size_t n = strcspn(all, ";,"), name = strcspn(all, "=;,");
		if (name < n && !ask_form_add(&q->arena, &q->cookies, all, name, all + name + 1, n - name - 1))
			return false;
		all += n;
	}
	return true;
}

/* "ID64||TOKEN" */
static struct person *by_cookie(struct ask *q)
{
	const char *token = strstr(ask_cookie(q, "steamLoginSecure"), "||");
	uint64_t id;
	if (!token)
		return NULL;
	struct person *p = auth_person(q->sim, token + 2, NULL);
	const char *id_text = arena_strn(
		&q->arena, ask_cookie(q, "steamLoginSecure"), (size_t)(token - ask_cookie(q, "steamLoginSecure")));
	return p && id_text && ask_number(id_text, &id) && id == p->steamid ? p : NULL;
}

static void find_person(struct ask *q)
{
	const char *token = ask_either(q, "access_token");
	if (*token)
		q->who = auth_person(q->sim, token, NULL);
	else if (q->site != ASK_API)
		q->who = by_cookie(q);
	else if (*ask_either(q, "key"))
		q->who = api_key_person(&q->sim->people, ask_either(q, "key"));
}

bool ask_read(struct ask *q, struct sim *sim, const struct web_request *r, const char **why)
{
	const struct web_view *v = web_view(r);

	*q = (struct ask){ .sim = sim,
		.arena = { .limit = ASK_ARENA_MAX },
		.method = v->method,
		.path = v->path,
		.peer = v->peer,
		.query_text = v->query,
		.body = v->body,
		.now = sim_time(sim) };
	q->host = host_of(q, r);
	q->authority = arena_str(&q->arena, web_header(r, "host"));
	*why = "too much of everything";
	if (!q->host)
		return false;
	find_site(q);
	const char *type = web_header(r, "content-type");
	*why = "a query, a form or a cookie that cannot be read, or has too many parts";
	if (!ask_form_urlencoded(&q->arena, &q->query, v->query, strlen(v->query)) || !read_cookies(q, r))
		return false;
	if (v->body_n && !ask_form_body(&q->arena, &q->form, type ? type : "", v->body, v->body_n))
		return false;
	const char *given = web_header(r, "authorization"), *range = web_header(r, "range");
	q->bearer = given && !strncasecmp(given, "bearer ", 7) ? arena_str(&q->arena, given + 7) : "";
	q->authorization = arena_str(&q->arena, given ? given : "");
	q->range = range ? arena_str(&q->arena, range) : "";
	const char *referer = web_header(r, "referer");
	q->referer = referer ? arena_str(&q->arena, referer) : "";
	q->sessionid = ask_cookie(q, "sessionid");
	if (!q->referer || !q->bearer || !q->authorization || !q->range)
		return false;
	find_person(q);
	return true;
}

void ask_done(struct ask *q) { arena_done(&q->arena); }

const struct ask_pair *ask_find(const struct ask_pairs *p, const char *name, size_t nth)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->at[i].name, name) && nth-- == 0)
			return &p->at[i];
	return NULL;
}

static const char *value(const struct ask_pairs *p, const char *name)
{
	const struct ask_pair *found = ask_find(p, name, 0);
	return found ? found->value : "";
}

const char *ask_query(const struct ask *q, const char *name) { return value(&q->query, name); }
const char *ask_form(const struct ask *q, const char *name) { return value(&q->form, name); }
const char *ask_cookie(const struct ask *q, const char *name) { return value(&q->cookies, name); }

const char *ask_either(const struct ask *q, const char *name)
{
	const struct ask_pair *found = ask_find(&q->form, name, 0);
	return found ? found->value : ask_query(q, name);
}

bool ask_number(const char *s, uint64_t *ret)
{
	char *end;
	if (*s < '0' || *s > '9' || strlen(s) > 20)
		return false;
	*ret = strtoull(s, &end, 10);
	return *end == 0;
}

/* ---- answers ---- */

void answer_json(struct answer *a, int status)
{
	a->status = status;
	a->type = "application/json; charset=utf-8";
}

void answer_html(struct answer *a, int status)
{
	a->status = status;
	a->type = "text/html; charset=UTF-8";
}

void answer_header(struct answer *a, const char *name, const char *fmt, ...)
{
	va_list ap;
	struct buf text = { 0 };

	va_start(ap, fmt);
	buf_vfmt(&text, fmt, ap);
	va_end(ap);
	const char *kept = arena_str(&a->arena, buf_text(&text));
	if (kept && a->headers_n < ASK_HEADERS_MAX)
		a->headers[a->headers_n++] = (struct answer_header){ name, kept };
	buf_done(&text);
}

void answer_redirect(struct answer *a, const char *url)
{
	answer_html(a, 302);
	answer_header(a, "location", "%s", url);
}

void answer_done(struct answer *a)
{
	buf_done(&a->body);
	arena_done(&a->arena);
}

bool ask_range(const struct ask *q, size_t n, size_t *ret_from, size_t *ret_n)
{
	const char *at = q->range;
	uint64_t from, to = SIZE_MAX / 2;

	if (!scan_u64(&at, "bytes=", SIZE_MAX / 2, &from) || *at != '-')
		return false;
	if ((at[1] && !scan_u64(&at, "-", SIZE_MAX / 2, &to)) || (at[0] && at[1]) || to < from || from >= n)
		return false;
	*ret_from = from;
	*ret_n = to < n ? to - from + 1 : n - from;
	return true;
}
