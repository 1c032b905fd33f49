#include "control/engine/cancel.h"
#include "control/engine/dispatch.h"
#include "control/engine/effects.h"
#include "control/engine/moves.h"
#include "control/engine/outcome.h"
#include "control/http/match.h"
#include "control/http/routes.h"
#include "wire/field_json.h"

#include "tests/unit/control/desk.h"

static struct desk d;
static int made;

static void does(const struct store_query *q, const char *a, const char *b, const char *c)
{
	struct store_value v[3] = { store_text(a), store_text(b), store_text(c) };
	if (store_do(d.tx.db, q, (struct store_args){ v, (size_t)(c ? 3 : b ? 2 : a ? 1 : 0) }, &d.fault) == RC_OK)
		return;
	fprintf(stderr, "%s: %s\n", q->sql, d.fault.text);
	exit(1);
}

static void people(void)
{
	desk_begin(&d);
	does(DESK_QUERY("INSERT INTO regions (id, name, labels, version, created_at, updated_at) VALUES ('rgn_1', "
			"'r', "
			"'{}', 1, 1, 1)"),
		NULL, NULL, NULL);
	does(DESK_QUERY("INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, "
			"last_seen_at, created_at, updated_at) VALUES ('agt_1', 'rgn_1', 'k', 'connected', '1', "
			"'[]', '', 1, 1, 1)"),
		NULL, NULL, NULL);
	does(DESK_QUERY("INSERT INTO accounts (id, login, agent_id, held, labels, enabled, version, created_at, "
			"updated_at) VALUES ('acc_1', 'one', 'agt_1', 1, '{}', 1, 1, 1, 1)"),
		NULL, NULL, NULL);
	desk_commit(&d);
}

/* A job of one task. */
static const char *job_of(const char *action)
{
	static char id[32], job[32];

	snprintf(id, sizeof(id), "tsk_%d", ++made);
	snprintf(job, sizeof(job), "job_%d", made);
	desk_begin(&d);
	does(DESK_QUERY(
		     "INSERT INTO jobs (id, action, status, priority, payload, total, queued, running, succeeded, "
		     "failed, canceled, created_by, trace_id, created_at, updated_at, finished_at, secret) VALUES "
		     "($1, $2, 'queued', 5, '{}', 1, 1, 0, 0, 0, 0, 'x', '', 1, 1, 0, 'sealed')"),
		job, action, NULL);
	does(DESK_QUERY(
		     "INSERT INTO tasks (id, job_id, action, account_id, status, priority, attempt, max_attempts, "
		     "not_before, lease_until, cancel_asked, created_at, started_at, finished_at) VALUES ($1, $2, "
		     "$3, 'acc_1', 'queued', 5, 0, 3, 0, 0, 0, 1, 0, 0)"),
		id, job, action);
	desk_commit(&d);
	return id;
}

static struct moves_task looks(const char *id)
{
	struct moves_task t = { 0 };
	CHECK(moves_load(&d.tx, id, &t) == RC_OK);
	return t;
}

static void leases(const char *id)
{
	struct moves_task t = { 0 };
	desk_begin(&d);
	CHECK(moves_load(&d.tx, id, &t) == RC_OK && moves_lease(&d.tx, &t, "agt_1") == RC_OK);
	desk_commit(&d);
}

static bool begins(const char *agent, const char *id, uint32_t attempt)
{
	const struct tunnel_msg_effect m = { id, attempt, "redeem" };
	bool ok = true;
	CHECK(effects_begin(desk_begin(&d), agent, &m, &ok) == RC_OK);
	desk_commit(&d);
	return ok;
}

static bool ends(const char *id, int outcome, bool retryable)
{
	struct moves_task t = looks(id);
	struct tunnel_msg_result m = { .task_id = id,
		.nonce = t.nonce,
		.attempt = t.attempt,
		.outcome = outcome,
		.error = { .code = "x", .retryable = retryable } };
	char nonce[64];
	bool stale = true;

	snprintf(nonce, sizeof(nonce), "%s", t.nonce);
	m.nonce = nonce;
	if (outcome == TUNNEL_MSG_SUCCEEDED) {
		m.result = "{}";
		m.result_n = 2;
	}
	CHECK(outcome_result(desk_begin(&d), "agt_1", &m, &stale) == RC_OK);
	desk_commit(&d);
	return !stale;
}

