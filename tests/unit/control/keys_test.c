/*
 * Key batches against a Steam that this test plays, with attempts that get lost at every place and a database that is closed
 * and opened again: each good key is redeemed once, no key is sent after its end, and the counts add up.
 */
#include "base/hush.h"
#include "base/id.h"
#include "control/budgets/budgets.h"
#include "control/engine/dispatch.h"
#include "control/engine/effects.h"
#include "control/engine/moves.h"
#include "control/engine/outcome.h"
#include "control/engine/park.h"
#include "control/keys/key_fold.h"
#include "control/keys/key_import.h"
#include "control/keys/key_rows.h"
#include "control/keys/key_steps.h"
#include "model/grant.h"
#include "model/lane.h"
#include "wire/field_json.h"
#include "wire/seal.h"
#include "wire/tunnel_auth.h"

#include "tests/unit/control/desk.h"

#define ACCOUNTS 10
#define KEYS     400

enum kind { GOOD, OWNED, USED, REGION, BAD, KINDS };

/* What Steam knows of a key, and what was sent to it. */
static struct steam_key {
	enum kind kind;
	int owner; /* of whom it was redeemed; -1: nobody */
	int sent, redeemed, after_end;
	bool over; /* our row is terminal */
} steam[KEYS];

static struct desk d;
static struct lane_kind kinds[LANE_COUNT];
static uint8_t identity[TUNNEL_AUTH_KEY] = { 1, 2, 3 };
static uint32_t seed = 99;

static uint32_t roll(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void does(const struct store_query *q, const char *a, const char *b)
{
	struct store_value v[2] = { store_text(a), store_text(b) };
	if (store_do(d.tx.db, q, (struct store_args){ v, (size_t)(b ? 2 : a ? 1 : 0) }, &d.fault) == RC_OK)
		return;
	fprintf(stderr, "%s: %s\n", q->sql, d.fault.text);
	exit(1);
}

static void fine(enum rc rc)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "%s: %s\n", rc_name(rc), d.fault.text);
	abort();
}

static void people(void)
{
	uint8_t public[TUNNEL_AUTH_KEY];
	char hex[TUNNEL_AUTH_KEY * 2 + 1], id[16];

	CHECK(tunnel_auth_identity(identity, public) == RC_OK);
	tunnel_auth_hex(public, sizeof(public), hex);
	desk_begin(&d);
	does(DESK_QUERY("INSERT INTO regions (id, name, labels, version, created_at, updated_at) VALUES ('rgn_1', "
			"'r', "
			"'{}', 1, 1, 1)"),
		NULL, NULL);
	does(DESK_QUERY("INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, "
			"last_seen_at, created_at, updated_at) VALUES ('agt_1', 'rgn_1', $1, 'connected', '1', "
			"'[]', '', 1, 1, 1)"),
		hex, NULL);
	for (int i = 0; i < ACCOUNTS; i++) {
		snprintf(id, sizeof(id), "acc_%d", i);
		does(DESK_QUERY("INSERT INTO accounts (id, login, labels, enabled, state, version, created_at, "
				"updated_at) "
				"VALUES ($1, $1, '{\"pool\":\"k\"}', 1, 'online', 1, 1, 1)"),
			id, NULL);
	}
	desk_commit(&d);
}

static void key_text(int i, char ret[static 32]) { snprintf(ret, 32, "KEY%02d-%05d-AAAAA", i % KINDS, i); }

/* An account owns what the keys of kind OWNED give when its number is even. */
static bool owns(int account, const struct steam_key *k) { return k->kind == OWNED && account % 2 == 0; }

/* Steam's answer; what it does is done for good. */
static const char *redeem(struct steam_key *k, int account)
{
	k->sent++;
	k->after_end += k->over;
	if (k->kind == BAD)
		return "invalid";
	if (k->kind == USED || (k->owner >= 0 && k->owner != account))
		return "used_elsewhere";
	if (k->owner == account || owns(account, k))
		return "owned_by_target";
	if (k->kind == REGION && account < 7)
		return "region_locked";
	k->owner = account;
	k->redeemed++;
	return "redeemed";
}

