/*
 * Circuit breakers of a source, one for each egress, on a clock that the test moves: who is asked, who is left alone, who gets the probe,
 * and when the source that stands in is asked. Agents are played: each answers, or not, as the test says.
 */
#include "tests/unit/control/egresses_desk.h"

static void poll_is_answered(void)
{
	CHECK(writes("createPoll", NULL, "{\"mode\":\"full\"}") == RC_OK);
	for (int i = 0; i < 20 && NUMBER("SELECT COUNT(*) FROM polls WHERE status = 'running'") > 0; i++)
		turns(1);
	CHECK(NUMBER("SELECT COUNT(*) FROM polls WHERE status = 'running'") == 0);
	CHECK(NUMBER("SELECT COALESCE(SUM(unknown), 0) FROM polls") == 0);
}

/* One of two cannot reach Steam: it is left alone, and the other does all; nobody asks the store's pages. */
static void one_of_two(void)
{
	begin(2);
	turns(3);
	s.mood[0] = UNREACHABLE;
	until("agt_a", "open");
	CHECK(OF("SELECT failures FROM source_breakers WHERE egress_id = $1", "agt_a") == 3);
	CHECK(OF("SELECT probe_at - since FROM source_breakers WHERE egress_id = $1", "agt_a") == 900 * S);
	CHECK_STR(WHOLE(), "closed");
	CHECK(told("agt_a", "open") == 1 && told(NULL, "open") == 0);
	count_anew();
	turns(40);
	poll_is_answered();
	CHECK(s.got[0] == 0 && s.got[1] >= 40 && s.pages == 0);
	CHECK_STR(STATE("agt_b"), "closed");
	CHECK(writes("getSource", "steam.pics", NULL) == RC_OK);
	CHECK_STR(got("breaker.state"), "closed");
	CHECK_STR(got("openEgresses"), "1");
	CHECK_STR(got("breakers.0.egressId"), "agt_a");
	CHECK_STR(got("breakers.0.state"), "open");
	CHECK_STR(got("breakers.0.failures"), "3");
	CHECK_STR(got("breakers.0.trips"), "1");
	CHECK_STR(got("breakers.0.lastError"), "dependency_unavailable");
	CHECK(got("breakers.0.nextProbeAt"));
	CHECK_STR(got("breakers.1.egressId"), "agt_b");
	CHECK(!got("breakers.1.nextProbeAt"));
	/* The probe is its alone, one, and nothing else comes with it. */
	for (int i = 0; i < 200 && s.probes[0] == 0; i++)
		turns(1);
	CHECK(s.probes[0] == 1 && s.got[0] == 1 && s.probes[1] == 0);
	CHECK_STR(STATE("agt_a"), "open");
	CHECK(OF("SELECT probe_at - since FROM source_breakers WHERE egress_id = $1", "agt_a") == 1800 * S);
	/* It does not answer: for 15 s it is half open, then left alone for an hour. */
	s.mood[0] = SILENT;
	until("agt_a", "half_open");
	CHECK(s.probes[0] == 2);
	turns(2);
	CHECK_STR(STATE("agt_a"), "half_open");
	turns(1);
	CHECK_STR(STATE("agt_a"), "open");
	CHECK(s.probes[0] == 2 && s.got[0] == 2 &&
		NUMBER("SELECT COUNT(*) FROM source_asks WHERE kind = 'probe'") == 0);
	CHECK(OF("SELECT probe_at - since FROM source_breakers WHERE egress_id = $1", "agt_a") == 3600 * S);
	/* It is mended. */
	s.mood[0] = WELL;
	for (int i = 0; i < 700 && strcmp(STATE("agt_a"), "closed") != 0; i++)
		turns(1);
	CHECK_STR(STATE("agt_a"), "closed");
	CHECK(s.probes[0] == 3 && s.got[0] == 3 && s.probes[1] == 0 && s.pages == 0);
	turns(20);
	CHECK(s.got[0] > 3);
	CHECK_STR(WHOLE(), "closed");
	CHECK(NUMBER("SELECT COUNT(*) FROM events WHERE type = 'source.state_changed' AND data LIKE "
		     "'%\"egressId\":null%'") == 0);
	desk_close(&d);
}

