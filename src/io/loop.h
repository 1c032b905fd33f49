/*
 * loop: the one thread that owns connections, machines and timers. libwebsockets' own poll loop stands behind it.
 *
 * The thread that calls loop_run is the loop thread. Everything but loop_post and loop_stop is called there only.
 * Workers come back by loop_post: jobs run on the loop thread, in the order they were posted by one thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

struct log;
struct loop;
struct loop_timer;
struct lws_context;

/* A piece of work for the loop thread. Embedded in its owner, who keeps it alive until `run` is called. */
struct loop_job {
	struct loop_job *next; /* the loop's */
	void (*run)(struct loop_job *job);
};

must_check enum rc loop_new(const struct log *keep_log, struct loop **ret_loop, struct fault *f);
/* After loop_run came back and all who post have ended. Closes what is still open and calls its on_close. */
void loop_free(struct loop *l);
OWN_DEFINE(loop)

void loop_run(struct loop *l);                        /* until loop_stop */
void loop_stop(struct loop *l);                       /* any thread; also from a signal handler */
void loop_post(struct loop *l, struct loop_job *job); /* any thread */
bool loop_is_here(const struct loop *l);              /* is the caller the loop thread? (true before loop_run) */

uint64_t loop_now_ms(const struct loop *l); /* monotonic; the machines' clock */

/* The longest time one turn of the loop took since the last call, in microseconds. Any thread. */
uint64_t loop_stall_us(struct loop *l);

/* A timer that fires once at a moment of loop_now_ms; set again inside `fire` for a repeated one. */
must_check enum rc loop_timer_new(
	struct loop *l, void (*fire)(void *ctx), void *ctx, struct loop_timer **ret_timer);
/*
 * It fires before all else of a turn that finds it due, be that bytes, posted jobs or timers that were due before it: for what must
 * not be done too late by a process that stood still. One for each loop.
 */
void loop_timer_first(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);
void loop_timer_at(struct loop_timer *t, uint64_t at_ms); /* replaces the moment; UINT64_MAX: never */
