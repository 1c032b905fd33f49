/*
 * Webhooks in the database: one delivery for each event whatever dies in between, one of a subject at a time, bounded in parallel; what
 * a failure, a 410, a gap in the log, a full backlog and a replay do. Nothing is sent: the test says how each attempt ended.
 */
#include "control/events/events.h"
#include "control/webhooks/webhook_calls.h"
#include "control/webhooks/webhook_fill.h"
#include "control/webhooks/webhook_row.h"
#include "control/webhooks/webhook_rules.h"
#include "control/webhooks/webhook_secrets.h"
#include "tests/unit/control/desk.h"

#define DAY_MS 86400000ll

static struct desk d;
static struct webhook_rules rules;

static void hook(const char *id, const char *types, bool thin)
{
	static const struct store_query add = {
		.sql = "INSERT INTO webhooks (id, url, types, enabled, thin, pos, failing_since, last_status, "
		       "last_at, public_key, "
		       "old_until, version, created_at, updated_at) VALUES ($1, 'https://example.com/', $2, 1, $3, "
		       "(SELECT "
		       "COALESCE(MAX(pos), 0) FROM events), 0, 0, 0, 'whpk_', 0, 1, 0, 0)"
	};
	const char *secret, *public;
	struct tx *tx = desk_begin(&d);

	CHECK(store_do(tx->db, &add, STORE_ARGS(store_text(id), store_text(types), store_int(thin)), tx->fault) ==
		RC_OK);
	CHECK(webhook_secrets_make(tx, id, false, &secret, &public) == RC_OK);
	desk_commit(&d);
}

static void event(const char *type, const char *task_id, const char *payload)
{
	struct tx *tx = desk_begin(&d);
	CHECK(events_add(tx,
		      &(struct event){ .type = type, .job_id = "job_1", .task_id = task_id, .payload = payload }) ==
		RC_OK);
	desk_commit(&d);
}

static void fill(void)
{
	for (bool more = true; more;) {
		more = false;
		CHECK(webhook_fill(desk_begin(&d), &more) == RC_OK);
		desk_commit(&d);
	}
}

static int64_t count(const char *webhook_id, const char *status)
{
	return desk_number(&d,
		DESK_QUERY("SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND (status = $2 OR $2 = "
			   "'*')"),
		webhook_id, status);
}

/* The list is the caller's. */
static struct webhook_call *claim_some(size_t room)
{
	struct webhook_call *list = NULL;

	CHECK(webhook_calls_claim(desk_begin(&d), room, &list) == RC_OK);
	desk_commit(&d);
	return list;
}

static struct webhook_call *claim(size_t room, size_t want)
{
	struct webhook_call *list = claim_some(room);
	size_t n = 0;

	for (const struct webhook_call *c = list; c; c = c->next)
		n++;
	if (n != want) {
		fprintf(stderr, "%zu calls were claimed, not %zu\n", n, want);
		exit(1);
	}
	return list;
}

/* All calls of the list end so. */
static void settle(struct webhook_call *list, int status)
{
	for (struct webhook_call *c = list, *next; c; c = next) {
		next = c->next;
		c->status = status;
		c->at_ms = d.tx.now_ms;
		CHECK(webhook_calls_settle(desk_begin(&d), c) == RC_OK);
		desk_commit(&d);
		webhook_calls_free(c);
	}
}

static void drop(struct webhook_call *list)
{
	for (struct webhook_call *c = list, *next; c; c = next) {
		next = c->next;
		webhook_calls_free(c);
	}
}

static void open_desk(void)
{
	static const struct webhooks_conf conf = { .plan = "0,10,20",
		.allow_private = "",
		.ports = "",
		.timeout_ms = 1000,
		.parallel = 3,
		.keep_ms = DAY_MS,
		.overlap_ms = DAY_MS };

	desk_open(&d);
	d.conf.webhooks = &conf;
	CHECK(webhook_rules_read(&conf, &rules, NULL) == RC_OK);
	d.control.webhook_rules = &rules;
	snprintf(d.control.instance_id, sizeof(d.control.instance_id), "ins_1");
	snprintf(d.control.epoch, sizeof(d.control.epoch), "e1");
}

