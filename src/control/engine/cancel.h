/*
 * cancel: a job is called off. On the writer.
 */
#pragma once

#include "control/tx.h"

/*
 * Tasks that wait are canceled at once; those that an agent has, and those whose effect is in doubt, are asked to stop, and end
 * by their result. What is over stays as it is. The job's existence was checked before.
 */
must_check enum rc cancel_job(struct tx *tx, const char *job_id);
