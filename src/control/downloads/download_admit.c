#include "control/downloads/download_admit.h"
#include "control/control.h"
#include "control/downloads/download_account.h"
#include "control/downloads/download_begin.h"
#include "control/downloads/download_bytes.h"
#include "control/downloads/download_leave.h"
#include "control/downloads/download_progress.h"
#include "control/downloads/download_request.h"
#include "control/downloads/download_store.h"
#include "control/quotas/quotas.h"

struct admit {
	struct tx *tx;
	struct download_row *d;
	struct download_request in;
	const char *account_id;
	int64_t max_bytes; /* 0: no limit */
	struct download_store store;
	bool done; /* it is out of the way already */
};

static enum rc put_off(struct admit *a, enum download_reason why, int64_t until)
{
	struct download_row *d = a->d;
	bool told = d->reason && !strcmp(d->reason, download_reason_words[why]);

	a->done = true;
	d->reason = download_reason_words[why];
	d->not_before = until;
	enum rc rc = told ? RC_OK : download_progress_waits(a->tx, d);
	if (rc == RC_OK)
		rc = download_row_keep(a->tx, d);
	return rc == RC_OK && !told
		       ? download_row_log(a->tx, d->id, arena_fmt(a->tx->arena, "waits: %s", d->reason))
		       : rc;
}

static enum rc fail(struct admit *a, const char *code, const char *detail)
{
	a->done = true;
	a->d->error = download_row_error(a->tx, code, detail, false);
	if (!a->d->error)
		return RC_NOMEM;
	return download_leave(a->tx, a->d, DOWNLOAD_FAILED, code);
}

/* Who fetches the same already? With a session that is nobody's they do it for all tenants, else for their own alone. */
static enum rc find_leader(struct tx *tx, const struct download_row *d, const char **ret)
{
	static const struct store_query find = { .sql = "SELECT id FROM downloads WHERE content_key = $1 AND "
							"finished_at = 0 AND id <> $2 AND wants IS NULL "
							"AND state NOT IN ('queued', 'attached', 'paused', "
							"'canceling') AND (tenant_id = $3 OR (account_id "
							"IS NULL AND $4 = 0)) ORDER BY id LIMIT 1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find,
		STORE_ARGS(store_text(d->content_key), store_text(d->id), store_text(d->tenant_id),
			store_int(d->licensed)),
		&r, tx->fault);

	*ret = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;
	if (rc == RC_OK && !*ret)
		return RC_NOMEM;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc follow(struct admit *a)
{
	const char *leader = NULL;
	enum rc rc = find_leader(a->tx, a->d, &leader);

	if (rc != RC_OK || !leader)
		return rc;
	a->done = true;
	a->d->leader_id = leader;
	rc = download_bytes_settle(a->tx, a->d); /* of a paused one that goes on */
	download_store_release(a->tx, a->d);
	return rc == RC_OK ? download_row_move(a->tx, a->d, DOWNLOAD_ATTACHED, leader) : rc;
}

/* Slots of its maker: the key's own limit, and quotas. */
static enum rc take_slot(struct admit *a, bool *ret_blocked)
{
	static const struct store_query of_key = {
		.sql = "SELECT k.max_concurrent, (SELECT COUNT(*) FROM downloads d WHERE d.created_by = CAST($1 AS "
		       "TEXT) AND "
		       "d.finished_at = 0 AND d.state NOT IN ('queued', 'attached', 'paused')) FROM api_keys k "
		       "WHERE "
		       "'key:' || k.id = CAST($1 AS TEXT) AND k.id = substr(CAST($1 AS TEXT), 5)"
	};
	const struct quotas_want want = { QUOTA_DOWNLOADS, 1 };
	struct tx *tx = a->tx;
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &of_key, STORE_ARGS(store_text(a->d->created_by)), &r, tx->fault);

