#include "control/updates/poll_view.h"
#include "control/rows.h"
#include "control/updates/sources_eta.h"

#include <string.h>

#define AT(member) FIELD_AT(struct poll_view, member)

const struct field poll_view_fields[] = {
	{ .name = "id", .type = FIELD_STR, AT(id), .doc = "pol_ and a ULID." },
	{ .name = "mode", .type = FIELD_STR, AT(mode), .doc = "metadata, full." },
	{ .name = "selector", .type = FIELD_JSON, AT(selector), .doc = "As asked for." },
	{ .name = "status", .type = FIELD_STR, AT(status), .doc = "running, finished, canceled." },
	{ .name = "total", .type = FIELD_U32, AT(total), .doc = "Titles." },
	{ .name = "answered", .type = FIELD_U32, AT(answered), .doc = "Those with an answer." },
	{ .name = "changed", .type = FIELD_U32, AT(changed), .doc = "Those that are others now." },
	{ .name = "unchanged",
		.type = FIELD_U32,
		AT(unchanged),
		.doc = "Those of which it is known that they are the same, or that were read for the first time." },
	{ .name = "unknown", .type = FIELD_U32, AT(unknown), .doc = "Those of which the store said nothing." },
	{ .name = "etaSeconds",
		.type = FIELD_I64,
		AT(eta_s),
		.doc = "In so many seconds the last title will have been asked for, as fast as the stores' rates "
		       "allow. "
		       "-1: not known, a store cannot be asked at all; 0: now, or it is over." },
	{ .name = "tenantId", .type = FIELD_STR, AT(tenant_id), .doc = "Whose it is." },
	{ .name = "createdBy", .type = FIELD_STR, AT(created_by), .doc = "Who asked." },
	{ .name = "createdAt", .type = FIELD_TIME, AT(created_at), .doc = "When." },
	{ .name = "finishedAt",
		.type = FIELD_TIME,
		AT(finished_at),
		.doc = "When the last answer came, or it was canceled; null: it runs." },
	{ 0 },
};

enum rc poll_view_fill(struct tx *tx, struct poll_view *v)
{
	if (strcmp(v->status, "running") != 0)
		return RC_OK;
	return sources_eta_poll(tx, v->id, &v->eta_s);
}

enum rc poll_view_one(struct tx *tx, const char *id, struct poll_view *ret)
{
	static const struct store_query one = { .sql = "SELECT " POLL_VIEW_COLUMNS " FROM polls WHERE id = $1" };
	enum rc rc = rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ poll_view_fields, tx->arena, ret }, tx->fault);

	return rc == RC_OK ? poll_view_fill(tx, ret) : rc;
}
