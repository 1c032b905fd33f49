/*
 * signals: SIGTERM and SIGINT, taken by a thread of their own, so that no handler needs a global. The first one calls the
 * owner; a second one ends the process at once.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct signals;

void signals_block(void); /* before any thread is made: all of them inherit it. SIGPIPE is ignored */
must_check enum rc signals_watch(
	void (*caught)(void *ctx), void *ctx, struct signals **ret_signals, struct fault *f);
void signals_free(struct signals *s);

void signals_wait(void); /* until the first signal; for a program without a loop */
