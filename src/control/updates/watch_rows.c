#include "control/updates/watch_rows.h"
#include "control/fleet/labels.h"
#include "control/quotas/quotas.h"
#include "control/rows.h"
#include "control/updates/title_rows.h"
#include "control/updates/watches.h"
#include "wire/json.h"

#define AT(member) FIELD_AT(struct watch, member)

const struct field watch_rows_fields[] = {
	{ .name = "id", .type = FIELD_STR, AT(id), .doc = "wat_ and a ULID." },
	{ .name = "store", .type = FIELD_STR, AT(store), .doc = "steam, workshop, epic, gog." },
	{ .name = "titleId", .type = FIELD_STR, AT(ref), .doc = "The store's own id." },
	{ .name = "name", .type = FIELD_STR, AT(name), .doc = "What the store calls it; null: not known yet." },
	{ .name = "branches",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		AT(branches),
		.doc = "Whose builds, depots and changes are told; *: all." },
	{ .name = "classes",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		AT(classes),
		.doc = "Kinds of changes that are told; *: all." },
	{ .name = "labels", .type = FIELD_MAP, AT(labels), .doc = "Yours." },
	{ .name = "intervalSeconds",
		.type = FIELD_U32,
		AT(interval_s),
		.doc = "It is asked for when nothing was heard of it for so long." },
	{ .name = "priority", .type = FIELD_U32, AT(priority), .doc = "9 goes first where there is a queue." },
	{ .name = "accountId",
		.type = FIELD_STR,
		AT(account_id),
		.doc = "An account that may see it, where nobody else may." },
	{ .name = "state",
		.type = FIELD_STR,
		AT(state),
		.doc = "active, degraded (a source stands in for another), stale (no definite answer for three "
		       "intervals), denied, unknown_title, paused." },
	{ .name = "reason",
		.type = FIELD_STR,
		AT(reason),
		.doc = "Why the last answer was none: missing, timeout, empty, missing_token, denied, "
		       "license (the store's login does not have it), login_required (nobody has logged in), "
		       "rate_limited, "
		       "parse; null: it was one." },
	{ .name = "method", .type = FIELD_STR, AT(method), .doc = "The source of the last answer." },
	{ .name = "lastSuccessAt",
		.type = FIELD_TIME,
		AT(success_at),
		.doc = "The last definite answer; null: none yet." },
	{ .name = "lastChangeAt", .type = FIELD_TIME, AT(changed_at), .doc = "When it last was another." },
	{ .name = "freshnessSeconds",
		.type = FIELD_JSON,
		AT(freshness),
		.doc = "For so long nothing can have been missed longer; null: not known, nothing was read yet or "
		       "the source has a gap." },
	{ .name = "builds", .type = FIELD_JSON, AT(builds), .doc = "Branch to build, of its branches." },
	{ .name = "tenantId", .type = FIELD_STR, AT(tenant_id), .doc = "Whose it is." },
	{ .name = "createdBy", .type = FIELD_STR, AT(created_by), .doc = "Who made it." },
	{ .name = "version", .type = FIELD_I64, AT(version), .doc = "Counts edits; it is the ETag." },
	{ .name = "createdAt", .type = FIELD_TIME, AT(created_at), .doc = "When it was made." },
	{ .name = "updatedAt", .type = FIELD_TIME, AT(updated_at), .doc = "When it was edited last." },
	{ 0 },
};

struct builds_row {
	const char *branch, *os, *build_id;
};
static const struct field builds_fields[] = {
	{ .name = "branch", .type = FIELD_STR, FIELD_AT(struct builds_row, branch) },
	{ .name = "os", .type = FIELD_STR, FIELD_AT(struct builds_row, os) },
	{ .name = "buildId", .type = FIELD_STR, FIELD_AT(struct builds_row, build_id) },
	{ 0 },
};
#define BUILDS_MAX 2000

/* The newest of each branch stands first: the list is sorted by branch and then by time. */
static const char *builds_json(struct tx *tx, const struct watch *w, const struct field_list *rows)
{
	const struct title_watcher as = { .branches = w->branches, .classes = { (const char *[]){ "*" }, 1 } };
	const struct builds_row *b = rows->at;
	struct buf to = { 0 };

	buf_u8(&to, '{');
	for (size_t i = 0; i < rows->n; i++) {
		if (i > 0 && !strcmp(b[i].branch, b[i - 1].branch) && !strcmp(b[i].os, b[i - 1].os))
			continue;
		if (!title_rows_watches(&as, "build", b[i].branch))
			continue;
		buf_str(&to, to.n > 1 ? "," : "");
		json_put_str(&to, *b[i].os ? arena_fmt(tx->arena, "%s/%s", b[i].branch, b[i].os) : b[i].branch);
		buf_u8(&to, ':');
		json_put_str(&to, b[i].build_id);
	}
	buf_u8(&to, '}');
	const char *text = to.bad ? NULL : arena_str(tx->arena, buf_text(&to));
	buf_done(&to);
	return text;
}