/* Nobody hears of the agent any more. */
static void falls_silent(void)
{
	size_t n = 0;
	d.tx.now_ms += 7000;
	CHECK(outcome_lapse(desk_begin(&d), 10, &n) == RC_OK && n == 1);
	desk_commit(&d);
}

static const char *status(const char *id) { return task_words[looks(id).status]; }

static int64_t told(const char *type, const char *id)
{
	return desk_number(
		&d, DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = $1 AND task_id = $2"), type, id);
}

static int64_t of_job(const struct store_query *q, const char *id)
{
	char job[32];
	snprintf(job, sizeof(job), "job_%s", id + 4);
	return desk_number(&d, q, job, NULL);
}
#define JOB(column, id) of_job(DESK_QUERY("SELECT " column " FROM jobs WHERE id = $1"), id)

static void the_fence(void)
{
	const char *id = job_of("keys.redeem");

	CHECK(!begins("agt_1", id, 1)); /* not leased */
	leases(id);
	CHECK(!begins("agt_2", id, 1) && !begins("agt_1", id, 2) && !begins("agt_1", "tsk_no", 1));
	CHECK(looks(id).intent_attempt == 0);
	CHECK(begins("agt_1", id, 1) && begins("agt_1", id, 1)); /* told again, it is the same */
	struct moves_task t = looks(id);
	CHECK(t.status == TASK_RUNNING && t.intent_attempt == 1 && t.intent_at == d.tx.now_ms);
	d.tx.now_ms += 5000; /* nothing was heard since; the yes is good for a whole lease */
	CHECK(begins("agt_1", id, 1) && looks(id).lease_until == d.tx.now_ms + d.control.conf->lease_ms);
	desk_again(&d);
	CHECK(looks(id).intent_attempt == 1); /* kept before it was answered */
	does(DESK_QUERY("UPDATE tasks SET cancel_asked = 1 WHERE id = $1"), id, NULL, NULL);
	CHECK(!begins("agt_1", id, 1));
	does(DESK_QUERY("UPDATE tasks SET cancel_asked = 0 WHERE id = $1"), id, NULL, NULL);
	does(DESK_QUERY("UPDATE accounts SET agent_id = 'agt_2'"), NULL, NULL, NULL);
	CHECK(!begins("agt_1", id, 1)); /* another has the account now */
	does(DESK_QUERY("UPDATE accounts SET agent_id = 'agt_1', held = 0"), NULL, NULL, NULL);
	CHECK(!begins("agt_1", id, 1)); /* nobody has */
	does(DESK_QUERY("UPDATE accounts SET held = 1"), NULL, NULL, NULL);
	d.tx.now_ms += 6001;
	CHECK(!begins("agt_1", id, 1)); /* the lease is over */
	d.tx.now_ms -= 6001;
	CHECK(begins("agt_1", id, 1) && ends(id, TUNNEL_MSG_SUCCEEDED, false));
	CHECK_STR(status(id), "succeeded");
	CHECK(!begins("agt_1", id, 1));
	CHECK(JOB("secret IS NULL", id) == 1); /* what was sealed is gone with the job's end */
}

/* A guarded attempt that is lost before its intent had no effect: it is simply run again. */
static void lost_before(void)
{
	const char *id = job_of("keys.redeem");

	leases(id);
	falls_silent();
	CHECK_STR(status(id), "queued");
	CHECK(!looks(id).probe && JOB("secret IS NULL", id) == 0);
	leases(id);
	CHECK(begins("agt_1", id, 2));
	falls_silent(); /* but not this one */
	CHECK_STR(status(id), "queued");
	struct moves_task t = looks(id);
	CHECK(t.probe && t.intent_at > 0);
	int64_t before = t.intent_at;
	leases(id);
	CHECK(begins("agt_1", id, 3));
	CHECK(looks(id).intent_at > before);        /* when the last was under way whose outcome is not known */
	CHECK(ends(id, TUNNEL_MSG_UNKNOWN, false)); /* the last attempt: nothing more can be asked */
	CHECK_STR(status(id), "needs_attention");
	CHECK(told("task.outcome_unknown", id) == 1 && told("task.needs_attention", id) == 1);
	CHECK(JOB("attention", id) == 1 && JOB("unknown", id) == 0 && JOB("running", id) == 0);
	CHECK(JOB("finished_at", id) == 0 && JOB("status = 'running'", id) == 1);
}

/* What was found out is not asked again; what was not stays to be asked. */
static void probes(void)
{
	const char *id = job_of("keys.redeem");

	leases(id);
	CHECK(begins("agt_1", id, 1) && ends(id, TUNNEL_MSG_UNKNOWN, true));
	CHECK(looks(id).probe);
	leases(id);
	CHECK(ends(id, TUNNEL_MSG_FAILED,
		false)); /* it came not even to ask: no retry would help, but it must be known */
	CHECK_STR(status(id), "queued");
	CHECK(looks(id).probe);
	leases(id);
	CHECK(begins("agt_1", id, 3) &&
		ends(id, TUNNEL_MSG_FAILED, false)); /* it asked, tried anew, and that failed */
	CHECK_STR(status(id), "failed");
	CHECK(JOB("failed", id) == 1 && JOB("status = 'failed'", id) == 1);
}

/* An agent that ended before it was allowed to go on says that it does not know: but nothing was sent. */
static void asked_in_vain(void)
{
	const char *id = job_of("keys.redeem");

	leases(id);
	CHECK(ends(id, TUNNEL_MSG_UNKNOWN, true));
	CHECK_STR(status(id), "queued");
	CHECK(!looks(id).probe);
	leases(id);
	CHECK(begins("agt_1", id, 2) && ends(id, TUNNEL_MSG_UNKNOWN, true));
	CHECK(looks(id).probe);
	for (int i = 0; i < 5; i++) { /* who only asks uses nothing up */
		leases(id);
		CHECK(ends(id, TUNNEL_MSG_UNKNOWN, true));
		CHECK(looks(id).probe && !strcmp(looks(id).intent, "redeem"));
	}
	CHECK_STR(status(id), "queued");
	leases(id);
	CHECK(ends(id, TUNNEL_MSG_SUCCEEDED, false));
}

/* However many attempts were lost before: what became of the one with an effect is asked. */
static void asked_at_last(void)
{
	const char *id = job_of("keys.redeem");

	leases(id);
	falls_silent();
	leases(id);
	falls_silent();
	leases(id);
	CHECK(begins("agt_1", id, 3) && ends(id, TUNNEL_MSG_UNKNOWN, true));
	CHECK_STR(status(id), "queued");
	CHECK(looks(id).probe && looks(id).max_attempts == 4);
	leases(id);
	CHECK(begins("agt_1", id, 4) && ends(id, TUNNEL_MSG_UNKNOWN, true));
	CHECK_STR(status(id), "needs_attention");
}

static size_t found(void)
{
	const struct dispatch_offer offer = { "agt_1", "rgn_1", ",keys.redeem,library.list,", 10 };
	struct field_list got = { 0 };
	bool more;

	does(DESK_QUERY("UPDATE jobs SET secret = NULL"), NULL, NULL, NULL);
	d.tx.now_ms += 600000;
	CHECK(dispatch_lease(desk_begin(&d), &offer, 1, &got, &more) == RC_OK);
	desk_commit(&d);
	return got.n;
}

/* While nobody knows what became of one, no other of its kind goes out for the account: two could not be told apart. */
static void one_doubt_at_a_time(void)
{
	char first[32];

	snprintf(first, sizeof(first), "%s", job_of("keys.redeem"));
	leases(first);
	CHECK(begins("agt_1", first, 1) && ends(first, TUNNEL_MSG_UNKNOWN, true));
	does(DESK_QUERY("UPDATE tasks SET not_before = 9000000000000 WHERE id = $1"), first, NULL, NULL);
	const char *second = job_of("keys.redeem");
	CHECK(found() == 0);
	CHECK_STR(status(second), "queued");
	/* Should two be in doubt all the same, neither waits for the other. */
	does(DESK_QUERY("UPDATE tasks SET probe = 1, not_before = 9000000000000 WHERE id = $1"), second, NULL,
		NULL);
	does(DESK_QUERY("UPDATE tasks SET waits = NULL, not_before = 0 WHERE id = $1"), first, NULL, NULL);
	CHECK(found() == 1);
	does(DESK_QUERY("UPDATE tasks SET waits = NULL, probe = 0, not_before = 0 WHERE id = $1"), second, NULL,
		NULL);
	CHECK_STR(status(first), "leased");
	CHECK(ends(first, TUNNEL_MSG_SUCCEEDED, false) && found() == 1);
	CHECK_STR(status(second), "leased");
	CHECK(ends(second, TUNNEL_MSG_SUCCEEDED, false));
}

static void once(void)
{
	const char *id = job_of("wallet.redeem");

	leases(id);
	falls_silent(); /* without an intent nothing was sent */
	CHECK_STR(status(id), "queued");
	leases(id);
	CHECK(begins("agt_1", id, 2));
	falls_silent();
	CHECK_STR(status(id), "needs_attention"); /* never sent blindly a second time */
	CHECK(!looks(id).probe);
	desk_begin(&d);
	struct moves_task t = looks(id);
	CHECK(moves_resolve(&d.tx, &t, true, "seen in \"the history\"") == RC_OK);
	desk_commit(&d);
	CHECK_STR(status(id), "succeeded");
	CHECK(JOB("attention", id) == 0 && JOB("succeeded", id) == 1 && JOB("status = 'succeeded'", id) == 1);
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM tasks WHERE id = $1 AND result LIKE '%the history%'"), id,
		      NULL) == 1);
	t = looks(id);
	CHECK(moves_resolve(&d.tx, &t, true, "twice") == RC_CONFLICT);
	id = job_of("wallet.redeem");
	leases(id);
	CHECK(begins("agt_1", id, 1) && ends(id, TUNNEL_MSG_UNKNOWN, true));
	desk_begin(&d);
	t = looks(id);
	CHECK(moves_resolve(&d.tx, &t, false, "not there") == RC_OK);
	desk_commit(&d);
	CHECK_STR(status(id), "failed");
}

