/* build_rows: rows of builds. A build is a row once, by title, branch, os and id; the row and its event are made together. On the writer. */
#pragma once

#include "control/updates/title_rows.h"

#define BUILDS_FIRST    "first" /* it was there when the title was read first */
#define BUILDS_FORWARD  "forward"
#define BUILDS_ROLLBACK "rollback"

struct build_rows_new {
	const struct title_row *title;
	const struct action_title_branch *branch;
	const struct field_list *depots; /* of the title: struct action_title_depot */
	const char *source, *direction;
	const struct field_list *watchers; /* of struct title_watcher: who is told */
	int64_t change;                    /* the change's row */
};

/* A new build is told by title.build_announced. *ret_known: it was there before, and nothing was done. */
must_check enum rc build_rows_announce(struct tx *tx, const struct build_rows_new *n, bool *ret_known);

/* It can be fetched: told by title.build_available. id: its row's. */
must_check enum rc build_rows_available(struct tx *tx, const struct build_rows_new *n, const char *id);

/* A build that was there when the title was read first: known, but no news. */
must_check enum rc build_rows_first(struct tx *tx, const struct build_rows_new *n);

/*
 * What is known of a branch (its name and os are given): its newest build's id and time are filled in. *ret_knows: it has builds.
 * *ret_new: `build_id` is none of them.
 */
must_check enum rc build_rows_last(struct tx *tx, const char *title_id, struct action_title_branch *branch,
	const char *build_id, bool *ret_knows, bool *ret_new);
