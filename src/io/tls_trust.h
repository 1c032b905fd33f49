/*
 * tls_trust: whom a client of this loop trusts: one OpenSSL context for each file of authorities, shared by all connections and
 * kept as long as the loop. Sessions are not remembered and buffers are given back between records: there may be thousands of
 * connections. Loop thread only.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "io/loop_lws.h"

#include <openssl/ssl.h>

/* A connection to this host, not begun. `ca` is a PEM file beside the system's, or NULL. RC_INVALID: the file. */
must_check enum rc tls_trust_new(struct loop *l, const char *ca, const char *host, SSL **ret_ssl, struct fault *f);

struct tcp_badge;

/* What it shows when it is asked for a certificate; none when badge is NULL, or its cert. RC_INVALID: not a certificate, or not this key's. */
must_check enum rc tls_trust_badge(SSL *ssl, const struct tcp_badge *badge, struct fault *f);
