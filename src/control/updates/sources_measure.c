/* Gauges of the sources. */
#include "base/metric.h"
#include "control/control.h"
#include "control/updates/sources.h"
#include "control/updates/sources_rows.h"

#define EGRESSES_MAX 20 /* told of by name, of one source */
#include <stdio.h>

static enum rc measure(struct tx *tx, const char *name)
{
	struct metrics *m = tx->control->metrics;
	struct source_marks marks = { 0 };
	struct source s = { 0 };
	char labels[METRIC_LABELS_MAX];

	enum rc rc = sources_load(tx, name, &s);
	if (rc == RC_OK)
		rc = sources_marks(tx, name, &marks);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc; /* no look has made its row */
	snprintf(labels, sizeof(labels), "%s\n%s", name, breaker_words[s.breaker.state]);
	metric_set(m, METRIC_SOURCE_BREAKER, labels, 1);
	metric_set(m, METRIC_SOURCE_RATIO, name, sources_ratio(marks.good, marks.asked));
	metric_set(m, METRIC_SOURCE_AGREEMENT, name, sources_ratio(marks.agreed, marks.compared));
	metric_set(m, METRIC_SOURCE_LAG, name, s.newest > s.cursor ? s.newest - s.cursor : 0);
	metric_set(m, METRIC_SOURCE_GAP, name, s.gap_from ? (tx->now_ms - s.gap_since) / 1000 : 0);
	return RC_OK;
}

static enum rc measure_egresses(struct tx *tx, const char *source)
{
	static const struct store_query count = {
		.sql = "SELECT state, COUNT(*) FROM source_breakers WHERE source = $1 GROUP BY state"
	};
	static const struct store_query find = { .sql = "SELECT egress_id, state FROM source_breakers WHERE source "
							"= $1 AND state <> 'closed' ORDER BY "
							"since, egress_id LIMIT $2" };
	struct metrics *m = tx->control->metrics;
	auto_rows struct store_rows *r = NULL;
	char labels[METRIC_LABELS_MAX];
	bool row = false;

	enum rc rc = store_run(tx->db, &count, STORE_ARGS(store_text(source)), &r, tx->fault);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		snprintf(labels, sizeof(labels), "%s\n%s", source, store_col_text(r, 0));
		metric_set(m, METRIC_SOURCE_EGRESSES, labels, store_col_int(r, 1));
	}
	store_close(take(r));
	if (rc == RC_OK)
		rc = store_run(
			tx->db, &find, STORE_ARGS(store_text(source), store_int(EGRESSES_MAX)), &r, tx->fault);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		snprintf(labels, sizeof(labels), "%s\n%s\n%s", source, store_col_text(r, 0), store_col_text(r, 1));
		metric_set(m, METRIC_SOURCE_EGRESS, labels, 1);
	}
	return rc;
}

static enum rc measure_freshness(struct tx *tx)
{
	static const struct store_query oldest = { .sql = "SELECT store, MIN(CASE WHEN success_at > 0 THEN "
							  "success_at ELSE created_at END) FROM titles "
							  "WHERE watched > 0 GROUP BY store" };
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	enum rc rc = store_run(tx->db, &oldest, STORE_NO_ARGS, &r, tx->fault);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		metric_set(tx->control->metrics, METRIC_SOURCE_FRESHNESS, store_col_text(r, 0),
			(tx->now_ms - store_col_int(r, 1)) / 1000);
	return rc;
}

enum rc sources_measure(struct tx *tx)
{
	enum rc rc = RC_OK;

	metric_zero(tx->control->metrics, METRIC_SOURCE_BREAKER);
	metric_zero(tx->control->metrics, METRIC_SOURCE_EGRESS);
	metric_zero(tx->control->metrics, METRIC_SOURCE_EGRESSES);
	for (const struct source_kind *k = sources_kinds; rc == RC_OK && k->name; k++)
		rc = measure(tx, k->name);
	for (const struct source_kind *k = sources_kinds; rc == RC_OK && k->name; k++)
		rc = measure_egresses(tx, k->name);
	return rc == RC_OK ? measure_freshness(tx) : rc;
}
