#include "control/updates/builds.h"
#include "control/rows.h"
#include "control/updates/build_rows.h"
#include "control/updates/title_facts.h"
#include "model/action_download.h"
#include "wire/field_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_MS 1800000

/* How long after the n-th question the next is put: 5 s were before the first. */
static int64_t pause_after(int64_t tries)
{
	static const int64_t first[] = { 10000, 15000, 30000 };
	int64_t ms = 60000;

	if (tries < 3)
		return first[tries];
	for (int64_t i = 3; i < tries && ms < LONGEST_MS; i++)
		ms *= 2;
	return ms < LONGEST_MS ? ms : LONGEST_MS;
}

struct due_row {
	const char *id, *ref, *branch, *depots, *scope, *account_id;
	int64_t tries, announced_at;
};
static const struct field due_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct due_row, id) },
	{ .name = "ref", .type = FIELD_STR, FIELD_AT(struct due_row, ref) },
	{ .name = "branch", .type = FIELD_STR, FIELD_AT(struct due_row, branch) },
	{ .name = "depots", .type = FIELD_STR, FIELD_AT(struct due_row, depots) },
	{ .name = "scope", .type = FIELD_STR, FIELD_AT(struct due_row, scope) },
	{ .name = "accountId", .type = FIELD_STR, FIELD_AT(struct due_row, account_id) },
	{ .name = "tries", .type = FIELD_I64, FIELD_AT(struct due_row, tries) },
	{ .name = "announcedAt", .type = FIELD_I64, FIELD_AT(struct due_row, announced_at) },
	{ 0 },
};

/* What a probe asks for: the app's own depots. Those of other apps and of DLC want licences of their own. */
static enum rc read_depots(struct tx *tx, const char *text, struct field_list *ret)
{
	auto_json struct json_t *j = NULL;
	enum rc rc = json_read(text, strlen(text), &j, tx->fault);
	size_t n = 0;

	if (rc != RC_OK)
		return rc;
	struct action_download_depot *to = arena_take(tx->arena, (json_array_size(j) + 1) * sizeof(*to));
	if (!to)
		return RC_NOMEM;
	for (size_t i = 0; i < json_array_size(j); i++) {
		const json_t *d = json_array_get(j, i);
		const char *id = json_string_value(json_object_get(d, "depot")),
			   *manifest = json_string_value(json_object_get(d, "manifest"));
		if (!id || !manifest || json_object_get(d, "fromApp") || json_object_get(d, "dlcApp"))
			continue;
		to[n].id = (uint32_t)strtoul(id, NULL, 10);
		to[n].manifest = arena_str(tx->arena, manifest);
		if (!to[n++].manifest)
			return RC_NOMEM;
	}
	*ret = (struct field_list){ to, n };
	return RC_OK;
}

/* It counts as asked; one that nobody could ever fetch is not asked for ever. */
static enum rc put_off(struct tx *tx, const struct due_row *d, bool over)
{
	static const struct store_query set = { .sql = "UPDATE builds SET probe_tries = $2, probe_at = $3 WHERE id "
						       "= $1" };
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(d->id), store_int(d->tries + 1),
			store_int(over ? 0 : tx->now_ms + pause_after(d->tries))),
		tx->fault);
}

enum rc builds_due(struct tx *tx, bool owned, uint32_t limit, struct field_list *ret)
{
	static const struct store_query find = {
		.sql = "SELECT b.id, t.ref, b.branch, b.depots, t.scope, a.id, b.probe_tries, b.announced_at FROM "
		       "builds b JOIN titles t ON t.id = b.title_id LEFT JOIN watches w ON w.title_id = t.id AND "
		       "t.scope <> '' LEFT JOIN accounts a ON a.id = w.account_id AND a.tenant_id = t.scope AND "
		       "a.enabled = 1 AND a.state = 'online' WHERE b.probe_at > 0 AND b.probe_at <= $1 AND ($3 = "
		       "'owned') = (t.scope <> '') ORDER BY b.probe_at LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list rows = { 0 };
	size_t n = 0;

	enum rc rc = store_run(tx->db, &find,
		STORE_ARGS(store_int(tx->now_ms), store_int(limit), store_text(owned ? "owned" : "")), &r,
		tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ due_fields, tx->arena, NULL }, sizeof(struct due_row), limit,
			&rows, tx->fault);
	store_close(take(r));
	struct builds_due *to = rc == RC_OK ? arena_take(tx->arena, rows.n * sizeof(*to) + 1) : NULL;
	if (rc == RC_OK && !to)
		return RC_NOMEM;
	const struct due_row *d = rows.at;
	for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
		to[n] = (struct builds_due){ .id = d[i].id,
			.ref = d[i].ref,
			.branch = d[i].branch,
			.scope = owned ? d[i].scope : NULL,
			.account_id = d[i].account_id };
		rc = read_depots(tx, d[i].depots, &to[n].depots);
		bool over = !to[n].depots.n || tx->now_ms - d[i].announced_at > BUILDS_PROBE_MS;
		if (rc == RC_OK)
			rc = put_off(tx, &d[i], over);
		n += !over && (!owned || d[i].account_id);
	}
	*ret = (struct field_list){ to, n };
	return rc;
}

