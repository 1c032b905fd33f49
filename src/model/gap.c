#include "model/gap.h"

#include <stddef.h>

const char *const gap_words[] = { "", "full_update", "current_went_back", "empty_lists", "too_far", "list_too_long",
	"tick_lost", NULL };

enum gap_why gap_suspect(const struct gap_tick *t)
{
	if (t->full)
		return GAP_TOLD;
	if (t->current < t->since)
		return GAP_BACK; /* another connection manager, which has not heard of what we know */
	if (t->current > t->since && t->apps == 0 && t->packages == 0)
		return GAP_EMPTY;
	if (t->current - t->since > GAP_NUMBERS)
		return GAP_FAR;
	if (t->apps >= GAP_NUMBERS || t->packages >= GAP_NUMBERS)
		return GAP_LONG;
	return t->late_ms > GAP_LATE_MS ? GAP_LATE : GAP_NONE;
}
