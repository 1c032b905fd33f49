/*
 * metric: counters, gauges and histograms for Prometheus. metrics.def lists all there are; an unlisted metric cannot exist.
 *
 * A set of label values is one cell. A metric has at most METRIC_CELLS of them; what comes after is counted in a cell whose
 * labels are all "_other", so that nobody outside can make us grow. All calls may come from any thread and take no lock.
 */
#pragma once

#include "base/buf.h"

#include <stdint.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum metric {
#define METRIC(name, kind, text, labels, help) METRIC_##name,
#include "base/metrics.def"
#undef METRIC
	METRIC_COUNT
};

#define METRIC_CELLS      256
#define METRIC_LABELS_MAX 128 /* bytes of one cell's label text */

struct metrics; /* 64 KiB for each metric that is used; its cells are made at its first use */

struct metrics *metric_new(void); /* NULL without memory */
void metric_free(struct metrics *m);

/* `labels` are the values in the order of metrics.def, parted by '\n'; NULL when the metric has none. */
void metric_add(struct metrics *m, enum metric id, const char *labels, uint64_t n);
void metric_set(struct metrics *m, enum metric id, const char *labels, int64_t v);
void metric_seen(struct metrics *m, enum metric id, const char *labels, double seconds); /* histogram */

void metric_zero(struct metrics *m, enum metric id); /* all cells: a gauge that is counted anew */

/* Writes all in the Prometheus text format 0.0.4, or in OpenMetrics 1.0. */
void metric_write(const struct metrics *m, struct buf *to);
void metric_write_open(const struct metrics *m, struct buf *to);

/* Writes the list of what there is, for docs/generated/metrics.md. */
void metric_document(struct buf *to);