/* A cancel does not make doubt go away. */
static void canceled(void)
{
	const char *id = job_of("keys.redeem");

	leases(id);
	CHECK(begins("agt_1", id, 1));
	does(DESK_QUERY("UPDATE tasks SET cancel_asked = 1 WHERE id = $1"), id, NULL, NULL);
	falls_silent();
	CHECK_STR(status(id), "needs_attention");
	id = job_of("keys.redeem");
	leases(id);
	does(DESK_QUERY("UPDATE tasks SET cancel_asked = 1 WHERE id = $1"), id, NULL, NULL);
	falls_silent();
	CHECK_STR(status(id), "canceled");
}

/* As ever: what may be repeated is. */
static void reads(void)
{
	const char *id = job_of("session.ping");

	leases(id);
	CHECK(begins("agt_1", id, 1)); /* nothing hinders, nothing comes of it */
	falls_silent();
	CHECK_STR(status(id), "queued");
	CHECK(!looks(id).probe);
	leases(id);
	CHECK(ends(id, TUNNEL_MSG_FAILED, false));
	CHECK_STR(status(id), "failed");
}

/* What the route answers of a task, as JSON. */
static const char *answers(const char *route, const char *id, const void *query)
{
	static char text[8192];
	const struct route *row = match_named(routes, route);
	struct call c = { .tx = d.tx, .route = row, .arg = { id }, .query = query };
	struct buf b = { 0 };
	union {
		struct page page;
		char any[512];
	} out = { 0 };

	CHECK(row && row->run(&c, &out) == RC_OK);
	if (row->flags & ROUTE_LIST) {
		for (size_t i = 0; i < out.page.items.n; i++)
			field_json_encode(row->out, (char *)out.page.items.at + i * row->out_size, &b);
	} else {
		field_json_encode(row->out, &out, &b);
	}
	snprintf(text, sizeof(text), "%s", buf_text(&b));
	buf_done(&b);
	return text;
}

