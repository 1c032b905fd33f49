/*
 * wait: a job until it is over, and what its end means to the exit code.
 */
#pragma once

#include "cli/cmd.h"

#define WAIT_REQUEST_S 30 /* of one request; the server answers sooner when the job is over */

#define WAIT_PAUSE_MS 500 /* before it is asked again when it answered at once */

/* Reads the job, which the server may hold back for wait_s seconds until it is over. *ret_job is yours. */
enum cli_exit wait_read(struct cmd *c, const char *id, uint32_t wait_s, struct json_t **ret_job);

/* `limit_s` 0: as long as it takes. A stuck one ends it. *ret_job is yours: the job as it is at the end,
 * also with CLI_WAIT_EXPIRED. */
enum cli_exit wait_job(struct cmd *c, const char *id, int64_t limit_s, struct json_t **ret_job);

bool wait_is_over(const struct json_t *job);

/* Nothing of it goes on by itself: what is not over waits for somebody to say what became of it. */
bool wait_is_stuck(const struct json_t *job);

/* 0, 1, 3; and 8 when it is stuck, or a task's error says that nobody knows its outcome. A job that goes on is 0. */
enum cli_exit wait_outcome(struct cmd *c, const struct json_t *job);
