#include "tests/system/hostile.h"
#include "io/clock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX (8u << 20)

static const char result[] = "{\"current\":2,\"since\":1,\"gap\":false,\"apps\":[],\"packages\":[]}";

uint64_t hostile_now_ms(void) { return clock_mono_ms(); }

void hostile_enrol(const struct rig *r, struct hostile *h, const char *region_id, const char *capability)
{
	const char *const capabilities[] = { capability, NULL };
	struct hush secret = { 0 };
	struct fault f = { 0 };
	char body[96];

	*h = (struct hostile){ .fd = -1, .capability = capability };
	snprintf(body, sizeof(body), "{\"regionId\":\"%s\"}", region_id);
	json_t *token = rig_expect(r, 201, "POST", "/v1/agents/enrollments", body);
	const char *text = json_str(token, "token");
	CHECK(hush_set(&secret, text, strlen(text)) == RC_OK);
	const struct identity_enroll how = {
		.server_url = r->url, .token = &secret, .version = "hostile", .capabilities = capabilities
	};
	if (identity_enroll(&how, &h->who, &f) != RC_OK) {
		fprintf(stderr, "not enrolled: %s\n", f.text);
		exit(1);
	}
	hush_done(&secret);
	json_decref(token);
}

static void put(struct hostile *h, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(h->fd, p, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return; /* the other end says why */
		p += sent;
		n -= (size_t)sent;
	}
}

void hostile_wire(struct hostile *h, const void *p, size_t n)
{
	static const uint8_t mask[4] = { 0 };
	uint8_t head[WS_FRAME_HEAD_MAX];

	put(h, head, ws_frame_head_masked(head, WS_OP_BINARY, n, mask));
	put(h, p, n);
}

void hostile_frame(struct hostile *h, const struct tunnel_msg *m, unsigned ahead, struct buf *to)
{
	struct tunnel_link *l = &h->up.link;
	struct buf b = { 0 };

	tunnel_msg_encode(m, &b);
	l->seq_out += 1 + ahead;
	const struct tunnel_frame f = {
		.type = (uint8_t)m->type, .seq = l->seq_out, .payload = b.p, .len = (uint32_t)b.n
	};
	tunnel_frame_write(to, &f, l->key_out);
	CHECK(!b.bad && !to->bad);
	buf_done(&b);
}

static void queue(struct hostile *h, const struct tunnel_msg *m) { CHECK(uplink_send(&h->up, m) == RC_OK); }

static void take_dispatch(struct hostile *h, const struct tunnel_msg_dispatch *m)
{
	const struct tunnel_msg_task task = { m->task_id, m->attempt };

	queue(h, &(struct tunnel_msg){ .type = TUNNEL_MSG_ACCEPT, .accept = task });
	if (!*h->held.id || !strcmp(h->held.id, m->task_id)) {
		snprintf(h->held.id, sizeof(h->held.id), "%s", m->task_id);
		snprintf(h->held.nonce, sizeof(h->held.nonce), "%s", m->nonce);
		h->held.attempt = m->attempt;
		return;
	}
	if (h->lawful)
		queue(h, &(struct tunnel_msg){ .type = TUNNEL_MSG_RESULT,
				 .result = { .task_id = m->task_id,
					 .nonce = m->nonce,
					 .attempt = m->attempt,
					 .result = result,
					 .result_n = sizeof(result) - 1 } });
	uplink_credit(&h->up, 4);
}

static void say_hello(struct hostile *h)
{
	const struct tunnel_msg_task inflight = { h->held.id, h->held.attempt };
	struct tunnel_msg_hello m = { .boot_id = "boot",
		.version = "hostile",
		.region_id = h->who.region_id,
		.capabilities = { &h->capability, 1 },
		.capacity = { .tasks = 4 } };

	if (*h->held.id && !h->forgets)
		m.inflight = (struct field_list){ (void *)(uintptr_t)&inflight, 1 };
	uplink_hello(&h->up, clock_mono_ms(), &m);
}

