#include "control/updates/watch_library.h"
#include "control/engine/moves.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "control/updates/sources.h"
#include "control/updates/watch_routes.h"
#include "control/updates/watch_rows.h"
#include "model/action_library.h"
#include "model/title.h"
#include "wire/field_json.h"

struct import_row {
	struct field_list labels;
	const char *tenant_id, *created_by;
};
static const struct field import_fields[] = {
	{ .name = "labels", .type = FIELD_MAP, FIELD_AT(struct import_row, labels) },
	{ .name = "tenantId", .type = FIELD_STR, FIELD_AT(struct import_row, tenant_id) },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct import_row, created_by) },
	{ 0 },
};

struct counts {
	uint32_t created, existing;
	const char *problem; /* NULL: none */
};

static enum rc add_all(
	struct tx *tx, const struct import_row *row, const struct field_list *games, struct counts *n)
{
	const struct action_game *g = games->at;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < games->n && i < WATCH_LIBRARY_MAX; i++) {
		struct watch w = { 0 };
		const struct watch_in in = { .store = TITLE_STEAM,
			.ref = arena_fmt(tx->arena, "%u", g[i].app),
			.labels = row->labels,
			.interval_s = WATCH_ROWS_INTERVAL_S,
			.priority = WATCH_ROWS_PRIORITY };
		rc = in.ref ? watch_routes_make(tx, &in, &w) : RC_NOMEM;
		n->created += rc == RC_OK;
		n->existing += rc == RC_EXISTS;
		rc = rc == RC_EXISTS ? RC_OK : rc;
	}
	if (rc == RC_QUOTA) {
		n->problem = "quota_exceeded";
		rc = RC_OK;
	}
	return rc;
}

static enum rc add_games(struct tx *tx, const struct import_row *row, const char *result, struct counts *n)
{
	struct action_games_result got = { 0 };
	struct field_reader r = { .arena = tx->arena };
	auto_json struct json_t *j = NULL;
	const char *tenant = tx->tenant_id, *actor = tx->actor;

	enum rc rc = result ? json_read(result, strlen(result), &j, tx->fault) : RC_INVALID;
	if (rc == RC_OK)
		rc = field_json_decode(action_library_list.result, j, &r, &got, tx->fault);
	if (rc == RC_INVALID || rc == RC_MALFORMED) {
		n->problem = "malformed_result";
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	tx->tenant_id = row->tenant_id;
	tx->actor = row->created_by;
	rc = watch_routes_room(tx, got.apps.n);
	if (rc == RC_QUOTA)
		n->problem = "quota_exceeded";
	else if (rc == RC_OK)
		rc = add_all(tx, row, &got.apps, n);
	tx->tenant_id = tenant;
	tx->actor = actor;
	return rc == RC_QUOTA ? RC_OK : rc;
}

static enum rc tell(struct tx *tx, const struct import_row *row, const char *id, const struct counts *n)
{
	const char *payload = arena_fmt(tx->arena, "{\"importId\":\"%s\",\"created\":%u,\"existing\":%u%s%s%s}", id,
		n->created, n->existing, n->problem ? ",\"problem\":\"" : "", n->problem ? n->problem : "",
		n->problem ? "\"" : "");
	if (!payload)
		return RC_NOMEM;
	return events_add(
		tx, &(struct event){ .type = "watch.imported", .payload = payload, .tenant_id = row->tenant_id });
}

enum rc watch_library_fold(struct tx *tx, const struct moves_task *t)
{
	static const struct store_query find = { .sql = "SELECT labels, tenant_id, created_by FROM watch_imports "
							"WHERE id = $1" };
	static const struct store_query drop = { .sql = "DELETE FROM watch_imports WHERE id = $1" };
	struct import_row row = { 0 };
	struct counts n = { 0 };

	if (!task_is_over((enum task_status)t->status) && t->status != TASK_ATTENTION)
		return RC_OK;
	enum rc rc = rows_one(tx->db, &find, STORE_ARGS(store_text(t->owner)),
		(struct rows_into){ import_fields, tx->arena, &row }, tx->fault);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	if (t->status == TASK_SUCCEEDED)
		rc = add_games(tx, &row, t->result, &n);
	else
		n.problem = t->code ? t->code : "failed";
	if (rc == RC_OK)
		rc = store_do(tx->db, &drop, STORE_ARGS(store_text(t->owner)), tx->fault);
	sources_wake(tx->control);
	return rc == RC_OK ? tell(tx, &row, t->owner, &n) : rc;
}
