#include "proof/check.h"
#include "base/map.h"
#include "model/task.h"
#include "proof/desk.h"
#include "proof/sim.h"
#include "proof/steam.h"
#include "proof/world.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX   65536
#define ATTEMPTS_MAX 40

uint64_t check_tasks, check_events;

/* A task as the events tell it. */
struct told {
	char id[64], job[64];
	enum task_status status;
	unsigned attempt;
};

/* An attempt, and the process that began with it. */
struct begun {
	char key[96];
	const struct machine *m;
	uint32_t life;
};

static struct map begun;
static sqlite3 *db;
#define KEPT 8
static sqlite3_stmt *kept[KEPT]; /* of look(), while db is open */
static size_t kept_n;
static struct map tasks;
static int64_t last_pos;
static uint64_t prints[EVENTS_MAX]; /* of the events' texts, by position */
static bool over;
static char doubt_job[64], doubt_task[64];

#define TO(s) (1u << TASK_##s)
static const unsigned lawful[TASK_STATUSES] = {
	[TASK_QUEUED] = TO(LEASED) | TO(FAILED) | TO(CANCELED),
	[TASK_LEASED] = TO(RUNNING) | TO(QUEUED) | TO(UNKNOWN) | TO(SUCCEEDED) | TO(FAILED) | TO(CANCELED),
	[TASK_RUNNING] = TO(QUEUED) | TO(UNKNOWN) | TO(SUCCEEDED) | TO(FAILED) | TO(CANCELED),
	[TASK_UNKNOWN] = TO(ATTENTION) | TO(SUCCEEDED) | TO(FAILED),
	[TASK_ATTENTION] = TO(SUCCEEDED) | TO(FAILED),
};

static uint64_t print_of(const char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)p[i]) * 0x100000001b3;
	return h | 1;
}

/* ---- the database, as another process would read it: nothing fails and no time passes ---- */

static void enter(void)
{
	sim.quiet = true;
	sim.as = &world.control;
}

static void leave(void)
{
	sim.quiet = false;
	sim.as = NULL;
}

void check_close(void)
{
	if (!db)
		return;
	enter();
	while (kept_n > 0)
		sqlite3_finalize(kept[--kept_n]);
	sqlite3_close_v2(db);
	db = NULL;
	leave();
}