static int times(const char *text, const char *word)
{
	int n = 0;
	for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
		n++;
	return n;
}

/* Every attempt is a row, and what a task was at any moment can be told. */
static void the_past(void)
{
	struct {
		int64_t at;
	} query = { 0 };
	const char *id = job_of("keys.redeem");
	int64_t began = d.tx.now_ms;

	leases(id);
	CHECK(begins("agt_1", id, 1));
	falls_silent();
	CHECK(strstr(answers("getTask", id, NULL), "\"status\":\"queued\"") &&
		strstr(answers("getTask", id, NULL), "\"inDoubt\":true"));
	leases(id);
	CHECK(strstr(answers("getTask", id, NULL), "\"status\":\"reconciling\""));
	const char *said = answers("listTaskAttempts", id, NULL);
	CHECK(times(said, "\"n\":") == 2 && times(said, "\"outcome\":\"unknown\"") == 1);
	CHECK(times(said, "\"intent\":\"redeem\"") == 1 && times(said, "\"probe\":true") == 1);
	CHECK(times(said, "\"endedAt\":null") == 1 && times(said, "lease_expired") == 1);
	d.tx.now_ms += 1000;
	CHECK(begins("agt_1", id, 2)); /* it was found not done, and is done now */
	CHECK(strstr(answers("getTask", id, NULL), "\"status\":\"running\""));
	CHECK(ends(id, TUNNEL_MSG_SUCCEEDED, false));
	CHECK(strstr(answers("getTask", id, NULL), "\"inDoubt\":false"));
	said = answers("getTaskHistory", id, &query);
	CHECK(times(said, "\"at\":") == 7);
	static const char *const steps[] = { "queued", "leased", "running", "queued", "reconciling", "running",
		"succeeded" };
	for (size_t i = 0; i < 7; i++) {
		said = strstr(said, steps[i]);
		CHECK(said);
	}
	query.at = began + 6999;
	said = answers("getTaskHistory", id, &query);
	CHECK(strstr(said, "running") && !strstr(said, "reconciling"));
	query.at = began + 7000;
	CHECK(strstr(answers("getTaskHistory", id, &query), "reconciling"));
}

