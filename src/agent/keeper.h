/*
 * keeper: the journal's thread. The loop hands it jobs and gets each back when it is done, in order; what waits together is
 * made durable by one sync. A job is its owner's again when `done` is called (loop thread).
 */
#pragma once

#include "agent/journal.h"
#include "io/loop.h"
#include "io/pool.h"

enum keeper_do {
	KEEPER_PUT,  /* durable when done says RC_OK; else tried again by KEEPER_SYNC */
	KEEPER_DROP, /* durable with the next sync */
	KEEPER_READ, /* the body comes in `body` */
	KEEPER_SYNC
};

struct keeper;

struct keeper_job {
	enum keeper_do what;
	uint8_t kind;
	char key[JOURNAL_KEY_MAX + 1];
	struct buf body;
	void (*done)(struct keeper_job *job);
	enum rc rc;
	struct fault fault;

	struct pool_job job; /* the rest is the keeper's */
	struct loop_job back;
	struct keeper *keeper;
};

/* The journal becomes the keeper's. */
must_check enum rc keeper_new(
	struct loop *l, struct journal *take_journal, struct keeper **ret_keeper, struct fault *f);
void keeper_free(struct keeper *k); /* does what waits, syncs, and ends */
OWN_DEFINE(keeper)

/* Loop: hands the job over. Never refuses, but for memory that is too short for anything. */
void keeper_push(struct keeper *k, struct keeper_job *job);

size_t keeper_pending(const struct keeper *k); /* loop: jobs that have not come back */
