#include "control/triggers/trigger_row.h"

#include "control/rows.h"
#include "io/zoneinfo.h"
#include "wire/field_json.h"

#include <string.h>

#define ROW(of, name_, member, type_, doc_, ...)                                                            \
	{                                                                                                   \
		.name = (name_), .type = (type_), FIELD_AT(struct of, member), .doc = (doc_), ##__VA_ARGS__ \
	}

/* clang-format off */
const struct field trigger_row_fields[] = {
	ROW(trigger, "id", id, FIELD_STR, "trg_ and a ULID."),
	ROW(trigger, "name", name, FIELD_STR, "Unique."),
	ROW(trigger, "enabled", enabled, FIELD_BOOL, "Whether it looks at what happens."),
	ROW(trigger, "on", on, FIELD_JSON, "On what: type, store, title, labels, branch, os, class."),
	ROW(trigger, "action", action, FIELD_JSON, "What is done: job or webhookId."),
	ROW(trigger, "debounceSeconds", debounce_s, FIELD_U32, "How long nothing newer of the title may come before it is done."),
	ROW(trigger, "quietHours", quiet, FIELD_JSON, "When it waits: timezone, from, to; null: never."),
	ROW(trigger, "tenantId", tenant_id, FIELD_STR, "Whose it is."),
	ROW(trigger, "createdBy", created_by, FIELD_STR, "Who made it."),
	ROW(trigger, "version", version, FIELD_I64, "Counts edits; it is the ETag."),
	ROW(trigger, "createdAt", created_at, FIELD_TIME, "When it was made."),
	ROW(trigger, "updatedAt", updated_at, FIELD_TIME, "When it was edited last."),
	{ 0 },
};

const struct field trigger_on_fields[] = {
	ROW(trigger_on, "type", type, FIELD_STR, "title.build_announced, title.build_available, title.changed or title.visibility_changed.",
		.max = 40, .flags = FIELD_NULLABLE),
	ROW(trigger_on, "store", store, FIELD_STR, "steam, workshop, epic or gog; without one any.", .max = 16, .flags = FIELD_NULLABLE),
	ROW(trigger_on, "title", title, FIELD_STR, "The store's own id of a title; without one all that are watched.", .max = 200,
		.flags = FIELD_NULLABLE),
	ROW(trigger_on, "labels", labels, FIELD_MAP, "Labels that the watch has, all of them."),
	ROW(trigger_on, "branch", branch, FIELD_STR, "The branch; without one any.", .max = 64, .flags = FIELD_NULLABLE),
	ROW(trigger_on, "os", os, FIELD_STR, "The system, where builds differ by it; without one any.", .max = 16, .flags = FIELD_NULLABLE),
	ROW(trigger_on, "class", class, FIELD_STR, "The class of the change; without one any.", .max = 32, .flags = FIELD_NULLABLE),
	{ 0 },
};

const struct field trigger_action_fields[] = {
	ROW(trigger_action, "job", job, FIELD_JSON, "A job as createJob takes it; {{titleId}}, {{branch}}, {{buildId}} … in its texts stand for "
		"members of the event.", .flags = FIELD_NULLABLE),
	ROW(trigger_action, "download", download, FIELD_JSON, "A download as createDownload takes it, a template as well.",
		.flags = FIELD_NULLABLE),
	ROW(trigger_action, "webhookId", webhook_id, FIELD_STR, "An endpoint that is told, whatever types it asks for.", .max = 64,
		.flags = FIELD_NULLABLE),
	{ 0 },
};

const struct field trigger_quiet_fields[] = {
	ROW(trigger_quiet, "timezone", timezone, FIELD_STR, "On whose clocks, by its IANA name; without one UTC.", .min = 1,
		.max = ZONEINFO_NAME_MAX),
	ROW(trigger_quiet, "from", from, FIELD_STR, "22:00 and the like.", .min = 5, .max = 5, .flags = FIELD_REQUIRED),
	ROW(trigger_quiet, "to", to, FIELD_STR, "The end, also on the next day.", .min = 5, .max = 5, .flags = FIELD_REQUIRED),
	{ 0 },
};