/* Its probe waits for it, though the other has room and it is away. */
static void probe_of_one_away(void)
{
	begin(2);
	s.mood[0] = UNREACHABLE;
	until("agt_a", "open");
	count_anew();
	there("agt_a", false);
	turn(900 * S);
	turns(10);
	CHECK_STR(STATE("agt_a"), "open"); /* nobody is there to be probed */
	CHECK(s.probes[0] + s.probes[1] == 0);
	there("agt_a", true);
	s.mood[0] = WELL;
	d.tx.now_ms += 6 * S;
	look();
	CHECK_STR(STATE("agt_a"), "half_open");
	there("agt_a", false);
	hand_out();
	CHECK(s.probes[1] == 0 && NUMBER("SELECT COUNT(*) FROM source_asks WHERE kind = 'probe'") == 1);
	there("agt_a", true);
	turn(6 * S);
	CHECK(s.probes[0] == 1 && s.probes[1] == 0);
	CHECK_STR(STATE("agt_a"), "closed");
	desk_close(&d);
}

/* All are open: the store's pages are asked, and what was not handed out yet is taken back. */
static void all_open(void)
{
	begin(2);
	turns(3);
	s.mood[0] = UNREACHABLE;
	until("agt_a", "open");
	s.mood[1] = UNREACHABLE;
	until("agt_b", "open");
	CHECK_STR(WHOLE(), "open");
	CHECK(told(NULL, "open") == 1);
	count_anew();
	poll_is_answered();
	CHECK(s.pages > 0 && s.got[0] + s.got[1] == 0);
	CHECK(writes("getSource", "steam.pics", NULL) == RC_OK);
	CHECK_STR(got("breaker.state"), "open");
	CHECK_STR(got("openEgresses"), "2");
	/* One comes that nobody has tried: it is asked again, by it alone. */
	count_anew();
	agent("agt_c");
	turns(3);
	CHECK_STR(WHOLE(), "closed");
	CHECK(s.got[2] > 0 && s.got[0] + s.got[1] == 0);
	there("agt_c", false);
	turns(1);
	CHECK_STR(WHOLE(), "open");
	/* Nobody is there: it is not known to be any better. */
	there("agt_a", false);
	there("agt_b", false);
	turns(1);
	CHECK_STR(WHOLE(), "open");
	there("agt_a", true);
	there("agt_b", true);
	/* An operator's reset is for all of them. */
	s.mood[0] = s.mood[1] = WELL;
	CHECK(writes("resetSource", "steam.pics", NULL) == RC_OK);
	CHECK_STR(WHOLE(), "closed");
	CHECK(NUMBER("SELECT COUNT(*) FROM source_breakers WHERE state <> 'closed'") == 0);
	CHECK(told("agt_a", "closed") == 1 && told("agt_b", "closed") == 1);
	count_anew();
	turns(20);
	CHECK(s.got[0] > 0 && s.got[1] > 0);
	desk_close(&d);
}

/* For ever, behind the program's back. */
static void opens(const char *id)
{
	does(DESK_QUERY(
		     "INSERT INTO source_breakers SELECT 'steam.pics', id, 'open', 0, 1, 3, 900000, 9000000000000, "
		     "0, 0, 0, 9000000000000, 0, 'x' FROM agents WHERE id = $1 ON CONFLICT (source, egress_id) DO "
		     "UPDATE SET state = 'open', probe_at = 9000000000000"),
		id, NULL, NULL);
}

/* A question waits, or is with one that hangs, when the breakers open. */
static void taken_back(void)
{
	static const char out[] = "SELECT COUNT(*) FROM source_asks WHERE source = 'steam.pics' AND kind = 'full'";

	begin(2);
	turns(3);
	CHECK(writes("createPoll", NULL, "{\"mode\":\"full\"}") == RC_OK);
	d.tx.now_ms += 50 * S;
	look();
	CHECK(NUMBER(out) == 1);
	opens("agt_a");
	opens("agt_b");
	count_anew();
	hand_out(); /* the breakers are open, and no look has come since */
	CHECK(s.got[0] + s.got[1] == 0);
	poll_is_answered();
	CHECK(NUMBER(out) == 0 && s.pages > 0 && s.got[0] + s.got[1] == 0);
	/* It hangs at one, whose breaker opens meanwhile: the other gets it. */
	CHECK(writes("resetSource", "steam.pics", NULL) == RC_OK);
	turns(2);
	s.mood[0] = SILENT;
	there("agt_b", false);
	CHECK(writes("createPoll", NULL, "{\"mode\":\"full\"}") == RC_OK);
	d.tx.now_ms += 50 * S;
	look();
	hand_out();
	CHECK(NUMBER("SELECT COUNT(*) FROM source_asks WHERE kind = 'full' AND egress_id = 'agt_a'") == 1);
	opens("agt_a");
	there("agt_b", true);
	count_anew();
	poll_is_answered();
	CHECK(s.got[0] == 0 && s.got[1] > 0 && s.pages == 0);
	desk_close(&d);
}

