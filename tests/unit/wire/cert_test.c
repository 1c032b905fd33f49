#include "wire/cert.h"

#include "tests/unit/check.h"
#include "wire/tunnel_auth.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY 86400000ll
#define NOW 1750000000000ll

static const uint8_t secret[CERT_KEY] = { 1, 2, 3 }, other[CERT_KEY] = { 9 };
static struct buf root, foreign;

static X509 *parse(const struct buf *pem)
{
	BIO *b = BIO_new_mem_buf(pem->p, (int)pem->n);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	BIO_free(b);
	CHECK(x);
	return x;
}

/* What OpenSSL says of it at a time, for a purpose; X509_V_OK when it is good. */
static int verdict(const struct buf *authority, const struct buf *cert, int purpose, int64_t at_ms)
{
	X509 *ca = parse(authority), *x = parse(cert);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	CHECK(X509_STORE_add_cert(store, ca) == 1 && X509_STORE_CTX_init(ctx, store, x, NULL) == 1);
	X509_STORE_CTX_set_purpose(ctx, purpose);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
	X509_STORE_CTX_set_time(ctx, 0, (time_t)(at_ms / 1000));
	int good = X509_verify_cert(ctx);
	int e = X509_STORE_CTX_get_error(ctx);
	CHECK((good == 1) == (e == X509_V_OK));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(ca);
	X509_free(x);
	return e;
}

static struct cert_ask ask_for(const char *name)
{
	return (struct cert_ask){ .name = name, .serial = { 0xff, 1 }, .from_ms = NOW, .to_ms = NOW + DAY };
}

static void an_agent(void)
{
	const uint8_t agent[CERT_KEY] = { 4 };
	uint8_t public[CERT_KEY];
	struct cert_ask ask = ask_for("agt_1");
	struct buf pem = { 0 };
	struct fault f = { 0 };

	ask.uri = "urn:footplate:agent:agt_1";
	CHECK(tunnel_auth_identity(agent, public) == RC_OK);
	const struct cert_issuer by = { buf_text(&root), secret };
	CHECK(cert_issue(&by, public, &ask, &pem, &f) == RC_OK);
	CHECK(verdict(&root, &pem, X509_PURPOSE_SSL_CLIENT, NOW + 1000) == X509_V_OK);
	CHECK(verdict(&root, &pem, X509_PURPOSE_SSL_SERVER, NOW + 1000) == X509_V_ERR_INVALID_PURPOSE);
	CHECK(verdict(&root, &pem, X509_PURPOSE_SSL_CLIENT, NOW - 1000) == X509_V_ERR_CERT_NOT_YET_VALID);
	CHECK(verdict(&root, &pem, X509_PURPOSE_SSL_CLIENT, NOW + DAY + 1000) == X509_V_ERR_CERT_HAS_EXPIRED);
	CHECK(verdict(&foreign, &pem, X509_PURPOSE_SSL_CLIENT, NOW + 1000) != X509_V_OK);
	X509 *x = parse(&pem);
	CHECK(X509_check_ca(x) == 0);
	uint8_t raw[CERT_KEY];
	size_t n = sizeof(raw);
	CHECK(EVP_PKEY_get_raw_public_key(X509_get0_pubkey(x), raw, &n) == 1 && !memcmp(raw, public, n));
	X509_free(x);
	buf_done(&pem);
	/* An authority's key that is not its certificate's makes nothing. */
	CHECK(cert_issue(&(struct cert_issuer){ buf_text(&root), other }, public, &ask, &pem, &f) == RC_INVALID);
	buf_done(&pem);
}

/* The authority signs ends of chains: what it has signed cannot sign. */
static void no_second_authority(void)
{
	const uint8_t agent[CERT_KEY] = { 4 };
	uint8_t public[CERT_KEY];
	struct cert_ask ask = ask_for("agt_1");
	struct buf middle = { 0 }, end = { 0 };
	struct fault f = { 0 };

	CHECK(tunnel_auth_identity(agent, public) == RC_OK);
	CHECK(cert_issue(&(struct cert_issuer){ buf_text(&root), secret }, public, &ask, &middle, &f) == RC_OK);
	ask.name = "agt_2";
	CHECK(cert_issue(&(struct cert_issuer){ buf_text(&middle), agent }, public, &ask, &end, &f) == RC_OK);
	CHECK(verdict(&middle, &end, X509_PURPOSE_SSL_CLIENT, NOW + 1000) != X509_V_OK);
	buf_done(&middle);
	buf_done(&end);
}

