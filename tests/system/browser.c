#include "tests/system/browser.h"
#include "base/buf.h"
#include "io/http_call.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void browser_done(struct browser *b)
{
	free(b->text);
	b->text = NULL;
}

static void origin_of(const char *url, char *to, size_t n)
{
	const char *host = strstr(url, "://");
	CHECK(host);
	int k = (int)((size_t)(host - url) + 3 + strcspn(host + 3, "/?#"));
	CHECK(snprintf(to, n, "%.*s", k, url) < (int)n);
}

static void keep(struct browser *b, const char *origin, const char *set)
{
	size_t name = strcspn(set, "="), value = strcspn(set + name + 1, ";"), i = 0;
	bool gone = value == 0 || strstr(set, "Max-Age=0") || strstr(set, "max-age=0");

	while (i < b->cookies_n &&
		(strcmp(b->cookies[i].origin, origin) != 0 || strlen(b->cookies[i].name) != name ||
			strncmp(b->cookies[i].name, set, name) != 0))
		i++;
	if (gone) {
		if (i < b->cookies_n)
			b->cookies[i] = b->cookies[--b->cookies_n];
		return;
	}
	CHECK(i < BROWSER_COOKIES && name < sizeof(b->cookies[i].name) && value < sizeof(b->cookies[i].value));
	if (i == b->cookies_n)
		b->cookies_n++;
	snprintf(b->cookies[i].origin, sizeof(b->cookies[i].origin), "%s", origin);
	snprintf(b->cookies[i].name, sizeof(b->cookies[i].name), "%.*s", (int)name, set);
	snprintf(b->cookies[i].value, sizeof(b->cookies[i].value), "%.*s", (int)value, set + name + 1);
}

static void absolute(const struct browser *b, const char *url, char to[static BROWSER_URL])
{
	char origin[64];

	if (strstr(url, "://") && strstr(url, "://") < url + 8) {
		snprintf(to, BROWSER_URL, "%s", url);
		return;
	}
	CHECK(url[0] == '/');
	origin_of(b->url, origin, sizeof(origin));
	snprintf(to, BROWSER_URL, "%s%s", origin, url);
}

void browser_go(struct browser *b, const char *url, const char *form)
{
	char to[BROWSER_URL], origin[64];
	struct http_answer answer = { 0 };
	struct fault f = { 0 };
	struct buf cookies = { 0 };

	absolute(b, url, to);
	origin_of(to, origin, sizeof(origin));
	for (size_t i = 0; i < b->cookies_n; i++)
		if (!strcmp(b->cookies[i].origin, origin))
			buf_fmt(&cookies, "%s%s=%s", cookies.n ? "; " : "", b->cookies[i].name,
				b->cookies[i].value);
	const struct http_call_header headers[] = { { "Accept", b->plain ? "application/json" : "text/html" },
		{ "Cookie", buf_text(&cookies) },
		{ form ? "Content-Type" : NULL, "application/x-www-form-urlencoded" }, { 0 } };
	const struct http_ask ask = { .method = form ? "POST" : "GET",
		.url = to,
		.headers = headers,
		.body = form,
		.body_n = form ? strlen(form) : 0,
		.deadline_ms = 60000 };
	if (http_call(&ask, &answer, &f) != RC_OK) {
		fprintf(stderr, "%s: %s\n", to, f.text);
		exit(1);
	}
	const char *set, *location = http_call_header_of(&answer, "location"),
			 *type = http_call_header_of(&answer, "content-type");
	for (size_t i = 0; (set = http_call_header_at(&answer, "set-cookie", i)); i++)
		keep(b, origin, set);
	snprintf(b->url, sizeof(b->url), "%s", to);
	b->status = answer.status;
	b->location[0] = 0;
	if (location)
		absolute(b, location, b->location);
	snprintf(b->type, sizeof(b->type), "%s", type ? type : "");
	free(b->text);
	b->text = strdup(buf_text(&answer.body));
	buf_done(&cookies);
	http_answer_done(&answer);
}

void browser_follow(struct browser *b, const char *until)
{
	char to[BROWSER_URL];

	for (int i = 0; i < 20 && *b->location && strncmp(b->location, until, strlen(until)) != 0; i++) {
		memcpy(to, b->location, sizeof(to));
		browser_go(b, to, NULL);
	}
}

const char *browser_cookie(const struct browser *b, const char *origin, const char *name)
{
	for (size_t i = 0; i < b->cookies_n; i++)
		if (!strcmp(b->cookies[i].origin, origin) && !strcmp(b->cookies[i].name, name))
			return b->cookies[i].value;
	return NULL;
}

void browser_forget(struct browser *b, const char *name)
{
	for (size_t i = 0; i < b->cookies_n;)
		if (!strcmp(b->cookies[i].name, name))
			b->cookies[i] = b->cookies[--b->cookies_n];
		else
			i++;
}

const char *browser_parameter(const char *url, const char *name)
{
	static char value[4096];
	size_t n = strlen(name), k = 0;
	const char *at = strchr(url, '?');

	while (at && (strncmp(at + 1, name, n) != 0 || at[1 + n] != '='))
		at = strchr(at + 1, '&');
	for (at = at ? at + n + 2 : ""; *at && *at != '&' && k < sizeof(value) - 1; at++) {
		unsigned c = (unsigned char)*at;
		if (*at == '%' && sscanf(at + 1, "%2x", &c) == 1)
			at += 2;
		value[k++] = *at == '+' ? ' ' : (char)c;
	}
	value[k] = 0;
	return value;
}
