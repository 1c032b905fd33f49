/*
 * The vault's keys: rotated, and everything put under the new one, while the control plane is killed at random moments and at the
 * worst ones: each secret opens always. Then the old keys are retired. And two control planes with a ring each: a key that one of them
 * cannot open does not seal. KEK_ROWS: secrets; KEK_KILLS: kills.
 */
#include "base/log.h"
#include "control/access/vault.h"
#include "control/control.h"
#include "control/keyring/keyring.h"
#include "control/keyring/keyring_open.h"
#include "driver/kek/ring_file.h"
#include "driver/store/postgres.h"
#include "driver/store/sqlite.h"
#include "io/logger.h"
#include "tests/system/rig.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 60000

static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", NULL };

static unsigned env_unsigned(const char *name, unsigned def)
{
	const char *s = getenv(name);
	return s ? (unsigned)strtoul(s, NULL, 10) : def;
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the database, beside a control plane that does not run ---- */

struct inside {
	struct log log;
	struct control control;
	struct store_conn *db;
	struct fault fault;
};

static void ok(struct inside *in, enum rc rc)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "%s: %s\n", rc_code(rc), in->fault.text);
	exit(1);
}

static void inside_open(struct inside *in, const struct rig *r)
{
	char path[128], ring[128];

	*in = (struct inside){ .log = logger_over(STDERR_FILENO, LOG_LEVEL_WARN, false) };
	in->control.log = &in->log;
	snprintf(path, sizeof(path), "%s/data/footplate.db", r->dir);
	snprintf(ring, sizeof(ring), "%s/data/master.key", r->dir);
	if (*r->pg.url)
		ok(in, postgres_open(r->pg.url, NULL, &in->control.store, &in->fault));
	else
		ok(in, sqlite_open(path, &in->control.store, &in->fault));
	ok(in, store_connect(in->control.store, STORE_WRITE, &in->db, &in->fault));
	ok(in, ring_file_open(&(struct ring_file_conf){ .path = ring }, &in->control.kek, &in->fault));
	ok(in, keyring_open(&in->control, in->db, &in->fault));
}

static void inside_done(struct inside *in)
{
	store_disconnect(in->db);
	store_free(in->control.store);
	kek_free(in->control.kek);
	keyring_free(in->control.secrets.ring);
}

static void value_of(unsigned i, struct vault_at *at, char owner[static 32], char text[static 64])
{
	snprintf(owner, 32, "acc_seeded_%06u", i);
	snprintf(text, 64, "CANARY-seeded-%06u-%u", i, i * 2654435761u);
	*at = (struct vault_at){ "account", owner, "password" };
}

static void seed(const struct rig *r, unsigned n)
{
	struct inside in;
	struct arena arena = { 0 };

	inside_open(&in, r);
	struct tx tx = { .control = &in.control, .db = in.db, .arena = &arena, .fault = &in.fault, .now_ms = 1 };
	ok(&in, store_begin(in.db, &in.fault));
	for (unsigned i = 0; i < n; i++) {
		char owner[32], text[64];
		struct vault_at at;
		struct hush value = { 0 };
		value_of(i, &at, owner, text);
		CHECK(hush_set(&value, text, strlen(text)) == RC_OK);
		ok(&in, vault_put(&tx, &at, &value, NULL));
		hush_done(&value);
	}
	ok(&in, store_commit(in.db, &in.fault));
	arena_done(&arena);
	inside_done(&in);
}

/* Each opens, and is what it was. Returns how many are under the current key. */
static unsigned open_all(const struct rig *r, unsigned n)
{
	static const struct store_query find = {
		.sql = "SELECT version, sealed FROM secrets WHERE kind = $1 AND owner = $2 AND name = $3"
	};
	struct inside in;
	unsigned current = 0;

	inside_open(&in, r);
	for (unsigned i = 0; i < n; i++) {
		char owner[32], text[64];
		struct vault_at at;
		struct hush got = { 0 };
		auto_rows struct store_rows *row = NULL;
		value_of(i, &at, owner, text);
		ok(&in, store_one(in.db, &find,
				STORE_ARGS(store_text(at.kind), store_text(at.owner), store_text(at.name)), &row,
				&in.fault));
		const char *sealed = store_col_text(row, 1);
		ok(&in, vault_open(&in.control.secrets, &at, store_col_int(row, 0), sealed, &got, &in.fault));
		CHECK(hush_same(&got, text, strlen(text)));
		hush_done(&got);
		current += vault_key_of(sealed) == keyring_current(in.control.secrets.ring);
	}
	inside_done(&in);
	return current;
}

/* ---- the keys of a batch: what a control plane opens itself ---- */