	*ret_blocked = rc == RC_OK && store_col_int(r, 0) > 0 && store_col_int(r, 1) >= store_col_int(r, 0);
	store_close(take(r));
	if ((rc != RC_OK && rc != RC_MISSING) || *ret_blocked)
		return rc;
	rc = quotas_reserve(tx,
		&(struct quotas_ask){ .tenant_id = a->d->tenant_id,
			.maker = a->d->created_by,
			.owner_id = a->d->id,
			.wants = &want,
			.n = 1 },
		NULL);
	*ret_blocked = rc == RC_QUOTA;
	if (rc == RC_QUOTA) {
		tx->violated = NULL;
		*tx->fault = (struct fault){ 0 };
	}
	return rc == RC_QUOTA ? RC_OK : rc;
}

/* How much it is likely to be: as it was told, or as the same was the last time; 0: nobody knows. */
static enum rc estimate(struct admit *a, int64_t *ret)
{
	static const struct store_query last = { .sql = "SELECT bytes_total FROM downloads WHERE content_key = $1 "
							"AND finished_at > 0 AND bytes_total > 0 "
							"ORDER BY finished_at DESC LIMIT 1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = RC_OK;

	*ret = a->d->estimate;
	if (!*ret) {
		rc = store_one(a->tx->db, &last, STORE_ARGS(store_text(a->d->content_key)), &r, a->tx->fault);
		*ret = rc == RC_OK ? store_col_int(r, 0) : 0;
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

/* What the store could never hold is told at once; what it cannot hold now waits. */
static enum rc find_store(struct admit *a, bool *ret_blocked)
{
	int64_t bytes = 0;
	enum rc rc = estimate(a, &bytes);

	if (rc == RC_OK)
		rc = download_store_find(a->tx, a->d, &a->in, bytes, &a->store);
	*ret_blocked = rc == RC_OK && (!a->store.bytes || atomic_load(&a->tx->control->storage_full));
	if (rc != RC_OK || a->store.needs <= a->store.mark || !a->store.mark)
		return rc;
	return fail(a, "disk_full",
		arena_fmt(a->tx->arena,
			"it takes %lld bytes of the store, which may have %lld at most (downloads.max_mib, "
			"downloads.high_percent)",
			(long long)a->store.needs, (long long)a->store.mark));
}

static enum rc over_quota(struct admit *a, const struct download_room *room)
{
	if (room->never)
		return fail(a, "quota_exceeded",
			arena_fmt(a->tx->arena, "it has more bytes than %s may have at all", room->who));
	if (a->in.on_quota == DOWNLOAD_QUOTA_REJECT)
		return fail(a, "quota_exceeded",
			arena_fmt(a->tx->arena, "%s has no bytes left until the limit begins anew", room->who));
	return put_off(a, DOWNLOAD_FOR_QUOTA, room->reset);
}

/*
 * Reserves what it may need. The agent is held to that: so no more than a limit allows is ever sent. When it turns out to need more, it
 * waits again, with the number that is known then. A paused one settles what it used before, and reserves anew.
 */
static enum rc take_bytes(struct admit *a)
{
	struct download_room room = { 0 };
	int64_t bytes = 0;
	enum rc rc = download_bytes_settle(a->tx, a->d);

	if (rc == RC_OK)
		rc = download_bytes_reserve(a->tx, a->d, 0, &room);
	a->max_bytes = a->in.limits.max_bytes;
	if (rc != RC_OK || !room.limited)
		return rc;
	if (!room.fits)
		return over_quota(a, &room);
	rc = estimate(a, &bytes);
	int64_t most = (room.left - 1048576) / 21 * 20;
	bool known = bytes > 0 || a->max_bytes;
	if (bytes == 0)
		bytes = most > 0 && most < DOWNLOAD_ADMIT_GUESS ? most : DOWNLOAD_ADMIT_GUESS;
	if (a->max_bytes && a->max_bytes < bytes)
		bytes = a->max_bytes;
	if (rc == RC_OK)
		rc = download_bytes_reserve(a->tx, a->d, download_reserve(bytes), &room);
	room.never &= known;
	if (rc == RC_OK && !room.fits)
		return over_quota(a, &room);
	if (!a->max_bytes || bytes < a->max_bytes)
		a->max_bytes = bytes;
	return rc;
}

/* Is the one that was named still there? */
static enum rc check_named(struct admit *a)
{
	static const struct store_query find = {
		.sql = "SELECT enabled FROM accounts WHERE id = $1 AND tenant_id = $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(a->tx->db, &find, STORE_ARGS(store_text(a->account_id), store_text(a->d->tenant_id)),
		&r, a->tx->fault);

	if (rc == RC_MISSING)
		return fail(a, "not_found", "the account is not there any more");
	if (rc == RC_OK && !store_col_int(r, 0))
		return put_off(a, DOWNLOAD_FOR_ACCOUNT, a->tx->now_ms + DOWNLOAD_ADMIT_AGAIN_MS);
	return rc;
}

static enum rc choose_account(struct admit *a)
{
	enum download_choice how;
	enum rc rc = download_account_choose(a->tx, a->d, &a->in, &how, &a->account_id);

	if (rc == RC_OK && how == DOWNLOAD_CHOICE_MADE && a->account_id)
		return check_named(a);

	if (rc == RC_OK && how == DOWNLOAD_CHOICE_LATER)
		return put_off(a, DOWNLOAD_FOR_ACCOUNT, a->tx->now_ms + DOWNLOAD_ADMIT_AGAIN_MS);
	if (rc == RC_OK && how == DOWNLOAD_CHOICE_NONE)
		return fail(a, "no_license", "no account of the tenant is known to have a licence for it");
	return rc;
}

static enum rc begin(struct admit *a)
{
	enum rc rc = a->account_id ? download_account_used(a->tx, a->account_id) : RC_OK;

	download_store_hold(a->d, &a->store);
	if (!a->max_bytes || a->store.max_bytes < a->max_bytes)
		a->max_bytes = a->store.max_bytes;
	return rc == RC_OK ? download_begin(
				     a->tx, &(struct download_begin){ a->d, &a->in, a->account_id, a->max_bytes })
			   : rc;
}

/* Says once what it waits for. */
static enum rc block(struct admit *a, enum download_reason why, enum download_admitted *ret)
{
	*ret = DOWNLOAD_ADMIT_BLOCKED;
	if (a->d->reason && !strcmp(a->d->reason, download_reason_words[why]))
		return RC_OK;
	return put_off(a, why, 0);
}

enum rc download_admit_try(struct tx *tx, struct download_row *d, bool full, enum download_admitted *ret)
{
	struct admit *a = arena_take(tx->arena, sizeof(*a));
	bool blocked = false;

	if (!a)
		return RC_NOMEM;
	*a = (struct admit){ .tx = tx, .d = d };
	*ret = DOWNLOAD_ADMIT_MOVED;
	enum rc rc = download_request_read(tx, d->request, &a->in);
	if (rc == RC_INVALID) /* as another version wrote it: one that cannot be read holds up no other */
		return fail(a, "internal", "what was asked for cannot be read any more");
	if (rc == RC_OK)
		rc = follow(a);
	if (rc == RC_OK && !a->done)
		rc = find_store(a, &blocked);
	if (rc == RC_OK && !a->done && blocked)
		return block(a, DOWNLOAD_FOR_DISK, ret);
	if (rc == RC_OK && !a->done && full)
		return block(a, DOWNLOAD_FOR_CONCURRENCY, ret);
	if (rc == RC_OK && !a->done)
		rc = choose_account(a);
	if (rc != RC_OK || a->done)
		return rc;
	rc = take_slot(a, &blocked);
	if (rc == RC_OK && blocked)
		return block(a, DOWNLOAD_FOR_CONCURRENCY, ret);
	if (rc == RC_OK)
		rc = take_bytes(a);
	if (rc == RC_OK && a->done)
		return quotas_settle(tx, d->id);
	*ret = DOWNLOAD_ADMIT_BEGUN;
	return rc == RC_OK ? begin(a) : rc;
}
