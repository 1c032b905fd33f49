/*
 * feed_whose: whose a stream is: it ends when they may no longer (access/cuts), and counts as one of their requests at once
 * (quotas/meters). And who else is told of events: requests that wait for a job's end. Loop thread, but for feed_whose_mark.
 */
#pragma once

#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct control;
struct meters_pass;
struct slice_event;

#define FEED_WHOSE_BYTES 256 /* of a mark, which stands in its owner, aligned to 16 */

/* Any thread: notes who the caller is. */
void feed_whose_mark(const struct call *c, void *mark);

/*
 * `cut` is called with ctx when they may no longer. False: that is so already. asked_ms: loop_now_ms before their credential was looked
 * at.
 */
must_check bool feed_whose_watch(
	struct control *c, void *mark, uint64_t asked_ms, void *ctx, void (*cut)(void *ctx, const char *why));

void feed_whose_leave(void *mark);                                             /* its line is closed */
void feed_whose_free(struct control *c, void *mark, struct meters_pass *hold); /* hold: see feed_wish; given back */

/* A new event, before subscribers get it: who is cut by it gets nothing more. */
void feed_told(struct control *c, const struct slice_event *e);
