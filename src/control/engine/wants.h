/*
 * wants: session.login and session.logout say what is wanted of an account's session from now on; their tasks only wait for it.
 * It is said when the task may begin: with the job, or, of a delayed one, when it is given to an agent. On the writer.
 */
#pragma once

#include "control/tx.h"

bool wants_say(const char *action);
must_check enum rc wants_set(struct tx *tx, const char *action, const char *account_id);

/* The same for a task of this job, unless it only tells what it would do. */
must_check enum rc wants_due(struct tx *tx, const char *job_id, const char *action, const char *account_id);
