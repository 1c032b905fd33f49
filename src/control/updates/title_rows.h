/*
 * title_rows: rows of titles, changes and of those who watch. On the writer's thread, but for what only reads.
 *
 * A title has one row for everybody (scope ""), and one for each tenant that watches it with an account (scope: the tenant's id), which has
 * what that account sees besides. Builds, changes, polls and watches hang on a row, and so are of its scope: whoever comes by a watch of
 * their own cannot meet another's. product.md 5.8.8.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"
#include "model/title.h"

/* States of a title. */
#define TITLE_NEW     "new"
#define TITLE_KNOWN   "known"
#define TITLE_UNKNOWN "unknown" /* the store never knew it */
#define TITLE_REMOVED "removed" /* the store does not know it any more */

struct title_row {
	const char *id, *store, *ref, *scope, *name, *state, *access;
	int64_t change_number, wanted_number;
	const char *facts, *method, *reason;
	bool fallback;
	int64_t unknown_n, unknown_at, asked_at, whole_at, heard_at, success_at, changed_at, watched, interval_s;
};

must_check enum rc title_rows_load(struct tx *tx, const char *id, struct title_row *ret);
/* Of that scope. RC_MISSING: nobody ever watched it so. */
must_check enum rc title_rows_find(
	struct tx *tx, const char *store, const char *ref, const char *scope, struct title_row *ret);
/* Its rows one after the other, everybody's first: the one after the scope `after` (NULL: the first). *ret_more: it is not the last. */
must_check enum rc title_rows_next(
	struct tx *tx, const struct title_row *like, const char *after, struct title_row *ret, bool *ret_more);
/* Only what a fold changes; without `facts` those stay as they are. */
must_check enum rc title_rows_keep(struct tx *tx, const struct title_row *t, bool facts);
/* The id of everybody's row; it is made if there is none, and is then wanted. */
must_check enum rc title_rows_need(struct tx *tx, const char *store, const char *ref, const char **ret_id);
/* A row of that scope, which begins as everybody's row `base_id` is, with its builds. What that one is denied, it wants. */
must_check enum rc title_rows_own(struct tx *tx, const char *base_id, const char *scope, const char **ret_id);
/* It was denied, and may not be any more: it is read anew. */
must_check enum rc title_rows_want(struct tx *tx, const char *id);
/* Forgets a scope's row with all that hangs on it. Polls keep the title as everybody has it. */
must_check enum rc title_rows_disown(struct tx *tx, const char *id, const char *base_id);

/* Whoever watches it and has not paused. */
struct title_watcher {
	const char *id, *tenant_id;
	struct field_list branches, classes; /* of const char * */
};
must_check enum rc title_rows_watchers(
	struct tx *tx, const struct title_row *t, struct field_list *ret /* of struct title_watcher */);
/* branch NULL: of the title. */
bool title_rows_watches(const struct title_watcher *w, const char *class, const char *branch);

/* A change as its row has it. */
struct title_news {
	const char *source, *class, *branch, *os, *build_id, *direction;
	int64_t change_number;
	const char *diff; /* NULL: that of diff_of */
	bool cut;
	int64_t diff_of;
};
must_check enum rc title_rows_change(
	struct tx *tx, const char *title_id, const struct title_news *n, int64_t *ret_pos);

/* Tells each of them that watches such: type is an event's, `more` its members after the title's, "\"x\":1", or "". */
struct title_told {
	const char *type, *class, *branch, *more;
};
must_check enum rc title_rows_tell(
	struct tx *tx, const struct title_row *t, const struct field_list *watchers, const struct title_told *told);
