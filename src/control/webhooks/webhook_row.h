/* webhook_row: an endpoint as the API shows it. */
#pragma once

#include "base/field.h"
#include "control/http/route.h"

struct webhook_row {
	const char *id, *tenant_id, *created_by, *url;
	struct field_list types; /* of const char *; empty: all */
	const char *job_id, *account_id, *region_id;
	bool enabled, thin;
	int format; /* enum event_format */
	const char *disabled_reason;
	int64_t pos;
	uint32_t pending;
	int64_t failing_since;
	uint32_t last_status;
	int64_t last_at;
	const char *public_key, *old_public_key;
	int64_t old_until, version, created_at, updated_at;
	const char *secret; /* only in the answer that made it */
};

extern const struct field webhook_row_fields[], webhook_row_in_fields[];
/* Bits of call.given after a patch, in the order of webhook_row_in_fields. */
enum webhook_row_given {
	WEBHOOK_ROW_URL = 1,
	WEBHOOK_ROW_TYPES = 2,
	WEBHOOK_ROW_JOB = 4,
	WEBHOOK_ROW_ACCOUNT = 8,
	WEBHOOK_ROW_REGION = 16,
	WEBHOOK_ROW_ENABLED = 32,
	WEBHOOK_ROW_THIN = 64,
	WEBHOOK_ROW_FORMAT = 128,
};

#define WEBHOOK_ROW_SELECT                                                                                         \
	"SELECT w.id, w.tenant_id, w.created_by, w.url, w.types, w.job_id, w.account_id, w.region_id, w.enabled, " \
	"w.thin, w.format, w.disabled_reason, "                                                                    \
	"w.pos, (SELECT COUNT(*) FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.finished_at = 0), "     \
	"w.failing_since, w.last_status, w.last_at, w.public_key, w.old_public_key, w.old_until, w.version, "      \
	"w.created_at, w.updated_at, NULL FROM webhooks w "

must_check enum rc webhook_row_load(struct tx *tx, const char *id, struct webhook_row *ret);

/* Its `format` as a column has it. */
const char *webhook_row_format(const struct webhook_row *w);
/* Appends the event, JSON as the log has it, in the words that the webhook asks for. */
must_check enum rc webhook_row_say(struct tx *tx, const struct webhook_row *w, const char *event, struct buf *to);

/* What it is to tell of must be the tenant's; and who may follow some things only, names one of them. Problems go to c->reader. */
must_check enum rc webhook_row_subject(struct call *c, const struct webhook_row *v);

/* Quotas have room for it, before it is written: else RC_QUOTA. And they get it back when it is gone. */
must_check enum rc webhook_row_reserve(struct tx *tx, const char *id);
must_check enum rc webhook_row_settle(struct tx *tx, const char *id);
