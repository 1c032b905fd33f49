#include "base/metric.h"

#include "tests/unit/check.h"

#include <ctype.h>
#include <pthread.h>

static const struct {
	const char *name, *labels;
	enum metric_kind kind;
} rows[METRIC_COUNT] = {
#define METRIC(id, kind, name, labels, help) [METRIC_##id] = { name, labels, METRIC_##kind },
#include "base/metrics.def"
#undef METRIC
};

static char *text_of(const struct metrics *m)
{
	struct buf b = { 0 };
	metric_write(m, &b);
	char *text = strdup(buf_text(&b));
	buf_done(&b);
	return text;
}

static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);
	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && at[n] == '\n')
			return true;
	fprintf(stderr, "no line '%s' in:\n%s", line, text);
	return false;
}

/* The text format: "# HELP", "# TYPE" and samples of that metric; names and label values as the format wants them. */
static const char *name(const char *s)
{
	CHECK(isalpha((unsigned char)*s) || *s == '_');
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return s;
}

static const char *labels(const char *s)
{
	if (*s != '{')
		return s;
	do {
		s = name(s + 1);
		CHECK(s[0] == '=' && s[1] == '"');
		for (s += 2; *s != '"'; s++) {
			CHECK(*s && *s != '\n');
			if (*s == '\\')
				CHECK(*++s == '\\' || *s == '"' || *s == 'n');
		}
		s++;
	} while (*s == ',');
	CHECK(*s == '}');
	return s + 1;
}

static void sample(const char *line)
{
	char *end;
	const char *s = labels(name(line));
	CHECK(*s == ' ');
	strtod(s + 1, &end);
	CHECK(end > s + 1 && *end == '\n');
}

static void is_prometheus(const char *text)
{
	char kind[16], about[64] = "", typed[64];

	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		CHECK(strchr(line, '\n'));
		if (sscanf(line, "# HELP %63s", about) == 1)
			continue;
		if (sscanf(line, "# TYPE %63s %15s", typed, kind) == 2) {
			CHECK_STR(typed, about);
			CHECK(!strcmp(kind, "counter") || !strcmp(kind, "gauge") || !strcmp(kind, "histogram"));
			continue;
		}
		CHECK(!strncmp(line, about, strlen(about)));
		sample(line);
	}
	/* No series may stand there twice. */
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		size_t n = strcspn(line, "\n");
		while (n > 0 && line[n - 1] != ' ')
			n--;
		for (const char *other = strchr(line, '\n') + 1; *line != '#' && *other;
			other = strchr(other, '\n') + 1)
			CHECK(strncmp(line, other, n) != 0);
	}
}

static void the_table(void)
{
	for (int i = 0; i < METRIC_COUNT; i++) {
		CHECK((!strncmp(rows[i].name, "footplate_", 10) || !strncmp(rows[i].name, "process_", 8) ||
			      !strncmp(rows[i].name, "depot_", 6)) &&
			!*name(rows[i].name));
		size_t n = strlen(rows[i].name);
		bool total = n > 6 && !strcmp(rows[i].name + n - 6, "_total");
		CHECK(total == (rows[i].kind == METRIC_COUNTER));
		for (int j = 0; j < i; j++)
			CHECK(strcmp(rows[i].name, rows[j].name) != 0);
	}
	struct buf b = { 0 };
	metric_document(&b);
	CHECK(!strncmp(buf_text(&b), "# Metrics\n\n| name | kind |", 26));
	for (int i = 0; i < METRIC_COUNT; i++)
		CHECK(strstr(buf_text(&b), rows[i].name));
	CHECK(strstr(
		buf_text(&b), "| `footplate_agents` | gauge | region,state | Agents by region and state. |\n"));
	CHECK(strstr(buf_text(&b), "| `footplate_fsync_seconds` | histogram | – | Duration"));
	buf_done(&b);
}

