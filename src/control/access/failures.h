/*
 * failures: how many wrong credentials each address brought of late. Over its limit it is told to wait (429), as long as what it
 * brings is wrong; a good credential from the same address is not kept out, or neighbours behind one proxy could be. Memory is bounded: FAILURES_MAX
 * addresses, of which the calmest gives way; IPv6 addresses count by their /64. This control plane alone. Any thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

#define FAILURES_MAX 8192

struct failures;
must_check enum rc failures_new(uint32_t a_minute, struct failures **ret, struct fault *f); /* 0: no limit */
void failures_free(struct failures *t);
OWN_DEFINE(failures)

/* One more. 0: it may go on; else it has to wait so many seconds. What is no address counts as one. */
int64_t failures_note(struct failures *t, const char *address);
