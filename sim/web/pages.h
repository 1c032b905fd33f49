/*
 * pages: which page answers which request (pages.def), who may see it, and what the faults make of it. One thread.
 */
#pragma once

#include "sim/web/ask.h"

/* What somebody gets who is not logged in. */
enum page_need {
	PAGE_ANYONE,
	PAGE_KEY,      /* the Web API: 403 without an API key or access token, 401 when it is not taken any more */
	PAGE_REDIRECT, /* 302 to the login page */
	PAGE_401,
	PAGE_403,
	PAGE_NEEDAUTH, /* JSON: success false, needauth true */
};

/* False: there is no such page, and nothing is written. */
bool pages_answer(struct ask *q, struct answer *a);

/* What the page of each site says when somebody is not logged in. */
void pages_refuse_login(const struct ask *q, struct answer *a, enum page_need need);

#define PAGE(site, method, path, request, need, form, run) void run(struct ask *q, struct answer *a);
#include "sim/web/pages.def"
#undef PAGE
