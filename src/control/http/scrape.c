#include "control/http/scrape.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/updates/sources.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int64_t scrape_memory(void)
{
	char text[128] = "", *at = text;
	FILE *f = fopen("/proc/self/statm", "re");
	bool ok = f && fgets(text, sizeof(text), f);

	if (f)
		fclose(f);
	strtol(at, &at, 10); /* the first number is the whole address space */
	return ok ? strtol(at, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

static int64_t open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int64_t n = -3; /* ".", "..", and the folder's own */

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

void scrape_process(struct control *c)
{
	struct rusage u = { 0 };
	struct rlimit l = { 0 };

	getrusage(RUSAGE_SELF, &u);
	getrlimit(RLIMIT_NOFILE, &l);
	metric_set(c->metrics, METRIC_PROCESS_CPU, NULL, u.ru_utime.tv_sec + u.ru_stime.tv_sec);
	metric_set(c->metrics, METRIC_PROCESS_FDS, NULL, open_files());
	metric_set(c->metrics, METRIC_PROCESS_FDS_MAX, NULL, (int64_t)l.rlim_cur);
	metric_set(c->metrics, METRIC_PROCESS_MEMORY, NULL, scrape_memory());
	metric_set(c->metrics, METRIC_PROCESS_START, NULL, c->started_ms / 1000);
}

static enum rc count_tasks(struct tx *tx)
{
	/* Each part is what a partial index holds: tasks that are over are not looked at. */
	static const struct store_query open = {
		.sql = "SELECT status, action, COALESCE(region_id, ''), COUNT(*) FROM (SELECT status, action, "
		       "region_id FROM "
		       "tasks WHERE status = 'queued' AND waits IS NULL UNION ALL SELECT status, action, region_id "
		       "FROM tasks "
		       "WHERE status = 'queued' AND waits IS NOT NULL UNION ALL SELECT status, action, region_id "
		       "FROM tasks "
		       "WHERE status IN ('leased', 'running') UNION ALL SELECT status, action, region_id FROM "
		       "tasks WHERE "
		       "status = 'needs_attention') AS t GROUP BY status, action, COALESCE(region_id, '')"
	};
	struct metrics *m = tx->control->metrics;
	auto_rows struct store_rows *r = NULL;
	char labels[METRIC_LABELS_MAX];
	bool row = false;

	enum rc rc = store_run(tx->db, &open, STORE_NO_ARGS, &r, tx->fault);
	if (rc == RC_OK)
		metric_zero(m, METRIC_TASKS);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		snprintf(labels, sizeof(labels), "%.20s\n%.50s\n%.40s", store_col_text(r, 0), store_col_text(r, 1),
			store_col_text(r, 2));
		metric_set(m, METRIC_TASKS, labels, store_col_int(r, 3));
	}
	return rc;
}

enum rc scrape_rows(struct tx *tx)
{
	static const struct store_query silent = {
		.sql = "SELECT COALESCE(MIN(last_seen_at), $1) FROM agents WHERE state = 'connected'"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(tx->db, &silent, STORE_ARGS(store_int(tx->now_ms)), &r, tx->fault);
	if (rc == RC_OK)
		metric_set(tx->control->metrics, METRIC_AGENT_SILENCE, NULL,
			(tx->now_ms - store_col_int(r, 0)) / 1000);
	store_close(take(r));
	if (rc == RC_OK)
		rc = sources_measure(tx);
	return rc == RC_OK ? count_tasks(tx) : rc;
}