#define BATCH_KEYS 4

static void make_batch(const struct rig *r, char ret_id[static 64])
{
	json_decref(rig_expect(r, 201, "POST", "/v1/accounts", "{\"login\":\"kek\"}"));
	struct rig_answer a = rig_call(r, "POST", "/v1/key-batches", "Idempotency-Key: kek",
		"{\"keys\":[{\"key\":\"CANRY-AAAAA-00001\"},{\"key\":\"CANRY-AAAAA-00002\"},{\"key\":\"CANRY-AAAAA-"
		"00003\"},{"
		"\"key\":\"CANRY-AAAAA-00004\"}],\"candidates\":{\"allAccounts\":true}}");
	if (a.status != 201)
		fprintf(stderr, "%d %s\n", a.status, a.text);
	CHECK(a.status == 201);
	snprintf(ret_id, 64, "%s", json_str(a.body, "id"));
	rig_answer_done(&a);
}

static void reveal_batch(const struct rig *r, const char *id)
{
	char path[200];
	unsigned seen = 0;

	snprintf(path, sizeof(path), "/v1/key-batches/%s/keys", id);
	json_t *page = rig_expect(r, 200, "GET", path, NULL), *one;
	size_t i;
	json_array_foreach(json_object_get(page, "items"), i, one)
	{
		snprintf(path, sizeof(path), "/v1/key-batches/%s/keys/%s/reveal", id, json_str(one, "id"));
		json_t *k = rig_expect(r, 200, "POST", path, NULL);
		CHECK(!strncmp(json_str(k, "key"), "CANRY-AAAAA-0000", 16));
		seen++;
		json_decref(k);
	}
	json_decref(page);
	CHECK(seen == BATCH_KEYS);
}

/* ---- rotations that are killed ---- */

static int64_t current(const struct rig *r)
{
	json_t *k = rig_expect(r, 200, "GET", "/v1/keyring", NULL);
	int64_t n = json_int(k, "current");
	json_decref(k);
	return n;
}

static void await_rewrapped(const struct rig *r, int64_t above)
{
	uint64_t end = now_ms() + WAIT_MS;

	for (;;) {
		json_t *k = rig_expect(r, 200, "GET", "/v1/keyring", NULL);
		bool done = json_is_true(json_object_get(k, "rewrapped")) && json_int(k, "current") > above;
		char *text = done || now_ms() < end ? NULL : json_dumps(k, 0);
		json_decref(k);
		if (done)
			return;
		if (text) {
			fprintf(stderr, "not under a new key: %s\n", text);
			exit(1);
		}
		rig_sleep_ms(20);
	}
}

static void rotate(const struct rig *r)
{
	struct rig_answer a = rig_call(r, "POST", "/v1/keyring/rotate", NULL, NULL);
	CHECK(a.status == 202 || a.status == 409); /* the one before may still be on its way */
	rig_answer_done(&a);
}

/* It dies at a failpoint, or within some time; whatever comes first. */
static bool run_and_kill(struct rig *r, unsigned round)
{
	static const char *const points[] = { "keyring.added:kill", "keyring.moving:kill",
		"keyring.moving:kill:3" };
	char point[64] = "";
	int status = 0;

	if (round % 2 == 0)
		snprintf(point, sizeof(point), "%s", points[round / 2 % 3]);
	if (*point)
		setenv("FOOTPLATE_FAILPOINT", point, 1);
	rig_serve(r, serve_args);
	unsetenv("FOOTPLATE_FAILPOINT");
	rotate(r);
	uint64_t end = now_ms() + (*point ? 4000 : rig_random(1800));
	while (now_ms() < end && waitpid(r->server, &status, WNOHANG) == 0)
		rig_sleep_ms(2);
	bool died = WIFSIGNALED(status);
	if (died)
		r->server = 0;
	else
		rig_stop(&r->server, SIGKILL);
	return died;
}

