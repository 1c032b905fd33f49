/*
 * writer: every change of the database goes through here. One thread takes all writes that wait, runs each inside a mark of
 * one transaction, commits once (one fsync for all), and only then lets any of them answer. A write that fails is undone alone.
 */
#pragma once

#include "control/tx.h"
#include "io/loop.h"
#include "io/pool.h"

#define WRITER_BATCH_MAX 256
#define WRITER_QUEUE_MAX 8192 /* writes that may wait; more are refused with RC_OVERLOADED */

/* Embedded in its owner, who keeps it until `done`. */
struct write {
	struct pool_job job;
	struct loop_job back;
	struct control *control;
	enum rc (*run)(struct write *w, struct tx *tx); /* writer's thread; what it did is undone unless RC_OK */
	void (*done)(struct write *w);                  /* loop thread, after the commit; see rc */
	enum rc rc;                                     /* what run said, or why the commit failed; for `done` */
	bool unknown; /* it failed, but may have been committed: the database went away before it said so */
	struct fault fault;
};

/* Any thread. RC_OVERLOADED: `done` will not be called. */
must_check enum rc writer_push(struct write *w);

/* Opens the write connection and starts the thread. */
must_check enum rc writer_start(struct control *c, struct fault *f);
