/*
 * jwt_sign: makes a compact JSON Web Token (RFC 7515). Pure; any thread.
 */
#pragma once

#include "wire/jwk.h"

/* Appends the token; `claims` is a JSON object as text, typ may be NULL. The key must be one that can sign. */
must_check enum rc jwt_sign(const struct jwk *key, const char *typ, const char *claims, size_t claims_n,
	struct buf *to, struct fault *f);
