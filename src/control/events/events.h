/*
 * events: the log of what happened. A row is written in the transaction of the change; its position is the only cursor of
 * SSE and of the JSON pages. Positions grow by one in the order of the commits.
 */
#pragma once

#include "base/buf.h"
#include "control/tx.h"

struct event {
	const char *type;                                      /* a row of types.def */
	const char *job_id, *task_id, *account_id, *region_id; /* NULL where there is none */
	const char *resource;                                  /* the thing itself when it is none of these */
	const char *payload;                                   /* a JSON object; NULL: {} */
};

must_check enum rc events_add(struct tx *tx, const struct event *e);

/* Forgets all but the newest control_conf.event_keep. */
must_check enum rc events_sweep(struct tx *tx);

/* Is it a type of types.def, or a pattern ("task.*") that fits one? */
bool events_is_pattern(const char *text);
bool events_matches(const char *pattern, const char *type);

/* Writes the list of types, for docs/generated/events.md. */
void events_document(struct buf *to);
