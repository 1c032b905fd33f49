/* download_tunes: downloads whose agents are to be told of another bandwidth than their tasks' payloads say (TUNE). Any connection. */
#pragma once

#include "base/field.h"
#include "control/tx.h"

struct download_tune {
	const char *task_id, *agent_id;
	uint32_t attempt;
	int64_t bps;
};

/* Those that agents of this control plane hold, at most `max`; in tx->arena: struct download_tune. */
must_check enum rc download_tunes_list(struct tx *tx, size_t max, struct field_list *ret);
