/* Jobs that wait, tasks that are tried again, and those that failed after all. */
#include "control/engine/dispatch.h"
#include "control/engine/effects.h"
#include "control/engine/moves.h"
#include "control/engine/outcome.h"
#include "control/engine/park.h"

#include "tests/unit/control/engine_desk.h"

static struct moves_task looks(const char *id)
{
	struct moves_task t = { 0 };
	CHECK(moves_load(&d.tx, id, &t) == RC_OK);
	return t;
}

static const char *status(const char *id) { return task_words[looks(id).status]; }

/* Submits, and says the job's id; *ret_task is its only task's. */
static const char *submits(const char *body, char ret_task[static 40])
{
	static char job[40];
	auto_rows struct store_rows *r = NULL;

	d.tx.now_ms++; /* ids sort by time */
	CHECK(writes("createJob", NULL, body) == RC_OK);
	snprintf(job, sizeof(job), "%s", got("id"));
	CHECK(store_one(d.tx.db, DESK_QUERY("SELECT id FROM tasks WHERE job_id = $1"), STORE_ARGS(store_text(job)),
		      &r, &d.fault) == RC_OK);
	snprintf(ret_task, 40, "%s", store_col_text(r, 0));
	return job;
}

static void leases(const char *id)
{
	struct moves_task t = { 0 };
	desk_begin(&d);
	CHECK(moves_load(&d.tx, id, &t) == RC_OK && moves_lease(&d.tx, &t, "agt_1") == RC_OK);
	desk_commit(&d);
}

static void fails(const char *id, const char *code, uint32_t again_ms)
{
	struct moves_task t = { 0 };
	bool stale = true;

	leases(id);
	t = looks(id);
	const struct tunnel_msg_result m = { .task_id = id,
		.nonce = t.nonce,
		.attempt = t.attempt,
		.outcome = TUNNEL_MSG_FAILED,
		.error = { .code = code, .retryable = true, .again_ms = again_ms } };
	desk_begin(&d);
	CHECK(outcome_result(&d.tx, "agt_1",
		      &(struct tunnel_msg_result){ .task_id = id,
			      .nonce = looks(id).nonce,
			      .attempt = m.attempt,
			      .outcome = m.outcome,
			      .error = m.error },
		      &stale) == RC_OK &&
		!stale);
	desk_commit(&d);
}

#define PING "{\"action\":\"session.ping\",\"targets\":[\"acc_1\"]"

static size_t found(void)
{
	const struct dispatch_offer offer = {
		.agent_id = "agt_1", .region_id = "rgn_1", .actions = ",session.ping,session.login,", .credit = 10
	};
	struct field_list got_list = { 0 };
	bool more;

	CHECK(park_scan(desk_begin(&d)) == RC_OK);
	CHECK(dispatch_lease(&d.tx, &offer, 1, &got_list, &more) == RC_OK);
	desk_commit(&d);
	return got_list.n;
}

static void delayed(void)
{
	char id[40];
	int64_t began = d.tx.now_ms + 1;

	submits(PING ",\"delaySeconds\":60}", id);
	CHECK(got("notBefore") && !strcmp(got("status"), "queued"));
	CHECK(looks(id).not_before == began + 60000);
	d.tx.now_ms += 59999;
	CHECK(found() == 0);
	d.tx.now_ms += 1;
	CHECK(found() == 1);
	CHECK_STR(status(id), "leased");
	does(DESK_QUERY("UPDATE tasks SET status = 'canceled'"), NULL, NULL, NULL);
	/* What is canceled before its time does not run. */
	char job[40];
	snprintf(job, sizeof(job), "%s", submits(PING ",\"notBefore\":\"2023-12-01T00:00:00Z\"}", id));
	CHECK(looks(id).not_before == 1701388800000);
	CHECK(writes("cancelJob", job, NULL) == RC_OK && !strcmp(got("status"), "canceled"));
	CHECK_STR(status(id), "canceled");
	submits(PING ",\"notBefore\":\"2001-01-01T00:00:00Z\"}", id); /* what is past is now */
	CHECK(looks(id).not_before == 0);
	CHECK(writes("cancelJob", got("id"), NULL) == RC_OK);
	CHECK(writes("createJob", NULL, PING ",\"notBefore\":\"2023-12-01T00:00:00Z\",\"delaySeconds\":5}") ==
			RC_INVALID &&
		refused("/delaySeconds"));
	CHECK(writes("createJob", NULL, PING ",\"notBefore\":\"2025-12-01T00:00:00Z\"}") == RC_INVALID &&
		refused("/notBefore"));
	/* What a delayed logon wants is wanted when it is due. */
	submits("{\"action\":\"session.login\",\"targets\":[\"acc_2\"],\"delaySeconds\":10}", id);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM accounts WHERE want_mode = 'online'"), NULL, NULL) ==
		0);
	d.tx.now_ms += 10000;
	leases(id);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM accounts WHERE want_mode = 'online'"), NULL, NULL) ==
		1);
	does(DESK_QUERY("UPDATE tasks SET status = 'canceled'"), NULL, NULL, NULL);
}

