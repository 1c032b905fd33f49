/*
 * saml_open: an EncryptedAssertion becomes the bytes that were encrypted for us (XML Encryption 1.1). AES-GCM under a key that
 * came by RSA-OAEP. AES-CBC only where an administrator has said so: it cannot tell altered bytes from true ones. RSA of PKCS#1
 * version 1.5 never: its padding is an oracle. No key is fetched, no reference followed.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>

struct _xmlNode;
struct evp_pkey_st;

#define SAML_OPENER_KEYS 2 /* of ours, at once: while one follows the other */

struct saml_opener {
	struct evp_pkey_st *keys[SAML_OPENER_KEYS];
	size_t n;
	bool cbc;
};

/*
 * Appends the plain bytes, which the caller wipes. RC_DENIED: it does not open; RC_INVALID: it is in a form that is not opened here. The
 * words of the fault are for the log, not for who sent it.
 */
must_check enum rc saml_open(
	const struct _xmlNode *encrypted, const struct saml_opener *o, struct buf *to, struct fault *f);
