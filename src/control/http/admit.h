/*
 * admit: a request of a known caller is let in by their limits, counted, or told to wait for the row of a limit (quotas/meters). On
 * the thread that performs it.
 */
#pragma once

#include "control/http/exchange.h"

/* RC_MORE: x->pass waits; the request is performed anew when its row was asked. RC_LIMIT, RC_QUOTA, RC_CONCURRENCY: over a limit. */
must_check enum rc admit_request(struct exchange *x, struct tx *tx, const struct principal *who);

/* A credential was no good: the same answer, or RC_LIMIT when its address brought too many of those. */
must_check enum rc admit_failure(struct exchange *x, struct tx *tx);