static struct call caller(struct field_reader *reader)
{
	static const char *const all[] = { "admin:*" };
	static const struct grant grant = { .scopes = { (void *)all, 1 } };
	static const struct grants grants = { &grant, 1 };
	static struct principal who = { .id = "apk_1", .actor = "key:apk_1", .grants = &grants };
	return (struct call){ .tx = d.tx, .who = &who, .reader = reader };
}

static const char *imports(struct key_batch_in *in, bool *ret_ok)
{
	static char id[ID_MAX];
	struct field_reader reader = { .arena = &d.arena };
	const char *made = NULL;

	desk_begin(&d);
	struct call c = caller(&reader);
	enum rc rc = key_import_new(&c, in, &made);
	*ret_ok = rc == RC_OK;
	if (rc == RC_OK) {
		snprintf(id, sizeof(id), "%s", made);
		desk_commit(&d);
	} else {
		store_rollback(d.tx.db);
	}
	return id;
}

static const char *batch_of_all(enum key_distribution how)
{
	static struct key_in keys[KEYS];
	static char texts[KEYS][32];
	struct field_pair label = { "pool", "k" };
	struct key_batch_in in = { .candidates.labels = { &label, 1 },
		.distribution = (int)how,
		.max_tries = ACCOUNTS,
		.priority = 4,
		.start = true,
		.keys = { keys, KEYS } };
	bool ok;

	for (int i = 0; i < KEYS; i++) {
		key_text(i, texts[i]);
		keys[i] = (struct key_in){ .key = texts[i] };
		steam[i] = (struct steam_key){ .kind = (enum kind)(i % KINDS), .owner = -1 };
	}
	const char *id = imports(&in, &ok);
	CHECK(ok);
	return id;
}

/* A try that the agent has. */
struct attempt {
	char task[ID_MAX], nonce[ID_MAX], account[ID_MAX];
	uint32_t n;
	bool probe;
	int key;
} held[ACCOUNTS];
static int held_n;

static int key_of(const char *sealed)
{
	uint8_t box[512];
	struct hush plain = { 0 };
	size_t n = strlen(sealed) / 2;
	int i = -1, kind;

	CHECK(n < sizeof(box) && tunnel_auth_of_hex(sealed, box, n) &&
		seal_open(identity, box, n, &plain) == RC_OK);
	CHECK(sscanf((const char *)plain.p, "{\"key\":\"KEY%02d-%05d-", &kind, &i) == 2 && i >= 0 && i < KEYS);
	hush_done(&plain);
	return i;
}

static void takes_work(void)
{
	const struct dispatch_offer offer = { "agt_1", "rgn_1", ",keys.redeem,", ACCOUNTS };
	struct field_list got = { 0 };
	bool more;

	fine(park_scan(desk_begin(&d)));
	fine(dispatch_lease(&d.tx, &offer, 1, &got, &more));
	const struct dispatch_grant *g = got.at;
	for (size_t i = 0; i < got.n; i++) {
		struct attempt *a = &held[held_n++];
		CHECK(held_n <= ACCOUNTS);
		snprintf(a->task, ID_MAX, "%s", g[i].task_id);
		snprintf(a->nonce, ID_MAX, "%s", g[i].nonce);
		snprintf(a->account, ID_MAX, "%s", g[i].account_id);
		a->n = g[i].attempt;
		a->probe = g[i].probe;
		a->key = key_of(g[i].sealed);
	}
	desk_commit(&d);
}

static bool begins(const struct attempt *a)
{
	const struct tunnel_msg_effect m = { a->task, a->n, "redeem" };
	bool ok = false;
	fine(effects_begin(desk_begin(&d), "agt_1", &m, &ok));
	desk_commit(&d);
	return ok;
}

