/* Any bytes from a TCP server, cut anyhow: the channel stays whole, opens only by a handshake, and is dead after its first fault.
 * The first byte is the length of the pieces; an odd one lets the handshake be done before. */
#include "flow/steam_channel.h"
#include "wire/steam/channel.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void frame(struct steam_channel *c, uint32_t emsg, const void *body, size_t n)
{
	struct buf m = { 0 }, wire = { 0 };
	steam_frame_write(
		&m, &(struct steam_frame){ .kind = STEAM_FRAME_CHANNEL, .emsg = emsg, .body = body, .body_n = n });
	channel_put(&wire, m.p, m.n);
	expect(steam_channel_feed(c, wire.p, wire.n, NULL) == RC_OK);
	buf_done(&m);
	buf_done(&wire);
}

static void drain(struct steam_channel *c)
{
	const uint8_t *p;
	size_t n, sum = 0;
	while (steam_channel_next(c, &p, &n))
		for (size_t i = 0; i < n; i++)
			sum += p[i];
	expect(sum < SIZE_MAX);
	buf_done(steam_channel_out(c));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t request[24] = { 1, 0, 0, 0, 1, 0, 0, 0, 7, 7, 7 };
	struct steam_channel *c;
	bool dead = false;

	if (n == 0)
		return 0;
	size_t piece = 1 + p[0] / 2;
	expect(steam_channel_new(&(struct steam_channel_conf){ .random = { 1 } }, &c, NULL) == RC_OK);
	if (p[0] & 1) {
		frame(c, EMSG_CHANNEL_ENCRYPT_REQUEST, request, sizeof(request));
		frame(c, EMSG_CHANNEL_ENCRYPT_RESULT, "\1\0\0\0", 4);
		expect(steam_channel_is_open(c));
	}
	for (size_t at = 1; at < n; at += piece) {
		bool well = steam_channel_feed(c, p + at, n - at < piece ? n - at : piece, NULL) == RC_OK;
		expect(!well || !dead);
		dead = !well;
		expect(!dead || !steam_channel_is_open(c));
		drain(c);
	}
	steam_channel_free(c);
	return 0;
}
