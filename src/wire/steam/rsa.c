#include "wire/steam/rsa.h"

#include "base/hush.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>

static void own_pkey_p(EVP_PKEY **k) { EVP_PKEY_free(*k); }
static void own_ctx_p(EVP_PKEY_CTX **c) { EVP_PKEY_CTX_free(*c); }
static void own_md_p(EVP_MD_CTX **c) { EVP_MD_CTX_free(*c); }
static void own_bio_p(BIO **b) { BIO_free(*b); }
static void own_bn_p(BIGNUM **b) { BN_clear_free(*b); }
static void own_bn_ctx_p(BN_CTX **c) { BN_CTX_free(*c); }

#define auto_pkey __attribute__((cleanup(own_pkey_p))) EVP_PKEY
#define auto_ctx  __attribute__((cleanup(own_ctx_p))) EVP_PKEY_CTX
#define auto_bio  __attribute__((cleanup(own_bio_p))) BIO
#define auto_bn   __attribute__((cleanup(own_bn_p))) BIGNUM

static enum rc check(const BIGNUM *n, const BIGNUM *e, unsigned least, struct rsa *ret, struct fault *f)
{
	if (BN_num_bytes(n) > RSA_BYTES_MAX || BN_num_bytes(e) > RSA_EXPONENT_MAX)
		return fault_set(f, RC_MALFORMED, "RSA key: larger than %d bits", RSA_BYTES_MAX * 8);
	if (BN_num_bits(n) < (int)least || !BN_is_odd(n))
		return fault_set(f, RC_DENIED, "RSA key: a modulus of %d bits is weak", BN_num_bits(n));
	if (!BN_is_odd(e) || BN_is_one(e))
		return fault_set(f, RC_DENIED, "RSA key: its exponent is weak");
	struct rsa key = { 0 };
	key.modulus_n = (size_t)BN_bn2bin(n, key.modulus);
	key.exponent_n = (size_t)BN_bn2bin(e, key.exponent);
	*ret = key;
	return RC_OK;
}

/* BN_hex2bn reads as far as it can; only a text that is hexadecimal to its end is a number here. */
static BIGNUM *number(const char *hex)
{
	BIGNUM *v = NULL;
	size_t n = hex ? strlen(hex) : 0;

	if (n == 0 || n > 2 * RSA_BYTES_MAX + 2 || strspn(hex, "0123456789abcdefABCDEF") != n)
		return NULL;
	return BN_hex2bn(&v, hex) == (int)n ? v : NULL;
}

enum rc rsa_of_hex(const char *modulus, const char *exponent, unsigned least, struct rsa *ret, struct fault *f)
{
	auto_bn *n = number(modulus), *e = number(exponent);
	if (!n || !e)
		return fault_set(
			f, RC_MALFORMED, "RSA key: not a hexadecimal number of at most %d bits", RSA_BYTES_MAX * 8);
	return check(n, e, least, ret, f);
}

static EVP_PKEY *public_key(const void *p, size_t n)
{
	const unsigned char *at = p;
	auto_bio *b = NULL;

	if (n > 16384)
		return NULL;
	if (n > 0 && at[0] == 0x30)
		return d2i_PUBKEY(NULL, &at, (long)n);
	b = BIO_new_mem_buf(p, (int)n);
	return b ? PEM_read_bio_PUBKEY(b, NULL, NULL, NULL) : NULL;
}

enum rc rsa_of_public_key(const void *p, size_t n, unsigned least, struct rsa *ret, struct fault *f)
{
	auto_pkey *k = public_key(p, n);
	auto_bn *modulus = NULL, *exponent = NULL;

	if (!k || !EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_RSA_N, &modulus) ||
		!EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_RSA_E, &exponent))
		return fault_set(f, RC_MALFORMED, "RSA key: not a public key in PEM or DER");
	return check(modulus, exponent, least, ret, f);
}

/* padded^exponent mod modulus, in as many bytes as the modulus has. */
static enum rc raise(const struct rsa *key, const uint8_t *padded, struct buf *to, struct fault *f)
{
	auto_bn *n = BN_bin2bn(key->modulus, (int)key->modulus_n, NULL);
	auto_bn *e = BN_bin2bn(key->exponent, (int)key->exponent_n, NULL);
	auto_bn *m = BN_bin2bn(padded, (int)key->modulus_n, NULL), *c = BN_new();
	__attribute__((cleanup(own_bn_ctx_p))) BN_CTX *ctx = BN_CTX_new();
	uint8_t *room = buf_room(to, key->modulus_n);

	if (!n || !e || !m || !c || !ctx || !room || !BN_mod_exp(c, m, e, n, ctx) ||
		BN_bn2binpad(c, room, (int)key->modulus_n) < 0)
		return fault_set(f, RC_NOMEM, "RSA: no memory");
	to->n += key->modulus_n;
	return RC_OK;
}