/* Three in a row of which none was answered: the store is away for the fourth, too. */
static void away(void)
{
	begin(4);
	turns(20);
	for (int i = 0; i < AGENTS; i++)
		s.mood[i] = UNREACHABLE;
	for (int i = 0; i < 60 && strcmp(WHOLE(), "open") != 0; i++)
		turns(1);
	CHECK_STR(WHOLE(), "open");
	CHECK(NUMBER("SELECT COUNT(*) FROM source_breakers WHERE source = 'steam.pics' AND state = 'open'") == 4);
	CHECK(NUMBER("SELECT SUM(failures) FROM source_breakers WHERE source = 'steam.pics'") < 12);
	CHECK(NUMBER("SELECT MIN(probe_at - since) FROM source_breakers WHERE source = 'steam.pics'") == 900 * S);
	desk_close(&d);
}

/* While an operator's word stands, nothing that agents meet counts. */
static void forced(void)
{
	begin(2);
	turns(3);
	s.mood[0] = UNREACHABLE;
	until("agt_a", "open");
	CHECK(writes("tripSource", "steam.pics", "{\"state\":\"forced_closed\"}") == RC_OK);
	s.mood[1] = UNREACHABLE;
	count_anew();
	turns(30);
	CHECK(s.got[0] > 0 && s.got[1] > 3);
	CHECK(OPENED("agt_b") == 0);
	CHECK_STR(WHOLE(), "forced_closed");
	CHECK(writes("tripSource", "steam.pics", "{\"state\":\"forced_open\"}") == RC_OK);
	count_anew();
	turn(2000 * S);
	poll_is_answered();
	CHECK(s.got[0] + s.got[1] == 0 && s.pages > 0);
	CHECK_STR(STATE("agt_a"), "open");
	desk_close(&d);
}

/* What cannot be read opens it at the first; the other goes on. */
static void broken(void)
{
	begin(2);
	turns(3);
	s.mood[1] = BROKEN;
	until("agt_b", "open");
	CHECK(OF("SELECT probe_at - since FROM source_breakers WHERE egress_id = $1", "agt_b") == 300 * S);
	CHECK(OPENED("agt_a") == 0);
	CHECK_STR(WHOLE(), "closed");
	desk_close(&d);
}

/* Who is asked for changes next may see another server: a step back is a gap, all is looked at, and the cursor goes on from there. */
static void the_cursor_moves(void)
{
	begin(2);
	s.newest[1] = 900;
	s.newest[0] = 1000;
	there("agt_b", false);
	turns(4);
	CHECK(NUMBER("SELECT cursor FROM sources WHERE name = 'steam.pics'") == 1000);
	s.mood[0] = UNREACHABLE;
	there("agt_b", true);
	until("agt_a", "open");
	turns(4);
	CHECK(OF("SELECT COUNT(*) FROM events WHERE type = 'source.gap_detected' AND data LIKE $1",
		      "%\"from\":1000,\"to\":900,\"reason\":\"current_went_back\"%") == 1);
	CHECK(NUMBER("SELECT COUNT(*) FROM events WHERE type = 'source.gap_closed'") == 1);
	CHECK(NUMBER("SELECT cursor FROM sources WHERE name = 'steam.pics'") == 900);
	CHECK(NUMBER("SELECT gap_from FROM sources WHERE name = 'steam.pics'") == 0);
	desk_close(&d);
}

/* The look finds what is taken from whom by who is there now, not by who was at the look before. */
static void one_comes_back(void)
{
	begin(2);
	turns(3);
	there("agt_b", false);
	s.mood[0] = SILENT;
	CHECK(writes("createPoll", NULL, "{\"mode\":\"full\"}") == RC_OK);
	turn(50 * S);
	CHECK(NUMBER("SELECT COUNT(*) FROM source_asks WHERE kind = 'full' AND egress_id = 'agt_a'") == 1);
	opens("agt_a");
	turn(6 * S);
	CHECK_STR(WHOLE(), "open");
	CHECK(s.pages > 0);
	/* Nobody else could have it: it may still answer. */
	CHECK(NUMBER("SELECT COUNT(*) FROM source_asks WHERE kind = 'full' AND egress_id = 'agt_a'") == 1);
	there("agt_b", true);
	count_anew();
	d.tx.now_ms += 50 * S;
	poll_is_answered();
	CHECK(s.got[1] > 0 && s.pages == 0);
	CHECK_STR(WHOLE(), "closed");
	desk_close(&d);
}

