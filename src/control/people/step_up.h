/*
 * step_up: sensitive calls (ROUTE_STEP_UP) want a proof of who calls that is fresh, and, of who has an authenticator, a second factor
 * with it; and where a policy asks a person for a second factor, nothing but their own account is theirs before. API keys are not
 * asked: they prove nothing but themselves. control-plane.md 2.5 (MFA-04).
 */
#pragma once

#include "control/http/route.h"

/* Asked by access/decide for every route. RC_STEP_UP: POST /v1/auth/step-up first. */
must_check enum rc step_up_check(struct call *c);
