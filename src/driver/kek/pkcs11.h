/*
 * pkcs11: key-encryption keys in a security module (PKCS#11 2.40): AES-256 keys that never leave it, used by AES-GCM with what they
 * are bound to as additional data. Version N is the secret key with the label "LABEL-N" on the token. A key that the module would give away (not
 * sensitive, or extractable) is refused.
 *
 * The PIN comes from a file (0600) or a systemd credential's file, and is read when it is needed.
 */
#pragma once

#include "contract/kek.h"

#define PKCS11_NAME         "pkcs11"
#define PKCS11_VERSIONS_MAX 256
#define PKCS11_LABEL_MAX    64

struct pkcs11_conf {
	const char *module;   /* the vendor's library */
	const char *token;    /* label of the token */
	const char *label;    /* of the keys, without "-N" */
	const char *pin_file; /* all of these are kept */
	bool make;            /* version 1 when there is no key of that label; else RC_MISSING */
};

/* RC_MISSING: no such module or token, or no key. RC_DENIED: the PIN is wrong, or a key could be taken out. */
must_check enum rc pkcs11_open(const struct pkcs11_conf *conf, struct kek **ret, struct fault *f);
