/* The reconnect policy, and results for control planes of before; the machine itself is played by tests/scenario/tunnel_*.scn. */
#include "flow/uplink.h"

#include "tests/unit/check.h"
#include "wire/packed.h"

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

/* What the other end reads of a RESULT with this result, when the control plane takes packed ones, or is older. */
static struct buf told(const char *result, bool takes)
{
	struct uplink u = { .state = UPLINK_OPEN, .packed = takes };
	struct tunnel_link other;
	struct tunnel_msg m = { .type = TUNNEL_MSG_RESULT,
		.result = { .task_id = "t",
			.nonce = "n",
			.attempt = 1,
			.result = result,
			.result_n = strlen(result) } };
	struct tunnel_frame frame;
	struct buf got = { 0 };
	const uint8_t *p;
	size_t n;

	tunnel_link_init(&u.link, TUNNEL_MSG_FROM_AGENT, 0);
	tunnel_link_init(&other, TUNNEL_MSG_FROM_CONTROL, 0);
	CHECK(uplink_send(&u, &m) == RC_OK);
	while (tunnel_link_take(&u.link, &p, &n)) {
		tunnel_link_feed(&other, 0, p, n);
		if (tunnel_link_read(&other, &m, &frame))
			buf_put(&got, m.result.result, m.result.result_n);
	}
	CHECK(!u.link.code && !other.code);
	(void)buf_text(&got);
	tunnel_link_done(&u.link);
	tunnel_link_done(&other);
	return got;
}

static void packed_results(void)
{
	struct buf json = { 0 }, frames = { 0 }, text = { 0 };

	buf_u8(&json, '[');
	for (unsigned i = 0; json.n < 300000; i++)
		buf_fmt(&json, "%u,", i);
	buf_str(&json, "0]");
	CHECK(packed_frame(json.p, json.n, &frames, NULL) == RC_OK);
	CHECK(packed_put(&frames, json.n, &text, NULL) == RC_OK);
	const char *const sent[] = { buf_text(&text), buf_text(&text), buf_text(&json), buf_text(&json), "{}" };
	const char *const wanted[] = { buf_text(&text), buf_text(&json), buf_text(&json), buf_text(&json), "{}" };
	for (size_t i = 0; i < 5; i++) {
		struct buf got = told(sent[i], i % 2 == 0);
		CHECK_STR(buf_text(&got), wanted[i]);
		buf_done(&got);
	}
	struct uplink old = { .state = UPLINK_OPEN };
	CHECK(uplink_send(&old,
		      &(struct tunnel_msg){ .type = TUNNEL_MSG_RESULT,
			      .result = { .task_id = "t", .nonce = "n", .result = "zstd:", .result_n = 5 } }) ==
		RC_MALFORMED);
	buf_done(&json);
	buf_done(&frames);
	buf_done(&text);
}

int main(void)
{
	packed_results();
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
