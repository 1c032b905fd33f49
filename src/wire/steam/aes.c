#include "wire/steam/aes.h"

#include <openssl/evp.h>

#define MOST (1u << 30)

static void own_cipher_p(EVP_CIPHER_CTX **c) { EVP_CIPHER_CTX_free(*c); }

#define auto_cipher __attribute__((cleanup(own_cipher_p))) EVP_CIPHER_CTX

enum rc aes_seal(const uint8_t *key, const uint8_t *iv, const void *p, size_t n, struct buf *to)
{
	auto_cipher *c = EVP_CIPHER_CTX_new();
	int head = 0, body = 0, tail = 0;

	if (n > MOST)
		return RC_TOO_LARGE;
	uint8_t *room = buf_room(to, AES_IV + n + AES_IV);
	if (!c || !room)
		return RC_NOMEM;
	if (!EVP_EncryptInit_ex(c, EVP_aes_256_ecb(), NULL, key, NULL) || !EVP_CIPHER_CTX_set_padding(c, 0) ||
		!EVP_EncryptUpdate(c, room, &head, iv, AES_IV) || head != AES_IV)
		return RC_NOMEM;
	if (!EVP_EncryptInit_ex(c, EVP_aes_256_cbc(), NULL, key, iv) || !EVP_CIPHER_CTX_set_padding(c, 1) ||
		(n && !EVP_EncryptUpdate(c, room + head, &body, p, (int)n)) ||
		!EVP_EncryptFinal_ex(c, room + head + body, &tail))
		return RC_NOMEM;
	to->n += (size_t)(head + body + tail);
	return RC_OK;
}

enum rc aes_open(const uint8_t *key, const void *p, size_t n, uint8_t ret_iv[static AES_IV], struct buf *to)
{
	auto_cipher *c = EVP_CIPHER_CTX_new();
	const uint8_t *at = p;
	uint8_t iv[AES_IV];
	int body = 0, tail = 0;

	if (n < (size_t)2 * AES_IV || n % AES_IV || n > MOST)
		return RC_DENIED;
	uint8_t *room = buf_room(to, n);
	if (!c || !room)
		return RC_NOMEM;
	if (!EVP_DecryptInit_ex(c, EVP_aes_256_ecb(), NULL, key, NULL) || !EVP_CIPHER_CTX_set_padding(c, 0) ||
		!EVP_DecryptUpdate(c, iv, &body, at, AES_IV) || body != AES_IV)
		return RC_NOMEM;
	if (!EVP_DecryptInit_ex(c, EVP_aes_256_cbc(), NULL, key, iv) || !EVP_CIPHER_CTX_set_padding(c, 1) ||
		!EVP_DecryptUpdate(c, room, &body, at + AES_IV, (int)(n - AES_IV)))
		return RC_NOMEM;
	if (!EVP_DecryptFinal_ex(c, room + body, &tail))
		return RC_DENIED;
	to->n += (size_t)(body + tail);
	for (unsigned i = 0; i < AES_IV; i++)
		ret_iv[i] = iv[i];
	return RC_OK;
}
