/*
 * key_steps: what a running batch does next: each account that is free and online, and may redeem now, gets a key that it can
 * take. A try is a job of one task; the key's row, the account's and the task are written together. On the writer.
 *
 * K1: a key is one task's, an account has one key. K4: a key that is alive anywhere cannot be imported a second time. K5: an
 * account that is known to own what the key gives is passed over.
 */
#pragma once

#include "control/tx.h"

#define KEY_STEPS_AT_ONCE 64   /* accounts that get a key in one transaction */
#define KEY_STEPS_SOON_MS 5000 /* an account whose lanes are free so soon gets its key already */

/*
 * Hands out what can be; ends the batch when nothing is left. Nothing when it does not run. `thorough`: looks for keys
 * that no account is left for, too.
 */
must_check enum rc key_steps_run(struct tx *tx, const char *batch_id, bool thorough);

/* All running batches: for what only time brings. */
must_check enum rc key_steps_scan(struct tx *tx);
