/*
 * download_bytes: bytes of a day and of a month that somebody may have sent to them, reserved when a download is admitted and settled
 * when it is over. The limits are quotas (resources download.bytes_day and download.bytes_month, of a tenant, group, user or key) and
 * those of the key itself. What is reserved and what was used never exceed a limit together, at any commit; what a download holds
 * stands in rows of its own, so that it is settled once, whatever dies in between. On the writer.
 *
 * Bytes count for the day on which they were reserved, and for who asked for the transfer: those who follow another's hold nothing.
 */
#pragma once

#include "control/downloads/download_row.h"

struct download_room {
	bool fits;       /* it was reserved, or there is no limit */
	bool limited;    /* some limit counts for it */
	bool never;      /* it is more than a limit that is not used at all */
	int64_t left;    /* limited: what the least of them has left */
	int64_t reset;   /* !fits: when the fullest limit begins anew */
	const char *who; /* !fits: which limit, for people */
};

/* Reserves, in addition to what it holds, or tells why not; then nothing was written. With 0 bytes: only looks. */
must_check enum rc download_bytes_reserve(
	struct tx *tx, struct download_row *d, int64_t bytes, struct download_room *ret);

/* What was sent for it is used, the rest of what it holds is given back. Nothing when it was settled before. */
must_check enum rc download_bytes_settle(struct tx *tx, struct download_row *d);

/* Forgets windows that are over. */
must_check enum rc download_bytes_sweep(struct tx *tx);

/* The bandwidths that hold for its tenant and its key; 0: none. */
must_check enum rc download_bytes_share(
	struct tx *tx, const struct download_row *d, struct action_download_share *ret);
