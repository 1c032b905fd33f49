/*
 * webhook: what becomes of a delivery and of its endpoint after an attempt. A machine without a socket, a clock and a database: the
 * attempt's end goes in, the time of the next one comes out. control-plane.md 2.3 (EV-09, EV-10) and 6.6.
 *
 * Only a 2xx answer is a success; a redirect is a failure like others. A Retry-After makes the next attempt later, never earlier.
 * 410 means that the receiver wants no more, ever. An endpoint that had failures and no success for WEBHOOK_PATIENCE_MS is given
 * up.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

#define WEBHOOK_PLAN_MAX        32
#define WEBHOOK_PLAN            "0,5,300,1800,7200,18000,36000,50400,72000,86400"
#define WEBHOOK_PATIENCE_MS     (5 * 86400000ll)
#define WEBHOOK_RETRY_AFTER_MAX 86400 /* seconds; a longer Retry-After counts as this */

/* Seconds before each attempt, counted from the end of the one before (the first: from the event). */
struct webhook_plan {
	uint32_t wait_s[WEBHOOK_PLAN_MAX];
	size_t n;
};

/* Seconds parted by commas. */
must_check enum rc webhook_plan_read(const char *text, struct webhook_plan *ret, struct fault *f);

enum webhook_verdict {
	WEBHOOK_DELIVERED,
	WEBHOOK_AGAIN, /* at next_ms */
	WEBHOOK_DEAD,  /* the plan is over */
	WEBHOOK_GONE,  /* the receiver wants no more: the endpoint is disabled, the delivery dead */
};

/* How an attempt ended. */
struct webhook_end {
	int status;              /* of HTTP; 0: no answer */
	const char *retry_after; /* the header; NULL: none */
	uint32_t dice;           /* random, for the jitter */
	int64_t now_ms;
};

struct webhook {
	uint32_t tries;           /* of this delivery, since it was made or asked for again */
	int64_t next_ms;          /* when the next one is due */
	int64_t failing_since_ms; /* of the endpoint: its first failure since the last success; 0: it does not fail */
};

/* Counts the attempt. */
enum webhook_verdict webhook_ended(
	const struct webhook_plan *plan, struct webhook *w, const struct webhook_end *end);

/* Has the endpoint failed for so long that it is given up? */
bool webhook_is_tired(const struct webhook *w, int64_t now_ms);

/* Seconds that a Retry-After asks for, be it a number or a date (RFC 9110, 10.2.3); 0: none that can be read. */
uint32_t webhook_retry_after(const char *text, int64_t now_ms);
