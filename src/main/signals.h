/*
 * signals: SIGTERM, SIGINT and SIGHUP, taken by a thread of their own, so that no handler needs a global. SIGHUP asks for a
 * reload. The first of the others calls the owner; a second one ends the process at once.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct signals;

void signals_block(void); /* before any thread is made: all of them inherit it. SIGPIPE is ignored */
/* Both are called on the thread of the signals. */
must_check enum rc signals_watch(void (*caught)(void *ctx), void (*reload)(void *ctx), void *ctx,
	struct signals **ret_signals, struct fault *f);
void signals_free(struct signals *s);

bool signals_wait(void); /* until the next signal; false: it is to end. For a program without a loop */
