/* provider_groups: which of our groups an identity provider may put people into. */
#pragma once

#include "control/sso/provider.h"

/*
 * The groups of its map must be the tenant's, and the caller must have all that their members may: nobody gives more than they have.
 * RC_INVALID (with problems), RC_DENIED.
 */
must_check enum rc provider_groups_check(struct call *c, const struct provider *p);
