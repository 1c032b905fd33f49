/*
 * poll_view: a poll as the API shows it. It can be read in any transaction.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"

struct poll_view {
	const char *id, *mode, *selector, *status;
	uint32_t total, answered, changed, unchanged, unknown;
	int64_t eta_s; /* see sources_eta_poll; 0: it is over */
	const char *tenant_id, *created_by;
	int64_t created_at, finished_at;
};
extern const struct field poll_view_fields[];

/* Columns in the order of the table. What is read by them still needs poll_view_fill. */
#define POLL_VIEW_COLUMNS                                                                                   \
	"id, mode, selector, status, total, asked, changed, unchanged, unknown, 0, tenant_id, created_by, " \
	"created_at, finished_at"
must_check enum rc poll_view_fill(struct tx *tx, struct poll_view *v); /* eta_s */

must_check enum rc poll_view_one(struct tx *tx, const char *id, struct poll_view *ret);
