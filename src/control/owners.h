/*
 * owners: whose a task is that no caller submitted: the area's row that it was made for (submit_try.owner), told apart by the prefix of
 * its id. The area folds what became of the task into its own rows, in the transaction of the move. On the writer's thread.
 */
#pragma once

#include "control/tx.h"

struct moves_task;
struct placement_task;

/* The task has moved. RC_MISSING and the like undo the move: an owner that is gone is RC_OK. */
must_check enum rc owners_fold(struct tx *tx, const struct moves_task *t);

/* The task is about to be handed out: to whom not, or to whom alone (placement_task `avoid`, `only`). */
must_check enum rc owners_place(struct tx *tx, const char *owner, struct placement_task *to);

/* The task told how far it is. */
must_check enum rc owners_progress(struct tx *tx, const struct moves_task *t, const char *data);
