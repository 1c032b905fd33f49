/* fetch_parts: what the files fetch*.c share; see fetch.h. */
#pragma once

#include "agent/content/fetch_ask.h"
#include "agent/content/fetch_home.h"
#include "agent/content/fetch_sheet.h"
#include "io/tree.h"
#include "wire/content_journal.h"

#include <pthread.h>

#define FETCH_RECENT 4

struct fetch {
	struct fetch_ask ask;
	_Atomic int state;
	_Atomic bool stop;     /* everybody ends */
	_Atomic bool canceled; /* because `tell` said so */
	_Atomic bool stalled;
	bool beside; /* home and the control plane's store are on one disk */

	struct content_listing listing;
	struct fetch_plan plan;
	struct fetch_hold *hold;
	struct tree *tree; /* the staging tree; NULL: not made yet */
	char folder[FETCH_HOME_PATH];
	uint32_t *wanted; /* of the run under way: its chunks in the plan */

	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t synced; /* bytes were synced, or it is to end */
	struct content_journal journal;
	int journal_fd;
	bool *whole;                       /* of each file: taken from an earlier build, never written to */
	uint32_t *left;                    /* of each file: places that are to be written */
	uint8_t *dirty;                    /* of each file: written since the last sync */
	uint32_t *dirty_list, *fresh_list; /* these files; chunks put since then */
	uint32_t dirty_n, fresh_n;
	uint64_t dirty_bytes;
	bool syncing;
	uint32_t recent[FETCH_RECENT]; /* files that were written last */
	unsigned recent_at;
	uint64_t bytes_done, bytes_reused, checked, packed;
	uint32_t files_done;
	uint32_t errors[CONTENT_ERRORS]; /* as the source told last */
	enum rc put_rc;                  /* why a put failed first */
	struct fault put_fault;

	_Atomic uint64_t came;         /* bytes over the network */
	_Atomic uint64_t last_good_ms; /* when the last good chunk came */

	pthread_t teller, syncer;
	bool tells, syncs; /* the threads run */
};

/* ---- fetch_put.c: chunks go into the tree, and into the journal ---- */

bool fetch_is_needed(const struct fetch *x, uint32_t chunk); /* under the lock, or before threads */
/* Writes the chunk's places and notes it. Any thread. */
must_check enum rc fetch_put(
	struct fetch *x, uint32_t chunk, const void *plain, size_t n, bool reused, struct fault *f);
must_check enum rc fetch_note_chunk(struct fetch *x, uint32_t chunk, enum content_cell to, struct fault *f);
must_check enum rc fetch_note_file(struct fetch *x, uint32_t file, enum content_cell to, struct fault *f);
/* Counts it: its places are written, or no more. Under the lock, or before threads. */
void fetch_count(struct fetch *x, uint32_t chunk, bool done);
/* All that was put until now is on the disk, and the journal says so. */
must_check enum rc fetch_sync(struct fetch *x, struct fault *f);

/* ---- fetch_watch.c: the two threads ---- */

must_check enum rc fetch_watch(struct fetch *x, struct fault *f);
void fetch_unwatch(struct fetch *x);
/* What the source counts, for when it is gone. Under the lock. */
void fetch_figures(struct fetch *x, struct content_figures *ret);

/* ---- fetch_reuse.c: what is there already ---- */

must_check enum rc fetch_resume(struct fetch *x, struct fault *f);
must_check enum rc fetch_reuse(struct fetch *x, struct fault *f);

/* ---- fetch_check.c ---- */

/* Reads every file. *ret_bad: those that are not what they should be; their chunks are wanted again. */
must_check enum rc fetch_check(struct fetch *x, uint32_t *ret_bad, struct fault *f);

/* Are these bytes what the sum says? CONTENT_NAMED: nobody knows, so not. */
bool fetch_sum_is(const struct content_sum *sum, const void *p, size_t n);
