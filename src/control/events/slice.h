/*
 * slice: reads of the event log, on a reader's thread, for the feed and for GET /v1/events.
 */
#pragma once

#include "base/buf.h"
#include "control/reader.h"

struct slice_event {
	int64_t pos;
	const char *type, *job_id, *account_id, *region_id, *tenant_id;
	const char *data; /* the JSON object without its head: see slice_put */
};

/* Writes the whole JSON object; slice_put_cloud in the envelope of cloud_event. */
void slice_put(struct buf *b, const char *epoch, const struct slice_event *e);
must_check enum rc slice_put_cloud(
	struct buf *b, const char *epoch, const struct slice_event *e, struct fault *fault);

struct slice_ask {
	int64_t after; /* position; -1: no events, only where the log begins and ends */
	size_t limit;
	const char *job_id; /* NULL: all */
};

/* In the arena. */
struct slice {
	struct slice_event *events;
	size_t n;
	int64_t oldest, newest; /* positions; 0: the log is empty */
};

must_check enum rc slice_fetch(struct tx *tx, const struct slice_ask *ask, struct slice *ret);

/* A fetch that a reader does for the loop. */
struct slice_read {
	struct read read;
	struct slice_ask ask; /* its job_id lives until `done` */
	void *ctx;
	void (*done)(struct slice_read *r); /* loop thread; frees r by slice_free */
	struct arena arena;
	struct slice slice;
	enum rc rc;
	struct fault fault;
};

/* *r is copied. RC_OVERLOADED, RC_NOMEM: `done` will not come. */
must_check enum rc slice_start(struct control *c, const struct slice_read *r);
void slice_free(struct slice_read *r);
