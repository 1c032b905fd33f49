/*
 * waits: requests with Prefer: wait=N (RFC 7240) that stay unanswered until their job is over or the time is. Loop thread.
 */
#pragma once

#include "control/http/exchange.h"

#define WAITS_SECONDS_MAX 60
#define WAITS_MAX         4096 /* requests that may wait at once; more are answered at once */

struct waits;
must_check enum rc waits_new(struct control *c, void (*again)(struct exchange *x),
	void (*answer)(struct exchange *x), struct waits **ret_waits);
void waits_free(struct waits *w);
OWN_DEFINE(waits)

/* Begins to watch the exchange's job, before it is read: an end that comes in between is noted in x->woken. False: too many wait. */
bool waits_watch(struct waits *w, struct exchange *x);

/* The job was read and is not over: parks the exchange, or reads again when its end came in between. */
void waits_park(struct waits *w, struct exchange *x);
void waits_forget(struct exchange *x);

/* The feed saw a job's end. */
void waits_over(struct waits *w, const char *job_id);
void waits_answer_all(struct waits *w); /* at shutdown: everyone gets what there is */