static void fresh_and_plain(void)
{
	struct metrics *m = metric_new();
	char *text = text_of(m);

	is_prometheus(text);
	CHECK(has_line(text, "# TYPE footplate_events_appended_total counter"));
	CHECK(has_line(text, "footplate_events_appended_total 0")); /* without labels: is there from the start */
	CHECK(!strstr(text, "\nfootplate_http_requests_total{"));
	CHECK(!strstr(text, "\nfootplate_fsync_seconds_count"));
	free(text);

	metric_add(m, METRIC_EVENTS_APPENDED, NULL, 40);
	metric_add(m, METRIC_EVENTS_APPENDED, NULL, 2);
	metric_set(m, METRIC_HTTP_INFLIGHT, NULL, 9);
	metric_set(m, METRIC_HTTP_INFLIGHT, NULL, -3);
	metric_add(m, METRIC_HTTP_REQUESTS, "GET\n/v1/jobs/{id}\n200", 1);
	metric_add(m, METRIC_HTTP_REQUESTS, "GET\n/v1/jobs/{id}\n404", 1);
	metric_add(m, METRIC_HTTP_REQUESTS, "GET\n/v1/jobs/{id}\n200", 1);
	metric_set(m, METRIC_AGENTS, "\nconnected", 5);
	text = text_of(m);
	is_prometheus(text);
	CHECK(has_line(text, "footplate_events_appended_total 42") &&
		has_line(text, "footplate_http_inflight_requests -3"));
	CHECK(has_line(
		text, "footplate_http_requests_total{method=\"GET\",route=\"/v1/jobs/{id}\",code=\"200\"} 2"));
	CHECK(has_line(
		text, "footplate_http_requests_total{method=\"GET\",route=\"/v1/jobs/{id}\",code=\"404\"} 1"));
	CHECK(has_line(text, "footplate_agents{region=\"\",state=\"connected\"} 5"));
	free(text);
	metric_free(m);
	metric_free(NULL);
	metric_add(NULL, METRIC_EVENTS_APPENDED, NULL, 1); /* without metrics nothing is counted */
	metric_set(NULL, METRIC_AGENTS, "a\nb", 1);
	metric_seen(NULL, METRIC_FSYNC_SECONDS, NULL, 1);
}

static void escaped_labels(void)
{
	struct metrics *m = metric_new();

	metric_add(m, METRIC_TUNNEL_REJECTED, "say \"hi\" \\ {}=,", 1);
	metric_add(m, METRIC_TUNNEL_FRAMES, "in", 3); /* a value that is not given is empty */
	char *text = text_of(m);
	is_prometheus(text);
	CHECK(has_line(text, "footplate_tunnel_rejected_total{reason=\"say \\\"hi\\\" \\\\ {}=,\"} 1"));
	CHECK(has_line(text, "footplate_tunnel_frames_total{dir=\"in\",type=\"\"} 3"));
	free(text);
	metric_free(m);
}

/* What comes after METRIC_CELLS sets of labels, and what is too long, is counted together. */
static void overflow_to_other(void)
{
	struct metrics *m = metric_new();
	char label[64], want[128], long_label[METRIC_LABELS_MAX + 10];

	memset(long_label, 'l', sizeof(long_label) - 1);
	long_label[METRIC_LABELS_MAX - 1] = 0;
	metric_add(m, METRIC_TUNNEL_REJECTED, long_label, 1); /* the longest that has a cell */
	for (int i = 1; i < METRIC_CELLS; i++) {
		snprintf(label, sizeof(label), "reason %d", i);
		metric_add(m, METRIC_TUNNEL_REJECTED, label, (uint64_t)i);
	}
	char *text = text_of(m);
	is_prometheus(text);
	CHECK(!strstr(text, "_other") && strstr(text, long_label));
	free(text);

	for (int round = 0; round < 2; round++) {
		for (int i = METRIC_CELLS; i < METRIC_CELLS + 50; i++) {
			snprintf(label, sizeof(label), "reason %d", i);
			metric_add(m, METRIC_TUNNEL_REJECTED, label, 1);
		}
		metric_add(m, METRIC_TUNNEL_REJECTED, "reason 255", 1000);
	}
	metric_add(m, METRIC_TUNNEL_FRAMES, "in\nall", 2);
	long_label[METRIC_LABELS_MAX - 1] = 'l';
	long_label[METRIC_LABELS_MAX] = 0;
	metric_add(m, METRIC_TUNNEL_FRAMES, long_label, 8);
	text = text_of(m);
	is_prometheus(text);
	for (int i = 1; i < METRIC_CELLS - 1; i++) {
		snprintf(want, sizeof(want), "footplate_tunnel_rejected_total{reason=\"reason %d\"} %d", i, i);
		CHECK(has_line(text, want));
	}
	CHECK(has_line(text, "footplate_tunnel_rejected_total{reason=\"reason 255\"} 2255"));
	CHECK(has_line(text, "footplate_tunnel_rejected_total{reason=\"_other\"} 100"));
	CHECK(!strstr(text, "reason 256"));
	CHECK(has_line(text, "footplate_tunnel_frames_total{dir=\"_other\",type=\"_other\"} 8"));
	CHECK(has_line(text, "footplate_tunnel_frames_total{dir=\"in\",type=\"all\"} 2"));
	free(text);
	metric_free(m);
}

