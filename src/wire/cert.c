#include "wire/cert.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static enum rc broken(struct fault *f, enum rc rc, const char *what)
{
	ERR_clear_error();
	return fault_set(f, rc, "%s", what);
}

static void tidy_serial(const uint8_t *serial, uint8_t ret[static CERT_SERIAL])
{
	memcpy(ret, serial, CERT_SERIAL);
	ret[0] = (uint8_t)((ret[0] & 0x7f) | 0x40); /* positive, and always of the same length */
}

void cert_serial(const uint8_t *serial, char ret[static CERT_SERIAL_HEX])
{
	uint8_t tidy[CERT_SERIAL];

	tidy_serial(serial, tidy);
	for (size_t i = 0; i < CERT_SERIAL; i++)
		snprintf(ret + 2 * i, 3, "%02x", tidy[i]);
}

static bool put_serial(X509 *x, const struct cert_ask *ask)
{
	uint8_t tidy[CERT_SERIAL];
	BIGNUM *n;

	tidy_serial(ask->serial, tidy);
	n = BN_bin2bn(tidy, CERT_SERIAL, NULL);
	bool good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return good;
}

static bool put_times(X509 *x, const struct cert_ask *ask)
{
	return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(ask->from_ms / 1000)) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(ask->to_ms / 1000));
}

static bool put_name(X509 *x, const char *name)
{
	X509_NAME *n = X509_get_subject_name(x);
	return X509_NAME_add_entry_by_txt(
		       n, "CN", MBSTRING_UTF8, (const unsigned char *)name, (int)strlen(name), -1, 0) == 1;
}

/* `text` is one of ours, never somebody's. */
static bool put_extension(X509 *x, X509 *issuer, int nid, const char *text)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, text);
	bool good = e && X509_add_ext(x, e, -1) == 1;

	X509_EXTENSION_free(e);
	return good;
}

/* A name among others: an address when it is one. */
static GENERAL_NAME *new_host(const char *host)
{
	GENERAL_NAME *n = GENERAL_NAME_new();
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);

	if (n && address) {
		GENERAL_NAME_set0_value(n, GEN_IPADD, address);
		return n;
	}
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	if (n && text && ASN1_STRING_set(text, host, -1) == 1) {
		GENERAL_NAME_set0_value(n, GEN_DNS, text);
		return n;
	}
	ASN1_OCTET_STRING_free(address);
	ASN1_IA5STRING_free(text);
	GENERAL_NAME_free(n);
	return NULL;
}

static GENERAL_NAME *new_uri(const char *uri)
{
	GENERAL_NAME *n = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	if (n && text && ASN1_STRING_set(text, uri, -1) == 1) {
		GENERAL_NAME_set0_value(n, GEN_URI, text);
		return n;
	}
	ASN1_IA5STRING_free(text);
	GENERAL_NAME_free(n);
	return NULL;
}

static bool push(GENERAL_NAMES *all, GENERAL_NAME *one)
{
	if (one && sk_GENERAL_NAME_push(all, one) > 0)
		return true;
	GENERAL_NAME_free(one);
	return false;
}

static bool put_names(X509 *x, const struct cert_ask *ask)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	bool good = all && (!ask->uri || push(all, new_uri(ask->uri)));

	for (size_t i = 0; good && ask->hosts && ask->hosts[i]; i++)
		good = push(all, new_host(ask->hosts[i]));
	if (good && sk_GENERAL_NAME_num(all) > 0)
		good = X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(all);
	return good;
}

static bool write_pem(X509 *x, struct buf *to)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p = NULL;
	bool good = b && PEM_write_bio_X509(b, x) == 1;
	long n = good ? BIO_get_mem_data(b, &p) : 0;

	buf_put(to, p, (size_t)n);
	BIO_free(b);
	return good && !to->bad;
}

static X509 *read_pem(const char *text)
{
	BIO *b = strnlen(text, CERT_PEM_MAX + 1) <= CERT_PEM_MAX ? BIO_new_mem_buf(text, -1) : NULL;
	X509 *x = b ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;

	BIO_free(b);
	return x;
}

static EVP_PKEY *secret_key(const uint8_t *secret)
{
	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, CERT_KEY);
}

