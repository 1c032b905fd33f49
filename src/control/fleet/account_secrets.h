/*
 * account_secrets: the secrets of accounts. Over the API they are write-only: what can be read is whether one is set, its
 * version, and a fingerprint that tells two values apart.
 */
#pragma once

#include "base/hush.h"
#include "control/http/route.h"

/*
 * Stores a value of one of the names the API knows, after checking its form; with event and audit row, and its agent is told.
 * RC_INVALID with words that never show the value. *ret_changed may be NULL.
 */
must_check enum rc account_secrets_put(
	struct tx *tx, const char *account_id, const char *name, const struct hush *value, bool *ret_changed);

/* From an agent: a value that Steam gave (empty: forget it). Any name of struct bot_secrets. No audit row. */
must_check enum rc account_secrets_learn(
	struct tx *tx, const char *account_id, const char *name, const struct hush *value);

/* The form of a value of this name, so that a slip shows at once and not at the next logon. */
must_check enum rc account_secrets_check(const char *name, const struct hush *value, struct fault *f);

/* Is it a name that the API takes? */
bool account_secrets_is(const char *name);

extern const struct route account_secrets_routes[];
