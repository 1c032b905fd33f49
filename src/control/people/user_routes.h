/* user_routes: people, their passwords and second factors, groups, roles and what binds them. */
#pragma once

#include "control/http/route.h"

extern const struct route user_routes[], user_life_routes[], password_routes[], group_routes[], role_routes[],
	binding_routes[], mfa_routes[], mfa_policy_routes[], step_up_routes[];
