/*
 * orphans: agents whose control plane has died (see cluster/instances). They count as disconnected; what they hold stays theirs for
 * one more lease, in which they come back somewhere. On the writer.
 */
#pragma once

#include "control/tx.h"

/* At most `max` at once. */
must_check enum rc orphans_scan(struct tx *tx, size_t max);