static void policy(void)
{
	char id[40];

	submits(PING "}", id);
	CHECK(looks(id).max_attempts == 3);
	fails(id, "timeout", 0);
	CHECK(looks(id).not_before <= d.tx.now_ms + 1000);
	submits(PING ",\"maxAttempts\":2,\"retry\":{\"backoffMs\":50000,\"backoffMaxMs\":70000}}", id);
	CHECK(looks(id).max_attempts == 2);
	int64_t most = 0;
	for (int i = 0; i < 40; i++) { /* full jitter: 40 times under 10 s out of 50 would be a wonder */
		submits(PING ",\"retry\":{\"backoffMs\":50000,\"backoffMaxMs\":70000}}", id);
		fails(id, "timeout", 0);
		int64_t wait = looks(id).not_before - d.tx.now_ms;
		CHECK(wait >= 0 && wait <= 50000);
		most = wait > most ? wait : most;
	}
	CHECK(most > 10000);
	submits(PING ",\"retry\":{\"maxAttempts\":20,\"backoffMs\":5}}", id);
	CHECK(looks(id).max_attempts == 20);
	fails(id, "rate_limited", 120000); /* Retry-After */
	int64_t wait = looks(id).not_before - d.tx.now_ms;
	CHECK(wait >= 120000 && wait <= 120005);
	submits("{\"action\":\"friends.message\",\"targets\":[\"acc_1\"],\"payload\":{\"steamId\":"
		"\"76561197960287930\","
		"\"text\":\"x\",\"dedupeKey\":\"k\"},\"maxAttempts\":20}",
		id);
	CHECK(looks(id).max_attempts == 3); /* of what has an effect */
	CHECK(writes("createJob", NULL, PING ",\"retry\":{\"maxAttempts\":21}}") == RC_INVALID &&
		refused("/retry/maxAttempts"));
	does(DESK_QUERY("DELETE FROM dead_letters"), NULL, NULL, NULL);
}