static bool open_db(void)
{
	if (db)
		return true;
	if (sqlite3_open_v2(WORLD_DB, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
		return true;
	sqlite3_close_v2(db);
	db = NULL;
	return false;
}

typedef void row_fn(sqlite3_stmt *s);

/* false: it cannot be read now. */
static bool run(sqlite3_stmt *s, row_fn *row, int64_t arg)
{
	int e = SQLITE_ROW;

	if (sqlite3_bind_parameter_count(s) == 1)
		sqlite3_bind_int64(s, 1, arg);
	while (e == SQLITE_ROW) {
		e = sqlite3_step(s);
		if (e == SQLITE_ROW)
			row(s);
	}
	if (e != SQLITE_DONE && e != SQLITE_BUSY)
		sim_break("the database cannot be read: %s: %s", sqlite3_errmsg(db), sqlite3_sql(s));
	sqlite3_reset(s);
	return e == SQLITE_DONE;
}

static bool each(const char *sql, row_fn *row, int64_t arg)
{
	sqlite3_stmt *s = NULL;
	bool ok = sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && run(s, row, arg);
	sqlite3_finalize(s);
	return ok;
}

/* For the questions that are asked again and again. */
static bool ask(const char *sql, row_fn *row, int64_t arg)
{
	for (size_t i = 0; i < kept_n; i++)
		if (!strcmp(sqlite3_sql(kept[i]), sql))
			return run(kept[i], row, arg);
	if (kept_n == KEPT)
		return each(sql, row, arg);
	if (sqlite3_prepare_v2(db, sql, -1, &kept[kept_n], NULL) != SQLITE_OK)
		return false;
	return run(kept[kept_n++], row, arg);
}

static const char *text(sqlite3_stmt *s, int i)
{
	const char *t = (const char *)sqlite3_column_text(s, i);
	return t ? t : "";
}

void check_begun(const char *task, unsigned attempt)
{
	struct begun *b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	snprintf(b->key, sizeof(b->key), "%s %u", task, attempt);
	b->m = sim_me();
	b->life = b->m->life;
	if (map_put(&begun, b->key, b) != RC_OK)
		abort();
}

unsigned check_newest(const char *task)
{
	unsigned newest = 0;

	for (unsigned n = 1; n <= ATTEMPTS_MAX; n++) {
		char key[96];
		snprintf(key, sizeof(key), "%s %u", task, n);
		if (map_get(&begun, key))
			newest = n;
	}
	return newest;
}

/* What an agent has taken it names in every HELLO until its result was acknowledged. */
static void check_lost(const struct told *t, const char *data)
{
	char key[96];
	const struct begun *b;

	if (!strstr(data, "\"code\":\"lost_by_agent\""))
		return;
	snprintf(key, sizeof(key), "%s %u", t->id, t->attempt);
	b = map_get(&begun, key);
	if (b && b->m->up && b->m->life == b->life)
		sim_break("I3: %s has lost attempt %u of task %s, and has run ever since", b->m->name, t->attempt,
			t->id);
}

/* ---- I4: the events, one after another ---- */

static struct told *told_of(const char *id, const char *job)
{
	struct told *t = map_get(&tasks, id);
	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		abort();
	snprintf(t->id, sizeof(t->id), "%s", id);
	snprintf(t->job, sizeof(t->job), "%s", job);
	if (map_put(&tasks, t->id, t) != RC_OK)
		abort();
	return t;
}

static int status_of(const char *type)
{
	static const struct {
		const char *type;
		int to;
	} kinds[] = { { "task.leased", TASK_LEASED }, { "task.started", TASK_RUNNING },
		{ "task.retrying", TASK_QUEUED }, { "task.succeeded", TASK_SUCCEEDED },
		{ "task.failed", TASK_FAILED }, { "task.canceled", TASK_CANCELED },
		{ "task.outcome_unknown", TASK_UNKNOWN }, { "task.needs_attention", TASK_ATTENTION } };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].type, type))
			return kinds[i].to;
	return -1;
}

static void on_event(sqlite3_stmt *s)
{
	int64_t pos = sqlite3_column_int64(s, 0);
	const char *type = text(s, 1), *data = text(s, 4);
	int to = status_of(type);

	if (pos != last_pos + 1)
		sim_break("I5: the log has position %lld after %lld", (long long)pos, (long long)last_pos);
	last_pos = pos;
	check_events++;
	if (pos < EVENTS_MAX)
		prints[pos] = print_of(data, strlen(data));
	sim_note((uint64_t)pos, prints[pos % EVENTS_MAX]);
	sim_say("event %lld %s %s", (long long)pos, type, text(s, 2));
	if (to < 0)
		return;
	struct told *t = told_of(text(s, 2), text(s, 3));
	if (!(lawful[t->status] & 1u << to))
		sim_break("I4: task %s went from %s to %s", t->id, task_words[t->status], task_words[to]);
	if (to == TASK_LEASED) {
		const char *at = strstr(data, "\"attempt\":");
		unsigned attempt = at ? (unsigned)strtoul(at + 10, NULL, 10) : 0;
		if (attempt <= t->attempt)
			sim_break("I4: task %s got attempt %u after %u", t->id, attempt, t->attempt);
		t->attempt = attempt;
	}
	if (to == TASK_QUEUED || to == TASK_FAILED || to == TASK_UNKNOWN)
		check_lost(t, data);
	t->status = (enum task_status)to;
}

/* ---- I6: the rows, and what the events say ---- */

