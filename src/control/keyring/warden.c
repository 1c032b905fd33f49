#include "control/keyring/warden.h"
#include "base/log.h"
#include "contract/kek.h"
#include "control/access/audit.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/keyring/keyring.h"
#include "control/keyring/keyring_open.h"
#include "control/keyring/keyring_rows.h"
#include "control/keyring/rewrap.h"
#include "control/writer.h"
#include "io/failpoint.h"
#include "io/pool.h"

#include <string.h>

#define TICK_MS  1000
#define AGAIN_MS 5    /* while there is something to move */
#define RETRY_MS 5000 /* after a provider that did not answer */

struct warden {
	struct control *control;
	struct pool *pool; /* one thread */
	struct loop_timer *timer;
	struct pool_job job;
	struct loop_job back;
	struct write write;
	bool busy, stopped;
	bool complained; /* of what still fails */
	bool held;       /* the role was this instance's at the last write */
	/* What the look found; of its thread, then of the writer's, then of the loop: in this order. */
	struct arena arena;
	struct fault fault;
	enum rc rc;
	struct keyring_row *rows;
	size_t n;
	struct keyring_row *asked, *coming; /* among rows; NULL: none */
	bool made;                          /* asked is filled in */
	bool idle; /* all is under the current key, as far as was looked without the role */
	struct rewrap_batch batch;
};

static struct warden *warden_of(struct pool_job *job)
{
	return (struct warden *)(void *)((char *)job - offsetof(struct warden, job));
}
static struct warden *warden_of_write(struct write *w)
{
	return (struct warden *)(void *)((char *)w - offsetof(struct warden, write));
}

/* ---- its thread ---- */

static enum rc enter(void *ctx, void **ret_worker, struct fault *f)
{
	struct warden *k = ctx;
	struct store_conn *db = NULL;
	enum rc rc = store_connect(k->control->store, STORE_READ, &db, f);
	*ret_worker = db;
	return rc;
}

static void leave(void *worker) { store_disconnect(worker); }

static struct keyring_row *row_in(struct warden *k, const char *state)
{
	for (size_t i = 0; i < k->n; i++)
		if (!strcmp(k->rows[i].state, state))
			return &k->rows[i];
	return NULL;
}

static void drop_retired(struct warden *k)
{
	uint32_t live[KEYRING_MAX + 1];

	for (size_t i = 0; i < k->n; i++)
		live[i] = (uint32_t)k->rows[i].number;
	keyring_keep(k->control->secrets.ring, live, k->n);
}

/* A version of the provider that nothing is under yet: one that was put there, or one that a run before made and then died. */
static enum rc fresh_version(struct warden *k, const struct keyring_row *current, struct fault *f)
{
	struct kek *kek = k->control->kek;
	struct kek_health health = { 0 };
	const char *rest = "";
	int64_t used = kek_version_of(current->wrapped, kek->impl->name, &rest), made = 0;

	enum rc rc = kek_health(kek, &health, f);
	if (rc != RC_OK || health.newest > used)
		return rc;
	rc = kek_add(kek, &made, f);
	if (rc == RC_OK)
		log_info(k->control->log, "the provider made a key-encryption key kek=%s:%lld", kek->impl->name,
			(long long)made);
	FAILPOINT("keyring.added");
	return rc;
}

static enum rc make_asked(struct warden *k, struct fault *f)
{
	const struct keyring_row *current = row_in(k, "current");
	struct hush root = { 0 };

	enum rc rc = current ? fresh_version(k, current, f) : RC_INTERNAL;
	if (rc == RC_OK)
		rc = keyring_open_root(k->control, current, &root, f);
	if (rc == RC_OK)
		rc = keyring_open_make(k->control, &k->arena, root.p, k->asked, f);
	hush_done(&root);
	k->made = rc == RC_OK;
	return rc;
}

static void look(struct warden *k, struct store_conn *db)
{
	int64_t moved = 0;
	enum rc rc = keyring_rows_live(db, &k->arena, &k->rows, &k->n, &k->fault);

	if (rc != RC_OK) {
		k->rc = rc;
		return;
	}
	k->asked = row_in(k, "asked");
	k->coming = row_in(k, "coming");
	rc = keyring_open_load(k->control, k->rows, k->n, &k->fault);
	drop_retired(k);
	if (rc == RC_OK && k->asked && k->held)
		rc = make_asked(k, &k->fault);
	else if (rc == RC_OK && !k->asked && !k->coming && k->held)
		rc = rewrap_find(k->control, db, &k->arena, &k->batch, &k->fault);
	else if (rc == RC_OK && !k->asked && !k->coming)
		rc = rewrap_progress(db, keyring_current(k->control->secrets.ring), &moved, &k->idle, &k->fault);
	k->rc = rc;
}