/* All but what tells an authority from others. */
static X509 *begin(const struct cert_ask *ask, EVP_PKEY *subject)
{
	X509 *x = X509_new();

	if (x && X509_set_version(x, X509_VERSION_3) == 1 && put_serial(x, ask) && put_times(x, ask) &&
		put_name(x, ask->name) && X509_set_pubkey(x, subject) == 1)
		return x;
	X509_free(x);
	return NULL;
}

enum rc cert_authority(const uint8_t *secret, const struct cert_ask *ask, struct buf *to, struct fault *f)
{
	EVP_PKEY *key = secret_key(secret);
	X509 *x = key ? begin(ask, key) : NULL;
	bool good = x && X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
		    put_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
		    put_extension(x, x, NID_key_usage, "critical,keyCertSign") &&
		    put_extension(x, x, NID_subject_key_identifier, "hash") && X509_sign(x, key, NULL) > 0 &&
		    write_pem(x, to);

	X509_free(x);
	EVP_PKEY_free(key);
	return good ? RC_OK : broken(f, RC_NOMEM, "the authority's certificate could not be made");
}

static bool fill(X509 *x, X509 *issuer, const struct cert_ask *ask)
{
	return X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1 &&
	       put_extension(x, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       put_extension(x, issuer, NID_key_usage, "critical,digitalSignature") &&
	       put_extension(x, issuer, NID_ext_key_usage, ask->hosts ? "serverAuth" : "clientAuth") &&
	       put_extension(x, issuer, NID_subject_key_identifier, "hash") &&
	       put_extension(x, issuer, NID_authority_key_identifier, "keyid:always") && put_names(x, ask);
}

static enum rc issue(const struct cert_issuer *by, EVP_PKEY *subject, const struct cert_ask *ask, struct buf *to,
	struct fault *f)
{
	EVP_PKEY *key = secret_key(by->secret);
	X509 *issuer = read_pem(by->cert), *x = begin(ask, subject);
	enum rc rc = RC_OK;

	if (!key || !issuer || X509_check_private_key(issuer, key) != 1)
		rc = broken(f, RC_INVALID, "the authority's key is not its certificate's");
	else if (!x || !fill(x, issuer, ask) || X509_sign(x, key, NULL) <= 0 || !write_pem(x, to))
		rc = broken(f, RC_NOMEM, "the certificate could not be made");
	X509_free(x);
	X509_free(issuer);
	EVP_PKEY_free(key);
	return rc;
}

enum rc cert_issue(const struct cert_issuer *by, const uint8_t *public, const struct cert_ask *ask, struct buf *to,
	struct fault *f)
{
	EVP_PKEY *subject = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, CERT_KEY);
	enum rc rc =
		subject ? issue(by, subject, ask, to, f) : broken(f, RC_INVALID, "that is no Ed25519 public key");

	EVP_PKEY_free(subject);
	return rc;
}

static bool is_strong(const EVP_PKEY *key)
{
	char curve[32] = "";
	size_t n = 0;

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_ED25519:
		return true;
	case EVP_PKEY_RSA:
		return EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 8192;
	case EVP_PKEY_EC:
		return EVP_PKEY_get_group_name(key, curve, sizeof(curve), &n) == 1 &&
		       (!strcmp(curve, "prime256v1") || !strcmp(curve, "secp384r1"));
	default:
		return false;
	}
}

enum rc cert_answer(const struct cert_issuer *by, const char *request, const struct cert_ask *ask, struct buf *to,
	struct fault *f)
{
	BIO *b = strnlen(request, CERT_PEM_MAX + 1) <= CERT_PEM_MAX ? BIO_new_mem_buf(request, -1) : NULL;
	X509_REQ *q = b ? PEM_read_bio_X509_REQ(b, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = q ? X509_REQ_get0_pubkey(q) : NULL;
	enum rc rc;

	if (!key || X509_REQ_verify(q, key) != 1)
		rc = broken(f, RC_INVALID, "that is no certificate request in PEM, or its signature is wrong");
	else if (!is_strong(key))
		rc = broken(f, RC_INVALID,
			"its key is of another kind than RSA of 2048 to 8192 bits, P-256, P-384 and Ed25519");
	else
		rc = issue(by, key, ask, to, f);
	X509_REQ_free(q);
	BIO_free(b);
	return rc;
}
