#include "base/metric.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	enum metric_kind kind;
	const char *name, *labels, *help;
} rows[METRIC_COUNT] = {
#define METRIC(id, kind, name, labels, help) [METRIC_##id] = { METRIC_##kind, name, labels, help },
#include "base/metrics.def"
#undef METRIC
};

/* Upper bounds of the buckets in microseconds; beyond the last is +Inf. */
static const uint32_t bounds_us[] = { 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
	5000000 };
#define BOUNDS (sizeof(bounds_us) / sizeof(*bounds_us))

enum { CELL_FREE, CELL_BUSY, CELL_READY };

struct cell {
	_Atomic int state;
	char labels[METRIC_LABELS_MAX];
	_Atomic int64_t value; /* counter, gauge; of a histogram the sum in microseconds */
	_Atomic uint64_t buckets[BOUNDS + 1];
};

struct metrics {
	struct cell *_Atomic cells[METRIC_COUNT]; /* METRIC_CELLS + 1; the last is "_other" */
};

struct metrics *metric_new(void) { return calloc(1, sizeof(struct metrics)); }

void metric_free(struct metrics *m)
{
	if (!m)
		return;
	for (int i = 0; i < METRIC_COUNT; i++)
		free(atomic_load(&m->cells[i]));
	free(m);
}

static struct cell *cells_of(struct metrics *m, enum metric id)
{
	struct cell *c = atomic_load(&m->cells[id]);
	if (c)
		return c;
	struct cell *mine = calloc(METRIC_CELLS + 1, sizeof(*mine));
	if (!mine)
		return NULL;
	if (atomic_compare_exchange_strong(&m->cells[id], &c, mine))
		return mine;
	free(mine);
	return c;
}

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

/* Finds or makes the cell of these labels, by open addressing; a full metric and a too long label go to "_other". */
static struct cell *cell_of(struct metrics *m, enum metric id, const char *labels)
{
	struct cell *all = m ? cells_of(m, id) : NULL;
	if (!all)
		return NULL;
	labels = labels ? labels : "";
	size_t n = strlen(labels);

	for (uint32_t i = 0, at = hash(labels) % METRIC_CELLS; n < METRIC_LABELS_MAX && i < METRIC_CELLS; i++) {
		struct cell *c = &all[(at + i) % METRIC_CELLS];
		int state = CELL_FREE;
		if (atomic_compare_exchange_strong(&c->state, &state, CELL_BUSY)) {
			memcpy(c->labels, labels, n + 1);
			atomic_store(&c->state, CELL_READY);
			return c;
		}
		while (state == CELL_BUSY)
			state = atomic_load(&c->state);
		if (!strcmp(c->labels, labels))
			return c;
	}
	atomic_store(&all[METRIC_CELLS].state, CELL_READY);
	return &all[METRIC_CELLS];
}

void metric_add(struct metrics *m, enum metric id, const char *labels, uint64_t n)
{
	struct cell *c = cell_of(m, id, labels);
	if (c)
		atomic_fetch_add(&c->value, (int64_t)n);
}

void metric_set(struct metrics *m, enum metric id, const char *labels, int64_t v)
{
	struct cell *c = cell_of(m, id, labels);
	if (c)
		atomic_store(&c->value, v);
}

void metric_zero(struct metrics *m, enum metric id)
{
	struct cell *all = m ? atomic_load(&m->cells[id]) : NULL;
	for (int i = 0; all && i <= METRIC_CELLS; i++)
		atomic_store(&all[i].value, 0);
}

void metric_seen(struct metrics *m, enum metric id, const char *labels, double seconds)
{
	struct cell *c = cell_of(m, id, labels);
	if (!c)
		return;
	int64_t us = (int64_t)(seconds * 1e6);
	size_t i = 0;
	while (i < BOUNDS && us > bounds_us[i])
		i++;
	atomic_fetch_add(&c->buckets[i], 1);
	atomic_fetch_add(&c->value, us);
}

static void put_value(struct buf *to, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_u8(to, '\\');
		buf_u8(to, (uint8_t)s[i]);
	}
}

