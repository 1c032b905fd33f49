/*
 * audit: who did what, written in the transaction of the change itself: no audit row, no change.
 */
#pragma once

#include "control/tx.h"

/* `action` names the operation ("job.create"), `resource` the thing it changed. Who and from where stand in the tx. */
must_check enum rc audit_add(struct tx *tx, const char *action, const char *resource);

/* The same, with words: why it was done, or what tells that it was right. */
must_check enum rc audit_note(struct tx *tx, const char *action, const char *resource, const char *words);
