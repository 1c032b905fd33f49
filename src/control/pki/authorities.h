/*
 * authorities: our own certificate authorities. One signs; those that signed before it are trusted until they are retired, so
 * that a new one needs no agent to be touched. A secret is in the vault and leaves it for a signature only.
 */
#pragma once

#include "base/buf.h"
#include "control/tx.h"

#define AUTHORITIES_YEARS 10

/* What a certificate is for; see struct cert_ask. */
struct authorities_ask {
	const char *kind;         /* "agent", "server" */
	const char *subject;      /* agt_…; of a server its first name */
	const char *const *hosts; /* of a server; ends in NULL */
	const uint8_t *public;    /* an Ed25519 key, of an agent; NULL: `request` */
	const char *request;      /* PKCS#10 in PEM, of a server */
	int64_t life_ms;
};

struct authorities_cert {
	const char *serial, *cert; /* cert: PEM, the authority's own behind it */
	int64_t expires_at;
};

/* Makes the first authority when there is none. On the writer. */
must_check enum rc authorities_first(struct tx *tx);

/* A new authority signs from now on; *ret_id is its id. On the writer. */
must_check enum rc authorities_next(struct tx *tx, const char **ret_id);

/* Signs, and keeps who has it: row, event, audit row. On the writer. The texts are in the arena. */
must_check enum rc authorities_sign(struct tx *tx, const struct authorities_ask *ask, struct authorities_cert *ret);

/* The certificates of all that are trusted, PEM one after another, oldest first; "" when there is none. */
must_check enum rc authorities_trusted(struct tx *tx, struct buf *to);

/* RC_DENIED: the certificate with this serial number is not one of this agent's, or is revoked. */
must_check enum rc authorities_check(struct tx *tx, const char *serial, const char *agent_id);
