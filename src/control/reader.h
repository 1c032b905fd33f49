/*
 * reader: questions to the database that change nothing. A few threads, each with a read connection and an arena. A pool of its
 * own has the slow ones: work that computes for long or asks somebody outside (a password's hash, an identity provider)
 * before a write; so it keeps no question waiting.
 */
#pragma once

#include "control/tx.h"
#include "io/loop.h"
#include "io/pool.h"

#define READER_THREADS   2
#define READER_BATCH_MAX 16
#define READER_QUEUE_MAX 8192 /* questions that may wait; more are refused with RC_OVERLOADED */

#define READER_SLOW_THREADS   4
#define READER_SLOW_QUEUE_MAX 64

/* Embedded in its owner, who keeps it until `done`. */
struct read {
	struct pool_job job;
	struct loop_job back;
	struct control *control;
	void (*run)(
		struct read *r, struct tx *tx); /* reader's thread; what is in tx.arena is gone when it returns */
	void (*done)(struct read *r);           /* loop thread */
};

/* Any thread. RC_OVERLOADED: `done` will not be called. */
must_check enum rc reader_push(struct read *r);
must_check enum rc reader_push_slow(struct read *r);

must_check enum rc reader_start(struct control *c, struct fault *f);
