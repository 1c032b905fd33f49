#include "control/engine/pace.h"
#include "control/engine/job_limits.h"
#include "control/engine/outcome.h"
#include "control/engine/park.h"
#include "control/fleet/drains.h"

#define SWEEP_MS 60000

enum rc pace_scan(struct tx *tx, size_t max, size_t *ret_lapsed)
{
	enum rc rc = outcome_lapse(tx, max, ret_lapsed);
	if (rc == RC_OK)
		rc = park_scan(tx);
	if (rc == RC_OK)
		rc = job_limits_scan(tx);
	if (rc == RC_OK)
		rc = drains_scan(tx);
	/* One scan of a minute, or none when that one came late: there is a next minute. */
	return rc == RC_OK && tx->now_ms % SWEEP_MS < PACE_MS ? park_sweep(tx) : rc;
}

enum rc pace_spare(struct tx *tx) { return outcome_spare(tx); }
