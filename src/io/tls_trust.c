#include "io/tls_trust.h"
#include "io/tcp_badge.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

struct trust {
	struct loop_keep keep;
	SSL_CTX *context;
	char ca[]; /* "" for the system's alone */
};

static void trust_free(struct loop_keep *keep)
{
	struct trust *t = list_of(keep, struct trust, keep);
	SSL_CTX_free(t->context);
	free(t);
}

static const char kind[] = "trust";

static enum rc make_context(const char *ca, SSL_CTX **ret_context, struct fault *f)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	enum rc rc = c ? RC_OK : RC_NOMEM;

	if (rc == RC_OK && SSL_CTX_set_default_verify_paths(c) != 1)
		rc = fault_set(f, RC_IO, "the system's authorities cannot be read");
	if (rc == RC_OK && *ca && SSL_CTX_load_verify_file(c, ca) != 1)
		rc = fault_set(f, RC_INVALID, "%s holds no certificates in PEM, or cannot be read", ca);
	ERR_clear_error();
	if (rc != RC_OK) {
		SSL_CTX_free(c);
		return rc;
	}
	SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(
		c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	*ret_context = c;
	return RC_OK;
}

static enum rc find(struct loop *l, const char *ca, struct trust **ret, struct fault *f)
{
	list_each (at, next, loop_lws_keeps(l)) {
		struct loop_keep *k = list_of(at, struct loop_keep, node);
		struct trust *t = list_of(k, struct trust, keep);
		if (k->kind == kind && !strcmp(t->ca, ca)) {
			*ret = t;
			return RC_OK;
		}
	}
	struct trust *t = calloc(1, sizeof(*t) + strlen(ca) + 1);
	if (!t)
		return RC_NOMEM;
	enum rc rc = make_context(ca, &t->context, f);
	if (rc != RC_OK) {
		free(t);
		return rc;
	}
	memcpy(t->ca, ca, strlen(ca) + 1);
	t->keep = (struct loop_keep){ .kind = kind, .free = trust_free };
	list_append(loop_lws_keeps(l), &t->keep.node);
	*ret = t;
	return RC_OK;
}

enum rc tls_trust_new(struct loop *l, const char *ca, const char *host, SSL **ret_ssl, struct fault *f)
{
	struct in6_addr any;
	struct trust *t = NULL;
	enum rc rc = find(l, ca ? ca : "", &t, f);
	SSL *ssl = rc == RC_OK ? SSL_new(t->context) : NULL;

	if (!ssl)
		return rc == RC_OK ? RC_NOMEM : rc;
	bool is_ip = inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
	bool good = is_ip ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1
			  : SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
	if (!good || SSL_set_alpn_protos(ssl, (const unsigned char *)"\x08http/1.1", 9) != 0) {
		SSL_free(ssl);
		return RC_NOMEM;
	}
	SSL_set_connect_state(ssl);
	*ret_ssl = ssl;
	return RC_OK;
}

enum rc tls_trust_badge(SSL *ssl, const struct tcp_badge *badge, struct fault *f)
{
	if (!badge || !badge->cert)
		return RC_OK;
	BIO *in = BIO_new_mem_buf(badge->cert, -1);
	X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, badge->secret, TCP_BADGE_SECRET);
	bool good = cert && key && SSL_use_certificate(ssl, cert) == 1 && SSL_use_PrivateKey(ssl, key) == 1;
	X509 *next;

	while (good && (next = PEM_read_bio_X509(in, NULL, NULL, NULL)))
		good = SSL_add0_chain_cert(ssl, next) == 1 || (X509_free(next), false);
	ERR_clear_error();
	EVP_PKEY_free(key);
	X509_free(cert);
	BIO_free(in);
	return good ? RC_OK
		    : fault_set(f, RC_INVALID, "the client's certificate cannot be used, or is not its key's");
}
