/* What the scenarios do not show: long messages under back-pressure, and the limits of memory. */
#include "flow/tunnel_link.h"

#include "tests/unit/check.h"

static struct tunnel_link agent, control;

static void pair(void)
{
	struct tunnel_auth_keys keys = { .to_agent = { 1 }, .to_control = { 2 } };
	tunnel_link_init(&agent, TUNNEL_MSG_FROM_AGENT, 0);
	tunnel_link_init(&control, TUNNEL_MSG_FROM_CONTROL, 0);
	tunnel_link_key(&agent, &keys);
	tunnel_link_key(&control, &keys);
}

static void unpair(void)
{
	tunnel_link_done(&agent);
	tunnel_link_done(&control);
}

static enum rc send_result(const char *id, const char *text, size_t n)
{
	return tunnel_link_send(&agent,
		&(struct tunnel_msg){ .type = TUNNEL_MSG_RESULT,
			.result = { .task_id = id, .attempt = 1, .nonce = "n", .result = text, .result_n = n } });
}

static enum rc send_event(int64_t pos, const char *payload)
{
	return tunnel_link_send(&agent, &(struct tunnel_msg){ .type = TUNNEL_MSG_EVENT,
						.event = { .type = "x", .payload = payload, .wal_pos = pos } });
}

/* Carries one SEND; says how many bytes. */
static size_t carry(void)
{
	const uint8_t *p;
	size_t n = 0;
	if (tunnel_link_take(&agent, &p, &n))
		tunnel_link_feed(&control, 1, p, n);
	return n;
}

static unsigned got(struct tunnel_msg *m)
{
	struct tunnel_frame f;
	return tunnel_link_read(&control, m, &f) ? m->type : 0;
}

static void small_overtakes_long(void)
{
	static char text[1000000];
	struct tunnel_msg m;
	unsigned pieces = 1;

	pair();
	memset(text, '7', sizeof(text));
	CHECK(send_result("task_long", text, sizeof(text)) == RC_OK);
	CHECK(send_result("task_behind", "{}", 2) == RC_OK);
	CHECK(carry() <= TUNNEL_LINK_PIECE + TUNNEL_FRAME_HEAD + TUNNEL_FRAME_TAG);
	CHECK(got(&m) == 0);
	CHECK(send_event(5, "{}") == RC_OK);
	carry();
	CHECK(got(&m) == TUNNEL_MSG_EVENT && m.event.wal_pos == 5);
	for (; got(&m) == 0; pieces++)
		CHECK(carry() > 0);
	CHECK(m.type == TUNNEL_MSG_RESULT && m.result.result_n == sizeof(text) && pieces == 16);
	CHECK_STR(m.result.task_id, "task_long");
	CHECK(!memcmp(m.result.result, text, sizeof(text)));
	CHECK(carry() > 0 && got(&m) == TUNNEL_MSG_RESULT);
	CHECK_STR(m.result.task_id, "task_behind");
	CHECK(carry() == 0 && tunnel_link_waiting(&agent) == 0);
	CHECK(!agent.bulk.p && !control.part.p && control.in.room <= 65536); /* given back */
	unpair();
}

/* Two long messages, the second much longer; and how much waits at each step. */
static void long_behind_long(void)
{
	static char text[500000];
	struct tunnel_msg m;
	size_t waiting, sent;

	pair();
	memset(text, '7', sizeof(text));
	CHECK(tunnel_link_waiting(&agent) == 0);
	CHECK(send_result("task_1", text, 70000) == RC_OK);
	waiting = tunnel_link_waiting(&agent);
	CHECK(waiting > 70000 && waiting < 70200);
	CHECK(send_result("task_2", text, sizeof(text)) == RC_OK);
	CHECK(tunnel_link_waiting(&agent) > waiting + sizeof(text));
	waiting = tunnel_link_waiting(&agent);
	while (tunnel_link_waiting(&agent) > 0) {
		sent = carry();
		/* What goes has a head and a tag, and the first piece of each message leaves its head in the queue. */
		CHECK(sent > 0 && waiting - tunnel_link_waiting(&agent) + 64 > sent &&
			tunnel_link_waiting(&agent) < waiting);
		waiting = tunnel_link_waiting(&agent);
		if (got(&m))
			CHECK(m.type == TUNNEL_MSG_RESULT &&
				m.result.result_n == (strcmp(m.result.task_id, "task_1") ? sizeof(text) : 70000));
	}
	CHECK_STR(m.result.task_id, "task_2");
	CHECK(send_event(1, "{}") == RC_OK && tunnel_link_waiting(&agent) > 50);
	unpair();
}

