/*
 * refusals: which of the calls that were refused are written into the audit trail, one by one, and which are only counted: a flood
 * must not fill the disk. Owned by audit/steward; on the loop.
 */
#pragma once

#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

#define REFUSALS_EACH    10 /* records of one caller in a minute */
#define REFUSALS_ALL     60 /* of all */
#define REFUSALS_CALLERS 64 /* who are told apart */

struct refusals;

struct refusals *refusals_new(void); /* NULL without memory */
void refusals_free(struct refusals *r);
OWN_DEFINE(refusals)

/* Is this one written? By `caller` (actor and address); counted when not. */
bool refusals_admit(struct refusals *r, const char *caller, uint64_t now_ms);

/* When the minute is over: how many were only counted, one caller after another, "" for all that were not told apart. False: no more. */
bool refusals_next(struct refusals *r, uint64_t now_ms, char *ret_caller, size_t n, uint64_t *ret_count);