static void once_each(void)
{
	bool more = false;

	open_desk();
	hook("whk_a", "[\"task.*\"]", false);
	hook("whk_b", "[\"job.created\",\"task.failed\"]", false);
	event("job.created", NULL, NULL);
	event("task.started", "tsk_1", "{\"attempt\":1}");
	event("task.failed", "tsk_1", "{\"attempt\":1}");
	CHECK(webhook_fill(desk_begin(&d), &more) == RC_OK && !more);
	desk_again(&d); /* it dies before the commit: nothing of it has happened */
	CHECK(count("whk_a", "*") == 0);
	fill();
	fill();
	CHECK(count("whk_a", "*") == 2 && count("whk_b", "*") == 2);
	CHECK(count("whk_a", "due") == 1 && count("whk_a", "behind") == 1 && count("whk_b", "due") == 2);
	/* Even a position that went back brings no second one. */
	CHECK(store_do(desk_begin(&d)->db, DESK_QUERY("UPDATE webhooks SET pos = 0"), STORE_NO_ARGS, NULL) ==
		RC_OK);
	desk_commit(&d);
	fill();
	CHECK(count("whk_a", "*") == 2 && count("whk_b", "*") == 2);
	desk_close(&d);
}

static void in_order(void)
{
	open_desk();
	hook("whk_a", "[]", false);
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 5; k++) {
			char task[16];
			snprintf(task, sizeof(task), "tsk_%d", k);
			event(i == 0 ? "task.leased" : i == 1 ? "task.started" : "task.succeeded", task, NULL);
		}
	fill();
	CHECK(count("whk_a", "due") == 5 && count("whk_a", "behind") == 10);
	struct webhook_call *first = claim(2, 2); /* as much room as there is */
	struct webhook_call *more = claim(16, 1); /* three of one endpoint at once */
	CHECK(strstr(first->body, "task.leased") && strstr(more->body, "task.leased"));
	settle(first, 200);
	CHECK(count("whk_a", "delivered") == 2 && count("whk_a", "due") == 4); /* two that waited behind them */
	settle(more, 500);
	CHECK(count("whk_a", "due") == 5); /* its successor waits on */
	CHECK(count("whk_a", "behind") == 8);
	int rounds = 0;
	for (struct webhook_call *list; (list = claim_some(3)); rounds++)
		settle(list, 200);
	CHECK(rounds >= 4 && count("whk_a", "delivered") == 12); /* all of the others */
	d.tx.now_ms += 12001;                                    /* ten seconds, and the most jitter */
	settle(claim(16, 1), 500);
	d.tx.now_ms += 24001;
	settle(claim(16, 1), 500); /* its plan is over: the next of its subject is due */
	CHECK(count("whk_a", "dead") == 1 && count("whk_a", "due") == 1 && count("whk_a", "behind") == 1);
	desk_close(&d);
}

static void taken_over(void)
{
	open_desk();
	hook("whk_a", "[]", false);
	event("task.started", "tsk_1", NULL);
	fill();
	struct webhook_call *lost = claim(16, 1);
	snprintf(d.control.instance_id, sizeof(d.control.instance_id), "ins_2");
	drop(claim(16, 0));
	CHECK(webhook_calls_recover(desk_begin(&d), "ins_2") == RC_OK);
	desk_commit(&d);
	struct webhook_call *again = claim(16, 1);
	CHECK_STR(again->id, lost->id);
	CHECK(!memcmp(again->keys[0], lost->keys[0], sizeof(lost->keys[0])));
	snprintf(d.control.instance_id, sizeof(d.control.instance_id), "ins_1");
	settle(lost, 200); /* too late: it is another's now */
	CHECK(count("whk_a", "sending") == 1);
	snprintf(d.control.instance_id, sizeof(d.control.instance_id), "ins_2");
	settle(again, 200);
	CHECK(count("whk_a", "delivered") == 1);
	desk_close(&d);
}

