#include "wire/tunnel_auth.h"

#include "tests/unit/check.h"

static uint8_t a[32], b[32], nonce[32];

/* RFC 8032, section 7.1, test 1. */
static void identity(void)
{
	uint8_t secret[32], public[32];
	char hex[TUNNEL_AUTH_KEY_HEX];
	CHECK(tunnel_auth_of_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", secret, 32));
	CHECK(tunnel_auth_identity(secret, public) == RC_OK);
	tunnel_auth_hex(public, 32, hex);
	CHECK_STR(hex, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

/* The expected keys were made by another program (X25519 and HKDF from their RFCs, in Python). */
static void derive(void)
{
	uint8_t pa[32], pb[32], zero[32] = { 0 };
	struct tunnel_auth_keys one, two, kept;
	char hex[TUNNEL_AUTH_KEY_HEX];

	CHECK(tunnel_auth_ephemeral(a, pa) == RC_OK && tunnel_auth_ephemeral(b, pb) == RC_OK);
	tunnel_auth_hex(pb, 32, hex);
	CHECK_STR(hex, "7d9c24316539825c1896e57f28197746793ce60cbee3ad47da9d07b85fa55e2a");
	CHECK(tunnel_auth_derive(a, pb, nonce, &one) == RC_OK && tunnel_auth_derive(b, pa, nonce, &two) == RC_OK);
	CHECK(!memcmp(&one, &two, sizeof(one)));
	tunnel_auth_hex(one.to_agent, 32, hex);
	CHECK_STR(hex, "9f409cf5a86475af6aeacc8ef47d884bb894ce5fe8110c79ec05261d7041269c");
	tunnel_auth_hex(one.to_control, 32, hex);
	CHECK_STR(hex, "03986b664215db1bc1553413bb4ab77de0ef6165b97a448d24797750ae1afb8b");
	kept = one;
	CHECK(tunnel_auth_derive(a, zero, nonce, &one) ==
		RC_DENIED); /* a public key that makes every secret the same */
	CHECK(!memcmp(&one, &kept, sizeof(one)));
}

static void signatures(void)
{
	struct tunnel_auth_talk t = { .time_ms = 1700000000000, .agent_id = "agt_1" }, changed;
	uint8_t pa[32], pb[32], c[TUNNEL_AUTH_SIG], h[TUNNEL_AUTH_SIG];

	memcpy(t.nonce, nonce, 32);
	memset(t.control, 5, 32);
	memset(t.agent, 6, 32);
	CHECK(tunnel_auth_identity(a, pa) == RC_OK && tunnel_auth_identity(b, pb) == RC_OK);
	CHECK(tunnel_auth_sign_challenge(&t, a, c) == RC_OK && tunnel_auth_sign_hello(&t, b, h) == RC_OK);
	CHECK(tunnel_auth_is_challenge(&t, pa, c) && tunnel_auth_is_hello(&t, pb, h));
	CHECK(!tunnel_auth_is_challenge(&t, pb, c) && !tunnel_auth_is_hello(&t, pa, h));
	CHECK(!tunnel_auth_is_hello(&t, pa, c)); /* neither signature stands for the other */
	c[0] ^= 1;
	CHECK(!tunnel_auth_is_challenge(&t, pa, c));
	c[0] ^= 1;

#define CHANGED(member, is, key, sig)             \
	changed = t;                              \
	*(uint8_t *)(void *)&changed.member ^= 1; \
	CHECK(!tunnel_auth_is_##is(&changed, key, sig))
	CHANGED(nonce, challenge, pa, c);
	CHANGED(control, challenge, pa, c);
	CHANGED(time_ms, challenge, pa, c);
	CHANGED(nonce, hello, pb, h);
	CHANGED(control, hello, pb, h);
	CHANGED(agent, hello, pb, h);
	changed = t;
	changed.agent_id = "agt_2";
	CHECK(!tunnel_auth_is_hello(&changed, pb, h));
}

static void hex(void)
{
	uint8_t p[2] = { 1, 2 };
	CHECK(!tunnel_auth_of_hex(NULL, p, 2) && !tunnel_auth_of_hex("", p, 2) && !tunnel_auth_of_hex("000", p, 2));
	CHECK(!tunnel_auth_of_hex("00gg", p, 2) && !tunnel_auth_of_hex("00FF", p, 2) &&
		!tunnel_auth_of_hex("0000ff", p, 2));
	CHECK(p[0] == 1 && p[1] == 2);
	CHECK(tunnel_auth_of_hex("09af", p, 2) && p[0] == 0x09 && p[1] == 0xaf);
}

int main(void)
{
	for (size_t i = 0; i < 32; i++) {
		a[i] = (uint8_t)i;
		b[i] = (uint8_t)(100 + i);
		nonce[i] = (uint8_t)(200 + i);
	}
	identity();
	derive();
	signatures();
	hex();
	return 0;
}
