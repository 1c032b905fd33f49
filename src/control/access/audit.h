/*
 * audit: who did what, written in the transaction of the change itself: no audit row, no change. The rows are a tree of hashes
 * (audit/trail), so none can be altered or taken out unseen.
 */
#pragma once

#include "control/tx.h"

/* `action` names the operation ("job.create"), `resource` the thing it changed. Who and from where stand in the tx. */
must_check enum rc audit_add(struct tx *tx, const char *action, const char *resource);

/* The same, with words: why it was done, or what tells that it was right. */
must_check enum rc audit_note(struct tx *tx, const char *action, const char *resource, const char *words);

/* All that can be said of it. What is NULL is as the tx has it. */
struct audit_new {
	const char *action, *resource;
	const char *words;
	const char *outcome;   /* "denied", "failed"; NULL: "done" */
	const char *actor;     /* who is not (yet) a principal: who tried to log in */
	const char *tenant_id; /* whose record it is, when that is another's than who does it */
};
must_check enum rc audit_write(struct tx *tx, const struct audit_new *n);
