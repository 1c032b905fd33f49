/* webhook_sign: signatures as node's crypto makes them of the same message and keys. */
#include "tests/unit/check.h"
#include "wire/webhook_sign.h"

#include <string.h>

static const struct {
	const char *id;
	int64_t timestamp_s;
	const char *body, *v1, *v1a;
} vectors[] = {
	{ "msg_01JD8Z5QK3", 1700000000,
		"{\"type\":\"task.succeeded\",\"payload\":{\"attempt\":1,\"text\":\"gr\xc3\xbcn\"}}",
		"v1,KE5WLjDJoQRiQgh0MX4QShIVIYbx8sltgbYGRUwjwE0=",
		"v1a,aVMwiomNrO+qJ3kAAjgrKkvdCMHIqLnY3smnZYxHVYaciSc6IAx2oLVSa9TctGEd5mVZVus7fuxOK0/CxqsiDA==" },
	{ "m", 1, "", "v1,b26EM0Kcvvnplp5TifvPC2tTxSNkOR0dlFE71ZSDXEo=",
		"v1a,z2tI4atYkglZh6dgbg6O2msC/W0yK0R3/ObLtg3xWtl8Yhyoa9JnNHH90bRdS1WMHo4b6KnfXwGHHNItLHkkCA==" },
};

int main(void)
{
	uint8_t key[WEBHOOK_SIGN_KEY], seed[WEBHOOK_SIGN_KEY];
	struct buf b = { 0 };

	for (int i = 0; i < WEBHOOK_SIGN_KEY; i++) {
		key[i] = (uint8_t)i;
		seed[i] = (uint8_t)(255 - i);
	}
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		const struct webhook_sign_message m = { vectors[i].id, vectors[i].timestamp_s, vectors[i].body,
			strlen(vectors[i].body) };
		b.n = 0;
		CHECK(webhook_sign_v1(&m, key, &b) == RC_OK);
		CHECK_STR(buf_text(&b), vectors[i].v1);
		b.n = 0;
		CHECK(webhook_sign_v1a(&m, seed, &b) == RC_OK);
		CHECK_STR(buf_text(&b), vectors[i].v1a);
	}
	b.n = 0;
	CHECK(webhook_sign_secret(key, &b) == RC_OK);
	CHECK_STR(buf_text(&b), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
	b.n = 0;
	CHECK(webhook_sign_public(seed, &b) == RC_OK);
	CHECK_STR(buf_text(&b), "whpk_uvxxvq06xeS2PpyCFu5xo0quxlci7tvKcotOmzzM45Y=");
	buf_done(&b);
	return 0;
}