/* n bytes that are not zero, drawn from the seed. */
static bool fill(const uint8_t *seed, uint8_t *to, size_t n)
{
	__attribute__((cleanup(own_md_p))) EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t drawn[2 * RSA_BYTES_MAX];
	size_t have = 0;

	if (!c || !EVP_DigestInit_ex(c, EVP_shake256(), NULL) || !EVP_DigestUpdate(c, seed, RSA_SEED) ||
		!EVP_DigestFinalXOF(c, drawn, sizeof(drawn)))
		return false;
	for (size_t i = 0; i < sizeof(drawn) && have < n; i++)
		if (drawn[i])
			to[have++] = drawn[i];
	hush_wipe(drawn, sizeof(drawn));
	return have == n;
}

enum rc rsa_encrypt(
	const struct rsa *key, const uint8_t *seed, const void *p, size_t n, struct buf *to, struct fault *f)
{
	uint8_t padded[RSA_BYTES_MAX] = { 0, 2 };

	if (key->modulus_n < 11 || n > key->modulus_n - 11)
		return fault_set(f, RC_TOO_LARGE, "RSA: %zu bytes are too many for this key", n);
	size_t filler = key->modulus_n - 3 - n;
	if (!fill(seed, padded + 2, filler))
		return fault_set(f, RC_NOMEM, "RSA: no memory");
	if (n)
		memcpy(padded + 3 + filler, p, n);
	enum rc rc = raise(key, padded, to, f);
	hush_wipe(padded, sizeof(padded));
	return rc;
}

/* MGF1 with SHA-1: XORs the mask that `seed` makes onto `to`. */
static void mask(const uint8_t *seed, size_t seed_n, uint8_t *to, size_t n)
{
	uint8_t said[RSA_BYTES_MAX + 4], sha[SHA_DIGEST_LENGTH];

	memcpy(said, seed, seed_n);
	for (uint32_t at = 0, round = 0; at < n; round++) {
		for (unsigned i = 0; i < 4; i++)
			said[seed_n + i] = (uint8_t)(round >> (24 - 8 * i));
		SHA1(said, seed_n + 4, sha);
		for (unsigned i = 0; i < sizeof(sha) && at < n; i++)
			to[at++] ^= sha[i];
	}
	hush_wipe(said, sizeof(said));
}

enum rc rsa_encrypt_oaep(
	const struct rsa *key, const uint8_t *seed, const void *p, size_t n, struct buf *to, struct fault *f)
{
	uint8_t padded[RSA_BYTES_MAX] = { 0 };

	if (key->modulus_n < RSA_OAEP_OVERHEAD || n > key->modulus_n - RSA_OAEP_OVERHEAD)
		return fault_set(f, RC_TOO_LARGE, "RSA: %zu bytes are too many for this key", n);
	uint8_t *sown = padded + 1, *db = sown + RSA_OAEP_SEED;
	size_t db_n = key->modulus_n - 1 - RSA_OAEP_SEED;

	SHA1((const unsigned char *)"", 0, db); /* of the empty label */
	db[db_n - n - 1] = 1;
	if (n)
		memcpy(db + db_n - n, p, n);
	memcpy(sown, seed, RSA_OAEP_SEED);
	mask(sown, RSA_OAEP_SEED, db, db_n);
	mask(db, db_n, sown, RSA_OAEP_SEED);
	enum rc rc = raise(key, padded, to, f);
	hush_wipe(padded, sizeof(padded));
	return rc;
}

enum rc rsa_decrypt_oaep(const char *pem, const void *p, size_t n, struct buf *to, struct fault *f)
{
	auto_bio *b = BIO_new_mem_buf(pem, -1);
	auto_pkey *k = b ? PEM_read_bio_PrivateKey(b, NULL, NULL, NULL) : NULL;
	auto_ctx *c = k ? EVP_PKEY_CTX_new(k, NULL) : NULL;
	uint8_t plain[RSA_BYTES_MAX];
	size_t plain_n = sizeof(plain);

	if (!c || EVP_PKEY_get_size(k) > RSA_BYTES_MAX || EVP_PKEY_decrypt_init(c) != 1 ||
		EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) != 1)
		return fault_set(f, RC_MALFORMED, "RSA key: not a private key in PEM");
	if (EVP_PKEY_decrypt(c, plain, &plain_n, p, n) != 1)
		return fault_set(f, RC_DENIED, "RSA: not encrypted to this key");
	buf_put(to, plain, plain_n);
	hush_wipe(plain, sizeof(plain));
	return RC_OK;
}