static void on_look(struct loop_job *job);

static void run(void *worker, struct pool_job **jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct warden *k = warden_of(jobs[i]);
		look(k, worker);
		k->back.run = on_look;
		loop_post(k->control->loop, &k->back);
	}
}

/* ---- the writer ---- */

static enum rc note_problem(struct tx *tx, const struct keyring_row *row, const char *words)
{
	static const struct store_query set = { .sql = "UPDATE vault_keys SET problem = $2 WHERE number = $1" };
	return store_do(tx->db, &set, STORE_ARGS(store_int(row->number), store_text(words)), tx->fault);
}

static enum rc note_made(struct tx *tx, const struct keyring_row *row)
{
	static const struct store_query set = { .sql = "UPDATE vault_keys SET state = 'coming', kek = $2, wrapped "
						       "= $3, root = $4, problem = '' WHERE "
						       "number = $1 AND state = 'asked' RETURNING number" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_int(row->number), store_text(row->kek), store_text(row->wrapped),
			store_text(row->root)),
		&r, tx->fault);
	return rc == RC_MISSING ? RC_STALE : rc; /* another instance made it */
}

static enum rc all_know(struct tx *tx, int64_t number, bool *ret)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*) FROM instances WHERE id NOT IN (SELECT instance_id FROM vault_keys_known "
		       "WHERE number = $1)"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_ARGS(store_int(number)), &r, tx->fault);
	*ret = rc == RC_OK && store_col_int(r, 0) == 0;
	return rc;
}

/* From this commit on the new key may seal: every instance has it. */
static enum rc activate(struct tx *tx, const struct keyring_row *row)
{
	static const struct store_query old = {
		.sql = "UPDATE vault_keys SET state = 'old' WHERE state = 'current' AND number < $1"
	};
	static const struct store_query now = { .sql = "UPDATE vault_keys SET state = 'current', current_at = $2, "
						       "problem = '' WHERE number = $1 AND "
						       "state = 'coming' RETURNING number" };
	static const struct store_query forget = {
		.sql = "DELETE FROM vault_keys_known WHERE instance_id NOT IN (SELECT id FROM instances)"
	};
	auto_rows struct store_rows *r = NULL;
	const char *number = arena_fmt(tx->arena, "%lld", (long long)row->number);

	enum rc rc = store_do(tx->db, &old, STORE_ARGS(store_int(row->number)), tx->fault);
	if (rc == RC_OK)
		rc = store_one(
			tx->db, &now, STORE_ARGS(store_int(row->number), store_int(tx->now_ms)), &r, tx->fault);
	store_close(take(r));
	if (rc == RC_OK)
		rc = store_do(tx->db, &forget, STORE_NO_ARGS, tx->fault);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "keyring.rotated",
					    .resource = number,
					    .payload = arena_fmt(tx->arena, "{\"number\":%s,\"kek\":\"%s\"}",
						    number, row->kek) });
	return rc == RC_OK ? audit_note(tx, "keyring.rotated", number, row->kek) : rc;
}

static enum rc bring(struct tx *tx, const struct keyring_row *row)
{
	bool all = false;
	enum rc rc = all_know(tx, row->number, &all);
	return rc == RC_OK && all ? activate(tx, row) : rc;
}

static enum rc run_write(struct write *w, struct tx *tx)
{
	struct warden *k = warden_of_write(w);
	uint32_t numbers[KEYRING_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++)
		if (keyring_has(k->control->secrets.ring, (uint32_t)k->rows[i].number))
			numbers[n++] = (uint32_t)k->rows[i].number;
	enum rc rc = k->coming ? keyring_rows_known(tx, numbers, n) : RC_OK;
	if (rc == RC_OK)
		rc = singletons_hold(tx, "keyring", &k->held);
	if (rc != RC_OK || !k->held)
		return rc;
	const struct keyring_row *waits = k->asked ? k->asked : k->coming;
	if (k->rc != RC_OK && waits)
		return strcmp(waits->problem, k->fault.text) ? note_problem(tx, waits, k->fault.text) : RC_OK;
	if (k->made && k->asked)
		return note_made(tx, k->asked);
	if (k->coming)
		return bring(tx, k->coming);
	return k->batch.source && k->batch.number == keyring_current(k->control->secrets.ring)
		       ? rewrap_apply(tx, &k->batch)
		       : RC_OK;
}

