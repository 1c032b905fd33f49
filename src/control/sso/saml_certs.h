/*
 * saml_certs: the certificates by whose keys an identity provider's messages are believed. They come from its metadata and from
 * nowhere else: what a message brings along is not looked at. Only the key counts, as metadata says it (SAML metadata
 * interoperability profile 2.6.1): neither who issued the certificate nor when it ends.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>

struct evp_pkey_st;

#define SAML_CERTS_MAX    8 /* of one identity provider, at once */
#define SAML_RSA_BITS_MIN 2048
#define SAML_RSA_BITS_MAX 8192

struct saml_certs {
	size_t n;
	struct evp_pkey_st *keys[SAML_CERTS_MAX];
};

/* Adds one, in base64 (DER, white space is passed over). RC_INVALID: none, or a key too weak. RC_LIMIT: too many. One that is there already adds nothing. */
must_check enum rc saml_certs_add(struct saml_certs *c, const char *base64, struct fault *f);
void saml_certs_done(struct saml_certs *c);
