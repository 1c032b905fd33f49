/* artifact_content: the bytes of an artifact: its package, its manifest, its files one by one. */
#pragma once

#include "base/field.h"
#include "control/http/route.h"

struct artifact_row;

struct artifact_content_query {
	const char *path;
};
extern const struct field artifact_content_query_fields[];

must_check enum rc artifact_content_manifest(struct call *c, void *ret_out);
must_check enum rc artifact_content_get(struct call *c, void *ret_out);

/* Makes its package the call's answer, for browsers of this name. RC_CONFLICT: it has none. */
must_check enum rc artifact_content_package(struct call *c, const struct artifact_row *a, const char *name);

/* Makes it the call's answer: the package when `path` is NULL. */
must_check enum rc artifact_content_answer(struct call *c, const struct artifact_row *a, const char *path);