/* ---- the loop ---- */

static void rest(struct warden *k, uint64_t ms)
{
	k->busy = false;
	if (!k->stopped)
		loop_timer_at(k->timer, loop_now_ms(k->control->loop) + ms);
}

static void on_written(struct write *w)
{
	struct warden *k = warden_of_write(w);

	if (w->rc == RC_STALE) {
		keyring_drop(k->control->secrets.ring, (uint32_t)k->asked->number);
		rest(k, AGAIN_MS);
		return;
	}
	if (w->rc != RC_OK) {
		if (k->made) /* it may not be in the database: the next look loads it when it is */
			keyring_drop(k->control->secrets.ring, (uint32_t)k->asked->number);
		log_warn(w->control->log, "the vault's keys: %s", *w->fault.text ? w->fault.text : rc_title(w->rc));
	}
	bool more = w->rc == RC_OK && k->rc == RC_OK && k->held && (k->asked || k->batch.source || !k->idle);
	if (k->rc != RC_OK && !k->complained)
		log_warn(w->control->log, "the vault's keys: %s", *k->fault.text ? k->fault.text : rc_title(k->rc));
	k->complained = k->rc != RC_OK;
	rest(k, k->rc != RC_OK ? RETRY_MS : more ? AGAIN_MS : TICK_MS);
}

/* Is there something to write, or the role to ask for? */
static bool has_work(const struct warden *k)
{
	return k->asked || k->coming || k->batch.source || (!k->held && !k->idle);
}

static void on_look(struct loop_job *job)
{
	struct warden *k = (struct warden *)(void *)((char *)job - offsetof(struct warden, back));

	if (k->rc != RC_OK && !k->asked && !k->coming && !k->complained)
		log_warn(k->control->log, "the vault's keys: %s", *k->fault.text ? k->fault.text : rc_title(k->rc));
	if (k->rc != RC_OK && !k->asked && !k->coming)
		k->complained = true;
	k->write = (struct write){ .control = k->control, .run = run_write, .done = on_written };
	if (k->stopped || !has_work(k) || writer_push(&k->write) != RC_OK)
		rest(k, TICK_MS);
}

static void on_time(void *ctx)
{
	struct warden *k = ctx;

	if (k->busy || k->stopped)
		return;
	arena_reset(&k->arena);
	k->fault = (struct fault){ 0 };
	k->rows = k->asked = k->coming = NULL;
	k->n = 0;
	k->made = k->idle = false;
	k->batch = (struct rewrap_batch){ 0 };
	k->busy = pool_push(k->pool, &k->job) == RC_OK;
	if (!k->busy)
		rest(k, TICK_MS);
}

enum rc warden_new(struct control *c, struct warden **ret, struct fault *f)
{
	auto_of(warden) struct warden *k = calloc(1, sizeof(*k));
	const struct pool_conf conf = { .name = "warden",
		.threads = 1,
		.batch_max = 1,
		.queue_max = 1,
		.ctx = k,
		.enter = enter,
		.run = run,
		.leave = leave };

	if (!k)
		return RC_NOMEM;
	k->control = c;
	enum rc rc = loop_timer_new(c->loop, on_time, k, &k->timer);
	if (rc == RC_OK)
		rc = pool_new(&conf, &k->pool, f);
	if (rc != RC_OK)
		return rc;
	loop_timer_at(k->timer, loop_now_ms(c->loop) + TICK_MS);
	*ret = take(k);
	return RC_OK;
}

void warden_stop(struct warden *k)
{
	if (!k)
		return;
	k->stopped = true;
	pool_free(take(k->pool));
}

void warden_free(struct warden *k)
{
	if (!k)
		return;
	pool_free(take(k->pool));
	loop_timer_free(k->timer);
	arena_done(&k->arena);
	free(k);
}
