#include "wire/steam/password.h"

#include "wire/base64.h"
#include "wire/steam/rsa.h"

_Static_assert(PASSWORD_SEED == RSA_SEED, "handed on as it is");

enum rc password_encrypt(const char *modulus_hex, const char *exponent_hex, const struct hush *password,
	const uint8_t *seed, struct buf *to, struct fault *f)
{
	struct rsa key;
	struct buf blob = { 0 };

	if (password->n == 0)
		return fault_set(f, RC_INVALID, "the password is empty");
	enum rc rc = rsa_of_hex(modulus_hex, exponent_hex, PASSWORD_KEY_BITS, &key, f);
	if (rc != RC_OK)
		return rc;
	rc = rsa_encrypt(&key, seed, password->p, password->n, &blob, f);
	if (rc == RC_OK)
		base64_put(to, blob.p, blob.n);
	buf_done(&blob);
	return rc == RC_OK && to->bad ? fault_set(f, RC_NOMEM, "no memory for the password") : rc;
}
