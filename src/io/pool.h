/*
 * pool: worker threads that may wait. A job is run by one worker, which owns it until it hands it back (loop_post).
 *
 * Each worker has a context of its own, made by `enter` when its thread begins and undone by `leave` (a database
 * connection, an arena). A worker takes up to `batch_max` waiting jobs at once and runs them by one call of `run`,
 * so that a writer can cover many by one commit.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>

struct pool;

struct pool_job {
	struct pool_job *next; /* the pool's */
};

struct pool_conf {
	const char *name; /* of the threads */
	unsigned threads;
	unsigned batch_max; /* 1: every job alone */
	unsigned queue_max; /* pool_push answers RC_OVERLOADED past it */
	void *ctx;          /* for the three below */
	enum rc (*enter)(
		void *ctx, void **ret_worker, struct fault *f);      /* NULL: no context. On the worker's thread */
	void (*run)(void *worker, struct pool_job **jobs, size_t n); /* jobs in the order they were pushed */
	void (*leave)(void *worker);
};

/* Starts the threads; fails when the `enter` of one fails. */
must_check enum rc pool_new(const struct pool_conf *conf, struct pool **ret_pool, struct fault *f);

/* Any thread. RC_OVERLOADED when queue_max jobs wait; the job is then still the caller's. */
must_check enum rc pool_push(struct pool *p, struct pool_job *job);

size_t pool_waiting(struct pool *p); /* any thread */

/* Runs what waits, then ends and joins the threads. Pushes after it began answer RC_OVERLOADED. */
void pool_free(struct pool *p);
OWN_DEFINE(pool)
