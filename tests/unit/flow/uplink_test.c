/* The reconnect policy; the machine itself is played by tests/scenario/tunnel_*.scn. */
#include "flow/uplink.h"

#include "tests/unit/check.h"

static uint32_t longest(unsigned failures, int code, uint32_t retry_after)
{
	uint32_t most = 0;
	for (uint32_t r = 0; r < 100000; r++) {
		uint32_t ms = uplink_wait_ms(failures, code, retry_after, r);
		CHECK(ms >= retry_after);
		most = ms > most ? ms : most;
	}
	return most;
}

int main(void)
{
	CHECK(uplink_wait_ms(0, 0, 0, 0) == 0);
	CHECK(longest(0, 0, 0) == 250);
	CHECK(longest(1, 1006, 0) == 500);
	CHECK(longest(6, 0, 0) == 16000);
	CHECK(longest(7, 0, 0) == 30000);
	CHECK(longest(1000000, 0, 0) == 30000);
	CHECK(longest(0, 0, 1500) == 1750);
	CHECK(longest(0, TUNNEL_LINK_SCOPE, 0) == 30000);
	CHECK(longest(0, TUNNEL_LINK_SUPERSEDED, 0) == 30000);
	CHECK(longest(0, TUNNEL_LINK_VERSION, 0) == 30000);
	CHECK(longest(0, TUNNEL_LINK_TIMEOUT, 0) == 250);
	CHECK(longest(1000, TUNNEL_LINK_INTERNAL, 0) == 2000);
	CHECK(uplink_wait_ms(0, 0, UINT32_MAX, 0) == 600000); /* nobody can send an agent away for ever */
	return 0;
}
