/*
 * audit: who did what, written in the transaction of the change itself: no audit row, no change.
 */
#pragma once

#include "control/tx.h"

/* `action` names the operation ("job.create"), `resource` the thing it changed. Who and from where stand in the tx. */
must_check enum rc audit_add(struct tx *tx, const char *action, const char *resource);
