#include "control/access/keys_hash.h"
#include "control/control.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

void keys_hash(const struct control *c, const char *secret, char ret[static KEYS_HASH_MAX])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	static const char hex[] = "0123456789abcdef";

	HMAC(EVP_sha256(), c->secrets.pepper, 32, (const uint8_t *)secret, strlen(secret), mac, NULL);
	for (size_t i = 0; i < 32; i++) {
		ret[i * 2] = hex[mac[i] >> 4];
		ret[i * 2 + 1] = hex[mac[i] & 15];
	}
	ret[64] = 0;
}