static void act(struct hostile *h, const struct uplink_act *a)
{
	switch (a->kind) {
	case UPLINK_SEND:
		hostile_wire(h, a->p, a->n);
		break;
	case UPLINK_ASKED:
		if (!h->mute)
			say_hello(h);
		break;
	case UPLINK_UP:
		h->open = true;
		uplink_credit(&h->up, 4);
		break;
	case UPLINK_MESSAGE:
		h->done += a->msg->type == TUNNEL_MSG_RESULT_ACK;
		h->stale += a->msg->type == TUNNEL_MSG_STALE;
		h->denied += a->msg->type == TUNNEL_MSG_PUBLISH_DENY;
		if (a->msg->type == TUNNEL_MSG_PUBLISH_OK)
			snprintf(h->ticket, sizeof(h->ticket), "%s", a->msg->publish_ok.ticket);
		if (a->msg->type == TUNNEL_MSG_DISPATCH)
			take_dispatch(h, &a->msg->dispatch);
		break;
	case UPLINK_CLOSE:
		fprintf(stderr, "the control plane broke the rules: %d %s\n", a->code, a->why);
		exit(1);
	}
}

static void settle(struct hostile *h)
{
	struct uplink_act a;

	while (uplink_next(&h->up, &a))
		act(h, &a);
}

void hostile_say(struct hostile *h, const struct tunnel_msg *m)
{
	queue(h, m);
	settle(h);
}

static void on_message(void *ctx, const uint8_t *p, size_t n, bool binary)
{
	struct hostile *h = ctx;

	CHECK(binary);
	uplink_feed(&h->up, clock_mono_ms(), p, n);
	settle(h);
}

static void on_ping(void *ctx, const uint8_t *p, size_t n) { (void)ctx, (void)p, (void)n; }

static void on_close(void *ctx, int code, const uint8_t *p, size_t n)
{
	struct hostile *h = ctx;

	h->code = code;
	h->in.stopped = true;
	printf("closed with %d: %.*s\n", code, (int)n, (const char *)p);
}

void hostile_dial(const struct rig *r, struct hostile *h)
{
	char head[1024] = "";
	size_t n = 0;
	struct uplink_conf conf = { .agent_id = h->named ? h->named : h->who.agent_id };

	memcpy(conf.identity, h->who.secret, sizeof(conf.identity));
	memcpy(conf.control, h->who.control, sizeof(conf.control));
	clock_random(conf.ephemeral, sizeof(conf.ephemeral));
	h->open = false;
	h->code = 0;
	h->fd = rig_connect(r);
	dprintf(h->fd, "GET /v1/agents/tunnel HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		       "Sec-WebSocket-Protocol: footplate.agent.v1\r\n\r\n");
	while (!strstr(head, "\r\n\r\n") && n < sizeof(head) - 1 && recv(h->fd, head + n, 1, 0) == 1)
		n++;
	CHECK(!strncmp(head, "HTTP/1.1 101", 12));
	h->in = (struct ws_reader){ .on = { h, on_message, on_ping, on_close }, .message_max = MESSAGE_MAX };
	uplink_init(&h->up, clock_mono_ms(), &conf);
}

void hostile_hang_up(struct hostile *h)
{
	if (h->fd < 0)
		return;
	close(h->fd);
	h->fd = -1;
	ws_reader_done(&h->in);
	uplink_done(&h->up);
}

void hostile_pump(struct hostile *h)
{
	uint8_t bytes[16384];
	ssize_t n = 1;

	while (h->fd >= 0 && !h->code && n > 0) {
		n = recv(h->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0)
			CHECK(ws_reader_feed(&h->in, bytes, (size_t)n) == 0);
		else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
			h->code = -1;
	}
	if (h->fd < 0 || h->code)
		return;
	if (h->lawful)
		uplink_tick(&h->up, clock_mono_ms());
	settle(h);
}
