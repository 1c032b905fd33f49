/*
 * sessions_sweep: forgets sessions that were over for long, log-ons that nobody ended, locks that are over, and keys that signed access tokens once.
 */
#pragma once

#include "control/tx.h"

must_check enum rc people_sessions_sweep(struct tx *tx);
