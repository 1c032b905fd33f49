/*
 * json_patch: the difference of two JSON values as a JSON Patch (RFC 6902) of the operations add, remove and replace: applied to the
 * first it gives the second. Pure.
 */
#pragma once

#include "wire/json.h"

/*
 * Writes the list of operations; "[]" when they are equal. Members are compared by name, lists after what is equal at their
 * beginnings and ends is put aside. When it would be longer than `max` bytes, *ret_cut is set, and the list holds the operations that
 * fit: it then tells some of what changed and is not to be applied. RC_NOMEM.
 */
must_check enum rc json_patch(
	const struct json_t *from, const struct json_t *to, size_t max, struct buf *ret, bool *ret_cut);
