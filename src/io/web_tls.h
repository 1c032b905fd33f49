/* web_tls: the certificate of a server's new handshakes, which may change while it runs. Internal to web_*. */
#pragma once

#include "io/web.h"

#include <openssl/ssl.h>

/* Handshakes that begin with ctx, which lives as long as s, go on with s->tls when there is one. */
void web_tls_follow(SSL_CTX *ctx, struct web_server *s);

/* Takes over what web_server_trust was given. Sessions from before are not taken up again. */
void web_tls_trust(struct web_server *s, struct web_trust *take_trust);

#define WEB_TLS_NAME_MAX 128

/* What the other end's certificate says. False: it showed none that is believed. */
bool web_tls_client(SSL *ssl, char ret_uri[static WEB_TLS_NAME_MAX], char ret_serial[static WEB_TLS_NAME_MAX]);
