/*
 * content_match: which files of a content are wanted: globs, expressions, paths. Pure. product.md 5.9.1.
 *
 *   a glob      '*' any bytes but '/', "**" any bytes, '?' one byte but '/', [a-z], [!a-z]; a glob without '/' fits the last part of a path
 *               in any folder; one that ends in '/' fits all below
 *   re:TEXT     an expression, somewhere in the path: . * + ? | ( ) [ ] ^ $ and \ before any of them, \d \w \s
 *
 * Letters fit without case, '\' in a glob is '/'. Time grows with the path's length times the pattern's, whatever the pattern is.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"

#include <stdbool.h>

#define CONTENT_MATCH_TEXT  512  /* bytes of a pattern */
#define CONTENT_MATCH_STEPS 1536 /* that it is made of */

struct content_match;

/* Lists of const char *; `include` and `files` empty: all are wanted. In the arena. RC_INVALID names the pattern and what is wrong. */
must_check enum rc content_match_new(const struct field_list *include, const struct field_list *exclude,
	const struct field_list *files, struct arena *a, struct content_match **ret, struct fault *f);

/* Is the path (of content_path_clean) wanted? One thread at a time. */
bool content_match_wants(struct content_match *m, const char *path);