static void on_task(sqlite3_stmt *s)
{
	const char *id = text(s, 0), *status = text(s, 1);
	const struct told *t = map_get(&tasks, id);
	const char *said = task_words[t ? t->status : TASK_QUEUED];

	check_tasks++;
	if (strcmp(said, status) != 0)
		sim_break("I6: task %s is %s, and by its events %s", id, status, said);
	if (t && t->attempt != (unsigned)sqlite3_column_int(s, 2))
		sim_break("I6: task %s is at attempt %d, and by its events at %u", id, sqlite3_column_int(s, 2),
			t->attempt);
	if (!strcmp(status, "queued") || !strcmp(status, "leased") || !strcmp(status, "running"))
		over = false;
	if (!strcmp(status, "needs_attention")) {
		snprintf(doubt_task, sizeof(doubt_task), "%s", id);
		snprintf(doubt_job, sizeof(doubt_job), "%s", text(s, 3));
	}
}

static void on_wrong_job(sqlite3_stmt *s)
{
	sim_break("I6: the counts of job %s are not those of its tasks", text(s, 0));
}

static void on_wrong_account(sqlite3_stmt *s) { sim_break("I10: account %s has two tasks under way", text(s, 0)); }

static void on_newest(sqlite3_stmt *s)
{
	if (sqlite3_column_int64(s, 0) < last_pos)
		sim_break("I5: the log ends at %lld, and was seen until %lld",
			(long long)sqlite3_column_int64(s, 0), (long long)last_pos);
}

static bool look(void)
{
	if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return false;
	check_tasks = 0;
	over = true;
	*doubt_task = 0;
	bool ok = ask("SELECT COALESCE(MAX(pos), 0) FROM events", on_newest, 0);
	ok = ok && ask("SELECT pos, type, task_id, job_id, data FROM events WHERE pos > $1 ORDER BY pos", on_event,
			   last_pos);
	ok = ok && ask("SELECT id, status, attempt, job_id FROM tasks", on_task, 0);
	ok = ok && ask("SELECT j.id FROM jobs j JOIN (SELECT job_id, COUNT(*) AS n, SUM(status = 'queued') AS q, "
		       "SUM(status IN "
		       "('leased', 'running')) AS r, SUM(status = 'succeeded') AS s, SUM(status = 'failed') AS f, "
		       "SUM(status = "
		       "'canceled') AS c FROM tasks GROUP BY job_id) t ON t.job_id = j.id WHERE j.total <> t.n OR "
		       "j.queued <> t.q "
		       "OR j.running <> t.r OR j.succeeded <> t.s OR j.failed <> t.f OR j.canceled <> t.c",
			   on_wrong_job, 0);
	ok = ok && ask("SELECT account_id FROM tasks WHERE status IN ('leased', 'running') AND account_id IS NOT "
		       "NULL GROUP BY "
		       "account_id HAVING COUNT(*) > 1",
			   on_wrong_account, 0);
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (!ok)
		over = false;
	return ok;
}

void check_now(void)
{
	if (!world_is_served())
		return;
	enter();
	if (open_db() && !look())
		over = false;
	leave();
}

bool check_is_over(void) { return over; }

static void on_row(sqlite3_stmt *s)
{
	char line[1024];
	size_t n = 0;

	for (int i = 0; i < sqlite3_column_count(s) && n < sizeof(line); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " %s=%s", sqlite3_column_name(s, i), text(s, i));
	sim_say("%s", line);
}

void check_tell(void)
{
	if (!sim.verbose || !world_is_served())
		return;
	enter();
	if (open_db()) {
		sim_say("now=%llu", (unsigned long long)(sim.now_us / SIM_MS));
		each("SELECT * FROM tasks WHERE status IN ('queued', 'leased', 'running')", on_row, 0);
		each("SELECT * FROM accounts", on_row, 0);
		each("SELECT * FROM agents", on_row, 0);
	}
	leave();
}

