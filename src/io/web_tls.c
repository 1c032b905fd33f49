#include "io/web_tls.h"
#include "io/web_conn.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
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

struct web_trust {
	X509_STORE *store;
	STACK_OF(X509_NAME) *
		names; /* told to clients, so that one who has several certificates shows the right one */
};

enum rc web_trust_new(const char *pem, struct web_trust **ret_trust, struct fault *f)
{
	struct web_trust *t = calloc(1, sizeof(*t));
	BIO *in = BIO_new_mem_buf(pem, -1);
	enum rc rc = RC_NOMEM;
	X509 *one = NULL;
	int n = 0;

	if (t && in && (t->store = X509_STORE_new()) && (t->names = sk_X509_NAME_new_null()))
		rc = RC_OK;
	while (rc == RC_OK && (one = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		X509_NAME *name = X509_NAME_dup(X509_get_subject_name(one));
		if (X509_STORE_add_cert(t->store, one) != 1 || !name || sk_X509_NAME_push(t->names, name) < 1) {
			X509_NAME_free(name);
			rc = RC_NOMEM;
		}
		X509_free(one);
		n++;
	}
	ERR_clear_error();
	BIO_free(in);
	if (rc == RC_OK && n == 0)
		rc = fault_set(f, RC_INVALID, "there is no certificate of an authority");
	if (rc == RC_OK) {
		*ret_trust = t;
		return RC_OK;
	}
	web_trust_free(t);
	return rc;
}

void web_trust_free(struct web_trust *t)
{
	if (!t)
		return;
	X509_STORE_free(t->store);
	sk_X509_NAME_pop_free(t->names, X509_NAME_free);
	free(t);
}

void web_tls_trust(struct web_server *s, struct web_trust *take_trust)
{
	web_trust_free(s->trust);
	s->trust = take_trust;
	s->trusts++;
}

static void ask_for_certificate(SSL *ssl, const struct web_server *s)
{
	STACK_OF(X509_NAME) *names = SSL_dup_CA_list(s->trust->names);

	/* A session belongs to what was trusted when it began (RFC 8446, 2.2: a resumed one shows no certificate). */
	SSL_set_session_id_context(ssl, (const unsigned char *)&s->trusts, sizeof(s->trusts));
	SSL_set1_verify_cert_store(ssl, s->trust->store);
	SSL_set_client_CA_list(ssl, names); /* takes it over */
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
}

static void serial_of(const X509 *cert, char ret[static WEB_TLS_NAME_MAX])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	const unsigned char *p = ASN1_STRING_get0_data(serial);
	int n = ASN1_STRING_length(serial);

	ret[0] = 0;
	for (int i = 0; i < n && i < 20; i++) /* RFC 5280: at most 20 bytes */
		snprintf(ret + (size_t)2 * (size_t)i, 3, "%02x", p[i]);
}

static void uri_of(X509 *cert, char ret[static WEB_TLS_NAME_MAX])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	ret[0] = 0;
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && !ret[0]; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_URI)
			continue;
		int n = ASN1_STRING_length(name->d.uniformResourceIdentifier);
		const unsigned char *p = ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
		if (n > 0 && n < WEB_TLS_NAME_MAX && !memchr(p, 0, (size_t)n)) {
			memcpy(ret, p, (size_t)n);
			ret[n] = 0;
		}
	}
	GENERAL_NAMES_free(names);
}

bool web_tls_client(SSL *ssl, char ret_uri[static WEB_TLS_NAME_MAX], char ret_serial[static WEB_TLS_NAME_MAX])
{
	X509 *cert = SSL_get1_peer_certificate(ssl);

	if (!cert)
		return false;
	bool good = SSL_get_verify_result(ssl) == X509_V_OK;
	if (good) {
		uri_of(cert, ret_uri);
		serial_of(cert, ret_serial);
	}
	X509_free(cert);
	return good;
}

/* Before anything of the certificate is looked at. Until a reload there is no other than the listener's own. */
static int on_hello(
	SSL *ssl, int *alert, void *arg) /* NOLINT(readability-non-const-parameter): the library's type */
{
	const struct web_server *s = arg;
	(void)alert;
	if (s->tls)
		SSL_set_SSL_CTX(ssl, s->tls->ctx);
	if (s->trust)
		ask_for_certificate(ssl, s);
	return SSL_CLIENT_HELLO_SUCCESS;
}

void web_tls_follow(SSL_CTX *ctx, struct web_server *s) { SSL_CTX_set_client_hello_cb(ctx, on_hello, s); }
