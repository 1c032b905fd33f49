/*
 * Both machines of the tunnel under a hostile other end. The first byte chooses who is attacked and how far the handshake has
 * come; then each step's first byte chooses time, raw bytes, or a frame that is rightly numbered and tagged, so that
 * what lies behind the tag is met too. Both must always come to rest, and hold no more memory than their limits.
 */
#include "flow/tunnel.h"
#include "flow/uplink.h"

#include <stdlib.h>
#include <string.h>

struct both {
	struct tunnel control;
	struct uplink agent;
	uint8_t agent_public[TUNNEL_AUTH_KEY];
	uint64_t now;
};

static void admit(struct both *b)
{
	tunnel_admit(&b->control, b->now, b->agent_public,
		&(struct tunnel_msg_welcome){ .session_id = "s", .lease_ms = 6000, .time_ms = 1 });
}

static void ask_control(struct both *b, struct buf *out)
{
	struct tunnel_act a;
	for (int turns = 0; tunnel_next(&b->control, &a); turns++) {
		if (turns > 4096)
			abort();
		if (a.kind == TUNNEL_SEND)
			buf_put(out, a.p, a.n);
		if (a.kind == TUNNEL_HELLO)
			admit(b);
		if (a.kind == TUNNEL_CLOSE && (a.code < 1000 || !*a.why))
			abort();
	}
	if (b->control.link.in.n > TUNNEL_LINK_IN_MAX + TUNNEL_FRAME_MAX)
		abort();
}

static void ask_agent(struct both *b, struct buf *out)
{
	struct uplink_act a;
	for (int turns = 0; uplink_next(&b->agent, &a); turns++) {
		if (turns > 4096)
			abort();
		if (a.kind == UPLINK_SEND)
			buf_put(out, a.p, a.n);
		if (a.kind == UPLINK_ASKED)
			uplink_hello(&b->agent, b->now,
				&(struct tunnel_msg_hello){
					.boot_id = "b", .version = "1", .region_id = "r", .capacity.tasks = 1 });
		if (a.kind == UPLINK_UP)
			uplink_credit(&b->agent, 3);
		if (a.kind == UPLINK_CLOSE && (a.code < 1000 || !*a.why))
			abort();
	}
}

static void begin(struct both *b, unsigned steps)
{
	struct uplink_conf a = { .agent_id = "agt_1", .identity = { 1 }, .ephemeral = { 16 }, .seed = 42 };
	struct tunnel_conf c = { .nonce = { 3 }, .ephemeral = { 32 }, .identity = { 5 }, .time_ms = 1 };
	struct buf to_agent = { 0 }, to_control = { 0 };

	if (tunnel_auth_identity(c.identity, a.control) != RC_OK ||
		tunnel_auth_identity(a.identity, b->agent_public) != RC_OK)
		abort();
	uplink_init(&b->agent, 0, &a);
	tunnel_init(&b->control, 0, &c);
	for (unsigned i = 0; i < steps; i++) {
		ask_control(b, &to_agent);
		uplink_feed(&b->agent, 0, to_agent.p, to_agent.n);
		to_agent.n = 0;
		ask_agent(b, &to_control);
		tunnel_feed(&b->control, 0, to_control.p, to_control.n);
		to_control.n = 0;
	}
	buf_done(&to_agent);
	buf_done(&to_control);
}

/* Wraps the bytes in a frame as the other end would have sent it. */
static void wrap(struct both *b, bool to_agent, const uint8_t *p, size_t n, struct buf *out)
{
	struct tunnel_link *l = to_agent ? &b->control.link : &b->agent.link;
	struct tunnel_link *there = to_agent ? &b->agent.link : &b->control.link;
	if (n == 0)
		return;
	tunnel_frame_write(out,
		&(struct tunnel_frame){ .type = p[0] & 31,
			.flags = p[0] >> 7,
			.seq = there->seq_in + 1,
			.payload = p + 1,
			.len = (uint32_t)(n - 1) },
		there->keyed ? l->key_out : NULL);
}

static size_t step(struct both *b, bool to_agent, const uint8_t *p, size_t n)
{
	struct buf out = { 0 }, dropped = { 0 };
	size_t len = (size_t)(p[0] & 0x3f) * 4;

	len = len < n - 1 ? len : n - 1;
	if (p[0] >> 6 == 0) {
		b->now += 500u * (unsigned)(p[0] & 15);
		tunnel_tick(&b->control, b->now);
		uplink_tick(&b->agent, b->now);
		len = 0;
	} else if (p[0] >> 6 == 1) {
		buf_put(&out, p + 1, len);
	} else {
		wrap(b, to_agent, p + 1, len, &out);
	}
	if (to_agent)
		uplink_feed(&b->agent, b->now, out.p, out.n);
	else
		tunnel_feed(&b->control, b->now, out.p, out.n);
	ask_agent(b, &dropped);
	ask_control(b, &dropped);
	buf_done(&out);
	buf_done(&dropped);
	return len + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct both b = { 0 };
	if (n == 0)
		return 0;
	bool to_agent = p[0] & 1;
	begin(&b, (p[0] >> 1) % 4);
	for (size_t i = 1; i < n;)
		i += step(&b, to_agent, p + i, n - i);
	tunnel_done(&b.control);
	uplink_done(&b.agent);
	return 0;
}
