/* What a stranger writes into X-Forwarded-For and Forwarded: the answer is always an address, and no other than the peer's when it is not trusted. */
#include "tests/unit/check.h"
#include "wire/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ip_block_list l;
	struct forwarded f;
	char text[4096], again[FORWARDED_ADDRESS_MAX];

	if (n < 1 || n > sizeof(text))
		return 0;
	memcpy(text, p + 1, n - 1);
	text[n - 1] = 0;
	CHECK(ip_block_read("10.0.0.0/8", &l, NULL) == RC_OK);
	struct forwarded_ask ask = {
		.peer = p[0] & 1 ? "10.0.0.1" : "192.0.2.1", .standard = p[0] & 2, .forwarded = text, .xff = text
	};
	forwarded_read(&l, &ask, &f);
	CHECK(forwarded_address(f.address, strlen(f.address), again));
	CHECK_STR(again, f.address);
	if (!(p[0] & 1))
		CHECK_STR(f.address, ask.peer);
	return 0;
}
