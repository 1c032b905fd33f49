/*
 * give: nobody can give more than they have themselves. Is what a new key, role or binding would allow within what its maker
 * may? Held against one grant at a time, so it errs on the side of no. Pure. control-plane.md 6.3.
 */
#pragma once

#include "model/grant.h"

/* Each scope of `give` must be covered by a grant of `have` that is narrowed to as much or less. admin:* needs admin:*. */
bool give_is_within(const struct grants *have, const struct grant *give);
