#include "wire/tunnel_frame.h"

#include "tests/unit/check.h"

/* Made by another program: ACCEPT number 2 with payload {} under the key 00 01 … 1f. */
static const uint8_t known[] = { 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x7b, 0x7d, 0xc8, 0x88, 0x25, 0xf2, 0x53, 0x3b, 0x5e, 0xfe, 0x87, 0x2e,
	0x2f, 0xa5, 0x6a, 0xef, 0x0f, 0x29 };
static uint8_t key[TUNNEL_FRAME_KEY];

static void known_frame(void)
{
	struct tunnel_frame f;
	size_t used = 0;
	struct buf b = { 0 };

	CHECK(tunnel_frame_parse(known, sizeof(known), &f, &used) == RC_OK);
	CHECK(used == sizeof(known) && f.type == 8 && f.flags == 0 && f.seq == 2 && f.len == 2);
	CHECK(!memcmp(f.payload, "{}", 2));
	CHECK(tunnel_frame_check(&f, key));
	CHECK(!tunnel_frame_check(&f, NULL));
	tunnel_frame_write(&b, &f, key);
	CHECK(b.n == sizeof(known) && !memcmp(b.p, known, b.n));
	tunnel_frame_write(&b, &f, key); /* behind another one it is the same */
	CHECK(b.n == 2 * sizeof(known) && !memcmp(b.p + sizeof(known), known, sizeof(known)));
	buf_done(&b);
}

static void every_cut_and_every_bit(void)
{
	struct tunnel_frame f;
	size_t used = 0;

	for (size_t n = 0; n < sizeof(known); n++)
		CHECK(tunnel_frame_parse(known, n, &f, &used) == RC_MORE);
	CHECK(used == 0); /* untouched on failure */
	for (size_t i = 0; i < sizeof(known) * 8; i++) {
		uint8_t p[sizeof(known)];
		memcpy(p, known, sizeof(p));
		p[i / 8] ^= (uint8_t)(1 << i % 8);
		if (tunnel_frame_parse(p, sizeof(p), &f, &used) == RC_OK)
			CHECK(!tunnel_frame_check(&f, key));
	}
}

static void limits(void)
{
	static uint8_t payload[TUNNEL_PAYLOAD_MAX];
	const struct tunnel_frame big = { .type = 13,
		.flags = TUNNEL_FRAME_MORE,
		.seq = UINT64_MAX,
		.payload = payload,
		.len = TUNNEL_PAYLOAD_MAX };
	struct tunnel_frame f;
	struct buf b = { 0 };
	size_t used;

	tunnel_frame_write(&b, &big, NULL);
	CHECK(b.n == TUNNEL_FRAME_MAX);
	CHECK(tunnel_frame_parse(b.p, b.n, &f, &used) == RC_OK && used == b.n);
	CHECK(f.flags == TUNNEL_FRAME_MORE && f.seq == UINT64_MAX && tunnel_frame_check(&f, NULL));
	b.p[17] = 0x10;
	b.p[19] = 1;
	CHECK(tunnel_frame_parse(b.p, TUNNEL_FRAME_HEAD, &f, &used) == RC_TOO_LARGE);
	b.p[0] = 2;
	CHECK(tunnel_frame_parse(b.p, 1, &f, &used) == RC_REFUSED);
	b.p[0] = 1;
	b.p[17] = 0;
	b.p[7] = 1; /* a stream */
	CHECK(tunnel_frame_parse(b.p, b.n, &f, &used) == RC_INVALID);
	b.p[7] = 0;
	b.p[2] = 0x80; /* a flag */
	CHECK(tunnel_frame_parse(b.p, b.n, &f, &used) == RC_INVALID);
	buf_done(&b);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	known_frame();
	every_cut_and_every_bit();
	limits();
	return 0;
}
