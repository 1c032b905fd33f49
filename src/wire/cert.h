/*
 * cert: certificates of an authority of our own (X.509 v3, RFC 5280), all signed by Ed25519 (RFC 8410): the authority's own,
 * those of agents, and those of servers whose owners have no other authority. Pure: secrets, serial numbers and times come in
 * as arguments. All texts are PEM.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

#define CERT_KEY        32 /* bytes of an Ed25519 secret or public key */
#define CERT_SERIAL     16 /* bytes, random */
#define CERT_SERIAL_HEX (2 * CERT_SERIAL + 1)
#define CERT_NAME_MAX   64   /* bytes of a common name (RFC 5280, ub-common-name) */
#define CERT_HOSTS_MAX  32   /* names of one server */
#define CERT_PEM_MAX    8192 /* of what we read */

struct cert_ask {
	const char *name;         /* common name */
	const char *uri;          /* as a further name; NULL: none */
	const char *const *hosts; /* names and addresses of a server; ends in NULL. NULL: it is a client's */
	uint8_t serial[CERT_SERIAL];
	int64_t from_ms, to_ms;
};

/* The authority's own, which signs nothing but ends of chains. */
must_check enum rc cert_authority(
	const uint8_t *secret, const struct cert_ask *ask, struct buf *to, struct fault *f);

struct cert_issuer {
	const char *cert;      /* the authority's own */
	const uint8_t *secret; /* CERT_KEY bytes */
};

/* For whoever holds the secret of this Ed25519 public key; that they do, the caller has made sure of. */
must_check enum rc cert_issue(const struct cert_issuer *by, const uint8_t *public, const struct cert_ask *ask,
	struct buf *to, struct fault *f);

/* For the key of a request (PKCS#10), whose signature proves that its maker holds it. Of the request nothing else is taken.
 * RC_INVALID: no request, its signature is wrong, or the key is weak (RSA below 2048 bits, curves but P-256, P-384, Ed25519). */
must_check enum rc cert_answer(const struct cert_issuer *by, const char *request, const struct cert_ask *ask,
	struct buf *to, struct fault *f);

/* A serial number as it is written: hexadecimal, without the first bit, which would make it negative. */
void cert_serial(const uint8_t *serial, char ret[static CERT_SERIAL_HEX]);
