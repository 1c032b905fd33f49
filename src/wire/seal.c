#include "wire/seal.h"

#include <sodium.h>
#include <string.h>

_Static_assert(SEAL_EXTRA == crypto_box_SEALBYTES, "a box of libsodium");

/* The nonce is made of both public keys, as crypto_box_seal does, so that its crypto_box_seal_open reads our boxes. */
static bool nonce_of(const uint8_t *ephemeral, const uint8_t *theirs, uint8_t *ret)
{
	uint8_t both[2 * crypto_box_PUBLICKEYBYTES];

	memcpy(both, ephemeral, crypto_box_PUBLICKEYBYTES);
	memcpy(both + crypto_box_PUBLICKEYBYTES, theirs, crypto_box_PUBLICKEYBYTES);
	return crypto_generichash(ret, crypto_box_NONCEBYTES, both, sizeof(both), NULL, 0) == 0;
}

enum rc seal_to(const uint8_t *ed25519_public, const uint8_t *seed, const void *p, size_t n, struct buf *to)
{
	uint8_t theirs[crypto_box_PUBLICKEYBYTES], mine[crypto_box_PUBLICKEYBYTES];
	uint8_t secret[crypto_box_SECRETKEYBYTES], nonce[crypto_box_NONCEBYTES];
	size_t before = to->n;

	if (n > SIZE_MAX - SEAL_EXTRA)
		return RC_NOMEM;
	if (crypto_sign_ed25519_pk_to_curve25519(theirs, ed25519_public) != 0)
		return RC_INVALID;
	uint8_t *room = buf_room(to, n + SEAL_EXTRA);
	if (!room)
		return RC_NOMEM;
	bool made = crypto_box_seed_keypair(mine, secret, seed) == 0 && nonce_of(mine, theirs, nonce) &&
		    crypto_box_easy(room + sizeof(mine), n ? p : "", n, nonce, theirs, secret) == 0;
	hush_wipe(secret, sizeof(secret));
	if (!made)
		return RC_INVALID;
	memcpy(room, mine, sizeof(mine));
	to->n = before + n + SEAL_EXTRA;
	return RC_OK;
}

static enum rc unbox(const uint8_t *ed25519_secret, const uint8_t *p, size_t n, uint8_t *plain)
{
	uint8_t sign_public[crypto_sign_PUBLICKEYBYTES], sign_secret[crypto_sign_SECRETKEYBYTES];
	uint8_t public[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES];

	bool opened = crypto_sign_seed_keypair(sign_public, sign_secret, ed25519_secret) == 0 &&
		      crypto_sign_ed25519_pk_to_curve25519(public, sign_public) == 0 &&
		      crypto_sign_ed25519_sk_to_curve25519(secret, sign_secret) == 0 &&
		      crypto_box_seal_open(plain, p, n, public, secret) == 0;
	hush_wipe(sign_secret, sizeof(sign_secret));
	hush_wipe(secret, sizeof(secret));
	return opened ? RC_OK : RC_DENIED;
}

enum rc seal_open(const uint8_t *ed25519_secret, const void *p, size_t n, struct hush *ret)
{
	if (n < SEAL_EXTRA)
		return RC_DENIED;
	if (n - SEAL_EXTRA > HUSH_MAX)
		return RC_TOO_LARGE;
	size_t plain_n = n - SEAL_EXTRA;
	uint8_t *plain = malloc(plain_n + 1);
	if (!plain)
		return RC_NOMEM;
	enum rc rc = unbox(ed25519_secret, p, n, plain);
	if (rc == RC_OK)
		rc = hush_set(ret, plain, plain_n);
	hush_wipe(plain, plain_n);
	free(plain);
	return rc;
}