static void tells(const struct attempt *a, int outcome, const char *status)
{
	char text[128];
	int n = snprintf(text, sizeof(text),
		"{\"status\":\"%s\",\"detail\":\"d\",\"packages\":[],\"maskedKey\":\"m\",\"receiptId\":null}",
		status);
	struct tunnel_msg_result m = { .task_id = a->task,
		.nonce = a->nonce,
		.attempt = a->n,
		.outcome = outcome,
		.error = { .code = status, .detail = "x", .retryable = true } };
	bool stale = true;

	if (outcome == TUNNEL_MSG_SUCCEEDED) {
		m.result = text;
		m.result_n = (size_t)n;
	}
	fine(outcome_result(desk_begin(&d), "agt_1", &m, &stale));
	if (roll(9) == 0) { /* the control plane dies before its commit: the agent tells it again */
		desk_again(&d);
		fine(outcome_result(desk_begin(&d), "agt_1", &m, &stale));
	}
	CHECK(!stale);
	desk_commit(&d);
}

/* One attempt, which may get lost before the intent, after it, or after the packet. */
static void works(const struct attempt *a, uint32_t losses)
{
	int account = atoi(a->account + 4);
	struct steam_key *k = &steam[a->key];
	uint32_t fate = losses ? roll(losses) : UINT32_MAX;

	if (fate == 0)
		return; /* the lease lapses */
	if (a->probe && k->owner == account) {
		tells(a, TUNNEL_MSG_SUCCEEDED, "redeemed");
		return;
	}
	if (fate == 1) {
		tells(a, TUNNEL_MSG_FAILED, "dependency_unavailable");
		return;
	}
	CHECK(begins(a));
	if (fate == 2)
		return;
	const char *status = redeem(k, account);
	if (fate == 3)
		return; /* Steam has done it, and nobody hears of it */
	if (fate == 4)
		tells(a, TUNNEL_MSG_UNKNOWN, "timeout");
	else
		tells(a, TUNNEL_MSG_SUCCEEDED, status);
}

static void note_ends(void)
{
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	CHECK(store_run(d.tx.db, DESK_QUERY("SELECT ord, state FROM batch_keys"), STORE_NO_ARGS, &r, &d.fault) ==
		RC_OK);
	while (store_next(r, &row, &d.fault) == RC_OK && row)
		for (int s = KEY_REDEEMED; s < KEY_STATES; s++)
			if (!strcmp(store_col_text(r, 1), key_words[s]))
				steam[store_col_int(r, 0)].over = true;
}

static const char *status_of(const char *batch)
{
	static struct key_batch b;
	fine(key_rows_batch(&d.tx, batch, &b));
	return key_rows_batch_words[b.status];
}

/* K1 and K6, at every moment. */
static void adds_up(const char *batch)
{
	uint32_t n[KEY_STATES], sum = 0;

	fine(key_rows_count(&d.tx, batch, n));
	for (int s = 0; s < KEY_STATES; s++)
		sum += n[s];
	CHECK(sum == KEYS);
	CHECK(desk_number(
		      &d, DESK_QUERY("SELECT COUNT(*) FROM batch_accounts WHERE key_id IS NOT NULL"), NULL, NULL) ==
		desk_number(&d,
			DESK_QUERY("SELECT COUNT(*) FROM batch_keys WHERE state IN ('assigned', 'in_flight', "
				   "'reconciling')"),
			NULL, NULL));
	CHECK(desk_number(&d,
		      DESK_QUERY(
			      "SELECT COUNT(*) FROM (SELECT owner FROM tasks WHERE owner IS NOT NULL AND status IN "
			      "('queued', 'leased', 'running') GROUP BY owner HAVING COUNT(*) > 1) twice"),
		      NULL, NULL) == 0);
}

