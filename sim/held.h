/* held: addresses whose logons are answered 84: those that failed too often, as at Steam, and those a test throttles. */
#pragma once

#include "sim/sim.h"

#define HELD_ADDRESSES_MAX 2000 /* whose failures are counted; the oldest are forgotten */

must_check enum rc held_new(struct held **ret, struct fault *f);
void held_free(struct held *h);

bool held_is(struct sim *s, const char *ip);
/* Holds it off at once. */
void held_set(struct sim *s, const char *ip, uint32_t seconds);
/* A logon failed: counts against the address, and against the account (NULL: there is none of that name). */
void held_failed(struct sim *s, const char *ip, struct person *p);

/* The next `calls` logons of this address are answered 84, whoever tries; what was said before is forgotten. */
void held_throttle(struct sim *s, const char *ip, uint32_t calls);
/* Is this logon one of them? It is used up by the question. */
bool held_next(struct sim *s, const char *ip);
