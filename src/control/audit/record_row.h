/*
 * record_row: an audit record and its row. On a worker thread.
 */
#pragma once

#include "control/tx.h"
#include "wire/audit_record.h"

/* The columns in the order of record_row_fields. */
#define RECORD_ROW_COLUMNS                                                                                      \
	"seq, ts, tenant_id, actor, session_id, peer, agent, action, resource, outcome, request_id, trace_id, " \
	"words, "                                                                                               \
	"after"

must_check enum rc record_row_put(
	struct store_conn *db, const struct audit_record *r, const uint8_t *leaf, struct fault *f);

/* Records after number `after` that have no leaf, oldest first, in the arena. */
must_check enum rc record_row_unleafed(struct tx *tx, int64_t after, size_t most, struct field_list *ret);
