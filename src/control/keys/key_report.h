/* key_report: what became of a batch's keys, all of them in the order in which they came, as CSV or JSON. Any connection. */
#pragma once

#include "base/buf.h"
#include "control/tx.h"

must_check enum rc key_report_csv(struct tx *tx, const char *batch_id, struct buf *to);
must_check enum rc key_report_json(struct tx *tx, const char *batch_id, struct buf *to);
/* The tries of a key as a JSON list, in the arena. */
must_check enum rc key_report_tries(struct tx *tx, const char *key_id, const char **ret);
