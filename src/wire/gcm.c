#include "wire/gcm.h"

#include <openssl/evp.h>
#include <string.h>

bool gcm_seal(const struct gcm *x, const void *p, size_t n, uint8_t *to)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int got = 0;
	bool ok = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, x->key, x->nonce) == 1 &&
		  EVP_EncryptUpdate(c, NULL, &got, x->bound->p, (int)x->bound->n) == 1 &&
		  EVP_EncryptUpdate(c, to, &got, p, (int)n) == 1 && EVP_EncryptFinal_ex(c, to + got, &got) == 1 &&
		  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, GCM_TAG, to + n) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}

bool gcm_open(const struct gcm *x, const void *p, size_t n, uint8_t *to)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t tag[GCM_TAG];
	int got = 0;

	memcpy(tag, (const uint8_t *)p + n, GCM_TAG);
	bool ok = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, x->key, x->nonce) == 1 &&
		  EVP_DecryptUpdate(c, NULL, &got, x->bound->p, (int)x->bound->n) == 1 &&
		  EVP_DecryptUpdate(c, to, &got, p, (int)n) == 1 &&
		  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, GCM_TAG, tag) == 1 &&
		  EVP_DecryptFinal_ex(c, to + got, &got) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}
