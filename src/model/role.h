/*
 * role: the roles that are built in. What each may is worked out from model/roles.def and model/scopes.def; some of it holds only
 * for what the person made. The roles that people define are rows (control/people/roles). Pure. control-plane.md 6.3.
 */
#pragma once

#include "model/scope.h"

enum role {
#define ROLE(id, name, all, own, without, doc) ROLE_##id,
#include "model/roles.def"
#undef ROLE
	ROLE_COUNT
};

#define ROLE_OWNER_NAME "owner"

enum role role_find(const char *name); /* ROLE_COUNT: none */
const char *role_name(enum role r);
const char *role_doc(enum role r);

/* May it, on all things, or (`own`) only on those that the person made? */
bool role_covers(enum role r, enum scope s, bool own);

/* It is admin:*, which is more than the sum of the scopes. */
bool role_is_admin(enum role r);