static char *request_of(EVP_PKEY *key, bool spoilt)
{
	X509_REQ *q = X509_REQ_new();
	BIO *b = BIO_new(BIO_s_mem());
	char *p;

	CHECK(X509_REQ_set_pubkey(q, key) == 1 && X509_REQ_sign(q, key, EVP_sha256()) > 0);
	if (spoilt) {
		EVP_PKEY *another = EVP_EC_gen("P-256");
		CHECK(X509_REQ_set_pubkey(q, another) == 1);
		EVP_PKEY_free(another);
	}
	CHECK(PEM_write_bio_X509_REQ(b, q) == 1);
	long n = BIO_get_mem_data(b, &p);
	char *text = strndup(p, (size_t)n);
	BIO_free(b);
	X509_REQ_free(q);
	return text;
}

static void a_server(void)
{
	const char *hosts[] = { "cp.example", "10.0.0.7", "::1", NULL };
	struct cert_ask ask = ask_for("cp.example");
	const struct cert_issuer by = { buf_text(&root), secret };
	struct buf pem = { 0 };
	struct fault f = { 0 };
	EVP_PKEY *key = EVP_EC_gen("P-256"), *weak = EVP_RSA_gen(1024), *odd = EVP_EC_gen("secp256k1");
	char *request = request_of(key, false), *spoilt = request_of(key, true), *small = request_of(weak, false),
	     *curve = request_of(odd, false);

	ask.hosts = hosts;
	CHECK(cert_answer(&by, request, &ask, &pem, &f) == RC_OK);
	CHECK(verdict(&root, &pem, X509_PURPOSE_SSL_SERVER, NOW + 1000) == X509_V_OK);
	CHECK(verdict(&root, &pem, X509_PURPOSE_SSL_CLIENT, NOW + 1000) == X509_V_ERR_INVALID_PURPOSE);
	X509 *x = parse(&pem);
	CHECK(X509_check_host(x, "cp.example", 0, 0, NULL) == 1 && X509_check_host(x, "example", 0, 0, NULL) == 0);
	CHECK(X509_check_ip_asc(x, "10.0.0.7", 0) == 1 && X509_check_ip_asc(x, "::1", 0) == 1);
	CHECK(EVP_PKEY_eq(X509_get0_pubkey(x), key) == 1);
	X509_free(x);
	pem.n = 0;
	CHECK(cert_answer(&by, spoilt, &ask, &pem, &f) == RC_INVALID);
	CHECK(cert_answer(&by, small, &ask, &pem, &f) == RC_INVALID);
	CHECK(cert_answer(&by, curve, &ask, &pem, &f) == RC_INVALID);
	CHECK(cert_answer(&by, "-----BEGIN CERTIFICATE REQUEST-----\n", &ask, &pem, &f) == RC_INVALID &&
		pem.n == 0);
	free(request);
	free(spoilt);
	free(small);
	free(curve);
	EVP_PKEY_free(key);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(odd);
	buf_done(&pem);
}

static void serial_numbers(void)
{
	const uint8_t zero[CERT_SERIAL] = { 0 }, full[CERT_SERIAL] = { 0xff, 0xab };
	char text[CERT_SERIAL_HEX];

	cert_serial(zero, text);
	CHECK_STR(text, "40000000000000000000000000000000");
	cert_serial(full, text);
	CHECK_STR(text, "7fab0000000000000000000000000000");
}

int main(void)
{
	struct fault f = { 0 };
	const struct cert_ask ask = ask_for("Footplate");

	CHECK(cert_authority(secret, &ask, &root, &f) == RC_OK &&
		cert_authority(other, &ask, &foreign, &f) == RC_OK);
	X509 *x = parse(&root);
	CHECK(X509_check_ca(x) == 1);
	X509_free(x);
	an_agent();
	no_second_authority();
	a_server();
	serial_numbers();
	buf_done(&root);
	buf_done(&foreign);
	return 0;
}
