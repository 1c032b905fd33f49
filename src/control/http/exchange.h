/*
 * exchange: one request on its way through the house: shown by io/web on the loop, performed by a reader or the writer,
 * answered on the loop. It owns itself: made by http/serve, freed when it has been answered.
 */
#pragma once

#include "base/id.h"
#include "base/list.h"
#include "control/http/route.h"
#include "control/reader.h"
#include "control/writer.h"
#include "io/web.h"

#define EXCHANGE_TRACE    56
#define EXCHANGE_PEER_MAX 48

struct answer_file;
struct meters_pass;

struct later;

struct exchange {
	struct write write;   /* ROUTE_WRITE */
	struct read read;     /* else, and for what comes before a write */
	const char *violated; /* while the problem is written: the quota that is used up */
	struct control *control;
	struct web_request *request; /* NULL once it is answered */
	const struct route *route;
	const char *arg[ROUTE_ARGS_MAX]; /* in `path` */
	char *path;                      /* decoded, cut at its slashes */
	/* Headers; they live as long as the request. */
	const char *authorization, *cookies, *idempotency_key, *if_match, *if_none_match, *content_type,
		*last_event_id, *accept, *user_agent;
	char *bearer; /* what `authorization` is when the key came otherwise, see exchange_api_key */
	char peer[EXCHANGE_PEER_MAX]; /* whose request it is, see http/proxies */
	bool streams;
	uint32_t wait_ms; /* Prefer: wait */
	char id[ID_MAX];
	char traceparent[EXCHANGE_TRACE]; /* of the request's own span */
	char trace_id[33], parent_id[17]; /* parent_id: the caller's span; "": none */
	uint64_t began_us;
	int64_t began_wall_ms;
	struct arena before; /* of route.before, with what it found */
	const void *found;
	struct meters_pass *pass; /* through the caller's limits; NULL: none so far */
	bool counted;             /* as a use of its key */
	void (*noted)(struct exchange *x);
	struct later *later; /* the audit record of a read, or of a refused call; NULL: there is none */
	/* The answer. */
	enum rc rc;
	int status;
	struct buf body;
	struct answer_file *file; /* the body, or why there is none of it; NULL: no file */
	const char *out_type;     /* NULL: the route's */
	char etag[32], next[160];
	char *location, *set_cookie[ROUTE_COOKIES_MAX]; /* NULL: none */
	int64_t retry_s;                                /* Retry-After; 0: as the error says */
	bool replayed;
	struct feed_wish *wish;
	/* Held back behind a request with the same Idempotency-Key (http/twins). */
	struct list twin; /* twins.waiting, else linked to itself */
	char *twin_key;
	uint64_t twin_until_ms;
	/* Waiting for a job's end (http/waits). */
	struct list waiting; /* waits.all, else linked to itself */
	char job_id[ID_MAX];
	uint64_t wait_until_ms;
	bool parked, woken, job_over;
	bool again; /* `route` is now getJob: the job is read once more for the answer of another operation */
	int first_status;
};

static inline struct exchange *exchange_of_write(struct write *w)
{
	return (struct exchange *)(void *)((char *)w - offsetof(struct exchange, write));
}
static inline struct exchange *exchange_of_read(struct read *r)
{
	return (struct exchange *)(void *)((char *)r - offsetof(struct exchange, read));
}

/* Below the caller's span (W3C traceparent), or the first of a new trace; and the span when it is answered. */
void exchange_trace(struct exchange *x);
void exchange_span(const struct exchange *x, const char *method);

/* The texts of an answer. False: no memory. */
bool exchange_answer(struct exchange *x, const char *location, const char *const set_cookie[ROUTE_COOKIES_MAX]);
void exchange_forget(struct exchange *x); /* takes them back */

/* ROUTE_COMPAT: the key of X-API-Key becomes its Authorization, unless it has one. */
void exchange_api_key(struct exchange *x);

void exchange_free(struct exchange *x);

/*
 * admit: a request of a known caller is let in by their limits and counted, or told to wait for the row of a limit (quotas/meters).
 * RC_MORE: it waits, and is performed anew when the row was asked. RC_LIMIT, RC_QUOTA, RC_CONCURRENCY: over a limit. On the
 * thread that performs it.
 */
must_check enum rc admit_request(struct exchange *x, struct tx *tx, const struct principal *who);
/* A credential was no good: RC_UNAUTHENTICATED, or RC_LIMIT when its address brought too many of those. */
must_check enum rc admit_failure(struct exchange *x, struct tx *tx);
bool admit_waits(const struct exchange *x);
void admit_park(struct exchange *x);                  /* one that waits. Loop */
void admit_drop(struct exchange *x);                  /* it is over: what runs at once has room again. Loop */
const char *admit_violated(const struct exchange *x); /* the name of the limit that it is over; NULL: none */
const char *admit_policies(const struct exchange *x); /* RateLimit-Policy; NULL: no limits */
const char *admit_left(const struct exchange *x);     /* RateLimit */

/*
 * x->file: its headers, if any; and the answer, if it is one: false: it is none (http/answer_file). On the loop but for the first.
 */
void answer_file_free(struct answer_file *f); /* takes NULL */
void answer_file_headers(const struct exchange *x, struct web_header *to, size_t *n);
must_check bool answer_file_send(struct exchange *x, const struct web_header *headers);

/* What every answer carries for browsers, and what a page of another origin is told (http/safety). */
#define EXCHANGE_SAFETY_MAX 12
void exchange_safety(const struct exchange *x, struct web_header *to, size_t *n);
must_check bool exchange_preflight(const struct control *c, struct web_request *r);
must_check enum rc exchange_settings(const struct control *c, struct fault *f);

/*
 * Sees to the audit record of a call that was no write (`later`; http/noted). True: `done` is called when it is written, and not before
 * may the read be answered. A refused call need not wait. On the loop.
 */
must_check bool noted_first(struct exchange *x, void (*done)(struct exchange *x));
