/*
 * http_call: one HTTP request and its answer, waited for. For workers and the command line, never for the loop. libcurl
 * stands behind it.
 *
 * Redirects are not followed, a URL may hold no user or password, and no proxy is taken from the environment. An answer of any
 * status is RC_OK; what went wrong below HTTP is told by rc and fault, whose text holds no query (it may hold a key).
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/hush.h"
#include "base/own.h"

#include <stdint.h>

struct http_guard;

#define HTTP_CALL_HEAD_MAX   65536      /* bytes of the answer's headers */
#define HTTP_CALL_BODY_MAX   (8u << 20) /* of its body, when the caller names no limit */
#define HTTP_CALL_CONNECT_MS 20000

struct http_call_header {
	const char *name, *value;
};

/* Keeps connections for further calls by the same thread. */
struct http_caller;
struct http_caller *http_call_new(void); /* NULL without memory */
void http_call_free(struct http_caller *c);

struct http_ask {
	struct http_caller *caller;             /* NULL: a connection for this call alone */
	const char *method;                     /* NULL: GET */
	const char *url;                        /* http:// or https:// */
	const struct http_call_header *headers; /* end in { 0 }; may be NULL */
	const void *body;                       /* NULL: none */
	size_t body_n;
	size_t body_max;      /* of the answer; 0: HTTP_CALL_BODY_MAX. RC_TOO_LARGE past it */
	uint32_t deadline_ms; /* for all of it; 0: none. RC_TIMEOUT past it */
	uint32_t connect_ms;  /* 0: HTTP_CALL_CONNECT_MS */
	uint32_t
		idle_ms; /* RC_TIMEOUT when nothing comes for so long, about a second more or less; 0: no such limit */
	uint32_t first_ms;  /* the same until the answer's first byte, from when the request went out; 0: idle_ms */
	uint32_t receive_n; /* bytes that on_body is given at once, at most; 0: 16 KiB */
	uint32_t slow_bps,
		slow_ms;        /* RC_TIMEOUT with less than so many bytes a second for so long; 0: no such limit */
	const char *tls_ca;     /* PEM file beside the system's; NULL: the system's alone */
	const char *http_proxy; /* [USER:PASSWORD@]HOST:PORT; NULL: none */
	const char *socks5; /* HOST:PORT of a SOCKS5 proxy, that resolves names; NULL: none. Not with http_proxy */
	const struct hush
		*proxy_login;     /* USER:PASSWORD for either; NULL or empty: none beside what http_proxy has */
	const char *bind_address; /* the local IP address to speak from; NULL or "": any */
	const struct http_guard
		*guard; /* where the call may lead, see http_guard; NULL: anywhere. Not with a proxy or a socket */
	bool body_cut;  /* what is past body_max is not read, and that is no error */
	const char *unix_socket; /* path to connect to instead of the URL's host; NULL: none */
	/* Is given the body of a 2xx answer as it comes, which is then not collected nor limited. false ends it: RC_CANCELED. */
	bool (*on_body)(void *ctx, const void *p, size_t n);
	/* The same thread is asked about once a second: true ends the call, RC_CANCELED. NULL: nobody is. */
	bool (*halt)(void *ctx);
	void *ctx; /* of both */
	const _Atomic bool *
		stop; /* set by another thread: ends the call within about a second, RC_CANCELED. NULL: nobody does */
	bool *ret_sent; /* set to whether any of the request went out, also on failure; NULL: not asked */
};

struct http_answer {
	int status;
	struct buf body;
	struct buf head; /* see http_call_header_of */
};

/* Fills the empty *ret, which is then the caller's; untouched on failure. */
must_check enum rc http_call(const struct http_ask *ask, struct http_answer *ret, struct fault *f);

/* The value of a header of the answer; `name` in lower case. NULL when absent. Valid as long as the answer. */
const char *http_call_header_of(const struct http_answer *a, const char *name);
/* One that may come several times: the one with this number, from 0; NULL: there are fewer. */
const char *http_call_header_at(const struct http_answer *a, const char *name, size_t number);

static inline void http_answer_done(struct http_answer *a)
{
	buf_done(&a->body);
	buf_done(&a->head);
}