static void small_is_bounded(void)
{
	static char text[500000];
	unsigned n = 0;
	enum rc rc;

	pair();
	memset(text, '7', sizeof(text) - 1);
	text[0] = text[sizeof(text) - 2] = '"';
	while ((rc = send_event(n, text)) == RC_OK)
		CHECK(++n < 100);
	CHECK(rc == RC_OVERLOADED && n == TUNNEL_LINK_OUT_MAX / sizeof(text));
	CHECK(agent.code == 0);        /* it is the sender's to try later */
	for (int i = 0; i < 20; i++) { /* as one goes, one more fits */
		struct tunnel_msg m;
		CHECK(carry() > 0 && got(&m) == TUNNEL_MSG_EVENT);
		CHECK(send_event(1, text) == RC_OK && send_event(1, text) == RC_OVERLOADED);
	}
	struct tunnel_msg m;
	while (got(&m) == TUNNEL_MSG_EVENT || carry() > 0)
		;
	CHECK(send_event(1, text) == RC_OK);
	unpair();
}

static void long_is_bounded(void)
{
	size_t n = 60u << 20;
	char *text = malloc(TUNNEL_MSG_MAX);
	unsigned sent = 0;
	enum rc rc;

	pair();
	memset(text, '7', TUNNEL_MSG_MAX);
	while ((rc = send_result("t", text, n)) == RC_OK)
		CHECK(++sent < 10);
	CHECK(rc == RC_OVERLOADED && sent == 2);
	CHECK(send_result("t", text, TUNNEL_MSG_MAX) == RC_TOO_LARGE);
	unpair();
	free(text);
}

static void input_is_bounded(void)
{
	static uint8_t junk[TUNNEL_LINK_IN_MAX];
	pair();
	junk[0] = 1; /* a head that waits for its payload */
	junk[17] = 0x0f;
	tunnel_link_feed(&control, 0, junk, sizeof(junk));
	CHECK(control.code == 0);
	tunnel_link_feed(&control, 0, junk, 1);
	CHECK(control.code == TUNNEL_LINK_TOO_BIG);
	unpair();

	/* What is read makes room again. */
	struct tunnel_msg m;
	const uint8_t *p;
	size_t n;
	pair();
	CHECK(send_event(1, "{}") == RC_OK && tunnel_link_take(&agent, &p, &n));
	tunnel_link_feed(&control, 0, p, n);
	tunnel_link_feed(&control, 0, junk, 30);
	CHECK(got(&m) == TUNNEL_MSG_EVENT);
	tunnel_link_feed(&control, 0, junk, sizeof(junk) - 30);
	CHECK(control.code == 0);
	unpair();
}

/* What is no message is not handed on. */
static void malformed(void)
{
	struct tunnel_msg m;
	struct buf b = { 0 };
	pair();
	tunnel_frame_write(&b,
		&(struct tunnel_frame){
			.type = TUNNEL_MSG_ACCEPT, .seq = 1, .payload = (const uint8_t *)"{}", .len = 2 },
		agent.key_out);
	tunnel_link_feed(&control, 0, b.p, b.n);
	CHECK(got(&m) == 0 && control.code == TUNNEL_LINK_TAMPER);
	buf_done(&b);
	unpair();
}

/* A peer that sends pieces of one message without end. */
static void message_is_bounded(void)
{
	static uint8_t payload[TUNNEL_PAYLOAD_MAX];
	struct tunnel_msg m;
	uint64_t seq = 0;

	pair();
	while (!control.code) {
		struct buf b = { 0 };
		tunnel_frame_write(&b,
			&(struct tunnel_frame){ .type = TUNNEL_MSG_RESULT,
				.flags = TUNNEL_FRAME_MORE,
				.seq = ++seq,
				.payload = payload,
				.len = sizeof(payload) },
			agent.key_out);
		tunnel_link_feed(&control, 0, b.p, b.n);
		CHECK(got(&m) == 0);
		buf_done(&b);
	}
	CHECK(control.code == TUNNEL_LINK_TOO_BIG && seq == TUNNEL_MSG_MAX / TUNNEL_PAYLOAD_MAX + 1);
	unpair();
}

/* Thousands of small frames in one piece, read one by one. */
static void bursts(void)
{
	struct tunnel_msg m;
	struct buf all = { 0 };
	const uint8_t *p;
	size_t n;

	pair();
	for (int i = 0; i < 20000; i++)
		CHECK(send_event(i, "{}") == RC_OK);
	while (tunnel_link_take(&agent, &p, &n)) {
		CHECK(n <= TUNNEL_LINK_SEND_MAX);
		buf_put(&all, p, n);
	}
	tunnel_link_feed(&control, 0, all.p, all.n);
	for (int i = 0; i < 20000; i++)
		CHECK(got(&m) == TUNNEL_MSG_EVENT && m.event.wal_pos == i);
	CHECK(got(&m) == 0 && control.code == 0);
	CHECK(control.arena.taken < 4096); /* of one message, not of all */
	buf_done(&all);
	unpair();
}

int main(void)
{
	small_overtakes_long();
	long_behind_long();
	small_is_bounded();
	long_is_bounded();
	input_is_bounded();
	malformed();
	message_is_bounded();
	bursts();
	return 0;
}
