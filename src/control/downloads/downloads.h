/* downloads: what the rest of the control plane asks of the room. On the writer. */
#pragma once

#include "control/tx.h"

/* What time brings: each 500 ms, by one control plane. */
must_check enum rc downloads_scan(struct tx *tx);