/* Who calls a job off cannot call off what may have happened. */
static void canceled_in_doubt(void)
{
	const char *id = job_of("keys.redeem");
	char job[32];

	snprintf(job, sizeof(job), "job_%s", id + 4);
	leases(id);
	CHECK(begins("agt_1", id, 1));
	falls_silent();
	CHECK(cancel_job(desk_begin(&d), job) == RC_OK);
	desk_commit(&d);
	CHECK_STR(status(id), "queued");
	leases(id);
	CHECK(ends(id, TUNNEL_MSG_CANCELED, false));
	CHECK_STR(status(id), "needs_attention");
	struct moves_task t = looks(id);
	CHECK(moves_resolve(desk_begin(&d), &t, false, "no licence") == RC_OK);
	desk_commit(&d);
	CHECK_STR(status(id), "failed");
	CHECK(told("task.resolved", id) == 1);
	struct {
		int64_t at;
	} query = { 0 };
	const char *said = answers("getTaskHistory", id, &query);
	CHECK(strstr(said, "\"evidence\":\"no licence\"") && strstr(said, "\"by\":\"system\""));
	id = job_of("keys.redeem");
	snprintf(job, sizeof(job), "job_%s", id + 4);
	CHECK(cancel_job(desk_begin(&d), job) == RC_OK);
	desk_commit(&d);
	CHECK_STR(status(id), "canceled");
	CHECK(strstr(answers("getTaskHistory", id, &query), "canceled"));
}

/* How long the task still belongs to its agent. */
static int64_t lease_left(const char *id) { return looks(id).lease_until - d.tx.now_ms; }

static void leaves(const char *state)
{
	desk_begin(&d);
	does(DESK_QUERY("UPDATE agents SET state = $1"), state, NULL, NULL);
	CHECK(outcome_gone(&d.tx, "agt_1") == RC_OK);
	desk_commit(&d);
}

/* A connection that is down is no proof that the agent is: only what can be read twice is given up before its lease is over. */
static void gone(void)
{
	char read[32], redeem[32];

	snprintf(read, sizeof(read), "%s", job_of("pics.changes"));
	snprintf(redeem, sizeof(redeem), "%s", job_of("keys.redeem"));
	desk_begin(&d);
	does(DESK_QUERY("UPDATE tasks SET account_id = NULL WHERE id = $1"), read, NULL, NULL);
	desk_commit(&d);
	leases(read);
	leases(redeem);
	leaves("connected");
	CHECK(lease_left(read) == 6000 && lease_left(redeem) == 6000);
	leaves("disconnected");
	CHECK(lease_left(read) == OUTCOME_GONE_MS && lease_left(redeem) == 6000);
	CHECK(outcome_renew(desk_begin(&d), "agt_1") == RC_OK);
	desk_commit(&d);
	CHECK(lease_left(read) == 6000);
}

int main(void)
{
	desk_open(&d);
	people();
	the_fence();
	lost_before();
	probes();
	asked_in_vain();
	asked_at_last();
	one_doubt_at_a_time();
	once();
	canceled();
	reads();
	the_past();
	canceled_in_doubt();
	gone();
	desk_close(&d);
	return 0;
}