static int64_t disabled(const char *reason)
{
	return desk_number(&d,
		DESK_QUERY("SELECT COUNT(*) FROM webhooks WHERE enabled = 0 AND disabled_reason = $1"), reason,
		NULL);
}

static void given_up(void)
{
	open_desk();
	hook("whk_a", "[\"task.started\"]", false);
	event("task.started", "tsk_1", NULL);
	event("task.started", "tsk_2", NULL);
	fill();
	settle(claim(1, 1), 500);
	d.tx.now_ms += 5 * DAY_MS - 1;
	settle(claim(1, 1), 503);
	CHECK(disabled("failing") == 0);
	d.tx.now_ms += DAY_MS;
	settle(claim(1, 1), 500);
	CHECK(disabled("failing") == 1);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = 'webhook.disabled'"), NULL,
		      NULL) == 1);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM audit WHERE action = 'webhook.disable'"), NULL,
		      NULL) == 1);
	d.tx.now_ms += DAY_MS;
	drop(claim(16, 0)); /* nothing is sent, and nothing is lost */
	event("task.started", "tsk_3", NULL);
	fill();
	CHECK(count("whk_a", "*") == 2);
	hook("whk_b", "[\"task.started\"]", false);
	event("task.started", "tsk_4", NULL);
	fill();
	settle(claim(16, 1), 410);
	CHECK(disabled("gone") == 1 && count("whk_b", "dead") == 1);
	desk_close(&d);
}

static void large_and_thin(void)
{
	char payload[30000];

	open_desk();
	hook("whk_a", "[\"task.progress\"]", false);
	hook("whk_b", "[\"task.progress\"]", true);
	snprintf(payload, sizeof(payload), "{\"text\":\"%0*d\"}", 25000, 7);
	event("task.progress", "tsk_1", payload);
	event("task.progress", "tsk_2", "{\"text\":\"small\"}");
	fill();
	CHECK(desk_number(&d, DESK_QUERY("SELECT MAX(LENGTH(body)) FROM webhook_deliveries"), NULL, NULL) < 20480);
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND body LIKE "
				 "'%\"thin\":true%' AND "
				 "body NOT LIKE '%payload%'"),
		      "whk_b", NULL) == 2);
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND body LIKE "
				 "'%thin%'"),
		      "whk_a", NULL) == 1);
	desk_close(&d);
}

#define NUMBER(text) desk_number(&d, DESK_QUERY(text), NULL, NULL)

/* Two endpoints share the room; each attempt has a row and its number; a delivery carries the event's trace and both pairs of keys. */
static void shared_and_signed(void)
{
	const char *secret, *public;
	struct webhook_call *calls[2];

	open_desk();
	hook("whk_a", "[]", false);
	hook("whk_b", "[]", false);
	d.tx.trace_id = "0123456789abcdef0123456789abcdef";
	event("task.started", "tsk_1", NULL);
	event("task.started", "tsk_2", NULL);
	d.tx.trace_id = "";
	fill();
	calls[0] = claim(2, 2);
	calls[1] = claim(16, 2); /* the other one's */
	CHECK(strcmp(calls[0]->webhook_id, calls[1]->webhook_id) != 0);
	CHECK_STR(calls[0]->trace_id, "0123456789abcdef0123456789abcdef");
	CHECK(calls[0]->keys_n == 1 && memcmp(calls[0]->keys[0], calls[1]->keys[0], WEBHOOK_SIGN_KEY) != 0);
	uint8_t before[WEBHOOK_SIGN_KEY];
	memcpy(before, calls[0]->keys[0], sizeof(before));
	char id[ID_MAX];
	snprintf(id, sizeof(id), "%s", calls[0]->webhook_id);
	settle(calls[0], 500);
	settle(calls[1], 200);
	CHECK(NUMBER("SELECT COUNT(*) FROM webhook_attempts WHERE number = 1") == 4);
	struct tx *tx = desk_begin(&d);
	CHECK(webhook_secrets_make(tx, id, true, &secret, &public) == RC_OK && !strncmp(secret, "whsec_", 6));
	CHECK(store_do(tx->db, DESK_QUERY("UPDATE webhooks SET old_until = 1700000060000"), STORE_NO_ARGS, NULL) ==
		RC_OK);
	desk_commit(&d);
	d.tx.now_ms += 12001;
	calls[0] = claim(1, 1);
	CHECK(calls[0]->keys_n == 2 && !memcmp(calls[0]->keys[1], before, sizeof(before)));
	CHECK(memcmp(calls[0]->keys[0], before, sizeof(before)) != 0 &&
		memcmp(calls[0]->seeds[0], calls[0]->seeds[1], 32) != 0);
	settle(calls[0], 500);
	CHECK(NUMBER("SELECT MAX(number) FROM webhook_attempts") == 2);
	CHECK(NUMBER("SELECT MAX(attempts) FROM webhook_deliveries") == 2);
	d.tx.now_ms += 60000; /* the overlap is over */
	calls[0] = claim(1, 1);
	CHECK(calls[0]->keys_n == 1);
	settle(calls[0], 200);
	desk_close(&d);
}

