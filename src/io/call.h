/*
 * call: a worker asks something of the loop thread and waits for the answer. The asker embeds a struct call in what it asks;
 * all of it lives on the worker's stack or in its arena, for call_wait comes back only when the loop has let go of it.
 *
 *      worker: call_wait ──> loop: begin … call_answer ──> worker goes on
 *                    (deadline, or call_cancel on the loop) ──> loop: give_up, which must lead to call_answer at once
 *
 * Between begin and call_answer the asker's struct belongs to the loop thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "io/loop.h"

#include <pthread.h>

/* The calls of one task, one at a time; for the loop only. Zeroes to begin with. */
struct call_scope {
	struct call *now;
	bool canceled; /* calls that come later are answered RC_CANCELED */
};

struct call {
	void (*begin)(struct call *c); /* loop: starts it; call_answer may come at once or later */
	void (*give_up)(
		struct call *c);  /* loop: time is up or it was aborted; has to let go and call call_answer */
	uint64_t deadline_ms;     /* of loop_now_ms */
	struct call_scope *scope; /* NULL: none */
	enum rc rc;               /* the answer; of give_up: why (RC_TIMEOUT, RC_CANCELED) */
	struct fault fault;

	struct loop_job to_begin, to_give_up; /* the rest is call.c's */
	pthread_mutex_t lock;
	pthread_cond_t news;
	bool answered, gave_up; /* under the lock */
};

/* Worker: asks and waits. begin, give_up, deadline_ms and scope are filled in. Returns the answer's rc, and its fault in *f. */
must_check enum rc call_wait(struct loop *l, struct call *c, struct fault *f);

/* Loop: the one answer. Nothing of the call may be touched after it. why NULL: the rc's title. */
void call_answer(struct call *c, enum rc rc, const char *why);

/* Loop: ends the call under way, if any, by its give_up with RC_CANCELED, and lets none begin any more. */
void call_cancel(struct call_scope *s);