/* Writes {name="value",…,extra}; nothing when there is neither a label nor an extra. */
static void put_labels(struct buf *to, enum metric id, const char *values, const char *extra)
{
	const char *names = rows[id].labels;
	bool other = !values;

	if (!*names && !*extra)
		return;
	buf_str(to, "{");
	while (*names) {
		size_t k = strcspn(names, ","), v = other ? 0 : strcspn(values, "\n");
		buf_put(to, names, k);
		buf_str(to, "=\"");
		put_value(to, other ? "_other" : values, other ? 6 : v);
		buf_str(to, "\"");
		names += k + (names[k] == ',');
		if (!other)
			values += v + (values[v] == '\n');
		if (*names || *extra)
			buf_str(to, ",");
	}
	buf_str(to, extra);
	buf_str(to, "}");
}

static void put_histogram(struct buf *to, enum metric id, const struct cell *c, const char *values)
{
	uint64_t sum = 0;
	char le[32];

	for (size_t i = 0; i <= BOUNDS; i++) {
		sum += atomic_load(&c->buckets[i]);
		if (i < BOUNDS)
			snprintf(le, sizeof(le), "le=\"%g\"", bounds_us[i] / 1e6);
		buf_fmt(to, "%s_bucket", rows[id].name);
		put_labels(to, id, values, i < BOUNDS ? le : "le=\"+Inf\"");
		buf_fmt(to, " %llu\n", (unsigned long long)sum);
	}
	buf_fmt(to, "%s_sum", rows[id].name);
	put_labels(to, id, values, "");
	buf_fmt(to, " %.6f\n%s_count", (double)atomic_load(&c->value) / 1e6, rows[id].name);
	put_labels(to, id, values, "");
	buf_fmt(to, " %llu\n", (unsigned long long)sum);
}

/* OpenMetrics names a counter without the end that its values have. */
static int family(enum metric id, bool open)
{
	size_t n = strlen(rows[id].name);
	return (int)(open && rows[id].kind == METRIC_COUNTER && n > 6 ? n - 6 : n);
}

static void put_metric(struct buf *to, const struct metrics *m, enum metric id, bool open)
{
	const char *const kinds[] = { "counter", "gauge", "histogram" };
	const struct cell *all = atomic_load(&m->cells[id]);

	int n = family(id, open);
	buf_fmt(to, "# HELP %.*s %s\n# TYPE %.*s %s\n", n, rows[id].name, rows[id].help, n, rows[id].name,
		kinds[rows[id].kind]);
	if (!all && !*rows[id].labels && rows[id].kind != METRIC_HISTOGRAM)
		buf_fmt(to, "%s 0\n", rows[id].name);
	for (int i = 0; all && i <= METRIC_CELLS; i++) {
		const struct cell *c = &all[i];
		if (atomic_load(&c->state) != CELL_READY)
			continue;
		const char *values = i < METRIC_CELLS ? c->labels : NULL;
		if (rows[id].kind == METRIC_HISTOGRAM) {
			put_histogram(to, id, c, values);
			continue;
		}
		buf_str(to, rows[id].name);
		put_labels(to, id, values, "");
		buf_fmt(to, " %lld\n", (long long)atomic_load(&c->value));
	}
}

void metric_write(const struct metrics *m, struct buf *to)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		put_metric(to, m, (enum metric)i, false);
}

void metric_write_open(const struct metrics *m, struct buf *to)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		put_metric(to, m, (enum metric)i, true);
	buf_str(to, "# EOF\n");
}

void metric_document(struct buf *to)
{
	const char *const kinds[] = { "counter", "gauge", "histogram" };

	buf_str(to, "# Metrics\n\n| name | kind | labels | what it counts |\n|---|---|---|---|\n");
	for (int i = 0; i < METRIC_COUNT; i++)
		buf_fmt(to, "| `%s` | %s | %s | %s |\n", rows[i].name, kinds[rows[i].kind],
			*rows[i].labels ? rows[i].labels : "–", rows[i].help);
}
