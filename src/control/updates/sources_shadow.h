/*
 * sources_shadow: two sources are asked for the same, and one of them is not believed: how often they agree tells whether it may be. They
 * agree on a title when both know it, by the same name where both tell one, or neither does. On the writer's thread.
 */
#pragma once

#include "control/updates/sources_rows.h"

struct action_title;

/* Of a shadow ask, or of one whose source stands in for such: compared with what the other said, or kept until it does. */
must_check enum rc sources_shadow_compare(
	struct tx *tx, const struct source_ask *a, const struct action_title *at, size_t n);
