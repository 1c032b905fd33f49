/* download_slots: how many downloads run, and how many may: of all agents together. On the writer. */
#pragma once

#include "control/tx.h"

#define DOWNLOAD_SLOTS 32 /* transfers at once, over all agents, unless downloads.slots says otherwise */

must_check enum rc download_slots_count(struct tx *tx, int64_t *ret_running, int64_t *ret_slots);
