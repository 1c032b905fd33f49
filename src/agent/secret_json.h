/*
 * secret_json: an object of names and texts that holds secrets: {"password":"…"}. It is read without a copy that is not wiped,
 * which a JSON library cannot promise. Pure; any thread.
 */
#pragma once

#include "base/fault.h"
#include "base/hush.h"

#define SECRET_JSON_NAME_MAX 64 /* bytes of a name, with its NUL */
#define SECRET_JSON_MAX      32 /* members */

/* Shows each member; the value is wiped after the call. A member that is null is shown empty. RC_MALFORMED: no such object; some
 * members may have been shown. */
must_check enum rc secret_json_read(const struct hush *text,
	void (*seen)(void *ctx, const char *name, const struct hush *value), void *ctx, struct fault *f);
