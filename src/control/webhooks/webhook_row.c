#include "control/webhooks/webhook_row.h"
#include "control/access/decide.h"
#include "control/control.h"
#include "control/events/cloud_event.h"
#include "control/quotas/quotas.h"
#include "control/rows.h"
#include "wire/field_json.h"

#include <string.h>

#define AT(member) FIELD_AT(struct webhook_row, member)

const struct field webhook_row_fields[] = {
	{ .name = "id", .type = FIELD_STR, AT(id), .doc = "whk_ and a ULID." },
	{ .name = "tenantId", .type = FIELD_STR, AT(tenant_id), .doc = "Whose events it is told of." },
	{ .name = "createdBy", .type = FIELD_STR, AT(created_by), .doc = "Who made it." },
	{ .name = "url", .type = FIELD_STR, AT(url), .doc = "Where events are sent." },
	{ .name = "types",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		AT(types),
		.doc = "Types and patterns of events; empty: all." },
	{ .name = "jobId", .type = FIELD_STR, AT(job_id), .doc = "Only of this job; null: any." },
	{ .name = "accountId", .type = FIELD_STR, AT(account_id), .doc = "Only of this account; null: any." },
	{ .name = "regionId", .type = FIELD_STR, AT(region_id), .doc = "Only of this region; null: any." },
	{ .name = "enabled", .type = FIELD_BOOL, AT(enabled), .doc = "Whether events are sent." },
	{ .name = "thin", .type = FIELD_BOOL, AT(thin), .doc = "Events are sent without their payload." },
	{ .name = "format",
		.type = FIELD_ENUM,
		AT(format),
		.words = event_format_words,
		.doc = "In which words: as the log has them, or in the envelope of CloudEvents 1.0." },
	{ .name = "disabledReason",
		.type = FIELD_STR,
		AT(disabled_reason),
		.doc = "Why it was disabled, when it was not by people: gone, failing." },
	{ .name = "position", .type = FIELD_I64, AT(pos), .doc = "The events up to here have become deliveries." },
	{ .name = "pending", .type = FIELD_U32, AT(pending), .doc = "Deliveries that are not over." },
	{ .name = "failingSince",
		.type = FIELD_TIME,
		AT(failing_since),
		.doc = "The first failure since the last success; null: it does not fail." },
	{ .name = "lastStatus",
		.type = FIELD_U32,
		AT(last_status),
		.doc = "The last HTTP status; 0: there was no answer." },
	{ .name = "lastAttemptAt", .type = FIELD_TIME, AT(last_at), .doc = "When it was tried last." },
	{ .name = "publicKey",
		.type = FIELD_STR,
		AT(public_key),
		.doc = "Verifies the v1a signatures: whpk_ and base64 of an Ed25519 key." },
	{ .name = "oldPublicKey",
		.type = FIELD_STR,
		AT(old_public_key),
		.doc = "The one before, while its signatures are sent, too." },
	{ .name = "oldSecretUntil",
		.type = FIELD_TIME,
		AT(old_until),
		.doc = "Until then signatures by the secrets before the rotation are sent, too." },
	{ .name = "version", .type = FIELD_I64, AT(version), .doc = "It is the ETag." },
	{ .name = "createdAt", .type = FIELD_TIME, AT(created_at), .doc = "When it was made." },
	{ .name = "updatedAt", .type = FIELD_TIME, AT(updated_at), .doc = "When it was edited last." },
	{ .name = "secret",
		.type = FIELD_STR,
		AT(secret),
		.flags = FIELD_OMIT | FIELD_SECRET,
		.doc = "Verifies the v1 signatures: whsec_ and base64. Only in the answer that made it." },
	{ 0 },
};

const struct field webhook_row_in_fields[] = {
	{ .name = "url",
		.type = FIELD_STR,
		AT(url),
		.flags = FIELD_REQUIRED,
		.min = 8,
		.max = 2048,
		.doc = "Where events are sent: https://, without a user." },
	{ .name = "types",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		AT(types),
		.max = 16,
		.doc = "Types and patterns of events, such as task.*; empty: all." },
	{ .name = "jobId",
		.type = FIELD_STR,
		AT(job_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "Only of this job." },
	{ .name = "accountId",
		.type = FIELD_STR,
		AT(account_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "Only of this account." },
	{ .name = "regionId",
		.type = FIELD_STR,
		AT(region_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "Only of this region." },
	{ .name = "enabled",
		.type = FIELD_BOOL,
		AT(enabled),
		.def = 1,
		.doc = "Whether events are sent. One that is enabled again goes on where it was." },
	{ .name = "thin",
		.type = FIELD_BOOL,
		AT(thin),
		.doc = "Send events without their payload; it can be read by GET /v1/events." },
	{ .name = "format",
		.type = FIELD_ENUM,
		AT(format),
		.words = event_format_words,
		.doc = "native: as the log has them; cloudevents: in the envelope of CloudEvents 1.0, structured "
		       "mode." },
	{ 0 },
};

enum rc webhook_row_load(struct tx *tx, const char *id, struct webhook_row *ret)
{
	static const struct store_query one = { .sql = WEBHOOK_ROW_SELECT "WHERE w.id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ webhook_row_fields, tx->arena, ret }, tx->fault);
}

const char *webhook_row_format(const struct webhook_row *w) { return event_format_words[w->format]; }

enum rc webhook_row_say(struct tx *tx, const struct webhook_row *w, const char *event, struct buf *to)
{
	if (w->format == EVENT_CLOUD)
		return cloud_event_put(to, tx->control->epoch, event, strlen(event), tx->fault);
	buf_str(to, event);
	return to->bad ? RC_NOMEM : RC_OK;
}

enum rc webhook_row_subject(struct call *c, const struct webhook_row *v)
{
	const struct {
		enum object_kind kind;
		const char *id, *pointer, *words;
	} of[] = { { OBJECT_JOB, v->job_id, "/jobId", "there is no such job" },
		{ OBJECT_ACCOUNT, v->account_id, "/accountId", "there is no such account" } };

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		enum rc rc =
			of[i].id ? decide_thing(&c->tx, c->who, SCOPE_EVENTS_READ, of[i].kind, of[i].id) : RC_OK;
		if (rc != RC_OK)
			return rc == RC_MISSING
				       ? field_json_problem(c->reader, of[i].pointer, "not_one_of", of[i].words)
				       : rc;
	}
	return decide_events(&c->tx, c->who, v->job_id, v->account_id);
}

enum rc webhook_row_reserve(struct tx *tx, const char *id)
{
	return quotas_reserve_one(tx, QUOTA_WEBHOOKS, tx_tenant(tx), id);
}

enum rc webhook_row_settle(struct tx *tx, const char *id) { return quotas_settle(tx, id); }
