/*
 * browser: what a person's browser does in a log-on, for tests: cookies by origin, redirects one at a time, forms. A failure ends the
 * test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define BROWSER_COOKIES 48
#define BROWSER_URL     8192

struct browser {
	struct {
		char origin[64], name[96], value[4096];
	} cookies[BROWSER_COOKIES];
	size_t cookies_n;
	char url[BROWSER_URL]; /* of what it shows */
	int status;
	char location[BROWSER_URL]; /* where it is sent to; "": nowhere */
	char *text;                 /* what it shows */
	char type[128];
	bool plain; /* asks for JSON and not for pages */
};

void browser_done(struct browser *b);

/* One request; redirects are not followed. `form`: a POST; NULL: a GET. The address may be relative to what it shows. */
void browser_go(struct browser *b, const char *url, const char *form);

/* Follows redirects until it is sent to an address that begins with `until`, which is not asked for, or shows a page. */
void browser_follow(struct browser *b, const char *until);

/* The value of a cookie; NULL: there is none. */
const char *browser_cookie(const struct browser *b, const char *origin, const char *name);
void browser_forget(struct browser *b, const char *name);

/* The value of a parameter of an address, unescaped; "" when it has none. Valid until the next call. */
const char *browser_parameter(const char *url, const char *name);
