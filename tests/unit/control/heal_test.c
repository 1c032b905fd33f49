/* What a database that was put back may not do: each class of action, in each state that the backup may have caught it in. */
#include "base/log.h"
#include "control/engine/lost.h"
#include "control/engine/moves.h"
#include "control/engine/outcome.h"
#include "control/recovery/facts.h"
#include "control/recovery/heal.h"
#include "wire/tunnel_msg.h"

#include "tests/unit/control/desk.h"

static struct desk d;
static struct log quiet = { .level = LOG_LEVEL_ERROR };

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
	does(DESK_QUERY(
		     "INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, "
		     "last_seen_at, "
		     "created_at, updated_at) VALUES ('agt_1', 'rgn_1', 'k', 'connected', '1', '[]', '', 1, 1, 1)"),
		NULL, NULL, NULL);
	does(DESK_QUERY("INSERT INTO accounts (id, login, agent_id, held, epoch, labels, enabled, version, "
			"created_at, "
			"updated_at) VALUES ('acc_1', 'one', 'agt_1', 1, 7, '{}', 1, 1, 1, 1)"),
		NULL, NULL, NULL);
	does(DESK_QUERY("INSERT INTO meta (name, value) VALUES ('epoch', 'e1')"), NULL, NULL, NULL);
	does(DESK_QUERY("INSERT INTO join_tokens (hash, region_id, expires_at, used_at, created_at) VALUES ('h', "
			"'rgn_1', "
			"1900000000000, 0, 1)"),
		NULL, NULL, NULL);
	desk_commit(&d);
}

static void task(const char *id, const char *action)
{
	desk_begin(&d);
	does(DESK_QUERY("INSERT INTO jobs (id, action, status, priority, payload, total, queued, running, "
			"succeeded, failed, "
			"canceled, created_by, trace_id, created_at, updated_at, finished_at) VALUES ('job_' || "
			"$1, $2, "
			"'queued', 5, '{}', 1, 1, 0, 0, 0, 0, 'x', '', 1, 1, 0)"),
		id, action, NULL);
	does(DESK_QUERY(
		     "INSERT INTO tasks (id, job_id, action, account_id, status, priority, attempt, max_attempts, "
		     "not_before, lease_until, cancel_asked, created_at, started_at, finished_at) VALUES ($1, "
		     "'job_' || $1, "
		     "$2, NULL, 'queued', 5, 0, 3, 0, 0, 0, 1, 0, 0)"),
		id, action, NULL);
	desk_commit(&d);
}

static void begun(const char *id)
{
	struct moves_task t = { 0 };
	desk_begin(&d);
	CHECK(moves_load(&d.tx, id, &t) == RC_OK && moves_lease(&d.tx, &t, "agt_1") == RC_OK);
	CHECK(moves_start(&d.tx, &t) == RC_OK);
	desk_commit(&d);
}

static void is(const char *id, enum task_status status, bool probe, uint32_t attempt)
{
	struct moves_task t = { 0 };
	CHECK(moves_load(&d.tx, id, &t) == RC_OK);
	if (t.status != (int)status || t.probe != probe || t.attempt != attempt)
		fprintf(stderr, "%s: %s probe=%d attempt=%u\n", id, task_words[t.status], t.probe, t.attempt);
	CHECK(t.status == (int)status && t.probe == probe && t.attempt == attempt);
}

static void heal(bool expected, int64_t requeued, int64_t probed, int64_t doubted)
{
	struct heal_report n;
	bool healed = !expected;

	desk_begin(&d);
	CHECK(store_do(d.tx.db,
		      DESK_QUERY("INSERT INTO auth_sessions (id, user_id, tenant_id, kind, address, agent, "
				 "authenticated_at, created_at, "
				 "seen_at, expires_at) VALUES ('aus_1', 'usr_1', 'ten_default', 'cookie', '', '', "
				 "1, 1, 1, 9) ON CONFLICT (id) "
				 "DO NOTHING"),
		      STORE_NO_ARGS, &d.fault) == RC_OK);
	if (heal_restored(&d.tx, &healed, &n) != RC_OK) {
		fprintf(stderr, "%s\n", d.fault.text);
		exit(1);
	}
	desk_commit(&d);
	CHECK(healed == expected && n.requeued == requeued && n.probed == probed && n.doubted == doubted);
}

