/*
 * tunnel_auth: the cryptography of the tunnel's handshake. Pure: secrets and randomness come in as arguments.
 *
 *   C→A CHALLENGE  nonce, X25519 ephemeral of the control plane, its time, and its Ed25519 signature over these
 *   A→C HELLO      X25519 ephemeral of the agent, and its Ed25519 signature over the name of the protocol, the nonce, both
 *                  ephemerals and the agent's id
 *
 * The agent has pinned the control plane's public key when it enrolled, the control plane keeps the agent's. So each end
 * knows whom it talks to, and the keys of the session (HKDF-SHA256 of the X25519 secret, salted with the nonce) are known to
 * these two alone. This stands in for the TLS exporter of control-plane.md 6.12: it binds a session as tightly, and also
 * works behind a proxy that ends TLS. RFC 5869, 7748, 8032.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

#define TUNNEL_AUTH_NAME "footplate.agent.v1"
#define TUNNEL_AUTH_KEY  32 /* bytes of a nonce, of a secret or public key (both kinds), of a session key */
#define TUNNEL_AUTH_SIG  64

#define TUNNEL_AUTH_KEY_HEX (2 * TUNNEL_AUTH_KEY + 1) /* with NUL */
#define TUNNEL_AUTH_SIG_HEX (2 * TUNNEL_AUTH_SIG + 1)

/* What both ends sign pieces of. */
struct tunnel_auth_talk {
	uint8_t nonce[TUNNEL_AUTH_KEY];
	uint8_t control[TUNNEL_AUTH_KEY]; /* ephemeral public keys */
	uint8_t agent[TUNNEL_AUTH_KEY];
	int64_t time_ms;      /* the control plane's clock */
	const char *agent_id; /* borrowed */
};

/* The two keys of a session; wipe with hush_wipe. */
struct tunnel_auth_keys {
	uint8_t to_agent[TUNNEL_AUTH_KEY], to_control[TUNNEL_AUTH_KEY];
};

/* The public key of an Ed25519 secret (a seed), of an X25519 secret: any 32 random bytes are one. */
must_check enum rc tunnel_auth_identity(const uint8_t *secret, uint8_t *ret_public);
must_check enum rc tunnel_auth_ephemeral(const uint8_t *secret, uint8_t *ret_public);

/* Signatures over `talk`: by the control plane (nonce, control, time_ms) and by the agent (all but time_ms). */
must_check enum rc tunnel_auth_sign_challenge(
	const struct tunnel_auth_talk *talk, const uint8_t *secret, uint8_t *ret_sig);
must_check enum rc tunnel_auth_sign_hello(
	const struct tunnel_auth_talk *talk, const uint8_t *secret, uint8_t *ret_sig);
must_check bool tunnel_auth_is_challenge(
	const struct tunnel_auth_talk *talk, const uint8_t *public, const uint8_t *sig);
must_check bool tunnel_auth_is_hello(
	const struct tunnel_auth_talk *talk, const uint8_t *public, const uint8_t *sig);

/*
 * An agent's signature when it asks for a certificate of a further Ed25519 key: over what it is for, its id, that key and the time
 * by its own clock, so that a request serves once.
 */
struct tunnel_auth_wish {
	const char *agent_id;
	const uint8_t *key; /* TUNNEL_AUTH_KEY bytes, public */
	int64_t time_ms;
};
must_check enum rc tunnel_auth_sign_wish(
	const struct tunnel_auth_wish *wish, const uint8_t *secret, uint8_t *ret_sig);
must_check bool tunnel_auth_is_wish(const struct tunnel_auth_wish *wish, const uint8_t *public, const uint8_t *sig);

/* The session's keys, from one's own ephemeral secret and the other end's public key. RC_DENIED: a weak public key. */
must_check enum rc tunnel_auth_derive(
	const uint8_t *secret, const uint8_t *peer, const uint8_t *nonce, struct tunnel_auth_keys *ret);

/* Lower-case hexadecimal, as keys stand in JSON. ret has room for 2n+1; of_hex is false when s is not just n bytes. */
void tunnel_auth_hex(const uint8_t *p, size_t n, char *ret);
must_check bool tunnel_auth_of_hex(const char *s, uint8_t *ret, size_t n);