const struct field trigger_fire_fields[] = {
	ROW(trigger_fire, "id", id, FIELD_STR, "tfi_ and a ULID."),
	ROW(trigger_fire, "triggerId", trigger_id, FIELD_STR, "The trigger."),
	ROW(trigger_fire, "buildKey", build_key, FIELD_STR, "What it is about: each once for a trigger."),
	ROW(trigger_fire, "status", status, FIELD_STR, "pending, fired, succeeded, failed, or superseded by a newer build of the title."),
	ROW(trigger_fire, "notBefore", not_before, FIELD_TIME, "When it is done at the earliest."),
	ROW(trigger_fire, "made", made, FIELD_STR, "The job or the delivery that it made."),
	ROW(trigger_fire, "problem", problem, FIELD_STR, "Why it failed."),
	ROW(trigger_fire, "event", event, FIELD_JSON, "The payload of the event that it is about."),
	ROW(trigger_fire, "createdAt", created_at, FIELD_TIME, "When the event was seen."),
	ROW(trigger_fire, "firedAt", fired_at, FIELD_TIME, "When it was done."),
	ROW(trigger_fire, "finishedAt", finished_at, FIELD_TIME, "When the job or the delivery was over."),
	{ 0 },
};
/* clang-format on */

enum rc trigger_row_load(struct tx *tx, const char *id, struct trigger *ret)
{
	static const struct store_query one = { .sql = "SELECT " TRIGGER_ROW_COLUMNS
						       " FROM triggers WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ trigger_row_fields, tx->arena, ret }, tx->fault);
}

static enum rc named(struct tx *tx, const struct trigger *t, enum rc rc)
{
	return rc == RC_EXISTS ? fault_set(tx->fault, rc, "there is a trigger with the name %s already", t->name)
			       : rc;
}

#define VALUES(t)                                                                                 \
	store_text((t)->id), store_text((t)->name), store_int((t)->enabled), store_text((t)->on), \
		store_text((t)->action), store_int((t)->debounce_s), store_text((t)->quiet),      \
		store_int((t)->version), store_int((t)->updated_at)

enum rc trigger_row_add(struct tx *tx, const struct trigger *t)
{
	static const struct store_query add = { .sql = "INSERT INTO triggers (id, name, enabled, match, action, "
						       "debounce_s, quiet, version, updated_at, "
						       "created_at, tenant_id, created_by, after_pos) VALUES ($1, "
						       "$2, $3, $4, $5, $6, $7, $8, $9, $9, "
						       "$10, $11, (SELECT COALESCE(MAX(pos), 0) FROM events))" };
	return named(tx, t,
		store_do(tx->db, &add, STORE_ARGS(VALUES(t), store_text(t->tenant_id), store_text(t->created_by)),
			tx->fault));
}

enum rc trigger_row_keep(struct tx *tx, const struct trigger *t, bool again)
{
	static const struct store_query set = {
		.sql = "UPDATE triggers SET name = $2, enabled = $3, match = $4, action = $5, debounce_s = $6, "
		       "quiet = $7, "
		       "version = $8, updated_at = $9, after_pos = CASE WHEN CAST($10 AS BIGINT) = 1 THEN (SELECT "
		       "COALESCE(MAX(pos), 0) FROM events) ELSE after_pos END WHERE id = $1"
	};
	return named(tx, t, store_do(tx->db, &set, STORE_ARGS(VALUES(t), store_int(again)), tx->fault));
}

static enum rc read_json(struct tx *tx, const struct field *t, const char *json, void *ret)
{
	auto_json struct json_t *j = NULL;
	struct field_reader r = { .arena = tx->arena };

	enum rc rc = json_read(json, strlen(json), &j, tx->fault);
	return rc == RC_OK ? field_json_decode(t, j, &r, ret, tx->fault) : rc;
}

enum rc trigger_row_on(struct tx *tx, const char *json, struct trigger_on *ret)
{
	*ret = (struct trigger_on){ 0 };
	return read_json(tx, trigger_on_fields, json, ret);
}

enum rc trigger_row_action(struct tx *tx, const char *json, struct trigger_action *ret)
{
	*ret = (struct trigger_action){ 0 };
	return read_json(tx, trigger_action_fields, json, ret);
}

enum rc trigger_row_quiet(struct tx *tx, const char *json, struct quiet *ret)
{
	struct trigger_quiet said = { 0 };
	struct buf b = { 0 };

	*ret = (struct quiet){ 0 };
	if (!json)
		return RC_OK;
	enum rc rc = read_json(tx, trigger_quiet_fields, json, &said);
	if (rc == RC_OK)
		rc = quiet_minutes(said.from, &ret->from, tx->fault);
	if (rc == RC_OK)
		rc = quiet_minutes(said.to, &ret->to, tx->fault);
	const char *zone = said.timezone ? said.timezone : "UTC";
	if (rc == RC_OK)
		rc = zoneinfo_read(zone, &b, tx->fault);
	if (rc == RC_OK)
		rc = zone_parse(b.p, b.n, tx->arena, &ret->zone, tx->fault);
	buf_done(&b);
	return rc == RC_MALFORMED
		       ? fault_set(tx->fault, RC_INVALID, "the system's file of %s is no time zone", zone)
		       : rc;
}
