#include "io/web_tls.h"
#include "io/web_conn.h"

#include <openssl/err.h>
#include <time.h>

struct web_tls {
	SSL_CTX *ctx;
};

static enum rc broken(struct fault *f, const char *what, const char *path)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(e);
	ERR_clear_error();
	return fault_set(f, RC_INVALID, "%s %s cannot be used: %s", what, path, why ? why : "it is not PEM");
}

/* ALPN (RFC 7301): the one protocol we speak, when it is offered. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
	unsigned in_n, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	(void)ssl;
	(void)arg;
	return SSL_select_next_proto((unsigned char **)out, out_n, ours, sizeof(ours) - 1, in, in_n) ==
			       OPENSSL_NPN_NEGOTIATED
		       ? SSL_TLSEXT_ERR_OK
		       : SSL_TLSEXT_ERR_NOACK;
}

enum rc web_tls_new(const char *cert, const char *key, struct web_tls **ret_tls, struct fault *f)
{
	if (!key)
		return fault_set(f, RC_INVALID, "the certificate %s needs a key: set it too", cert);

	struct web_tls *t = calloc(1, sizeof(*t));
	enum rc rc = t && (t->ctx = SSL_CTX_new(TLS_server_method())) ? RC_OK : RC_NOMEM;
	if (rc == RC_OK && SSL_CTX_use_certificate_chain_file(t->ctx, cert) != 1)
		rc = broken(f, "the certificate", cert);
	if (rc == RC_OK && SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) != 1)
		rc = broken(f, "the key", key);
	if (rc == RC_OK && SSL_CTX_check_private_key(t->ctx) != 1) { /* one of another kind was not compared yet */
		ERR_clear_error();
		rc = fault_set(f, RC_INVALID, "the key %s is not the certificate's, %s", key, cert);
	}
	if (rc == RC_OK) {
		SSL_CTX_set_alpn_select_cb(t->ctx, on_alpn, NULL);
		*ret_tls = t;
		return RC_OK;
	}
	web_tls_free(t);
	return rc;
}

int64_t web_tls_expires_ms(const struct web_tls *t)
{
	const X509 *cert = SSL_CTX_get0_certificate(t->ctx);
	struct tm end = { 0 };

	if (!cert || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) != 1)
		return 0;
	return (int64_t)timegm(&end) * 1000;
}

void web_tls_free(struct web_tls *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx); /* connections that began with it have their own share */
	free(t);
}

/* Before anything of the certificate is looked at. Until a reload there is no other than the listener's own. */
static int on_hello(
	SSL *ssl, int *alert, void *arg) /* NOLINT(readability-non-const-parameter): the library's type */
{
	const struct web_server *s = arg;
	(void)alert;
	if (s->tls)
		SSL_set_SSL_CTX(ssl, s->tls->ctx);
	return SSL_CLIENT_HELLO_SUCCESS;
}

void web_tls_follow(SSL_CTX *ctx, struct web_server *s) { SSL_CTX_set_client_hello_cb(ctx, on_hello, s); }
