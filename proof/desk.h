/*
 * desk: the clients. Each is a fiber that submits jobs under Idempotency-Keys, says it again until it has an answer, cancels,
 * retries and resolves; subscribers follow the events with their cursor, through cut connections. They check what they are
 * told: I1 and I2 (with check.h, at the end), I5.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESK_JOBS 512

/* A key that was used: what was asked under it, and what was acknowledged. */
struct desk_key {
	char key[40], trace[33];
	char job[64];      /* of the answer; "": none yet */
	unsigned targets;  /* tasks that the job must have; 0: not known (a retry) */
	unsigned accounts; /* which, as bits */
	const char *action;
};
extern struct desk_key desk_keys[DESK_JOBS];
extern size_t desk_keys_n;

#define DESK_SUBSCRIBERS 2
extern int64_t desk_last[DESK_SUBSCRIBERS]; /* the position that each has */

void desk_prepare(void); /* region, tokens, accounts; starts the agents */
bool desk_is_prepared(void);
void desk_begin(uint64_t until_us); /* clients ask for new things until then */
bool desk_is_idle(void);            /* all have what they asked for */
void desk_hang_up(void);            /* the subscribers lose their connections */
