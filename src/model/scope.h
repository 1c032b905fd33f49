/*
 * scope: what a credential may do. `resource:verb`; a grant may say `resource:*`, `*:verb` or `admin:*` for all.
 * Deny by default. control-plane.md 6.3.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum scope {
	SCOPE_NONE, /* the route is open to everyone */
#define SCOPE(name, text, doc) SCOPE_##name,
#include "model/scopes.def"
#undef SCOPE
	SCOPE_COUNT
};

#define SCOPE_TEXT_MAX 64

const char *scope_text(enum scope s); /* "jobs:read" */
const char *scope_doc(enum scope s);

/* May this text stand in a key's list? A known scope, or a wildcard that covers one. */
bool scope_is_grant(const char *text);

/* Does one grant cover the scope? */
bool scope_covers(const char *grant, enum scope s);
