/*
 * prune: forgets old audit records, block by block (trail.h: TRAIL_BLOCK), and keeps their hashes: every proof of what stays, and of
 * every checkpoint ever made, can still be given. That it was done is a record, too: "audit.prune" of "records 1-N". On the writer.
 */
#pragma once

#include "control/tx.h"

#define PRUNE_BLOCKS_MAX 16 /* at once: others wait for the commit */

/*
 * Prunes what is older than audit_conf.keep_ms and covered by a checkpoint, unless there is a legal hold. *ret_more: there is more.
 */
must_check enum rc prune_records(struct tx *tx, bool *ret_more);
