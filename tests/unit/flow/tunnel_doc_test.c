/* docs/protocol/tunnel.md shows bytes and a table: here they are made anew, and looked up in the page. */
#include "flow/tunnel.h"
#include "flow/uplink.h"
#include "tests/unit/check.h"

static char page[65536];

static void shown(const char *text)
{
	if (!strstr(page, text)) {
		fprintf(stderr, "docs/protocol/tunnel.md does not show %s\n", text);
		exit(1);
	}
}

static void shown_hex(const uint8_t *p, size_t n)
{
	char hex[2048];
	CHECK(2 * n < sizeof(hex));
	tunnel_auth_hex(p, n, hex);
	shown(hex);
}

static void shown_payload(const uint8_t *p, size_t n)
{
	char text[1024];
	snprintf(
		text, sizeof(text), "%.*s", (int)(n - TUNNEL_FRAME_HEAD - TUNNEL_FRAME_TAG), p + TUNNEL_FRAME_HEAD);
	shown(text);
}

static void table(void)
{
	char row[128];
	for (unsigned t = 1; t < TUNNEL_MSG_TYPES; t++) {
		const char *from = tunnel_msg_who(t) == TUNNEL_MSG_FROM_AGENT     ? "agent"
				   : tunnel_msg_who(t) == TUNNEL_MSG_FROM_CONTROL ? "control"
										  : "both";
		snprintf(row, sizeof(row), "| %s | %u | %s | ", tunnel_msg_name(t), t, from);
		shown(row);
		for (const struct field *f = tunnel_msg_fields(t); f->type != FIELD_END; f++)
			CHECK(strstr(strstr(page, row), f->name));
	}
}

static void take_agent(struct uplink *u, struct tunnel *t)
{
	const char *can[] = { "pics.changes" };
	struct uplink_act a;

	while (uplink_next(u, &a)) {
		if (a.kind == UPLINK_ASKED)
			uplink_hello(u, 0,
				&(struct tunnel_msg_hello){ .boot_id = "b1",
					.version = "0.1.0",
					.region_id = "reg_1",
					.capabilities = { can, 1 },
					.capacity.tasks = 16 });
		if (a.kind == UPLINK_UP)
			uplink_credit(u, 16);
		if (a.kind != UPLINK_SEND)
			continue;
		shown_payload(a.p, a.n);
		if (u->state == UPLINK_OPEN)
			shown_hex(a.p, a.n);
		tunnel_feed(t, 0, a.p, a.n);
	}
}

static void take_control(struct tunnel *t, struct uplink *u, const uint8_t *agent_key)
{
	struct tunnel_act a;

	while (tunnel_next(t, &a)) {
		if (a.kind == TUNNEL_HELLO)
			tunnel_admit(t, 0, agent_key,
				&(struct tunnel_msg_welcome){ .session_id = "ses_1",
					.epoch = 1,
					.lease_ms = 30000,
					.time_ms = 1700000000050 });
		if (a.kind != TUNNEL_SEND)
			continue;
		shown_payload(a.p, a.n);
		if (t->state == TUNNEL_OPEN)
			shown_hex(a.p, a.n);
		uplink_feed(u, 0, a.p, a.n);
	}
}

int main(void)
{
	struct uplink_conf ca = { .agent_id = "agt_1", .identity = { 1 }, .ephemeral = { 16 } };
	const struct tunnel_conf ct = {
		.nonce = { 3 }, .ephemeral = { 32 }, .identity = { 5 }, .time_ms = 1700000000000
	};
	uint8_t agent_key[TUNNEL_AUTH_KEY];
	struct tunnel t;
	struct uplink u;

	FILE *f = fopen("docs/protocol/tunnel.md", "r");
	CHECK(f != NULL);
	page[fread(page, 1, sizeof(page) - 1, f)] = 0;
	fclose(f);
	table();
	CHECK(tunnel_auth_identity(ct.identity, ca.control) == RC_OK);
	CHECK(tunnel_auth_identity(ca.identity, agent_key) == RC_OK);
	tunnel_init(&t, 0, &ct);
	uplink_init(&u, 0, &ca);
	for (int i = 0; i < 4; i++) {
		take_control(&t, &u, agent_key);
		take_agent(&u, &t);
	}
	CHECK(t.state == TUNNEL_OPEN && tunnel_credit(&t) == 16);
	shown_hex(u.link.key_out, TUNNEL_AUTH_KEY);
	shown_hex(u.link.key_in, TUNNEL_AUTH_KEY);
	tunnel_done(&t);
	uplink_done(&u);
	return 0;
}
