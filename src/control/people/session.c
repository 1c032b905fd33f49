#include "control/people/session.h"
#include "base/buf.h"
#include "control/access/keys_hash.h"
#include "control/control.h"
#include "wire/base64.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

void people_session_csrf(const struct control *c, const char *secret, char ret[static SESSIONS_CSRF_MAX])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	char text[KEYS_HASH_MAX + 8];
	struct buf b = { 0 };

	snprintf(text, sizeof(text), "csrf of ");
	keys_hash(c, secret, text + 8);
	HMAC(EVP_sha256(), c->secrets.pepper, 32, (const uint8_t *)text, strlen(text), mac, NULL);
	base64_put_url(&b, mac, 32);
	snprintf(ret, SESSIONS_CSRF_MAX, "%s", buf_text(&b));
	buf_done(&b);
}