bool check_is_told(void)
{
	for (int i = 0; i < DESK_SUBSCRIBERS; i++)
		if (desk_last[i] != last_pos)
			return false;
	return true;
}

bool check_in_doubt(char job[64], char task[64])
{
	if (!*doubt_task)
		return false;
	memcpy(job, doubt_job, sizeof(doubt_job));
	memcpy(task, doubt_task, sizeof(doubt_task));
	return true;
}

/* What was shown and is not in the log, or otherwise, was shown before it was durable. */
void check_seen(int64_t pos, const char *data, size_t n)
{
	static uint64_t shown[EVENTS_MAX];
	uint64_t print = print_of(data, n);

	if (pos <= 0 || pos >= EVENTS_MAX)
		return;
	if (shown[pos] && shown[pos] != print)
		sim_break("I5: two events were shown under position %lld", (long long)pos);
	shown[pos] = print;
}

/* ---- at the end ---- */

static int64_t counted;
static void on_count(sqlite3_stmt *s) { counted = sqlite3_column_int64(s, 0); }

static void on_kept(sqlite3_stmt *s)
{
	int64_t pos = sqlite3_column_int64(s, 0);
	const char *data = text(s, 1);
	counted = pos;
	if (pos < EVENTS_MAX && prints[pos] && prints[pos] != print_of(data, strlen(data)))
		sim_break("I5: the event at position %lld is not the one that was there before", (long long)pos);
}

static void on_twice(sqlite3_stmt *s)
{
	sim_break("I2: %d jobs were made under the trace %s", sqlite3_column_int(s, 1), text(s, 0));
}

static void check_key(const struct desk_key *k)
{
	char sql[256];

	if (!*k->job)
		return;
	counted = 0;
	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM jobs WHERE id = '%s'", k->job);
	if (each(sql, on_count, 0) && counted != 1)
		sim_break("I1: the job %s was acknowledged and is there %lld times", k->job, (long long)counted);
	snprintf(sql, sizeof(sql), "SELECT COUNT(DISTINCT account_id) FROM tasks WHERE job_id = '%s'", k->job);
	if (k->targets && each(sql, on_count, 0) && counted != k->targets)
		sim_break("I1: the job %s has tasks for %lld accounts, not %u", k->job, (long long)counted,
			k->targets);
}

/* What a task says at its end is what Steam's ledger says. A late effect came after its end, and nobody could know. */
static void on_end(sqlite3_stmt *s)
{
	const char *id = text(s, 0), *action = text(s, 1), *status = text(s, 2), *result = text(s, 3),
		   *error = text(s, 4);
	unsigned effects = steam_count(id);
	bool guarded = !strcmp(action, "licenses.remove") || !strcmp(action, "friends.message");

	if (!strcmp(status, "succeeded") && strcmp(action, "friends.list") != 0 &&
		!strstr(result, "\"resolved\"") && !effects)
		sim_break("I3: task %s has succeeded, and Steam has not done it", id);
	if (guarded && (!strcmp(status, "failed") || !strcmp(status, "canceled") || !strcmp(status, "expired")) &&
		effects && !steam_was_late(id) && !strstr(error, "not_done"))
		sim_break("I3: task %s is %s, and Steam did it %u times", id, status, effects);
}

void check_end(void)
{
	check_now();
	if (*sim.broken || !db)
		return;
	enter();
	counted = 0;
	each("SELECT pos, data FROM events ORDER BY pos", on_kept, 0);
	if (counted != last_pos)
		sim_break("I5: the log ends at %lld, and was seen until %lld", (long long)counted,
			(long long)last_pos);
	each("SELECT trace_id, COUNT(*) FROM jobs GROUP BY trace_id HAVING COUNT(*) > 1", on_twice, 0);
	each("SELECT id, action, status, result, error FROM tasks", on_end, 0);
	for (size_t i = 0; i < desk_keys_n; i++)
		check_key(&desk_keys[i]);
	leave();
}
