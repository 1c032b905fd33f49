/* trigger_check: is what somebody says of a trigger right, and may they have it done? Problems go to the call's reader. */
#pragma once

#include "control/http/route.h"

struct trigger;

/* RC_OK: `on`, `action` and `quiet` hold, and the caller may do what it does: the job's action and targets, the webhook. */
must_check enum rc trigger_check(struct call *c, const struct trigger *t);
