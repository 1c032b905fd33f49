/*
 * grant: what somebody may do, and to what. A grant is a list of scopes, narrowed by a selector: only in these regions, only
 * accounts with these labels, only these actions, only what they made themselves. Whoever calls has a list of grants: an API
 * key has one, a person one for each role that was bound to them. Deny by default. Pure. control-plane.md 6.3.
 */
#pragma once

#include "base/field.h"
#include "model/scope.h"

struct selector {
	bool own;                           /* only what the caller made */
	struct field_list regions, actions; /* of const char *; actions may end in '*'. Empty: all */
	struct field_list labels;           /* of struct field_pair: all must be there. Empty: all */
};

struct grant {
	struct field_list scopes;    /* of const char * */
	const struct selector *only; /* NULL: all of the tenant */
};

struct grants {
	const struct grant *at;
	size_t n;
};

/* What a grant's selector is held against. A member that the thing does not have is NULL or empty, and no selector that asks
 * for it lets it through. */
struct grant_object {
	const char *owner; /* who made it: "key:apk_…", "user:usr_…" */
	const char *region_id, *action;
	struct field_list labels; /* of struct field_pair */
	bool held; /* its regions and labels were held against its maker's grants when it was made: the maker is not asked again */
};

/* By any grant, whatever it is narrowed to: may they try? */
bool grant_covers(const struct grants *g, enum scope s);

/* By a grant whose selector lets the object through. `actor` is the caller, as an owner is written. */
bool grant_covers_object(const struct grants *g, enum scope s, const char *actor, const struct grant_object *o);

/* admin:*, narrowed to nothing. */
bool grant_is_admin(const struct grants *g);
