/* account_session: routes of what an account's session is to do, what it does, and what it did; and of authenticator codes. */
#pragma once

#include "control/http/route.h"

extern const struct route account_session_routes[];
