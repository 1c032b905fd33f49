/*
 * vdf_quick: a text VDF of the plain kind as JSON in one go, without a tree between them: keys and values in quotes, nothing escaped but
 * by the four escapes that JSON spells the same way, no comment, no key twice in an object, one object at the top. Steam's records are of
 * that kind; whatever is not is left to vdf_text_parse and vdf_json, which say the same of all that is read here. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/own.h"

/*
 * Appends the JSON of the one object at the top, and gives its common/name (NULL: it has none), in the arena. False: nothing is appended, it
 * is not of that kind, or there is no memory: ask the others.
 */
must_check bool vdf_quick_json(const void *p, size_t n, struct buf *to, struct arena *a, const char **ret_name);
