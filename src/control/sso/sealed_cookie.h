/*
 * sealed_cookie: what a log-on must remember until its browser is back, kept by the browser itself: sealed by the secrets' key for one
 * provider, so that nobody reads, alters or moves it. On the writer or a reader.
 */
#pragma once

#include "base/buf.h"
#include "base/field.h"
#include "control/access/vault.h"
#include "control/tx.h"

/* Random bytes as base64url, in the arena. NULL: no memory. `bytes` is at most 64. */
const char *sealed_cookie_random(struct arena *a, size_t bytes);

/* Appends the value of a cookie that carries these fields of *from, bound to the place. */
must_check enum rc sealed_cookie_put(
	struct tx *tx, const struct vault_at *at, const struct field *fields, const void *from, struct buf *to);

/*
 * Reads the cookie whose name is `span` ("NAME=") out of the header into *ret. RC_MISSING: it is not there, or more than once, as when
 * somebody planted another; other codes: it is not what was put at this place. `cookies` may be NULL.
 */
must_check enum rc sealed_cookie_get(struct tx *tx, const struct vault_at *at, const struct field *fields,
	const char *cookies, const char *span, void *ret);
