#include "wire/steam/password.h"

#include "tests/unit/wire/corpus.h"
#include "wire/base64.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define FOLDER "tests/corpus/rsa/"

static struct hush password;
static const uint8_t seed[PASSWORD_SEED] = { 5, 6, 7 }, other_seed[PASSWORD_SEED] = { 8 };

/* As Steam does: with OpenSSL and the private key. */
static void decrypt(const struct buf *text, uint8_t *ret, size_t *ret_n)
{
	struct buf pem = corpus_read(FOLDER "password.pem"), blob = { 0 };
	BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k, NULL);

	CHECK(base64_get((char *)text->p, text->n, &blob) && blob.n == 256);
	CHECK(EVP_PKEY_decrypt_init(c) == 1 && EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1);
	CHECK(EVP_PKEY_decrypt(c, ret, ret_n, blob.p, blob.n) == 1);
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(k);
	BIO_free(b);
	buf_done(&pem);
	buf_done(&blob);
}

static void there_and_back(const char *modulus)
{
	struct buf one = { 0 }, two = { 0 };
	uint8_t plain[256];
	size_t n = sizeof(plain);

	CHECK(password_encrypt(modulus, "010001", &password, seed, &one, NULL) == RC_OK);
	decrypt(&one, plain, &n);
	CHECK(hush_same(&password, plain, n));
	CHECK(password_encrypt(modulus, "010001", &password, seed, &two, NULL) == RC_OK);
	CHECK(corpus_same(&one, two.p, two.n)); /* pure */
	two.n = 0;
	CHECK(password_encrypt(modulus, "010001", &password, other_seed, &two, NULL) == RC_OK);
	CHECK(!corpus_same(&one, two.p, two.n));
	buf_done(&one);
	buf_done(&two);
}

static void lengths(const char *modulus)
{
	uint8_t most[246], plain[256];
	struct hush h = { 0 };
	struct buf to = { 0 };
	size_t n = sizeof(plain);

	memset(most, 'p', sizeof(most));
	CHECK(hush_set(&h, most, 245) == RC_OK &&
		password_encrypt(modulus, "010001", &h, seed, &to, NULL) == RC_OK);
	decrypt(&to, plain, &n);
	CHECK(hush_same(&h, plain, n));
	CHECK(hush_set(&h, most, 246) == RC_OK);
	CHECK(password_encrypt(modulus, "010001", &h, seed, &to, NULL) == RC_TOO_LARGE);
	hush_done(&h);
	CHECK(password_encrypt(modulus, "010001", &h, seed, &to, NULL) == RC_INVALID);
	buf_done(&to);
}

static void keys(const char *modulus)
{
	struct buf to = { 0 };
	char text[2000];
	struct fault f = { 0 };

	snprintf(text, sizeof(text), "%s", modulus);
	CHECK(password_encrypt(text + 2, "010001", &password, seed, &to, &f) == RC_DENIED); /* 8 bits less */
	text[strlen(text) - 1] = '2';
	CHECK(password_encrypt(text, "010001", &password, seed, &to, &f) == RC_DENIED); /* even */
	CHECK(password_encrypt(modulus, "1", &password, seed, &to, &f) == RC_DENIED);
	CHECK(password_encrypt(modulus, "010000", &password, seed, &to, &f) == RC_DENIED);
	CHECK(password_encrypt(modulus, "0", &password, seed, &to, &f) == RC_DENIED);
	CHECK(password_encrypt(modulus, "", &password, seed, &to, &f) == RC_MALFORMED);
	CHECK(password_encrypt("", "010001", &password, seed, &to, &f) == RC_MALFORMED);
	CHECK(password_encrypt("xyz", "010001", &password, seed, &to, &f) == RC_MALFORMED);
	text[100] = 'g';
	CHECK(password_encrypt(text, "010001", &password, seed, &to, &f) == RC_MALFORMED);
	snprintf(text, sizeof(text), "%s%s%s", modulus, modulus, modulus);
	CHECK(password_encrypt(text, "010001", &password, seed, &to, &f) == RC_MALFORMED);
	CHECK(to.n == 0);
	buf_done(&to);
}

int main(void)
{
	struct buf modulus = corpus_read(FOLDER "password_modulus.hex");
	CHECK(hush_set(&password, "correct horse", 13) == RC_OK);
	there_and_back(buf_text(&modulus));
	lengths(buf_text(&modulus));
	keys(buf_text(&modulus));
	hush_done(&password);
	buf_done(&modulus);
	return 0;
}
