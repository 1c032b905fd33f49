/*
 * gap: whether what Steam told of changes can be all of them. If not, everything that is watched is looked at before the cursor goes on.
 * Pure. product.md 5.8.4.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GAP_NUMBERS 4000    /* between two ticks; and items of one list */
#define GAP_LATE_MS 1800000 /* without a tick */

/* An answer to "what changed since". */
struct gap_tick {
	uint32_t since, current;
	uint32_t apps, packages; /* lengths of its lists */
	bool full;               /* Steam says itself that it does not know */
	int64_t late_ms;         /* since the tick before was answered */
};

enum gap_why { GAP_NONE, GAP_TOLD, GAP_BACK, GAP_EMPTY, GAP_FAR, GAP_LONG, GAP_LATE };
extern const char *const gap_words[]; /* "", "full_update", … ended by NULL */

enum gap_why gap_suspect(const struct gap_tick *t);