/* A test tells nothing of the endpoint, is tried once, and is sent to one that is disabled. */
static void pings(void)
{
	struct webhook_row w = { 0 };
	const char *id;

	open_desk();
	hook("whk_a", "[]", false);
	for (int i = 0; i < 2; i++) {
		CHECK(webhook_row_load(desk_begin(&d), "whk_a", &w) == RC_OK &&
			webhook_fill_ping(&d.tx, &w, &id) == RC_OK);
		desk_commit(&d);
		settle(claim(16, 1), i ? 500 : 410);
		CHECK(NUMBER("SELECT COUNT(*) FROM webhooks WHERE enabled = 1 AND failing_since = 0") ==
			(i ? 0 : 1));
		CHECK(count("whk_a", "dead") == i + 1);
		CHECK(store_do(desk_begin(&d)->db, DESK_QUERY("UPDATE webhooks SET enabled = 0"), STORE_NO_ARGS,
			      NULL) == RC_OK);
		desk_commit(&d);
	}
	CHECK(NUMBER("SELECT COUNT(*) FROM webhooks WHERE failing_since = 0 AND disabled_reason IS NULL") == 1);
	desk_close(&d);
}

/* More than one page, and a replay of just a part. */
static void many(void)
{
	struct webhook_row w = { 0 };
	int64_t n = 0;
	bool more = false;

	open_desk();
	hook("whk_a", "[]", false);
	for (int i = 0; i < 2 * WEBHOOK_FILL_PAGE + 5; i++)
		event("task.started", "tsk_1", NULL);
	CHECK(webhook_fill(desk_begin(&d), &more) == RC_OK && more);
	desk_commit(&d);
	CHECK(count("whk_a", "*") == WEBHOOK_FILL_PAGE);
	fill();
	CHECK(count("whk_a", "*") == 2 * WEBHOOK_FILL_PAGE + 5);
	CHECK(store_do(desk_begin(&d)->db,
		      DESK_QUERY("UPDATE webhook_deliveries SET status = 'delivered', finished_at = 1"),
		      STORE_NO_ARGS, NULL) == RC_OK);
	CHECK(webhook_row_load(&d.tx, "whk_a", &w) == RC_OK);
	CHECK(webhook_fill_replay(&d.tx, &w, 3, 2 * WEBHOOK_FILL_PAGE + 1, &n) == RC_OK &&
		n == 2 * WEBHOOK_FILL_PAGE - 1);
	desk_commit(&d);
	CHECK(NUMBER("SELECT COUNT(*) FROM webhook_deliveries WHERE finished_at = 0") == n);
	CHECK(NUMBER("SELECT MIN(pos) FROM webhook_deliveries WHERE finished_at = 0") == 3);
	CHECK(NUMBER("SELECT MAX(pos) FROM webhook_deliveries WHERE finished_at = 0") == 2 * WEBHOOK_FILL_PAGE + 1);
	CHECK(NUMBER("SELECT pos FROM webhook_deliveries WHERE status = 'due'") == 3 && count("whk_a", "due") == 1);
	desk_close(&d);
}

