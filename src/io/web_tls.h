/* web_tls: the certificate of a server's new handshakes, which may change while it runs. Internal to web_*. */
#pragma once

#include "io/web.h"

#include <openssl/ssl.h>

/* Handshakes that begin with ctx, which lives as long as s, go on with s->tls when there is one. */
void web_tls_follow(SSL_CTX *ctx, struct web_server *s);
