#include "sim/web/tls_files.h"

#include "base/buf.h"
#include "io/file.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define DAYS 365

static const char *const steam_names[] = { "api.steampowered.com", "*.steampowered.com", "steamcommunity.com",
	"*.steamcommunity.com", "login.steampowered.com", "store.steampowered.com", "*.steamserver.net",
	"*.steamcontent.com", "steam.tv", "localhost", "127.0.0.1", "::1", NULL };

static void own_key(EVP_PKEY **k) { EVP_PKEY_free(*k); }
static void own_cert(X509 **c) { X509_free(*c); }
#define auto_key  __attribute__((cleanup(own_key)))
#define auto_cert __attribute__((cleanup(own_cert)))

static enum rc failed(struct fault *f, const char *what)
{
	char why[120];
	ERR_error_string_n(ERR_get_error(), why, sizeof(why));
	return fault_set(f, RC_INTERNAL, "making a certificate: %s: %s", what, why);
}

static bool is_address(const char *s) { return strchr(s, ':') || s[strspn(s, "0123456789.")] == 0; }

static void put_names(struct buf *to, const char *const *names)
{
	for (; names && *names; names++)
		buf_fmt(to, "%s%s:%s", to->n ? "," : "", is_address(*names) ? "IP" : "DNS", *names);
}

static bool extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool good = e && X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
	return good;
}

/* A certificate without extensions and signature; NULL when something failed. */
static X509 *plain(const char *name, EVP_PKEY *key)
{
	X509 *c = X509_new();
	uint8_t serial[8];

	if (!c || RAND_bytes(serial, sizeof(serial)) != 1)
		return c;
	serial[0] &= 0x7f;
	BIGNUM *n = BN_bin2bn(serial, sizeof(serial), NULL);
	X509_NAME *subject = X509_get_subject_name(c);
	bool good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(c)) && X509_set_version(c, 2) &&
		    X509_gmtime_adj(X509_getm_notBefore(c), -3600) &&
		    X509_gmtime_adj(X509_getm_notAfter(c), 86400L * DAYS) && X509_set_pubkey(c, key) &&
		    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	BN_free(n);
	if (good)
		return c;
	X509_free(c);
	return NULL;
}

static enum rc make_ca(EVP_PKEY *key, X509 **ret, struct fault *f)
{
	auto_cert X509 *c = plain("steamsim authority", key);
	if (!c || !X509_set_issuer_name(c, X509_get_subject_name(c)) ||
		!extend(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
		!extend(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") ||
		!extend(c, c, NID_subject_key_identifier, "hash") || !X509_sign(c, key, EVP_sha256()))
		return failed(f, "the authority");
	*ret = take(c);
	return RC_OK;
}

static enum rc make_leaf(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, const char *names, X509 **ret, struct fault *f)
{
	auto_cert X509 *c = plain("api.steampowered.com", key);
	if (!c || !X509_set_issuer_name(c, X509_get_subject_name(ca)) ||
		!extend(c, ca, NID_basic_constraints, "critical,CA:FALSE") ||
		!extend(c, ca, NID_key_usage, "critical,digitalSignature") ||
		!extend(c, ca, NID_ext_key_usage, "serverAuth") || !extend(c, ca, NID_subject_alt_name, names) ||
		!X509_sign(c, ca_key, EVP_sha256()))
		return failed(f, "the server's");
	*ret = take(c);
	return RC_OK;
}

static enum rc write_pem(BIO *from, const char *path, unsigned mode, struct fault *f)
{
	char *p;
	long n = BIO_get_mem_data(from, &p);
	return n > 0 ? file_write(path, p, (size_t)n, mode, f) : failed(f, path);
}

static enum rc write_all(const struct tls_files *at, X509 *ca, X509 *leaf, EVP_PKEY *key, struct fault *f)
{
	BIO *ca_pem = BIO_new(BIO_s_mem()), *leaf_pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_mem());
	enum rc rc;

	if (!ca_pem || !leaf_pem || !key_pem || !PEM_write_bio_X509(ca_pem, ca) ||
		!PEM_write_bio_X509(leaf_pem, leaf) ||
		!PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL))
		rc = failed(f, "writing");
	else
		rc = write_pem(ca_pem, at->ca, 0644, f);
	if (rc == RC_OK)
		rc = write_pem(leaf_pem, at->cert, 0644, f);
	if (rc == RC_OK)
		rc = write_pem(key_pem, at->key, 0600, f);
	BIO_free(ca_pem);
	BIO_free(leaf_pem);
	BIO_free(key_pem);
	return rc;
}

enum rc tls_files_make(const char *folder, const char *const *extra, struct tls_files *ret, struct fault *f)
{
	struct tls_files at;
	struct buf names = { 0 };
	auto_key EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	auto_cert X509 *ca = NULL, *leaf = NULL;

	if (!ca_key || !key)
		return failed(f, "a key");
	snprintf(at.ca, sizeof(at.ca), "%s/ca.pem", folder);
	snprintf(at.cert, sizeof(at.cert), "%s/cert.pem", folder);
	snprintf(at.key, sizeof(at.key), "%s/key.pem", folder);
	put_names(&names, steam_names);
	put_names(&names, extra);
	enum rc rc = make_ca(ca_key, &ca, f);
	if (rc == RC_OK)
		rc = make_leaf(key, ca, ca_key, buf_text(&names), &leaf, f);
	buf_done(&names);
	if (rc == RC_OK)
		rc = file_mkdirs(folder, 0755, f);
	if (rc == RC_OK)
		rc = write_all(&at, ca, leaf, key, f);
	if (rc == RC_OK)
		*ret = at;
	return rc;
}