static void gap_and_backlog(void)
{
	static const struct store_query many = { .sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
							"FROM n WHERE i < 10000) INSERT INTO webhook_deliveries "
							"(id, webhook_id, pos, type, subject, status, tries, "
							"attempts, next_at, body, last_status, created_at, "
							"finished_at) SELECT 'm' || i, 'whk_a', 1000000 + i, 't', "
							"'s' || i, 'due', 0, 0, 0, '{}', 0, 0, 0 FROM n" };

	open_desk();
	hook("whk_a", "[]", false);
	for (int i = 0; i < 5; i++)
		event("task.started", "tsk_1", NULL);
	CHECK(store_do(desk_begin(&d)->db, DESK_QUERY("DELETE FROM events WHERE pos < 4"), STORE_NO_ARGS, NULL) ==
		RC_OK);
	desk_commit(&d);
	fill();
	CHECK(count("whk_a", "*") == 3);
	CHECK(desk_number(&d, DESK_QUERY("SELECT pos FROM webhook_deliveries WHERE type = 'stream.gap'"), NULL,
		      NULL) == 3);
	CHECK(NUMBER("SELECT COUNT(*) FROM webhook_deliveries WHERE body LIKE '%\"from\":1,\"to\":3,%' AND body "
		     "LIKE "
		     "'%\"id\":\"e1-3\"%'") == 1);
	CHECK(store_do(desk_begin(&d)->db, &many, STORE_NO_ARGS, NULL) == RC_OK);
	desk_commit(&d);
	event("task.started", "tsk_1", NULL);
	fill(); /* the log keeps it */
	CHECK(desk_number(&d, DESK_QUERY("SELECT pos FROM webhooks"), NULL, NULL) == 5 &&
		count("whk_a", "*") == 10003);
	desk_close(&d);
}

static void replayed(void)
{
	struct webhook_row w = { 0 };
	int64_t n = 0;

	open_desk();
	event("task.started", "tsk_1", NULL); /* before there was a webhook */
	hook("whk_a", "[\"task.*\"]", false);
	event("task.succeeded", "tsk_1", NULL);
	event("job.finished", NULL, NULL);
	fill();
	settle(claim(16, 1), 200);
	CHECK(webhook_row_load(desk_begin(&d), "whk_a", &w) == RC_OK);
	CHECK(webhook_fill_replay(&d.tx, &w, 1, 3, &n) == RC_OK && n == 2);
	desk_commit(&d);
	CHECK(count("whk_a", "*") == 2 && count("whk_a", "due") == 1 && count("whk_a", "behind") == 1);
	settle(claim(16, 1), 200);
	settle(claim(16, 1), 200);
	CHECK(count("whk_a", "delivered") == 2);
	CHECK(webhook_row_load(desk_begin(&d), "whk_a", &w) == RC_OK);
	CHECK(webhook_fill_replay(&d.tx, &w, 1, 20000, &n) == RC_INVALID);
	desk_commit(&d);
	CHECK(webhook_calls_sweep(desk_begin(&d)) == RC_OK);
	desk_commit(&d);
	CHECK(count("whk_a", "*") == 2); /* they are not old */
	d.tx.now_ms += DAY_MS + 1;
	CHECK(webhook_calls_sweep(desk_begin(&d)) == RC_OK);
	desk_commit(&d);
	CHECK(count("whk_a", "*") == 0);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM webhook_attempts"), NULL, NULL) == 0);
	desk_close(&d);
}

int main(void)
{
	once_each();
	in_order();
	taken_over();
	given_up();
	large_and_thin();
	shared_and_signed();
	pings();
	many();
	gap_and_backlog();
	replayed();
	return 0;
}
