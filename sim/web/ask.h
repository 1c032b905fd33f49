/*
 * ask: one HTTP request as the pages of this Steam see it: which site, the parts of its path, its query, form and cookies, and
 * who asks; and the answer to it. One thread.
 *
 * Sites are told apart by the Host header. A client that was pointed at an address (127.0.0.1) has no such header to offer:
 * then a prefix tells (/community, /store, /api, /login, /help), and without one the path itself, as far as it can.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "sim/sim.h"
#include "sim/web/ask_form.h"

#define ASK_ARENA_MAX   (8u << 20) /* of one request */
#define ASK_PARTS_MAX   4          /* parts of a path that a page takes */
#define ASK_HEADERS_MAX 12         /* of one answer */

enum ask_site {
	ASK_SELF,
	ASK_API,
	ASK_COMMUNITY,
	ASK_STORE,
	ASK_LOGIN,
	ASK_OTHER_SITE,
	ASK_CDN,
	ASK_EPIC,
	ASK_GOG
};

struct web_request;

struct ask {
	struct sim *sim;
	struct arena arena;
	enum ask_site site;
	bool direct; /* not by a Host header of Steam's */
	const char *method, *host, *path, *peer;
	const char *authority;           /* the Host header as it came, with the port; NULL when none */
	const char *query_text, *body;   /* as they came; "" when none */
	const char *referer;             /* "" when none */
	const char *bearer, *range;      /* of the headers Authorization and Range; "" when none */
	const char *authorization;       /* the whole of it; "" when none */
	const char *sessionid;           /* the cookie; "" when none */
	const char *part[ASK_PARTS_MAX]; /* what stood for the stars of the page's path; decoded */
	struct ask_pairs query, form, cookies;
	struct person *who; /* NULL: nobody, or no longer */
	int64_t now;        /* sim_time */
	struct effect effect;
};

struct answer_header {
	const char *name, *value;
};

struct answer {
	int status;
	const char *type;
	struct answer_header headers[ASK_HEADERS_MAX];
	unsigned headers_n;
	struct buf body;
	struct arena arena; /* of the headers */
	uint32_t latency_ms;
	uint32_t drip_ms; /* its body comes in pieces, one each so many; 0: whole */
	bool drop;        /* no answer, ever */
	bool cut; /* the connection is closed instead, after the body as it is: bytes of an answer, or none */
};

/* False: the request is not good; `why` says it. ask_done in any case. */
bool ask_read(struct ask *q, struct sim *sim, const struct web_request *r, const char **why);
void ask_done(struct ask *q);

/* "" when absent. */
const char *ask_query(const struct ask *q, const char *name);
const char *ask_form(const struct ask *q, const char *name);
const char *ask_cookie(const struct ask *q, const char *name);
const char *ask_either(const struct ask *q, const char *name); /* of the form, else of the query */
const struct ask_pair *ask_find(
	const struct ask_pairs *p, const char *name, size_t nth); /* NULL: there are not so many */
bool ask_number(const char *s, uint64_t *ret);                    /* decimal, nothing else */
/* The part that "Range: bytes=FROM-TO" or "bytes=FROM-" wants of something of n bytes; false: all of it, and both are as they were. */
bool ask_range(const struct ask *q, size_t n, size_t *ret_from, size_t *ret_n);

/* ---- the answer ---- */
void answer_json(struct answer *a, int status);
void answer_html(struct answer *a, int status);
void answer_header(struct answer *a, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void answer_redirect(struct answer *a, const char *url);
void answer_done(struct answer *a);