/* Answers about changes count as any other. */
static void changes_alone(void)
{
	static const char asked[] = "SELECT COUNT(*) FROM jobs WHERE action = 'titles.poll'";

	begin(1);
	turns(5);
	int64_t before = NUMBER(asked);
	s.mood[0] = UNREACHABLE;
	turns(2);
	CHECK(OF("SELECT failures FROM source_breakers WHERE egress_id = $1", "agt_a") == 2);
	s.mood[0] = WELL;
	turns(1);
	CHECK(OF("SELECT failures FROM source_breakers WHERE egress_id = $1", "agt_a") == 0);
	s.mood[0] = BROKEN;
	turns(1);
	CHECK_STR(STATE("agt_a"), "open");
	CHECK_STR(TEXT("SELECT last_error FROM source_breakers WHERE egress_id = $1", "agt_a"),
		"the answer could not be read");
	CHECK(NUMBER(asked) == before);
	desk_close(&d);
}

/* What is heard late of a question from before is not the probe's answer. */
static void late_answer(void)
{
	char task[64];

	begin(1);
	turns(5);
	s.mood[0] = SILENT;
	turns(1);
	snprintf(task, sizeof(task), "%s", TEXT("SELECT task_id FROM source_asks WHERE kind = $1", "changes"));
	CHECK(*task);
	opens("agt_a");
	does(DESK_QUERY("UPDATE source_breakers SET probe_at = 1 WHERE egress_id = $1"), "agt_a", NULL, NULL);
	turn(S);
	CHECK_STR(STATE("agt_a"), "half_open");
	CHECK_STR(WHOLE(), "half_open");
	s.mood[0] = WELL;
	play(0, task);
	CHECK_STR(STATE("agt_a"), "half_open");
	snprintf(task, sizeof(task), "%s", TEXT("SELECT task_id FROM source_asks WHERE kind = $1", "probe"));
	play(0, task);
	CHECK_STR(STATE("agt_a"), "closed");
	CHECK_STR(WHOLE(), "closed");
	desk_close(&d);
}

/* When it is asked again, what waits for the pages of the store need not wait for them. */
static void asked_again(void)
{
	begin(1);
	turns(5);
	opens("agt_a");
	s.pages_hang = true;
	CHECK(writes("createPoll", NULL, "{\"mode\":\"metadata\"}") == RC_OK);
	turn(50 * S);
	turn(S);
	CHECK(s.pages > 0 && NUMBER("SELECT COUNT(*) FROM polls WHERE status = 'running'") == 1);
	CHECK(writes("resetSource", "steam.pics", NULL) == RC_OK);
	turn(S);
	CHECK(NUMBER("SELECT COUNT(*) FROM polls WHERE status = 'running'") == 0);
	CHECK(NUMBER("SELECT unknown FROM polls") == 0);
	desk_close(&d);
}

/* An agent lost it before it began: it is anybody's, and held back with the others when nobody is to be asked. */
static void lost(void)
{
	struct moves_task t = { 0 };
	char task[64];

	begin(1);
	turns(5);
	s.mood[0] = SILENT;
	turns(1);
	snprintf(task, sizeof(task), "%s", TEXT("SELECT task_id FROM source_asks WHERE egress_id = $1", "agt_a"));
	does(DESK_QUERY("UPDATE tasks SET max_attempts = 3 WHERE id = $1"), task, NULL, NULL);
	desk_begin(&d);
	CHECK(moves_load(&d.tx, task, &t) == RC_OK);
	CHECK(moves_fail(&d.tx, &t, moves_error(&d.tx, "lost", "lost", true),
		      (struct task_failure){ true, false }) == RC_OK);
	desk_commit(&d);
	CHECK_STR(TEXT("SELECT status FROM tasks WHERE id = $1", task), "queued");
	CHECK(OF("SELECT COUNT(*) FROM source_asks WHERE task_id = $1 AND egress_id IS NULL", task) == 1);
	desk_close(&d);
}

/* A breaker of which nothing was heard for a day is forgotten. */
static void forgotten(void)
{
	begin(2);
	s.mood[0] = UNREACHABLE;
	until("agt_a", "open");
	there("agt_a", false);
	turn(23 * (int64_t)3600000);
	CHECK_STR(STATE("agt_a"), "open");
	turn(2 * (int64_t)3600000);
	CHECK_STR(STATE("agt_a"), "");
	CHECK(OPENED("agt_b") == 0);
	desk_close(&d);
}

int main(void)
{
	one_of_two();
	probe_of_one_away();
	all_open();
	taken_back();
	away();
	forced();
	broken();
	the_cursor_moves();
	one_comes_back();
	changes_alone();
	late_answer();
	asked_again();
	lost();
	forgotten();
	return 0;
}
