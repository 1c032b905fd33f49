/*
 * epic_answers: what Epic's services answer, as far as updates and downloads need it: the launcher's list of assets, where a build's
 * manifest is, an item of the catalog, and errors. JSON of others: what is not there is NULL or 0. Pure. Source: docs/protocol/epic.md.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"

#include <stdint.h>

#define EPIC_URLS_MAX 16
#define EPIC_HEX      41 /* of a SHA-1, with its NUL */

struct epic_asset {
	const char *app, *version; /* version: of the build */
	const char *item, *space;  /* of the catalog: the item's id and its namespace */
	const char *label, *asset;
};

/* GET /launcher/api/public/assets/PLATFORM: a list of struct epic_asset. RC_MALFORMED: it is none. */
must_check enum rc epic_answers_assets(
	const void *p, size_t n, struct arena *a, struct field_list *ret, struct fault *f);

struct epic_url {
	const char *url;  /* of the manifest, with its query; it may hold a token */
	const char *base; /* of the chunks: without what follows the last slash of its path */
};

struct epic_source {
	const char *app, *version, *label;
	const char *sha; /* of the manifest, 40 lower-case digits; NULL: not told */
	struct epic_url urls[EPIC_URLS_MAX];
	size_t urls_n;
};

/* GET …/assets/v2/platform/…/label/LABEL. RC_MISSING: it names no manifest. */
must_check enum rc epic_answers_source(
	const void *p, size_t n, struct arena *a, struct epic_source *ret, struct fault *f);

struct epic_item {
	const char *title, *kind, *status; /* kind: the path of its first category: "games" */
	int64_t modified_ms;
	const char *sha1;       /* of the item as canonical JSON, in hexadecimal */
	struct field_list apps; /* of const char *: the apps of its releases */
};

/* GET /catalog/api/shared/namespace/SPACE/bulk/items?id=ITEM. RC_MISSING: it is not among them. */
must_check enum rc epic_answers_item(
	const void *p, size_t n, const char *id, struct arena *a, struct epic_item *ret, struct fault *f);

/* As `sha` above is written: of the manifest as it came. */
void epic_answers_sha(const void *p, size_t n, char ret[static EPIC_HEX]);

/* "errors.com.epicgames.…" of an answer that is an error; NULL: it is none. */
const char *epic_answers_error(const void *p, size_t n, struct arena *a);
