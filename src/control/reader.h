/*
 * reader: questions to the database that change nothing. A few threads, each with a read connection and an arena.
 */
#pragma once

#include "control/tx.h"
#include "io/loop.h"
#include "io/pool.h"

#define READER_THREADS   2
#define READER_BATCH_MAX 16
#define READER_QUEUE_MAX 8192 /* questions that may wait; more are refused with RC_OVERLOADED */

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

must_check enum rc reader_start(struct control *c, struct fault *f);