enum rc watch_rows_fill(struct tx *tx, struct watch *w)
{
	static const struct store_query find = { .sql = "SELECT branch, os, build_id FROM builds WHERE title_id = "
							"(SELECT title_id FROM watches WHERE id = $1) ORDER BY "
							"branch, os, current_at DESC, id DESC LIMIT $2" };
	auto_rows struct store_rows *r = NULL;
	struct field_list rows = { 0 };

	enum rc rc = store_run(tx->db, &find, STORE_ARGS(store_text(w->id), store_int(BUILDS_MAX)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ builds_fields, tx->arena, NULL }, sizeof(struct builds_row),
			BUILDS_MAX, &rows, tx->fault);
	if (rc == RC_OK && !(w->builds = builds_json(tx, w, &rows)))
		rc = RC_NOMEM;
	return rc;
}

enum rc watch_rows_load(struct tx *tx, const char *id, struct watch *ret)
{
	static const struct store_query one = { .sql = WATCH_ROWS_SELECT
						"WHERE w.id = $1 AND $2 = '' AND $3 = ''" };
	static const struct store_query title = { .sql = "SELECT title_id, base_id FROM watches WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = rows_one(tx->db, &one,
		STORE_ARGS(store_text(id), store_text(""), store_text(""), store_int(tx->now_ms)),
		(struct rows_into){ watch_rows_fields, tx->arena, ret }, tx->fault);
	if (rc == RC_OK)
		rc = store_one(tx->db, &title, STORE_ARGS(store_text(id)), &r, tx->fault);
	ret->title_id = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;
	ret->base_id = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 1)) : NULL;
	if (rc == RC_OK && (!ret->title_id || !ret->base_id))
		rc = RC_NOMEM;
	return rc == RC_OK ? watch_rows_fill(tx, ret) : rc;
}

enum rc watch_rows_default(struct tx *tx, struct watch *w)
{
	const char **branch = arena_take(tx->arena, sizeof(*branch)),
		   **class = arena_take(tx->arena, sizeof(*class));

	if (!branch || !class)
		return RC_NOMEM;
	/* Other stores have few branches and no beta tests of others. */
	*branch = !strcmp(w->store, title_store_words[TITLE_STEAM]) ? "public" : "*";
	*class = title_class_words[TITLE_BUILD];
	if (!w->branches.n)
		w->branches = (struct field_list){ branch, 1 };
	if (!w->classes.n)
		w->classes = (struct field_list){ class, 1 };
	return RC_OK;
}

/* A title that is there already is not read again for a watch of it: its state is. */
static enum rc take_state(struct tx *tx, struct watch *w)
{
	struct title_row t = { 0 };
	enum rc rc = title_rows_load(tx, w->title_id, &t);

	if (rc != RC_OK)
		return rc;
	if (!w->state || strcmp(w->state, WATCHES_PAUSED) != 0)
		w->state = watches_state_of(&t);
	w->name = t.name;
	w->reason = t.reason;
	w->method = t.method;
	w->success_at = t.success_at;
	w->changed_at = t.changed_at;
	return RC_OK;
}

static enum rc go_to(struct tx *tx, struct watch *w, const char *title_id)
{
	static const struct store_query set = {
		.sql = "UPDATE watches SET title_id = $2, state = $3 WHERE id = $1"
	};
	w->title_id = title_id;
	enum rc rc = take_state(tx, w);
	if (rc == RC_OK)
		rc = store_do(tx->db, &set,
			STORE_ARGS(store_text(w->id), store_text(title_id), store_text(w->state)), tx->fault);
	return rc == RC_OK ? watches_recount(tx, title_id) : rc;
}

/* Nobody but its tenant has the row that it leaves: it is forgotten. */
static enum rc leave(struct tx *tx, const struct watch *w, const char *own_id)
{
	enum rc rc = watches_recount(tx, w->base_id);
	return rc == RC_OK && strcmp(own_id, w->base_id) != 0 ? title_rows_disown(tx, own_id, w->base_id) : rc;
}

/* Its account came, went, or is another. */
static enum rc settle(struct tx *tx, struct watch *w)
{
	bool is_own = strcmp(w->title_id, w->base_id) != 0;
	const char *was = w->title_id, *own = NULL;
	enum rc rc;

	if (w->account_id && is_own)
		return title_rows_want(tx, w->title_id);
	if (!w->account_id == !is_own)
		return RC_OK;
	if (is_own) {
		rc = go_to(tx, w, w->base_id);
		return rc == RC_OK ? leave(tx, w, was) : rc;
	}
	rc = title_rows_own(tx, w->base_id, w->tenant_id, &own);
	if (rc == RC_OK)
		rc = go_to(tx, w, own);
	return rc == RC_OK ? watches_recount(tx, w->base_id) : rc;
}

