/*
 * content_path: which names a store's listing may give to files that we write, and where its links may lead. Pure. product.md 5.9.1.
 *
 * What is lawful is lawful on Linux, macOS and Windows, because what is fetched here is unpacked there.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>

#define CONTENT_PATH_MAX   1024 /* bytes of a path */
#define CONTENT_PATH_PART  240  /* of one part of it */
#define CONTENT_PATH_DEPTH 64   /* parts */

/*
 * Appends the name as a path below a folder, its parts separated by '/'. RC_INVALID, and nothing appended, for one that is empty or
 * absolute, has a part that is empty, "." or "..", a drive or stream (':'), a control character, bytes that are not UTF-8, a name
 * that Windows keeps for itself (CON, NUL.txt …), a part that ends in a dot or a space, or is too long.
 */
must_check enum rc content_path_clean(const char *name, struct buf *to, struct fault *f);

/*
 * May a link at `path`, which content_path_clean gave, lead to `target`? Only to what is below the same folder, whatever other links
 * stand there: "..", as often as `path` is deep, and then names. The parts may be separated by '\'; appended with '/'. RC_INVALID: not so.
 */
must_check enum rc content_path_link(const char *path, const char *target, struct buf *to, struct fault *f);

/* Below 0, 0, above 0: the order of paths when capital letters are as small ones, and '/' comes before all. */
int content_path_compare(const char *a, const char *b);

/* Is `path` below the folder `above`, without case? */
bool content_path_is_below(const char *path, const char *above);
