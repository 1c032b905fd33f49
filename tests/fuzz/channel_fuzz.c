/* Any bytes as what comes over TCP: frames, the bodies of the handshake, encrypted payloads. However they are cut, the same frames
 * are found. */
#include "wire/steam/channel.h"
#include "wire/steam/describe_depot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void payload(const uint8_t *p, size_t n)
{
	static const uint8_t key[CHANNEL_KEY] = { 7 };
	uint8_t challenge[CHANNEL_CHALLENGE];
	struct buf plain = { 0 }, again = { 0 };
	int32_t eresult;

	if (channel_request_read(p, n, challenge, NULL) == RC_OK) {
		channel_request_write(&again, challenge);
		expect(again.n <= n && !memcmp(again.p, p, again.n));
	}
	again.n = 0;
	if (channel_result_read(p, n, &eresult, NULL) == RC_OK) {
		channel_result_write(&again, eresult);
		expect(again.n == 4 && !memcmp(again.p, p, 4));
	}
	if (channel_decrypt(key, p, n, &plain, NULL) != RC_OK)
		expect(plain.n == 0);
	buf_done(&plain);
	buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t key[CHANNEL_KEY] = { 7 };
	struct rd in = rd_over(p, n);
	struct buf same = { 0 }, said = { 0 };
	const uint8_t *one;
	size_t one_n;

	while (channel_next(&in, &one, &one_n, NULL) == RC_OK) {
		struct rd cut = rd_over(one - CHANNEL_FRAME_HEAD, CHANNEL_FRAME_HEAD + one_n);
		cut.end -= one_n > 0;
		const uint8_t *none;
		size_t none_n;
		expect(one_n == 0 || channel_next(&cut, &none, &none_n, NULL) == RC_MORE);
		channel_put(&same, one, one_n);
		payload(one, one_n);
	}
	expect(same.n == n - rd_left(&in) && (same.n == 0 || !memcmp(same.p, p, same.n)));
	if (describe_depot_stream(p, n, key, &said, NULL) != RC_OK)
		expect(said.n == 0);
	buf_done(&same);
	buf_done(&said);
	return 0;
}