static void dead_letters(void)
{
	char id[40], other[40], job[40], again[40], body[256];

	snprintf(job, sizeof(job), "%s", submits(PING ",\"maxAttempts\":2}", id));
	fails(id, "timeout", 0);
	CHECK(calls("listDeadLetters", NULL, NULL, NULL) == RC_OK && items() == 0); /* it is tried again */
	fails(id, "timeout", 0);
	CHECK_STR(status(id), "failed");
	submits("{\"action\":\"session.ping\",\"targets\":[\"acc_2\"],\"maxAttempts\":1}", other);
	fails(other, "rate_limited", 0);
	CHECK(calls("listDeadLetters", NULL, NULL, NULL) == RC_OK && items() == 2);
	CHECK_STR(got("0.id"), other);
	CHECK_STR(got("1.reason"), "attempts_used_up");
	CHECK_STR(got("1.attempts"), "2");
	CHECK(calls("listDeadLetters", NULL, NULL, "{\"code\":\"timeout\"}") == RC_OK && items() == 1);
	CHECK(calls("listDeadLetters", NULL, NULL, "{\"account\":\"acc_2\"}") == RC_OK && items() == 1);
	CHECK(calls("listDeadLetters", NULL, NULL, "{\"action\":\"keys.redeem\"}") == RC_OK && items() == 0);
	CHECK(calls("listDeadLetters", NULL, NULL, "{\"reason\":\"not_done\"}") == RC_OK && items() == 0);
	snprintf(body, sizeof(body), "{\"taskIds\":[\"%s\",\"tsk_no\"]}", id);
	CHECK(writes("redriveDeadLetters", NULL, body) == RC_INVALID && refused("/taskIds/1") &&
		!refused("/taskIds/0"));
	snprintf(body, sizeof(body), "{\"taskIds\":[\"%s\"]}", id);
	CHECK(writes("redriveDeadLetters", NULL, body) == RC_OK);
	CHECK_STR(got("tasks"), "1");
	snprintf(again, sizeof(again), "%s", got("jobIds.0"));
	CHECK(calls("getJob", again, NULL, NULL) == RC_OK);
	CHECK_STR(got("parentJobId"), job);
	CHECK_STR(got("summary.queued"), "1");
	CHECK(writes("redriveDeadLetters", NULL, body) == RC_INVALID && refused("/taskIds/0")); /* once */
	CHECK(calls("listDeadLetters", NULL, NULL, NULL) == RC_OK && items() == 1);
	CHECK(writes("redriveDeadLetters", NULL, "{\"filter\":{\"code\":\"rate_limited\"},\"max\":10}") == RC_OK);
	CHECK_STR(got("tasks"), "1");
	CHECK(writes("redriveDeadLetters", NULL, "{\"filter\":{}}") == RC_OK);
	CHECK_STR(got("tasks"), "0");
	/* A retry of the job itself takes it from the list, too. */
	snprintf(job, sizeof(job), "%s", submits(PING ",\"maxAttempts\":1}", id));
	fails(id, "timeout", 0);
	CHECK(calls("listDeadLetters", NULL, NULL, NULL) == RC_OK && items() == 1);
	CHECK(writes("retryJob", job, NULL) == RC_OK);
	CHECK(calls("listDeadLetters", NULL, NULL, NULL) == RC_OK && items() == 0);
}

/* What may have happened is nobody's dead letter until a person has spoken. */
static void in_doubt(void)
{
	char id[40], job[40], body[128];
	bool ok = false;
	size_t n = 0;

	snprintf(job, sizeof(job), "%s",
		submits("{\"action\":\"friends.message\",\"targets\":[\"acc_1\"],\"payload\":{\"steamId\":"
			"\"76561197960287930\",\"text\":\"x\",\"dedupeKey\":\"k\"}}",
			id));
	leases(id);
	CHECK(effects_begin(desk_begin(&d), "agt_1", &(struct tunnel_msg_effect){ id, 1, "say" }, &ok) == RC_OK &&
		ok);
	desk_commit(&d);
	d.tx.now_ms += 7000;
	CHECK(outcome_lapse(desk_begin(&d), 10, &n) == RC_OK && n == 1);
	desk_commit(&d);
	CHECK_STR(status(id), "needs_attention");
	CHECK(calls("listDeadLetters", NULL, NULL, NULL) == RC_OK && items() == 0);
	snprintf(body, sizeof(body), "{\"taskIds\":[\"%s\"]}", id);
	CHECK(writes("redriveDeadLetters", NULL, body) == RC_INVALID && refused("/taskIds/0"));
	CHECK(writes("retryJob", job, NULL) == RC_CONFLICT);
	CHECK(writes("retryJob", job, body) == RC_INVALID && refused("/taskIds/0"));
	CHECK(writes("resolveTask", id, "{\"outcome\":\"not_done\",\"evidence\":\"\"}") == RC_INVALID);
	CHECK(writes("resolveTask", id, "{\"outcome\":\"not_done\",\"evidence\":\"the friend saw nothing\"}") ==
		RC_OK);
	CHECK_STR(got("status"), "failed");
	CHECK(writes("resolveTask", id, "{\"outcome\":\"done\",\"evidence\":\"or not\"}") == RC_CONFLICT);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM audit WHERE resource = $1 AND words = $2"), id,
		      "the friend saw nothing") == 1);
	CHECK(calls("listDeadLetters", NULL, NULL, "{\"reason\":\"not_done\"}") == RC_OK && items() == 1);
	CHECK(writes("retryJob", job, "{\"only\":\"unknown_resolved_not_done\"}") == RC_OK);
	CHECK_STR(got("parentJobId"), job);
	CHECK(calls("listDeadLetters", NULL, NULL, NULL) == RC_OK && items() == 0);
	snprintf(job, sizeof(job), "%s", submits(PING ",\"maxAttempts\":1}", id));
	fails(id, "timeout", 0);
	CHECK(writes("retryJob", job, "{\"only\":\"unknown_resolved_not_done\"}") == RC_CONFLICT);
}

