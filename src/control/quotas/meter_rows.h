/*
 * meter_rows: the shared truth of limits, in the database: one row for each subject, and one for the slots that each control plane
 * holds of it. On the writer's thread: as there is one writer at a time over all control planes, a row is read and written as one.
 */
#pragma once

#include "control/tx.h"
#include "model/meter.h"

/* A share of the row (see meter_lease), after the rest of an earlier one was put back. */
struct meter_rows_ask {
	const char *subject;
	const struct meter_limits *limits;
	const struct meter_share *share;
	const struct meter_rest *rest;
	uint32_t waiting;
};
must_check enum rc meter_rows_lease(struct tx *tx, const struct meter_rows_ask *ask, struct meter_grant *ret);

/* `slots`: that the share has left. */
must_check enum rc meter_rows_return(
	struct tx *tx, const char *subject, const struct meter_rest *rest, uint32_t slots);

/* Slots of control planes that are gone. */
must_check enum rc meter_rows_purge(struct tx *tx);

/* So many requests of a key in an hour (since 1970). */
struct meter_rows_use {
	const char *key_id, *address;
	int64_t hour, requests, refused, last_ms; /* refused: of the requests */
};
must_check enum rc meter_rows_count(struct tx *tx, const struct meter_rows_use *u);
