/* schedule_next: the answer to "when next?": moments, and what the clocks of the place show then. */
#pragma once

#include "base/field.h"
#include "control/tx.h"
#include "model/schedule.h"

#define SCHEDULE_NEXT_MAX 100

struct schedule_moment {
	int64_t at;
	const char *clock; /* 2026-03-29T03:00:00+02:00 */
};
extern const struct field schedule_next_fields[];

/* The next n ticks after a moment (ms), in the arena; fewer when there are no more. */
must_check enum rc schedule_next_list(
	struct tx *tx, const struct schedule_clock *c, int64_t after_ms, uint32_t n, struct field_list *ret);