static void killed(struct rig *r, unsigned rows, unsigned kills)
{
	char batch[64];
	unsigned reached = 0; /* failpoints at which it died */

	rig_serve(r, serve_args);
	make_batch(r, batch);
	CHECK(current(r) == 1);
	rig_stop(&r->server, SIGTERM);
	seed(r, rows);
	for (unsigned i = 0; i < kills; i++) {
		reached += run_and_kill(r, i);
		(void)open_all(r, rows);
	}
	CHECK(kills < 6 || reached > 0);
	rig_serve(r, serve_args);
	int64_t was = current(r);
	rotate(r);
	uint64_t began = now_ms();
	await_rewrapped(r, was);
	printf("rewrapped %u rows, with the rotation, in %llu ms\n", rows, (unsigned long long)(now_ms() - began));
	reveal_batch(r, batch);

	/* Old keys go when nothing is under them, and not before the last rotation has settled. */
	char body[64];
	int64_t now = current(r);
	snprintf(body, sizeof(body), "{\"below\":%lld}", (long long)now);
	json_decref(rig_expect(r, 409, "POST", "/v1/keyring/retire", body));
	json_decref(rig_expect(r, 409, "POST", "/v1/keyring/retire", "{\"below\":1000}"));
	(void)rig_sql(r, "UPDATE vault_keys SET current_at = current_at - 20000 WHERE state = 'current'");
	json_t *k = rig_expect(r, 200, "POST", "/v1/keyring/retire", body);
	CHECK(json_int(k, "minDecryptVersion") == now && json_array_size(json_object_get(k, "keys")) == 1);
	json_decref(k);
	reveal_batch(r, batch);
	rig_check_events(r);
	rig_stop(&r->server, SIGTERM);
	CHECK(open_all(r, rows) == rows);
	rig_serve(r, serve_args); /* the versions of the ring that nothing is under may go, too */
	reveal_batch(r, batch);
}

/* ---- two control planes ---- */

static void copy(const struct rig *from, const struct rig *to, const char *name)
{
	char command[256];
	snprintf(command, sizeof(command), "mkdir -p -m 700 %s/data && cp -p %s/data/%s %s/data/%s", to->dir,
		from->dir, name, to->dir, name);
	CHECK(system(command) == 0);
}

/* The key that came, as the first sees it. */
static json_t *newest(const struct rig *r)
{
	json_t *k = rig_expect(r, 200, "GET", "/v1/keyring", NULL), *keys = json_object_get(k, "keys");
	json_t *last = json_incref(json_array_get(keys, json_array_size(keys) - 1));
	json_decref(k);
	return last;
}

static void await_state(const struct rig *r, const char *state, size_t waits)
{
	char has[32] = "";
	for (uint64_t end = now_ms() + WAIT_MS; now_ms() < end; rig_sleep_ms(20)) {
		json_t *k = newest(r);
		bool yes = !strcmp(json_str(k, "state"), state) &&
			   json_array_size(json_object_get(k, "waitsFor")) == waits && json_int(k, "number") == 2;
		snprintf(has, sizeof(has), "%s", json_str(k, "state"));
		json_decref(k);
		if (yes)
			return;
	}
	fprintf(stderr, "the new key is %s, not %s\n", has, state);
	exit(1);
}

static void two(void)
{
	struct rig a = { 0 }, b = { 0 };
	struct pg pg = { 0 };
	char batch[64];

	unsetenv("FOOTPLATE_STORE");
	pg_start(&pg, NULL);
	setenv("DATABASE_URL", pg.url, 1);
	rig_init(&a);
	rig_init(&b);
	rig_serve(&a, serve_args);
	copy(&a, &b, "master.key");
	copy(&a, &b, "admin.key");
	rig_serve(&b, serve_args);
	make_batch(&b, batch);
	rotate(&a);
	await_state(&a, "coming", 1); /* one of them made a version, in its own ring */
	rig_sleep_ms(1500);
	CHECK(current(&a) == 1 && current(&b) == 1);
	reveal_batch(&a, batch);
	char path[128];
	snprintf(path, sizeof(path), "grep -q '^2 ' %s/data/master.key", a.dir);
	bool first = system(path) == 0;
	copy(first ? &a : &b, first ? &b : &a, "master.key");
	await_state(&b, "current", 0);
	await_rewrapped(&a, 1);
	reveal_batch(&a, batch);
	reveal_batch(&b, batch);
	/* One that lacks the version does not start, and says which. */
	rig_stop(&b.server, SIGTERM);
	char command[600];
	snprintf(command, sizeof(command),
		"grep -v '^2 ' %s/data/master.key >%s/less; chmod 600 %s/less; mv %s/less %s/data/master.key; %s "
		"serve --data "
		"%s/data --port 0 --no-agent 2>&1 | grep -q 'has no version 2, which the database needs'",
		b.dir, b.dir, b.dir, b.dir, b.dir, getenv("FOOTPLATE"), b.dir);
	CHECK(system(command) == 0);
	unsetenv("DATABASE_URL");
	rig_done(&b);
	rig_done(&a);
	pg_done(&pg);
}

int main(void)
{
	struct rig r = { 0 };

	rig_init(&r);
	killed(&r, env_unsigned("KEK_ROWS", 1200), env_unsigned("KEK_KILLS", 6));
	rig_done(&r);
	two();
	return 0;
}