struct probed_row {
	const char *title_id, *branch, *os, *build_id, *version, *direction;
};
static const struct field probed_fields[] = {
	{ .name = "titleId", .type = FIELD_STR, FIELD_AT(struct probed_row, title_id) },
	{ .name = "branch", .type = FIELD_STR, FIELD_AT(struct probed_row, branch) },
	{ .name = "os", .type = FIELD_STR, FIELD_AT(struct probed_row, os) },
	{ .name = "buildId", .type = FIELD_STR, FIELD_AT(struct probed_row, build_id) },
	{ .name = "version", .type = FIELD_STR, FIELD_AT(struct probed_row, version) },
	{ .name = "direction", .type = FIELD_STR, FIELD_AT(struct probed_row, direction) },
	{ 0 },
};

static enum rc tell_available(struct tx *tx, const char *id)
{
	static const struct store_query find = {
		.sql = "SELECT title_id, branch, os, build_id, version, direction FROM builds WHERE id = $1"
	};
	struct probed_row row = { 0 };
	struct title_row t = { 0 };
	struct field_list watchers = { 0 };

	enum rc rc = rows_one(tx->db, &find, STORE_ARGS(store_text(id)),
		(struct rows_into){ probed_fields, tx->arena, &row }, tx->fault);
	if (rc == RC_OK)
		rc = title_rows_load(tx, row.title_id, &t);
	if (rc == RC_OK)
		rc = title_rows_watchers(tx, &t, &watchers);
	if (rc != RC_OK)
		return rc;
	struct action_title_branch b = {
		.name = row.branch, .os = row.os, .build_id = row.build_id, .version = row.version
	};
	return build_rows_available(tx,
		&(struct build_rows_new){
			.title = &t, .branch = &b, .direction = row.direction, .watchers = &watchers },
		id);
}

static const struct field id_fields[] = { { .name = "id", .type = FIELD_STR }, { 0 } };
#define SCOPES_MAX 1000 /* tenants that watch a title with an account */

/* The same build as tenants' own rows of the title have it. */
static enum rc of_scopes(struct tx *tx, const char *id, struct field_list *ret)
{
	static const struct store_query find = {
		.sql = "SELECT o.id FROM builds b JOIN titles t ON t.id = b.title_id JOIN titles s ON s.store = "
		       "t.store "
		       "AND s.ref = t.ref AND s.scope <> '' JOIN builds o ON o.title_id = s.id AND o.branch = "
		       "b.branch "
		       "AND o.os = b.os AND o.build_id = b.build_id WHERE b.id = $1 AND t.scope = '' LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &find, STORE_ARGS(store_text(id), store_int(SCOPES_MAX)), &r, tx->fault);

	return rc == RC_OK ? rows_list(r, &(struct rows_into){ id_fields, tx->arena, NULL }, sizeof(const char *),
				     SCOPES_MAX, ret, tx->fault)
			   : rc;
}

static enum rc be_available(struct tx *tx, const char *id)
{
	static const struct store_query set = {
		.sql = "UPDATE builds SET available_at = $2, probe_at = 0 WHERE id = "
		       "$1 AND available_at = 0 RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(tx->db, &set, STORE_ARGS(store_text(id), store_int(tx->now_ms)), &r, tx->fault);
	store_close(take(r));
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	return tell_available(tx, id);
}

/* What everybody can fetch, those with an account can. */
enum rc builds_probed(struct tx *tx, const char *build_id, bool ok)
{
	struct field_list scopes = { 0 };

	if (!ok)
		return RC_OK; /* its next time was set when it was asked */
	enum rc rc = be_available(tx, build_id);
	if (rc == RC_OK)
		rc = of_scopes(tx, build_id, &scopes);
	const char *const *id = scopes.at;
	for (size_t i = 0; rc == RC_OK && i < scopes.n; i++)
		rc = be_available(tx, id[i]);
	return rc;
}