/* A person looks at the account, and says what became of a try that three attempts could not tell. */
static void resolves(void)
{
	auto_rows struct store_rows *r = NULL;
	struct moves_task t = { 0 };
	int64_t ord = 0;

	desk_begin(&d);
	enum rc rc = store_one(d.tx.db,
		DESK_QUERY("SELECT t.id, k.ord FROM tasks t JOIN batch_keys k ON k.task_id = t.id WHERE t.status = "
			   "'needs_attention' LIMIT 1"),
		STORE_NO_ARGS, &r, &d.fault);
	if (rc == RC_OK) {
		fine(moves_load(&d.tx, store_col_text(r, 0), &t));
		ord = store_col_int(r, 1);
	}
	store_close(take(r));
	if (rc == RC_OK)
		fine(moves_resolve(&d.tx, &t, steam[ord].owner == atoi(t.account_id + 4), "looked"));
	desk_commit(&d);
}

static void goes_on(const char *batch, uint32_t losses)
{
	for (int turn = 0; turn < 3000 && strcmp(status_of(batch), "done") != 0; turn++) {
		size_t lapsed = 0;
		takes_work();
		for (int i = 0; i < held_n; i++)
			works(&held[i], losses);
		held_n = 0;
		if (roll(20) == 0)
			desk_again(&d);
		d.tx.now_ms += 7000; /* what was not answered lapses */
		fine(outcome_lapse(desk_begin(&d), 100, &lapsed));
		fine(key_steps_scan(&d.tx));
		desk_commit(&d);
		resolves();
		if (turn % 10 == 0)
			adds_up(batch);
		note_ends();
	}
	if (strcmp(status_of(batch), "done") != 0) {
		uint32_t n[KEY_STATES];
		fine(key_rows_count(&d.tx, batch, n));
		for (int s = 0; s < KEY_STATES; s++)
			fprintf(stderr, "%s=%u ", key_words[s], n[s]);
	}
	CHECK_STR(status_of(batch), "done");
}

static int64_t in_state(const char *batch, const char *state)
{
	return desk_number(
		&d, DESK_QUERY("SELECT COUNT(*) FROM batch_keys WHERE batch_id = $1 AND state = $2"), batch, state);
}

static void forget_all(void)
{
	desk_begin(&d);
	does(DESK_QUERY("DELETE FROM batch_accounts"), NULL, NULL);
	does(DESK_QUERY("DELETE FROM key_tries"), NULL, NULL);
	does(DESK_QUERY("DELETE FROM batch_keys"), NULL, NULL);
	does(DESK_QUERY("DELETE FROM key_batches"), NULL, NULL);
	desk_commit(&d);
}

static void once_each(enum key_distribution how, uint32_t losses)
{
	const char *batch = batch_of_all(how);

	goes_on(batch, losses);
	adds_up(batch);
	int64_t doubt = 0;
	for (int i = 0; i < KEYS; i++) {
		CHECK(steam[i].redeemed <= 1 && steam[i].after_end == 0);
		CHECK(steam[i].kind != GOOD || steam[i].redeemed == 1);
		CHECK(losses || steam[i].kind != GOOD || steam[i].sent == 1);
		CHECK(losses || (steam[i].kind != BAD && steam[i].kind != USED) || steam[i].sent == 1);
		doubt += steam[i].kind == BAD || steam[i].kind == USED ? 0 : steam[i].redeemed;
	}
	CHECK(in_state(batch, "redeemed") == doubt);
	CHECK(doubt == 3 * KEYS / KINDS);
	CHECK(in_state(batch, "invalid") == KEYS / KINDS && in_state(batch, "used_elsewhere") == KEYS / KINDS);
	forget_all();
}

