/*
 * title_rows: rows of titles, changes and of those who watch. On the writer's thread, but for what only reads.
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
	const char *id, *store, *ref, *name, *state, *access;
	int64_t change_number, wanted_number;
	const char *facts, *method, *reason;
	bool fallback;
	int64_t unknown_n, unknown_at, asked_at, whole_at, heard_at, success_at, changed_at, watched, interval_s;
};

/* RC_MISSING: nobody ever watched it. */
must_check enum rc title_rows_load(struct tx *tx, const char *store, const char *ref, struct title_row *ret);
/* Only what a fold changes; without `facts` those stay as they are. */
must_check enum rc title_rows_keep(struct tx *tx, const struct title_row *t, bool facts);
/* The id of the title; its row is made if there is none, and is then wanted. */
must_check enum rc title_rows_need(struct tx *tx, const char *store, const char *ref, const char **ret_id);

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
