/*
 * shop_answers: a person has brought the code that logs an agent in at Epic or GOG: it becomes a task of that agent alone (shops.log_in), sealed
 * in its payload and nowhere else. What becomes of the task ends the challenge, or opens it again with what went wrong. On the writer.
 */
#pragma once

#include "control/tx.h"

struct challenge;
struct moves_task;

#define SHOP_ANSWERS_OWNER "chg_" /* prefix of the owner id of such tasks: the challenge's */

/* What was brought: a code, or what holds it. RC_INVALID: it does not, and the fault says what to bring. */
must_check enum rc shop_answers_bring(struct tx *tx, const struct challenge *v, const char *brought);

/* Of control/owners. */
must_check enum rc shop_answers_fold(struct tx *tx, const struct moves_task *t);
