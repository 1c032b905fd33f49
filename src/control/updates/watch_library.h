/*
 * watch_library: an account's library becomes watches: a task reads it (library.list), and what it found is watched in the transaction of
 * its end. On the writer's thread.
 */
#pragma once

#include "control/http/route.h"

struct moves_task;

#define WATCH_LIBRARY_OWNER "wim_" /* prefix of the owner id of such tasks */
#define WATCH_LIBRARY_MAX   10000  /* of one library; what is more is left out */

/* RC_MISSING: no such account, or not theirs to use. labels: of struct field_pair, for each watch. */
must_check enum rc watch_library_start(
	struct call *c, const char *account_id, const struct field_list *labels, const char **ret_id);

must_check enum rc watch_library_fold(struct tx *tx, const struct moves_task *t);
