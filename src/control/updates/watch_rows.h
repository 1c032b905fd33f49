/* watch_rows: a watch as the API shows it, and its row. On the writer, but for what only reads. */
#pragma once

#include "base/field.h"
#include "control/tx.h"

#define WATCH_ROWS_INTERVAL_S 900
#define WATCH_ROWS_PRIORITY   5
#define WATCH_ROWS_BRANCHES   50     /* named by one watch */
#define WATCH_ROWS_MAX        100000 /* watches of a tenant */

struct watch {
	const char *id, *store, *ref, *name;
	struct field_list branches, classes; /* of const char * */
	struct field_list labels;
	uint32_t interval_s, priority;
	const char *account_id, *state, *reason, *method;
	int64_t success_at, changed_at;
	const char *freshness; /* JSON: seconds; NULL: not known */
	const char *builds;    /* JSON: branch to build */
	const char *tenant_id, *created_by;
	int64_t version, created_at, updated_at;
	const char *title_id, *base_id; /* not shown: the row that it tells of, and everybody's of the same title */
};
extern const struct field watch_rows_fields[];

/* Of `watches w`, with $4 the present; what is read into watch_rows_fields. */
#define WATCH_ROWS_SELECT                                                                                    \
	"SELECT w.id, t.store, t.ref, t.name, w.branches, w.classes, w.labels, w.interval_s, w.priority, "   \
	"w.account_id, w.state, t.reason, t.method, t.success_at, t.changed_at, CASE WHEN t.success_at = 0 " \
	"OR s.gap_from > 0 THEN NULL ELSE CAST(($4 - CASE WHEN COALESCE(s.cursor_at, 0) > t.success_at AND " \
	"t.wanted_number <= t.change_number THEN s.cursor_at ELSE t.success_at END) / 1000 AS TEXT) END, "   \
	"NULL, w.tenant_id, w.created_by, w.version, w.created_at, w.updated_at FROM watches w JOIN "        \
	"titles t ON t.id = w.title_id LEFT JOIN sources s ON s.name = t.method "

must_check enum rc watch_rows_load(struct tx *tx, const char *id, struct watch *ret);

/* What the rows do not say of a watch that was read: the builds of its branches. */
must_check enum rc watch_rows_fill(struct tx *tx, struct watch *w);

/* A new one: store, ref, branches, classes, labels, interval, priority and account are given. RC_EXISTS: the tenant has one of the title. */
must_check enum rc watch_rows_add(struct tx *tx, struct watch *w);
/* With an account it is of its tenant's own row of the title, without one of everybody's: its state may be another by that. */
must_check enum rc watch_rows_keep(struct tx *tx, struct watch *w);
must_check enum rc watch_rows_drop(struct tx *tx, const struct watch *w);

/* Watches whose account is gone have none any more. */
must_check enum rc watch_rows_scan(struct tx *tx);

/* What those get that say nothing of it, in the arena. */
must_check enum rc watch_rows_default(struct tx *tx, struct watch *w);