static void every_state(void)
{
	static const struct {
		const char *class, *action;
	} classes[] = { { "read", "pics.changes" }, { "idem", "friends.add" }, { "guard", "keys.redeem" },
		{ "once", "friends.message" } };
	char id[32];

	for (size_t i = 0; i < 4; i++) {
		static const char *const states[] = { "queued", "held", "later", "dry", "over" };
		for (size_t k = 0; k < 5; k++) {
			snprintf(id, sizeof(id), "tsk_%s_%s", classes[i].class, states[k]);
			task(id, classes[i].action);
			if (k == 1)
				begun(id);
		}
	}
	desk_begin(&d);
	does(DESK_QUERY("UPDATE tasks SET not_before = 1900000000000 WHERE id LIKE '%later'"), NULL, NULL, NULL);
	does(DESK_QUERY("UPDATE jobs SET dry_run = 1 WHERE id LIKE '%dry'"), NULL, NULL, NULL);
	does(DESK_QUERY(
		     "UPDATE tasks SET status = 'succeeded', finished_at = 5, attempt = 1 WHERE id LIKE '%over'"),
		NULL, NULL, NULL);
	does(DESK_QUERY("UPDATE jobs SET status = 'succeeded', finished_at = 5, queued = 0, succeeded = 1 WHERE id "
			"LIKE '%over'"),
		NULL, NULL, NULL);
	desk_commit(&d);

	heal(false, 0, 0, 0); /* nothing was put back */
	is("tsk_once_queued", TASK_QUEUED, false, 0);
	CHECK(heal_mark(d.tx.db, 1600000000000, d.tx.now_ms, &d.fault) == RC_OK);
	/* Held: read and idempotent again, guarded asks, once is in doubt. Queued: guarded asks, once is in doubt. */
	heal(true, 2, 2, 2);
	is("tsk_read_queued", TASK_QUEUED, false, HEAL_ATTEMPTS);
	is("tsk_idem_queued", TASK_QUEUED, false, HEAL_ATTEMPTS);
	is("tsk_guard_queued", TASK_QUEUED, true, HEAL_ATTEMPTS);
	is("tsk_once_queued", TASK_ATTENTION, false, HEAL_ATTEMPTS);
	is("tsk_read_held", TASK_QUEUED, false, HEAL_ATTEMPTS + 1);
	is("tsk_idem_held", TASK_QUEUED, false, HEAL_ATTEMPTS + 1);
	is("tsk_guard_held", TASK_QUEUED, true, HEAL_ATTEMPTS + 1);
	is("tsk_once_held", TASK_ATTENTION, false, HEAL_ATTEMPTS + 1);
	for (size_t i = 0; i < 4; i++) {
		snprintf(id, sizeof(id), "tsk_%s_later", classes[i].class);
		is(id, TASK_QUEUED, false, HEAL_ATTEMPTS);
		snprintf(id, sizeof(id), "tsk_%s_dry", classes[i].class);
		is(id, TASK_QUEUED, false, HEAL_ATTEMPTS);
		snprintf(id, sizeof(id), "tsk_%s_over", classes[i].class);
		is(id, TASK_SUCCEEDED, false, 1);
	}
	heal(false, 0, 0, 0); /* once is enough */
	is("tsk_once_held", TASK_ATTENTION, false, HEAL_ATTEMPTS + 1);
}

static void the_rest(void)
{
	const char *words = NULL;
	unsigned wrong = 9;
	struct facts f = { 0 };

	CHECK(desk_number(&d, DESK_QUERY("SELECT epoch FROM accounts WHERE id = 'acc_1'"), NULL, NULL) ==
		7 + HEAL_EPOCHS);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM meta WHERE name IN ('epoch', 'restored')"), NULL,
		      NULL) == 0);
	CHECK(desk_number(&d, DESK_QUERY("SELECT expires_at FROM join_tokens"), NULL, NULL) == 0);
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM auth_sessions WHERE revoked_at > 0 AND revoked_why = "
				 "'restored'"),
		      NULL, NULL) == 1);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = 'database.restored'"), NULL,
		      NULL) == 1);
	/* And it fits together. */
	desk_begin(&d);
	CHECK(facts_check(d.tx.db, &d.arena, &wrong, &words, &d.fault) == RC_OK);
	if (wrong)
		fprintf(stderr, "%s\n", words);
	CHECK(wrong == 0 && facts_read(d.tx.db, &d.arena, &f, &d.fault) == RC_OK);
	CHECK(f.last > 0 && !*f.epoch && f.tables.n > 20);
	desk_commit(&d);
}

static bool tell(const char *id, uint32_t attempt, const char *nonce)
{
	const struct tunnel_msg_result m = { .task_id = id,
		.attempt = attempt,
		.nonce = nonce,
		.outcome = TUNNEL_MSG_SUCCEEDED,
		.result = "{}",
		.result_n = 2 };
	bool stale = false;
	CHECK(outcome_result(desk_begin(&d), "agt_1", &m, &stale) == RC_OK);
	desk_commit(&d);
	return stale;
}

static int64_t kept(void) { return desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM lost_results"), NULL, NULL); }

/* What the agent remembers of the lost time changes nothing, and is kept once. */
static void memories(void)
{
	CHECK(tell("tsk_once_held", 1, "whatever") && kept() == 0); /* an attempt that was made here: merely late */
	CHECK(tell("tsk_once_queued", 1, "n1") && kept() == 1);
	is("tsk_once_queued", TASK_ATTENTION, false, HEAL_ATTEMPTS);
	CHECK(tell("tsk_once_queued", 1, "n1") && kept() == 1);
	CHECK(tell("tsk_never_heard_of", 1, "n1") && kept() == 2);
	CHECK(tell("tsk_idem_held", 2, "n1") && kept() == 3);
	is("tsk_idem_held", TASK_QUEUED, false, HEAL_ATTEMPTS + 1);
	/* In a HELLO it is not told to forget what it alone knows; what is merely old it is. */
	struct tunnel_msg_task has[] = { { "tsk_idem_held", 2 }, { "tsk_idem_held", 1 } };
	struct field_list inflight = { has, 2 }, cancel = { 0 };
	CHECK(outcome_reconcile(desk_begin(&d), "agt_1", &inflight, &cancel) == RC_OK);
	const struct tunnel_msg_task *c = cancel.at;
	CHECK(cancel.n == 1 && c->attempt == 1);
	desk_commit(&d);
}

int main(void)
{
	desk_open(&d);
	d.control.log = &quiet;
	people();
	every_state();
	the_rest();
	memories();
	desk_close(&d);
	return 0;
}
