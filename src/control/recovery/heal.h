/*
 * heal: the first start on a database that was put back from a backup. What came after the backup is lost, but it happened: agents did
 * tasks, and remember more than the database. See docs/decisions/0013-restore.md for each rule and why.
 *
 * In one transaction, before anything else is done with it: the event log gets a new epoch; the epochs of accounts and the numbers
 * of attempts jump ahead, so that nothing an agent holds from the lost time is ever taken for current; what may have been done in
 * that time is asked about (guarded) or waits for a person (once) instead of being done again; rate lanes begin empty; one-time tokens
 * are void; key batches are paused, and so are schedules that had a time to make a job since.
 */
#pragma once

#include "control/tx.h"

#define HEAL_ATTEMPTS 1000    /* how far attempts jump */
#define HEAL_EPOCHS   1000000 /* the same for the epochs of accounts */

/* What meta says under this name until the database is healed: when the backup was made, and when it was put back. JSON */
#define HEAL_MARK "restored"

struct heal_report {
	int64_t requeued, probed, doubted;
};

/* Nothing when the database was not put back, or is healed already. *ret_healed: it was done now. */
must_check enum rc heal_restored(struct tx *tx, bool *ret_healed, struct heal_report *ret_report);

/* Marks the database as put back: the next start heals it. */
must_check enum rc heal_mark(struct store_conn *db, int64_t backup_ms, int64_t now_ms, struct fault *f);
