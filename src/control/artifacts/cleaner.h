/*
 * cleaner: ends what has expired, and takes away what nobody uses. One control plane at a time (role "artifacts"); its files are deleted
 * on a thread of their own. Also looks at the disk of the store, each control plane for itself: see storage.watermark.
 *
 *	artifact: ready ──> expired (expires_at) ──> deleted (a grace later)
 *	content:  whole ──> gone, when nothing has used it for the grace (downloads.grace_s): no artifact, no link, no download
 *
 * A content's sheets go in the transaction in which it is gone, its blobs by the next sweep (io/contents). Begun and ended by control/life, see
 * control/sweep.h.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

struct tx;

#define CLEANER_MS       2000
#define CLEANER_SWEEP_MS 3600000 /* a sweep even when nothing is gone: for what was never finished */
#define CLEANER_AT_ONCE  200
#define CLEANER_FULL_MS  2000 /* the grace while the store is full, when downloads.grace_s is longer */

/* The steps of one look. On the writer. *ret_gone: contents that are gone now, those first that were unused for the longest time. */
must_check enum rc cleaner_steps(struct tx *tx, int64_t grace_ms, int64_t *ret_gone);
