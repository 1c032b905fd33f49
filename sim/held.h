/* held: addresses whose logons failed too often are held off for a while, as Steam does (84). */
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