static void histogram(void)
{
	struct metrics *m = metric_new();
	const double seen[] = { 0, 0.0001, 0.000101, 0.0005, 0.001, 0.9, 1.0, 5.0, 5.1, 3600 };
	const struct {
		const char *le;
		int count;
	} want[] = { { "0.0001", 2 }, { "0.00025", 3 }, { "0.0005", 4 }, { "0.001", 5 }, { "0.0025", 5 },
		{ "0.005", 5 }, { "0.01", 5 }, { "0.025", 5 }, { "0.05", 5 }, { "0.1", 5 }, { "0.25", 5 },
		{ "1", 7 }, { "5", 8 }, { "+Inf", 10 } };
	char line[128];

	for (size_t i = 0; i < sizeof(seen) / sizeof(*seen); i++)
		metric_seen(m, METRIC_FSYNC_SECONDS, NULL, seen[i]);
	char *text = text_of(m);
	is_prometheus(text);
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		snprintf(line, sizeof(line), "footplate_fsync_seconds_bucket{le=\"%s\"} %d", want[i].le,
			want[i].count);
		CHECK(has_line(text, line));
	}
	CHECK(has_line(text, "footplate_fsync_seconds_sum 3612.001701"));
	CHECK(has_line(text, "footplate_fsync_seconds_count 10"));
	CHECK(!strstr(text, "\nfootplate_fsync_seconds "));
	free(text);
	metric_free(m);
}

#define THREADS 4
#define ROUNDS  5000

/* All four make the same cells at the same time, more of them than there are. */
static void *work(void *arg)
{
	struct metrics *m = arg;
	char label[32];

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(label, sizeof(label), "r%d", i % 300);
		metric_add(m, METRIC_TUNNEL_REJECTED, label, 1);
		metric_add(m, METRIC_EVENT_GAPS, NULL, 2);
		metric_seen(m, METRIC_HTTP_SECONDS, NULL, 0.002);
		metric_set(m, METRIC_AGENTS, i % 2 ? "eu\nup" : "us\nup", 1);
		if (i % 1000 == 0)
			free(text_of(m));
	}
	return NULL;
}

static long sum_of(const char *text, const char *start)
{
	long sum = 0;
	for (const char *at = text; (at = strstr(at, start)); at++)
		if (at[-1] == '\n')
			sum += atol(strchr(at, ' ') + 1);
	return sum;
}

static void from_threads(void)
{
	struct metrics *m = metric_new();
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, work, m) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	char *text = text_of(m);
	is_prometheus(text);
	CHECK(sum_of(text, "footplate_tunnel_rejected_total{") == THREADS * ROUNDS);
	CHECK(sum_of(text, "footplate_tunnel_rejected_total{reason=\"_other\"}") > 0);
	CHECK(has_line(text, "footplate_event_gaps_total 40000"));
	CHECK(has_line(text, "footplate_http_request_duration_seconds_count 20000"));
	CHECK(has_line(text, "footplate_http_request_duration_seconds_sum 40.000000"));
	CHECK(has_line(text, "footplate_http_request_duration_seconds_bucket{le=\"0.001\"} 0"));
	CHECK(has_line(text, "footplate_http_request_duration_seconds_bucket{le=\"0.0025\"} 20000"));
	free(text);
	metric_free(m);
}

int main(void)
{
	the_table();
	fresh_and_plain();
	escaped_labels();
	overflow_to_other();
	histogram();
	from_threads();
	return 0;
}