/* T24: the answer to a redeem is lost; the probe finds the licence, and nothing is sent again. */
static void answer_lost(void)
{
	struct key_in key = { .key = "KEY00-00000-AAAAA" };
	const char *ids[] = { "acc_3" };
	struct key_batch_in in = {
		.keys = { &key, 1 }, .candidates.accounts = { ids, 1 }, .max_tries = 3, .priority = 4, .start = true
	};
	bool ok;

	const char *batch = imports(&in, &ok);
	CHECK(ok);
	steam[0] = (struct steam_key){ .kind = GOOD, .owner = -1 };
	takes_work();
	CHECK(held_n == 1 && begins(&held[0]));
	CHECK(in_state(batch, "in_flight") == 1);
	redeem(&steam[0], 3);
	tells(&held[0], TUNNEL_MSG_UNKNOWN, "timeout");
	CHECK(in_state(batch, "reconciling") == 1);
	held_n = 0;
	d.tx.now_ms += 60000;
	takes_work();
	CHECK(held_n == 1 && held[0].probe);
	tells(&held[0], TUNNEL_MSG_SUCCEEDED, "redeemed"); /* by the licence */
	held_n = 0;
	CHECK(in_state(batch, "redeemed") == 1 && steam[0].redeemed == 1 && steam[0].sent == 1);
	CHECK_STR(status_of(batch), "done");
	forget_all();
}

/* K4: what is known is recorded and not sent; the same key twice is one. */
static void known_keys(void)
{
	struct key_in two[] = { { .key = "KEY00-00000-AAAAA" }, { .key = "key00-00000-aaaaa" },
		{ .key = "KEY00-00001-AAAAA" } };
	const char *ids[] = { "acc_0", "acc_0" };
	struct key_batch_in in = {
		.keys = { two, 2 }, .candidates.accounts = { ids, 1 }, .max_tries = 3, .priority = 4, .start = true
	};
	bool ok;
	char first[ID_MAX];

	snprintf(first, sizeof(first), "%s", imports(&in, &ok));
	CHECK(ok && in_state(first, "assigned") == 1 && in_state(first, "queued") == 0);
	in.keys.n = 3;
	const char *second = imports(&in, &ok);
	CHECK(ok && in_state(second, "canceled") >= 1 && in_state(second, "assigned") == 1);
	in.candidates.accounts.n = 2;
	imports(&in, &ok);
	CHECK(!ok); /* an account twice */
	ids[0] = "acc_none";
	in.candidates.accounts.n = 1;
	imports(&in, &ok);
	CHECK(!ok);
	in.candidates.accounts.n = 0;
	imports(&in, &ok);
	CHECK(!ok);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM key_batches"), NULL, NULL) == 2);
	desk_begin(&d);
	does(DESK_QUERY("UPDATE tasks SET status = 'canceled' WHERE status = 'queued'"), NULL, NULL);
	desk_commit(&d);
	forget_all();
}

/* Nobody is asked to do what nobody can: the key waits until the account is online. */
static void offline(void)
{
	struct key_in key = { .key = "KEY00-00000-AAAAA" };
	const char *ids[] = { "acc_1" };
	struct key_batch_in in = {
		.keys = { &key, 1 }, .candidates.accounts = { ids, 1 }, .max_tries = 1, .priority = 4, .start = true
	};
	bool ok;

	desk_begin(&d);
	does(DESK_QUERY("UPDATE accounts SET state = 'reconnecting'"), NULL, NULL);
	desk_commit(&d);
	const char *batch = imports(&in, &ok);
	CHECK(ok && in_state(batch, "queued") == 1 && !strcmp(status_of(batch), "running"));
	desk_begin(&d);
	does(DESK_QUERY("UPDATE accounts SET state = 'online'"), NULL, NULL);
	fine(key_steps_scan(&d.tx));
	desk_commit(&d);
	takes_work();
	CHECK(held_n == 1 && in_state(batch, "assigned") == 1);
	tells(&held[0], TUNNEL_MSG_SUCCEEDED, "redeemed");
	held_n = 0;
	forget_all();
}

