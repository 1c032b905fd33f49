/* Jobs are forgotten when they have been over for long enough, with all that is known of them; what goes on is not, nor in one go too much. */
#include "control/engine/dispatch.h"
#include "control/engine/moves.h"
#include "control/engine/submit.h"
#include "control/sweep.h"

#include "tests/unit/control/engine_desk.h"

#define DAY_MS INT64_C(86400000)

static const char *submits(void)
{
	static char ring[4][40];
	static int at;
	char *id = ring[at++ % 4];

	d.tx.now_ms++; /* ids sort by time */
	CHECK(writes("createJob", NULL, "{\"action\":\"agent.ping\"}") == RC_OK);
	snprintf(id, 40, "%s", got("id"));
	return id;
}

static void ends(const char *job)
{
	auto_rows struct store_rows *r = NULL;
	struct moves_task t = { 0 };

	desk_begin(&d);
	CHECK(store_one(d.tx.db, DESK_QUERY("SELECT id FROM tasks WHERE job_id = $1"), STORE_ARGS(store_text(job)),
		      &r, &d.fault) == RC_OK);
	const char *id = arena_str(&d.arena, store_col_text(r, 0));
	store_close(take(r));
	CHECK(moves_load(&d.tx, id, &t) == RC_OK && moves_lease(&d.tx, &t, "agt_1") == RC_OK);
	CHECK(moves_load(&d.tx, id, &t) == RC_OK && moves_succeed(&d.tx, &t, "{}") == RC_OK);
	desk_commit(&d);
}

static int64_t count(const struct store_query *q)
{
	auto_rows struct store_rows *r = NULL;
	CHECK(store_one(d.tx.db, q, STORE_NO_ARGS, &r, &d.fault) == RC_OK);
	return store_col_int(r, 0);
}
#define COUNT(of) count(DESK_QUERY("SELECT COUNT(*) FROM " of))

static bool sweeps(void)
{
	bool more = false;
	desk_begin(&d);
	CHECK(old_jobs_sweep(&d.tx, &more) == RC_OK);
	desk_commit(&d);
	return more;
}

static bool is_there(const char *job) { return calls("getJob", job, NULL, NULL) == RC_OK; }

static void by_age(void)
{
	const char *old = submits(), *open = submits();

	ends(old);
	CHECK(COUNT("attempts") == 1);
	d.tx.now_ms += 11 * DAY_MS;
	const char *young = submits();
	ends(young);
	CHECK(!sweeps() && is_there(old)); /* no limit: for ever */
	d.conf.jobs_keep_ms = 12 * DAY_MS;
	CHECK(!sweeps() && is_there(old));
	d.conf.jobs_keep_ms = 10 * DAY_MS;
	CHECK(sweeps() && !is_there(old) && is_there(open) && is_there(young));
	CHECK(COUNT("tasks") == 2 && COUNT("attempts") == 1);
	CHECK(!sweeps());
	desk_again(&d);
	CHECK(!is_there(old) && is_there(open) && is_there(young));
}

/* A large job ends the sweep that takes it. */
static void in_pieces(void)
{
	const char *first = submits(), *second = submits();

	ends(first);
	d.tx.now_ms++;
	ends(second);
	does(DESK_QUERY("UPDATE jobs SET total = 10000 WHERE id = $1"), first, NULL, NULL);
	d.tx.now_ms += 30 * DAY_MS;
	CHECK(sweeps() && sweeps()); /* by_age's young one is the first of all */
	CHECK(!is_there(first) && !is_there(second));
	CHECK(!sweeps());
}

/* What areas make by themselves has an hour. */
static void quiet(void)
{
	const char *job = submits();

	does(DESK_QUERY("UPDATE jobs SET quiet = 1 WHERE id = $1"), job, NULL, NULL);
	ends(job);
	d.conf.jobs_keep_ms = 0;
	d.tx.now_ms += 3599000;
	desk_begin(&d);
	CHECK(quiet_sweep(&d.tx) == RC_OK);
	CHECK(is_there(job));
	d.tx.now_ms += 2000;
	CHECK(quiet_sweep(&d.tx) == RC_OK);
	CHECK(!is_there(job));
	desk_commit(&d);
}

int main(void)
{
	desk_open(&d);
	people();
	by_age();
	in_pieces();
	quiet();
	desk_close(&d);
	return 0;
}
