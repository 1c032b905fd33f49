/*
 * keys: API keys. Of a key only a keyed hash is stored (HMAC-SHA-256 with the installation's pepper), its first and last
 * characters are shown, and the whole is shown once, at its making. Nobody can give a key more than they may themselves.
 */
#pragma once

#include "control/http/route.h"

/* Whose key it is. RC_UNAUTHENTICATED: unknown, expired or revoked (which of them, the caller is not told). */
must_check enum rc keys_check(struct tx *tx, const char *secret, struct principal *ret);

/* How long jobs may run that this actor ("key:apk_…") makes, in seconds; 0: as long as they like. */
must_check enum rc keys_runtime(struct tx *tx, const char *actor, uint32_t *ret_s);

/* Has it admin:*, whatever else? */
bool keys_is_admin(const struct principal *who);

/* Makes the first administrator's key when there is no key at all, and writes it to DATA/admin.key (0600). */
must_check enum rc keys_first(struct control *c, struct store_conn *db, struct fault *f);

extern const struct route keys_routes[], keys_usage_routes[], tenants_routes[]; /* tenants.c: whose keys they are */