/* Steam throttles: nothing is used up, and the account gets no key before its lane is free. */
static void throttled(void)
{
	struct key_in key = { .key = "KEY00-00000-AAAAA" };
	const char *ids[] = { "acc_1" };
	struct key_batch_in in = {
		.keys = { &key, 1 }, .candidates.accounts = { ids, 1 }, .max_tries = 1, .priority = 4, .start = true
	};
	bool ok;

	const char *batch = imports(&in, &ok);
	takes_work();
	CHECK(ok && held_n == 1);
	fine(budgets_cool(desk_begin(&d), LANE_STORE_REDEEM, "acc_1", 0, "RateLimited"));
	desk_commit(&d);
	for (int i = 0; i < 3; i++) { /* a retry at once does not help */
		tells(&held[0], TUNNEL_MSG_FAILED, "rate_limited");
		held_n = 0;
		d.tx.now_ms += 70000;
		takes_work();
	}
	CHECK(held_n == 0 && in_state(batch, "queued") == 1);
	fine(key_steps_scan(desk_begin(&d)));
	desk_commit(&d);
	CHECK(in_state(batch, "queued") == 1);
	d.tx.now_ms += 3600000;
	fine(key_steps_scan(desk_begin(&d)));
	desk_commit(&d);
	takes_work();
	CHECK(held_n == 1);
	tells(&held[0], TUNNEL_MSG_SUCCEEDED, "redeemed");
	held_n = 0;
	CHECK(in_state(batch, "redeemed") == 1);
	forget_all();
}

static int64_t used(void) { return desk_number(&d, DESK_QUERY("SELECT used FROM quotas"), NULL, NULL); }

/* The tries of a batch are jobs of who made it: over their quota, keys wait, and go on when there is room. */
static void bounded(void)
{
	struct key_in keys[2] = { { .key = "KEY00-00000-AAAAA" }, { .key = "KEY01-00001-AAAAA" } };
	const char *ids[] = { "acc_1", "acc_2" }, *actor = d.tx.actor;
	struct key_batch_in in = {
		.keys = { keys, 2 }, .candidates.accounts = { ids, 2 }, .max_tries = 1, .priority = 4, .start = true
	};
	bool ok;

	desk_begin(&d);
	does(DESK_QUERY("INSERT INTO quotas (id, tenant_id, subject_kind, subject_id, resource, most, created_by, "
			"created_at, updated_at) VALUES ('quo_1', 'ten_default', 'key', 'apk_9', 'jobs.active', 1, "
			"'x', "
			"1, 1)"),
		NULL, NULL);
	desk_commit(&d);
	d.tx.actor = "key:apk_9";
	const char *batch = imports(&in, &ok);
	d.tx.actor = actor;
	for (int i = 0; i < 2; i++) {
		takes_work();
		CHECK(ok && held_n == 1 && used() == 1 && in_state(batch, "queued") == 1 - i);
		tells(&held[0], TUNNEL_MSG_SUCCEEDED, "redeemed");
		held_n = 0;
		d.tx.now_ms += 3600000;
		fine(key_steps_scan(desk_begin(&d)));
		desk_commit(&d);
	}
	CHECK(used() == 0 && in_state(batch, "redeemed") == 2);
	desk_begin(&d);
	does(DESK_QUERY("DELETE FROM quotas"), NULL, NULL);
	desk_commit(&d);
	forget_all();
}

int main(void)
{
	desk_open(&d);
	memcpy(kinds, lane_kinds, sizeof(kinds));
	CHECK(lane_override(kinds, "store.redeem=0,store.redeem.egress=0", true, NULL) == RC_OK);
	d.conf.lanes = kinds;
	d.control.owned = key_fold_task;
	people();
	answer_lost();
	known_keys();
	offline();
	throttled();
	bounded();
	once_each(KEY_FIRST_MISSING, 0);
	once_each(KEY_ROUND_ROBIN, 25);
	once_each(KEY_SEQUENTIAL, 0);
	desk_close(&d);
	return 0;
}
