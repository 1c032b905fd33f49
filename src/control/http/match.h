/*
 * match: which row of the API a request is for.
 */
#pragma once

#include "control/http/route.h"

#define MATCH_ALLOW_MAX 64

/*
 * Cuts `path` (decoded in place) at its slashes; what stands for {…} is pointed to by ret_arg. RC_MISSING: no such path.
 * RC_METHOD: the path has other methods, listed in ret_allow. RC_MALFORMED: a bad %-escape.
 */
must_check enum rc match_route(const struct route *const *routes, const char *method, char *path,
	const struct route **ret_route, const char *ret_arg[static ROUTE_ARGS_MAX],
	char ret_allow[static MATCH_ALLOW_MAX]);

/* Undoes %XX (and '+' when `form`) in place; false for a bad escape or a NUL. */
bool match_unescape(char *s, bool form);

/* The row with this name; NULL when there is none. */
const struct route *match_named(const struct route *const *routes, const char *name);
