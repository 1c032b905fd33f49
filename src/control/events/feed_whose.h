/*
 * feed_whose: whose a stream is: it ends when they may no longer (access/cuts), and counts as one of their requests at once
 * (quotas/meters). And who else is told of events: requests that wait for a job's end. Loop thread, but for feed_whose_mark.
 */
#pragma once

#include "base/own.h"

#include <stdbool.h>

struct call;
struct control;
struct feed_wish;
struct slice_event;

/* Any thread: notes who the caller is. */
void feed_whose_mark(const struct call *c, struct feed_wish *w);

/* `cut` is called with ctx when they may no longer. False: that is so already. */
must_check bool feed_whose_watch(
	struct control *c, struct feed_wish *w, void *ctx, void (*cut)(void *ctx, const char *why));

void feed_whose_leave(struct feed_wish *w); /* its line is closed */
void feed_whose_free(struct control *c, struct feed_wish *w);

/* A new event, before subscribers get it: who is cut by it gets nothing more. */
void feed_told(struct control *c, const struct slice_event *e);