/* Tasks of a job go in the order in which its accounts were named; who is named twice, or not there, is told by place. */
static void targets(void)
{
	CHECK(writes("createJob", NULL, "{\"action\":\"session.ping\",\"targets\":[\"acc_2\",\"acc_1\"]}") ==
		RC_OK);
	CHECK_STR(got("summary.total"), "2");
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM tasks a JOIN tasks b ON a.job_id = b.job_id WHERE a.job_id "
				 "= $1 AND "
				 "a.account_id = 'acc_2' AND b.account_id = 'acc_1' AND a.id < b.id"),
		      got("id"), NULL) == 1);
	CHECK(writes("createJob", NULL,
		      "{\"action\":\"session.ping\",\"targets\":[\"acc_2\",\"x\",\"acc_1\",\"y\"]}") ==
			RC_INVALID &&
		refused("/targets/1") && refused("/targets/3") && !refused("/targets/0"));
	CHECK(writes("createJob", NULL, "{\"action\":\"session.ping\",\"targets\":[\"acc_2\",\"acc_2\"]}") ==
			RC_INVALID &&
		refused("/targets"));
	does(DESK_QUERY("UPDATE accounts SET enabled = 0, region_hint = NULL WHERE id = 'acc_2'"), NULL, NULL,
		NULL);
	CHECK(writes("createJob", NULL, "{\"action\":\"session.ping\",\"allAccounts\":true}") == RC_OK);
	CHECK_STR(got("summary.failed"), "1");
	CHECK_STR(got("summary.queued"), "1");
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM tasks WHERE job_id = $1 AND status = 'failed' AND "
				 "finished_at > 0 "
				 "AND error LIKE '%account_disabled%'"),
		      got("id"), NULL) == 1);
	CHECK(writes("createJob", NULL, "{\"action\":\"session.ping\",\"targets\":[\"acc_2\"]}") == RC_OK);
	CHECK_STR(got("status"), "failed");
	does(DESK_QUERY("UPDATE accounts SET enabled = 1"), NULL, NULL, NULL);
	CHECK(writes("createJob", NULL, "{\"action\":\"session.ping\",\"labels\":{\"team\":\"a\"}}") ==
			RC_INVALID &&
		refused("/labels"));
	does(DESK_QUERY("UPDATE accounts SET labels = '{\"team\":\"a\",\"x\":\"y\"}' WHERE id = 'acc_1'"), NULL,
		NULL, NULL);
	CHECK(writes("createJob", NULL, "{\"action\":\"session.ping\",\"labels\":{\"team\":\"a\"}}") == RC_OK);
	CHECK_STR(got("summary.total"), "1");
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM jobs j WHERE total <> (SELECT COUNT(*) FROM tasks t WHERE "
				 "t.job_id = j.id)"),
		      NULL, NULL) == 0);
}

int main(void)
{
	desk_open(&d);
	people();
	delayed();
	policy();
	dead_letters();
	in_doubt();
	targets();
	desk_close(&d);
	return 0;
}
