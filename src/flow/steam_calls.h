/*
 * steam_calls: the calls of one session (flow/steam_call): those under way, and those that have ended and wait to be taken.
 * Embedded in the session; it writes its requests as a run of (u32 length, message) into the session's buffer.
 */
#pragma once

#include "flow/steam_call.h"

#define STEAM_CALLS_MAX 32 /* under way */

struct steam_calls {
	struct list running, ended; /* steam_call.node */
	unsigned running_n;
	uint64_t last_job, last_call;
};

/* What a request needs to leave: the ids for its header, and where it goes. */
struct steam_calls_line {
	uint64_t steamid;
	int32_t session;
	struct buf *out;
};

void steam_calls_init(struct steam_calls *cs);
void steam_calls_done(struct steam_calls *cs);

/* RC_OVERLOADED past STEAM_CALLS_MAX, RC_INVALID for a senseless ask. */
must_check enum rc steam_calls_ask(struct steam_calls *cs, uint64_t now_ms, const struct steam_ask *ask,
	struct steam_calls_line line, uint64_t *ret_call, struct fault *f);

/* A message with a target job came. */
void steam_calls_feed(
	struct steam_calls *cs, uint64_t now_ms, const struct steam_frame *fr, struct steam_calls_line line);

/* Ends those whose deadline has passed; lets the others send what they may. */
void steam_calls_tick(struct steam_calls *cs, uint64_t now_ms, struct steam_calls_line line);
uint64_t steam_calls_due(const struct steam_calls *cs); /* UINT64_MAX: never */

/* Ends the one that has this job, or all when `job` is 0. */
void steam_calls_end(struct steam_calls *cs, uint64_t now_ms, uint64_t job, enum rc rc, const char *why);

/* One that has ended, the caller's from now on; NULL when there is none. */
struct steam_call *steam_calls_take(struct steam_calls *cs);
