#include "control/updates/build_rows.h"
#include "control/updates/title_facts.h"
#include "wire/field_json.h"

#include <string.h>

#define FIRST_PROBE_MS 5000

/* Is the depot one of this branch's build? */
static bool is_of(const struct action_title_depot *d, const struct action_title_branch *b)
{
	return (!d->branch || !strcmp(d->branch, b->name)) &&
	       (!*b->os || !d->os || !*d->os || !strcmp(d->os, b->os));
}

/* The depots of a build as JSON, in the arena; *ret_manifests: how many have a manifest. */
static const char *depots_of(struct tx *tx, const struct build_rows_new *n, size_t *ret_manifests)
{
	const struct action_title_depot *d = n->depots->at;
	struct buf b = { 0 };

	*ret_manifests = 0;
	buf_u8(&b, '[');
	for (size_t i = 0; i < n->depots->n; i++) {
		if (!is_of(&d[i], n->branch))
			continue;
		buf_str(&b, b.n > 1 ? "," : "");
		field_json_encode(title_facts_depot_fields, &d[i], &b);
		*ret_manifests += d[i].manifest != NULL;
	}
	buf_u8(&b, ']');
	const char *text = b.bad ? NULL : arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* *ret_id: NULL: it was there before. */
static enum rc add(struct tx *tx, const struct build_rows_new *n, const char *direction, int64_t available_at,
	bool probed, const char **ret_id)
{
	static const struct store_query insert = {
		.sql = "INSERT INTO builds (id, title_id, branch, os, build_id, version, direction, change_number, "
		       "depots, method, announced_at, current_at, available_at, probe_at) VALUES ($1, $2, $3, $4, "
		       "$5, $6, $7, "
		       "$8, $9, $10, $11, $11, $12, $13) ON CONFLICT (title_id, branch, os, build_id) DO NOTHING "
		       "RETURNING "
		       "id"
	};
	auto_rows struct store_rows *r = NULL;
	size_t manifests = 0;
	const char *id = tx_id(tx, "bld"), *depots = depots_of(tx, n, &manifests);
	const struct action_title_branch *b = n->branch;

	*ret_id = NULL;
	if (!id || !depots)
		return RC_NOMEM;
	probed = probed && manifests && !b->locked;
	enum rc rc = store_one(tx->db, &insert,
		STORE_ARGS(store_text(id), store_text(n->title->id), store_text(b->name), store_text(b->os),
			store_text(b->build_id), store_text(b->version), store_text(direction),
			store_int(n->title->change_number), store_text(depots), store_text(n->source),
			store_int(tx->now_ms), store_int(available_at),
			store_int(probed ? tx->now_ms + FIRST_PROBE_MS : 0)),
		&r, tx->fault);
	if (rc == RC_OK)
		*ret_id = id;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc tell(struct tx *tx, const struct build_rows_new *n, const char *id, const char *type)
{
	const struct action_title_branch *b = n->branch;
	struct buf m = { 0 };

	buf_str(&m, "\"os\":");
	json_put_str(&m, b->os);
	buf_str(&m, ",\"buildId\":");
	json_put_str(&m, b->build_id);
	if (b->version) {
		buf_str(&m, ",\"version\":");
		json_put_str(&m, b->version);
	}
	buf_fmt(&m, ",\"build\":\"%s\",\"direction\":\"%s\"", id, n->direction);
	if (n->change)
		buf_fmt(&m, ",\"source\":\"%s\",\"changeNumber\":%lld,\"change\":%lld", n->source,
			(long long)n->title->change_number, (long long)n->change);
	enum rc rc = m.bad ? RC_NOMEM
			   : title_rows_tell(tx, n->title, n->watchers,
				     &(struct title_told){
					     type, title_class_words[TITLE_BUILD], b->name, buf_text(&m) });
	buf_done(&m);
	return rc;
}

/* A build that is known is the branch's again. */
static enum rc be_current(struct tx *tx, const struct build_rows_new *n)
{
	static const struct store_query set = { .sql = "UPDATE builds SET current_at = $5 WHERE title_id = $1 AND "
						       "branch = $2 AND os = $3 AND build_id = $4" };
	const struct action_title_branch *b = n->branch;

	return store_put(tx->db, &set,
		STORE_ARGS(store_text(n->title->id), store_text(b->name), store_text(b->os),
			store_text(b->build_id), store_int(tx->now_ms)),
		tx->fault);
}

enum rc build_rows_announce(struct tx *tx, const struct build_rows_new *n, bool *ret_known)
{
	/* The lists of other stores name what can be fetched. */
	bool probed = !strcmp(n->title->store, title_store_words[TITLE_STEAM]);
	const char *id = NULL;
	enum rc rc = add(tx, n, n->direction, probed ? 0 : tx->now_ms, probed, &id);

	*ret_known = !id;
	if (rc == RC_OK && !id)
		rc = be_current(tx, n);
	if (rc == RC_OK && id)
		rc = tell(tx, n, id, "title.build_announced");
	return rc == RC_OK && id && !probed ? build_rows_available(tx, n, id) : rc;
}

enum rc build_rows_available(struct tx *tx, const struct build_rows_new *n, const char *id)
{
	struct build_rows_new told = *n;

	told.change = 0;
	return tell(tx, &told, id, "title.build_available");
}

enum rc build_rows_first(struct tx *tx, const struct build_rows_new *n)
{
	const char *id = NULL;
	return add(tx, n, BUILDS_FIRST, 0, false, &id);
}

enum rc build_rows_last(struct tx *tx, const char *title_id, struct action_title_branch *branch,
	const char *build_id, bool *ret_knows, bool *ret_new)
{
	static const struct store_query find = { .sql = "SELECT build_id FROM builds WHERE title_id = "
							"$1 AND branch = $2 AND os = $3 ORDER BY current_at DESC, "
							"id DESC LIMIT 1" };
	static const struct store_query same = { .sql = "SELECT 1 FROM builds WHERE title_id = $1 AND branch = $2 "
							"AND os = $3 AND build_id = $4" };
	auto_rows struct store_rows *r = NULL, *s = NULL;
	enum rc rc = store_one(tx->db, &find,
		STORE_ARGS(store_text(title_id), store_text(branch->name), store_text(branch->os)), &r, tx->fault);

	*ret_knows = rc == RC_OK;
	*ret_new = false;
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	branch->build_id = arena_str(tx->arena, store_col_text(r, 0));
	store_close(take(r));
	rc = store_one(tx->db, &same,
		STORE_ARGS(store_text(title_id), store_text(branch->name), store_text(branch->os),
			store_text(build_id)),
		&s, tx->fault);
	*ret_new = rc == RC_MISSING;
	return rc == RC_MISSING ? RC_OK : rc;
}
