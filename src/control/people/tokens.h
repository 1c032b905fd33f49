/*
 * tokens: what a program holds of its session: an access token, for some minutes, and a refresh token, for the next one.
 *
 * An access token is a JSON Web Token (RFC 9068, EdDSA) that anybody can check with the keys of GET /v1/auth/jwks. It names its
 * session, and nothing that it says of a person is believed longer than the session's row says so: we read the row every time. The
 * signing keys come from the root secret and a name that is a row (so who can write the database cannot sign); a new one is made after
 * TOKENS_KEY_MS, published TOKENS_KEY_EARLY_MS before it signs, and the old one stays for TOKENS_KEY_LATE_MS.
 *
 * A refresh token is opaque, counts once, and is replaced by the next of its family. Two tabs that come with the same one within
 * TOKENS_GRACE_MS get the same successor, as long as that was not used. Whoever comes later with one that was used ends the session:
 * one of the two who have it is a thief. All this is decided on the writer, one after the other. control-plane.md 2.4 (SE-06, SE-07).
 */
#pragma once

#include "control/http/route.h"
#include "control/people/session.h"

struct jwk;

#define TOKENS_ACCESS_MS    600000LL
#define TOKENS_GRACE_MS     10000LL
#define TOKENS_KEY_MS       2592000000LL /* 30 days */
#define TOKENS_KEY_EARLY_MS 3600000LL
#define TOKENS_KEY_LATE_MS  86400000LL
#define TOKENS_KEYS_MAX     8 /* published at once; older ones sign nothing that is valid */
#define TOKENS_SKEW_S       5 /* between the clocks of our instances */

/* An access token for this session; fills in access_token and access_expires_at. On the writer: it may make a key. */
must_check enum rc tokens_access(struct tx *tx, struct session_made *m);

/* The first refresh token of a session; fills in refresh_token. */
must_check enum rc tokens_family(struct tx *tx, struct session_made *m);

/*
 * The next ones. RC_UNAUTHENTICATED: unknown, over, or used before; what was done must be kept (call.refuse). On the writer.
 */
must_check enum rc tokens_refresh(struct tx *tx, const char *refresh, struct session_made *ret);

/* Who comes with an access token. RC_UNAUTHENTICATED: not ours, over, or its session is. Any connection. */
must_check enum rc tokens_check(struct tx *tx, const char *token, struct principal *ret);

/* The keys that sign now or have signed lately, or will soon: at most TOKENS_KEYS_MAX at ret. The caller frees them by jwk_done. */
must_check enum rc tokens_keys(struct tx *tx, struct jwk *ret, size_t *ret_n);

/* A new key at once: what the old ones signed is over after TOKENS_ACCESS_MS, or right now when `drop_old`. */
must_check enum rc tokens_rotate(struct tx *tx, bool drop_old);

must_check enum rc tokens_sweep(struct tx *tx);
