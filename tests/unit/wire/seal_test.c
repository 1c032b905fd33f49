#include "wire/seal.h"

#include "tests/unit/check.h"
#include "wire/tunnel_auth.h"

#include <sodium.h>

static uint8_t secret[32], public[32], seed[32];

static void there_and_back(void)
{
	struct buf box = { 0 };
	struct hush got = { 0 };

	buf_str(&box, "before");
	CHECK(seal_to(public, seed, "a password", 10, &box) == RC_OK);
	CHECK(box.n == 6 + 10 + SEAL_EXTRA && !memcmp(box.p, "before", 6));
	CHECK(seal_open(secret, box.p + 6, box.n - 6, &got) == RC_OK && hush_same(&got, "a password", 10));
	buf_done(&box);

	CHECK(seal_to(public, seed, NULL, 0, &box) == RC_OK && box.n == SEAL_EXTRA);
	CHECK(seal_open(secret, box.p, box.n, &got) == RC_OK && got.n == 0);
	hush_done(&got);
	buf_done(&box);
}

/* One box, one seed: the same bytes again; another seed, none of them. */
static void pure(void)
{
	struct buf one = { 0 }, two = { 0 };
	uint8_t other[32] = { 9 };

	CHECK(seal_to(public, seed, "x", 1, &one) == RC_OK && seal_to(public, seed, "x", 1, &two) == RC_OK);
	CHECK(one.n == two.n && !memcmp(one.p, two.p, one.n));
	two.n = 0;
	CHECK(seal_to(public, other, "x", 1, &two) == RC_OK && memcmp(one.p, two.p, one.n) != 0);
	buf_done(&one);
	buf_done(&two);
}

/* Boxes that libsodium made are read, and ours are read by it. */
static void same_as_libsodium(void)
{
	uint8_t box_public[32], box_secret[32], sign_public[32], sign_secret[64], box[4 + SEAL_EXTRA], plain[4];
	struct hush got = { 0 };
	struct buf ours = { 0 };

	CHECK(sodium_init() >= 0 && crypto_sign_seed_keypair(sign_public, sign_secret, secret) == 0);
	CHECK(crypto_sign_ed25519_pk_to_curve25519(box_public, public) == 0);
	CHECK(crypto_sign_ed25519_sk_to_curve25519(box_secret, sign_secret) == 0);
	CHECK(crypto_box_seal(box, (const uint8_t *)"four", 4, box_public) == 0);
	CHECK(seal_open(secret, box, sizeof(box), &got) == RC_OK && hush_same(&got, "four", 4));
	CHECK(seal_to(public, seed, "ours", 4, &ours) == RC_OK);
	CHECK(crypto_box_seal_open(plain, ours.p, ours.n, box_public, box_secret) == 0 &&
		!memcmp(plain, "ours", 4));
	hush_done(&got);
	buf_done(&ours);
}

static void refused(void)
{
	uint8_t none[32], other[32] = { 3 };
	struct hush got = { 0 };
	struct buf box = { 0 };

	memset(none, 0xFF, sizeof(none));
	CHECK(seal_to(none, seed, "x", 1, &box) == RC_INVALID && box.n == 0);
	memset(none, 0, sizeof(none)); /* a point of small order: everyone could open what is sealed to it */
	CHECK(seal_to(none, seed, "x", 1, &box) == RC_INVALID && box.n == 0);

	CHECK(hush_set(&got, "kept", 4) == RC_OK);
	CHECK(seal_to(public, seed, "secret", 6, &box) == RC_OK);
	CHECK(seal_open(other, box.p, box.n, &got) == RC_DENIED);
	for (size_t i = 0; i < box.n; i++) {
		box.p[i] ^= 1;
		CHECK(seal_open(secret, box.p, box.n, &got) == RC_DENIED);
		box.p[i] ^= 1;
		CHECK(seal_open(secret, box.p, i, &got) == RC_DENIED);
	}
	CHECK(hush_same(&got, "kept", 4));
	hush_done(&got);
	buf_done(&box);
}

static void limits(void)
{
	struct hush got = { 0 };
	size_t n = HUSH_MAX + 1 + SEAL_EXTRA;
	uint8_t *big = calloc(1, n);

	CHECK(big && seal_open(secret, big, n, &got) == RC_TOO_LARGE);
	free(big);
}

int main(void)
{
	for (uint8_t i = 0; i < 32; i++) {
		secret[i] = (uint8_t)(i * 7 + 1);
		seed[i] = (uint8_t)(200 - i);
	}
	CHECK(tunnel_auth_identity(secret, public) == RC_OK);
	there_and_back();
	pure();
	same_as_libsodium();
	refused();
	limits();
	return 0;
}
