/*
 * pipeline: many chunks at once, from a source to whoever keeps them: threads that fetch feed a pool that decrypts, unpacks, checks and puts.
 * What is on its way is at most PIPELINE_BYTES; besides there are the buffers of the pool's threads, which are the agent's.
 *
 *      next ──> fetch (a thread of the run) ──> unpack, check, put (the pool) ──> done
 *        └─────────── not to be had now, or not what was promised ────┘
 *
 * Who calls pipeline_run waits in it, and is asked whether to go on. The source says where chunks come from: content servers, or memory.
 */
#pragma once

#include "agent/content/cdn_run.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "flow/cdn_choice.h"

struct pool;
struct pool_job;

#define PIPELINE_BYTES   (10u << 20) /* packed chunks that wait to be unpacked, and what large ones unfold to */
#define PIPELINE_PLAIN   (1u << 20)  /* larger chunks count with what they unfold to; real ones are not */
#define PIPELINE_SPARES  4           /* buffers that are kept for the next chunk */
#define PIPELINE_SLOTS   64          /* chunks that were begun: fetched, unpacked, or to be tried once more */
#define PIPELINE_THREADS CDN_CHOICE_IN_ALL

enum pipeline_state {
	PIPELINE_FREE,
	PIPELINE_READY,    /* to be fetched, not before at_ms */
	PIPELINE_FETCHING, /* a fetching thread has it */
	PIPELINE_PACKED,   /* the pool has it */
	PIPELINE_WISHES,   /* the caller's thread is to do something for it: source.grant */
};

/* A chunk that was begun. */
struct pipeline_slot {
	struct pipeline *pipeline;
	struct pool_job *job; /* the pool's; see pipeline.c */
	enum pipeline_state state;
	size_t i;           /* of the run's chunks */
	uint64_t at_ms;     /* READY */
	size_t reserved;    /* bytes */
	struct buf box;     /* what was fetched, unless it is borrowed */
	const void *packed; /* to be unpacked: box, or what the source lends */
	size_t packed_n;
	struct cdn_choice_try try; /* the source's, with the next */
	struct cdn_choice_done done;
	enum cdn_choice_why why;
};

enum pipeline_got {
	PIPELINE_GOT,    /* packed and packed_n tell where */
	PIPELINE_AGAIN,  /* not before at_ms */
	PIPELINE_WISH,   /* not before source.grant */
	PIPELINE_FAIL,   /* it cannot be had: the run ends */
	PIPELINE_THROWN, /* it came and was thrown away: done with it */
};

struct pipeline_source {
	void *ctx;
	/* On a fetching thread, which asks pipeline_halts meanwhile. */
	enum pipeline_got (*fetch)(void *ctx, struct pipeline_slot *s);
	/* On the pool's: it was not what was promised. NULL: that ends the run. */
	void (*spoilt)(void *ctx, struct pipeline_slot *s);
	/* On the caller's: what was wished; NULL: nothing is. Why a chunk cannot be had, when all has ended; NULL: RC_INTERNAL. */
	void (*grant)(void *ctx, struct pipeline_slot *s);
	enum rc (*failed)(void *ctx, const struct pipeline_slot *s, struct fault *f);
};

struct pipeline_conf {
	const struct cdn_run *run; /* task and pace are not looked at */
	struct pipeline_source source;
	struct pool *pool; /* made with the three below */
};

/* RC_OK, RC_CANCELED, RC_IO, RC_TIMEOUT (stalled), RC_TOO_LARGE (a chunk is), RC_MALFORMED (spoilt without a way to mend it), what `failed` says. */
must_check enum rc pipeline_run(const struct pipeline_conf *conf, struct fault *f);

/* Is the run at its end? For what a source does on a fetching thread. */
bool pipeline_halts(void *pipeline);

enum rc pipeline_worker_enter(void *ctx, void **ret_worker, struct fault *f);
void pipeline_worker_run(void *worker, struct pool_job **jobs, size_t n);
void pipeline_worker_leave(void *worker);
