/*
 * download_admit: the first of a queue gets what it needs to run, or says what it waits for. Part of download_queue. On the writer.
 */
#pragma once

#include "control/downloads/download_row.h"

enum download_admitted {
	DOWNLOAD_ADMIT_BEGUN,   /* it has a slot, and a task */
	DOWNLOAD_ADMIT_MOVED,   /* it is out of the way: it follows another, waits for a moment, or has failed */
	DOWNLOAD_ADMIT_BLOCKED, /* no slot: nothing of the same maker can go now */
};

/* full: all slots are taken. It may still follow another. */
must_check enum rc download_admit_try(
	struct tx *tx, struct download_row *d, bool full, enum download_admitted *ret);

#define DOWNLOAD_ADMIT_AGAIN_MS 5000 /* an account's session, and the like, is looked for again after so long */
#define DOWNLOAD_ADMIT_GUESS    268435456 /* bytes to reserve of what nobody knows the size of */
