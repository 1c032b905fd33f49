/* quiet: jobs that areas make by themselves, many of them (submit_try.quiet), are forgotten QUIET_KEEP_MS after their end. */
#pragma once

#include "control/tx.h"

#define QUIET_KEEP_MS   3600000
#define QUIET_SWEEP_MAX 2000 /* jobs that one sweep forgets */

must_check enum rc quiet_sweep(struct tx *tx);