enum rc watch_rows_add(struct tx *tx, struct watch *w)
{
	static const struct store_query add = { .sql = "INSERT INTO watches (id, title_id, base_id, branches, "
						       "classes, labels, interval_s, priority, account_id, "
						       "state, since, tenant_id, created_by, version, created_at, "
						       "updated_at) VALUES ($1, $2, $2, $3, $4, "
						       "$5, $6, $7, $8, $9, $10, $11, $12, 1, $10, $10) ON "
						       "CONFLICT (tenant_id, base_id) DO NOTHING "
						       "RETURNING id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = watch_rows_default(tx, w);

	w->id = tx_id(tx, "wat");
	w->tenant_id = tx_tenant(tx);
	w->created_by = tx->actor;
	w->version = 1;
	w->created_at = w->updated_at = tx->now_ms;
	if (!w->id)
		return RC_NOMEM;
	if (rc == RC_OK)
		rc = title_rows_need(tx, w->store, w->ref, &w->base_id);
	w->title_id = w->base_id;
	if (rc == RC_OK)
		rc = take_state(tx, w);
	const char *branches = labels_texts_json(tx->arena, &w->branches),
		   *classes = labels_texts_json(tx->arena, &w->classes),
		   *labels = labels_json(tx->arena, &w->labels);
	if (rc == RC_OK && (!branches || !classes || !labels))
		rc = RC_NOMEM;
	if (rc == RC_OK)
		rc = quotas_reserve_one(tx, QUOTA_WATCHES, w->tenant_id, w->id);
	if (rc == RC_OK)
		rc = store_one(tx->db, &add,
			STORE_ARGS(store_text(w->id), store_text(w->title_id), store_text(branches),
				store_text(classes), store_text(labels), store_int(w->interval_s),
				store_int(w->priority), store_text(w->account_id), store_text(w->state),
				store_int(tx->now_ms), store_text(w->tenant_id), store_text(w->created_by)),
			&r, tx->fault);
	store_close(take(r));
	if (rc == RC_MISSING) {
		rc = quotas_settle(tx, w->id);
		return rc == RC_OK ? fault_set(tx->fault, RC_EXISTS, "there is a watch of %s %s already", w->store,
					     w->ref)
				   : rc;
	}
	if (rc == RC_OK)
		rc = settle(tx, w);
	return rc == RC_OK ? watches_recount(tx, w->title_id) : rc;
}

enum rc watch_rows_keep(struct tx *tx, struct watch *w)
{
	static const struct store_query set = {
		.sql = "UPDATE watches SET branches = $2, classes = $3, labels = $4, interval_s = $5, priority = "
		       "$6, "
		       "account_id = $7, state = $8, since = CASE WHEN state = 'paused' THEN $10 ELSE since END, "
		       "version = $9, updated_at = $10 WHERE id = $1"
	};
	const char *branches = labels_texts_json(tx->arena, &w->branches),
		   *classes = labels_texts_json(tx->arena, &w->classes),
		   *labels = labels_json(tx->arena, &w->labels);

	if (!branches || !classes || !labels)
		return RC_NOMEM;
	enum rc rc = store_do(tx->db, &set,
		STORE_ARGS(store_text(w->id), store_text(branches), store_text(classes), store_text(labels),
			store_int(w->interval_s), store_int(w->priority), store_text(w->account_id),
			store_text(w->state), store_int(w->version), store_int(tx->now_ms)),
		tx->fault);
	if (rc == RC_OK)
		rc = settle(tx, w);
	return rc == RC_OK ? watches_recount(tx, w->title_id) : rc;
}

enum rc watch_rows_drop(struct tx *tx, const struct watch *w)
{
	static const struct store_query drop = { .sql = "DELETE FROM watches WHERE id = $1" };
	enum rc rc = store_do(tx->db, &drop, STORE_ARGS(store_text(w->id)), tx->fault);

	if (rc == RC_OK)
		rc = quotas_settle(tx, w->id);
	return rc == RC_OK ? leave(tx, w, w->title_id) : rc;
}

static const struct field orphan_fields[] = { { .name = "id", .type = FIELD_STR }, { 0 } };
#define ORPHANS_AT_ONCE 100

enum rc watch_rows_scan(struct tx *tx)
{
	static const struct store_query find = {
		.sql = "SELECT w.id FROM watches w WHERE w.account_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
		       "accounts a WHERE a.id = w.account_id) LIMIT $1"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list ids = { 0 };

	enum rc rc = store_run(tx->db, &find, STORE_ARGS(store_int(ORPHANS_AT_ONCE)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ orphan_fields, tx->arena, NULL }, sizeof(const char *),
			ORPHANS_AT_ONCE, &ids, tx->fault);
	store_close(take(r));
	const char *const *id = ids.at;
	for (size_t i = 0; rc == RC_OK && i < ids.n; i++) {
		struct watch w = { 0 };
		rc = watch_rows_load(tx, id[i], &w);
		w.account_id = NULL;
		w.version++;
		if (rc == RC_OK)
			rc = watch_rows_keep(tx, &w);
	}
	return rc;
}
