/*
 * sources_eta: how long it takes until what waits for the stores has been asked for: by which source, and what that one's lane allows (as
 * fast as it is now, pauses included). One that answers slowly takes longer. It can be read in any transaction. product.md 5.8.6.
 */
#pragma once

#include "control/updates/sources_rows.h"

#define SOURCES_ETA_UNKNOWN (-1) /* neither the source nor the one that stands in for it may be asked */

/* What waits for a source, and for how long. */
struct sources_eta {
	int64_t waiting; /* titles */
	int64_t seconds; /* or SOURCES_ETA_UNKNOWN */
};

/* All that is due: what running polls wait for, and what was not heard of for its interval. */
must_check enum rc sources_eta_of(struct tx *tx, const struct source_kind *k, struct sources_eta *ret);

/* Until the poll is answered, and what other polls wait for with it, for they take turns. 0: it waits for nothing. */
must_check enum rc sources_eta_poll(struct tx *tx, const char *poll_id, int64_t *ret_seconds);
