/*
 * fetch: the engine: brings what a source of content lists into a folder, whole and checked, whatever was interrupted before. product.md
 * 5.9.3.
 *
 *      resolving    the source's listing; the plan; the content's folder, which one writer has
 *      allocating   files are made at their size; what is there already is found: of an attempt before (the journal), of earlier builds
 *      downloading  chunks, put by the source's threads where they belong; data before the journal says so, synced each 64 MiB or 5 s
 *      verifying    each file against its sum; chunks that are bad are fetched again
 *
 * and then the tree is renamed to its place. fetch_run is called by the task's worker; two threads of its own tell how far it is, and sync.
 */
#pragma once

#include "agent/content/fetch_ask.h"

struct fetch;

/* `ask` is copied; what it points to outlives the fetch. */
must_check enum rc fetch_new(const struct fetch_ask *ask, struct fetch **ret, struct fault *f);
void fetch_free(struct fetch *x);
OWN_DEFINE(fetch)

/* Until the tree is whole. RC_CANCELED: `tell` said so; what was fetched stays. */
must_check enum rc fetch_run(struct fetch *x, struct fault *f);

/* After it. */
const struct fetch_plan *fetch_plan_of(const struct fetch *x);
const char *fetch_folder(const struct fetch *x); /* of the tree */
uint64_t fetch_bytes_network(struct fetch *x);
uint64_t fetch_bytes_reused(struct fetch *x);
/* It failed: its threads end, and it is told once more how far it came, with all its errors. NULL: nothing. */
void fetch_tell_last(struct fetch *x);
void fetch_leave(struct fetch *x); /* the source goes; NULL: nothing */
void fetch_errors(struct fetch *x, uint32_t ret[static CONTENT_ERRORS]);
void fetch_enter(struct fetch *x, enum fetch_state state);
void fetch_packed(struct fetch *x, uint64_t bytes);
const _Atomic bool *fetch_stop(const struct fetch *x); /* set when it is to end */
must_check enum rc fetch_keep(
	struct fetch *x, const char *content_id, struct fault *f); /* it was published as that */
