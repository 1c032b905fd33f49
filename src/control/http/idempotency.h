/*
 * idempotency: a request with an Idempotency-Key has its effect once (draft-ietf-httpapi-idempotency-key-header). The
 * answer is stored in the transaction of the effect, so it survives a restart; a repeat of the same request gets it again,
 * another request under the same key is refused. Scope of a key: who calls, and which operation. Kept control_conf.idempotency_ms.
 */
#pragma once

#include "control/control.h"
#include "control/http/route.h"

struct json_t;

#define IDEMPOTENCY_KEY_MAX 255

struct idempotency {
	const char *key;
	char fingerprint[65]; /* HMAC-SHA256 of the canonical body: a hash alone would give short secrets away */
};

/* Reads the header's value: 1 to 255 visible ASCII characters, bare or as a quoted string. */
must_check enum rc idempotency_key(const char *header, struct arena *a, const char **ret_key, struct fault *f);

/* `body` NULL: the request has none. */
must_check enum rc idempotency_fingerprint(const struct control *c, const struct json_t *body, char ret[static 65]);

/* An answer that was given before. */
struct idempotency_answer {
	int status;
	const char *location, *body; /* in the arena */
};

/* RC_OK: it was answered before. RC_MISSING: it is new. RC_KEY_REUSED: the key stands for another request. */
must_check enum rc idempotency_find(struct call *c, const struct idempotency *i, struct idempotency_answer *ret);
must_check enum rc idempotency_keep(
	struct call *c, const struct idempotency *i, const struct idempotency_answer *answer);

/* Forgets what is older than control_conf.idempotency_ms. */
must_check enum rc idempotency_sweep(struct tx *tx);
