/*
 * sources: how the stores are asked what changed. Asking is tasks of the agents' (engine/submit submit_own, quiet); an ask is a row of
 * source_asks, and its id the task's owner. What comes back is compared and kept by updates/titles. product.md 5.8.
 *
 * All of it runs inside a transaction of the writer. The look is one control plane's at a time (singleton "updates").
 */
#pragma once

#include "control/tx.h"

struct control;
struct moves_task;

#define SOURCES_OWNER "ask_" /* prefix of the owner id of tasks that ask */

/* What time brings: changes are asked for, sweeps go on, what is overdue goes to the other source, open polls are asked on. */
must_check enum rc sources_scan(struct tx *tx);

/* A task that asks has moved, or told what it knows so far (see control/owners). */
must_check enum rc sources_fold(struct tx *tx, const struct moves_task *t);
must_check enum rc sources_progress(struct tx *tx, const struct moves_task *t, const char *data);

/* Gauges of the sources, for a scrape: on any connection. */
must_check enum rc sources_measure(struct tx *tx);

/*
 * There is something new to be asked: a poll, a watch. The look comes soon, and after the write that is running when the writer's thread
 * calls. Any thread.
 */
void sources_wake(struct control *c);
