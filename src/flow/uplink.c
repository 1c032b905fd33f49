#include "flow/uplink.h"

#include "base/hush.h"
#include "wire/packed.h"

#include <stdlib.h>
#include <string.h>

#define WELCOME_MS         10000
#define FAILURES_THERE     3 /* 2 s: the control plane is there, what it needs will be soon */
#define FAILURES_MAX       7 /* 0.25 s · 2^7 is past the longest wait */
#define RETRY_AFTER_MAX_MS 600000

static void say(struct uplink *u, const struct tunnel_msg *m)
{
	if (tunnel_link_send(&u->link, m) != RC_OK)
		tunnel_link_break(
			&u->link, TUNNEL_LINK_TOO_BIG, "the control plane does not take what is sent to it");
}

void uplink_init(struct uplink *u, uint64_t now_ms, const struct uplink_conf *conf)
{
	*u = (struct uplink){ .conf = *conf, .since_ms = now_ms, .seed = conf->seed | 1 };
	tunnel_link_init(&u->link, TUNNEL_MSG_FROM_AGENT, now_ms);
}

static void wipe(struct uplink *u)
{
	hush_wipe(u->conf.identity, sizeof(u->conf.identity));
	hush_wipe(u->conf.ephemeral, sizeof(u->conf.ephemeral));
}

void uplink_done(struct uplink *u)
{
	tunnel_link_done(&u->link);
	wipe(u);
}

void uplink_feed(struct uplink *u, uint64_t now_ms, const void *p, size_t n)
{
	if (u->state != UPLINK_SHUT)
		tunnel_link_feed(&u->link, now_ms, p, n);
}

static uint64_t dead_at(const struct uplink *u)
{
	switch (u->state) {
	case UPLINK_WAITS:
		return u->since_ms + TUNNEL_LINK_HELLO_MS;
	case UPLINK_HOPES:
		return u->since_ms + WELCOME_MS;
	case UPLINK_OPEN:
		return u->link.heard_ms + (uint64_t)u->heartbeat_ms * TUNNEL_LINK_MISSES;
	case UPLINK_ANSWERS:
	case UPLINK_SHUT:
		break;
	}
	return UINT64_MAX;
}

/* xorshift64: jitter needs no better numbers. */
static uint64_t roll(struct uplink *u)
{
	u->seed ^= u->seed << 13;
	u->seed ^= u->seed >> 7;
	u->seed ^= u->seed << 17;
	return u->seed;
}

static void plan_beat(struct uplink *u, uint64_t now_ms)
{
	uint32_t fifth = u->heartbeat_ms / 5;
	u->beat_ms = now_ms + u->heartbeat_ms - fifth + roll(u) % (2 * (uint64_t)fifth + 1);
}

void uplink_tick(struct uplink *u, uint64_t now_ms)
{
	if (u->link.code || now_ms < uplink_due(u))
		return;
	if (now_ms >= dead_at(u)) {
		const char *what = u->state == UPLINK_WAITS   ? "no CHALLENGE came"
				   : u->state == UPLINK_HOPES ? "no WELCOME came"
							      : "the control plane is silent";
		tunnel_link_break(&u->link, TUNNEL_LINK_TIMEOUT, "%s", what);
		return;
	}
	struct tunnel_msg m = { .type = TUNNEL_MSG_HEARTBEAT, .heartbeat = u->figures };
	m.heartbeat.mono = (int64_t)now_ms;
	say(u, &m);
	plan_beat(u, now_ms);
}

uint64_t uplink_due(const struct uplink *u)
{
	uint64_t dead = dead_at(u);
	if (u->link.code)
		return UINT64_MAX;
	return u->state == UPLINK_OPEN && u->beat_ms < dead ? u->beat_ms : dead;
}

static bool take_challenge(struct uplink *u, const struct tunnel_frame *f)
{
	const struct tunnel_msg_challenge *m = &u->msg.challenge;
	uint8_t sig[TUNNEL_AUTH_SIG];

	u->talk.time_ms = m->time_ms;
	if (!tunnel_frame_check(f, NULL) || !tunnel_auth_of_hex(m->nonce, u->talk.nonce, TUNNEL_AUTH_KEY) ||
		!tunnel_auth_of_hex(m->ephemeral, u->talk.control, TUNNEL_AUTH_KEY) ||
		!tunnel_auth_of_hex(m->signature, sig, TUNNEL_AUTH_SIG) ||
		!tunnel_auth_is_challenge(&u->talk, u->conf.control, sig)) {
		tunnel_link_break(&u->link, TUNNEL_LINK_TAMPER,
			"the CHALLENGE is not signed by the control plane that this agent enrolled with");
		return false;
	}
	u->state = UPLINK_ANSWERS;
	return true;
}

void uplink_hello(struct uplink *u, uint64_t now_ms, const struct tunnel_msg_hello *hello)
{
	char ephemeral[TUNNEL_AUTH_KEY_HEX], signature[TUNNEL_AUTH_SIG_HEX];
	uint8_t sig[TUNNEL_AUTH_SIG];
	struct tunnel_auth_keys keys;

	if (u->state != UPLINK_ANSWERS || u->link.code)
		return;
	u->talk.agent_id = u->conf.agent_id;
	if (tunnel_auth_ephemeral(u->conf.ephemeral, u->talk.agent) != RC_OK ||
		tunnel_auth_sign_hello(&u->talk, u->conf.identity, sig) != RC_OK ||
		tunnel_auth_derive(u->conf.ephemeral, u->talk.control, u->talk.nonce, &keys) != RC_OK) {
		tunnel_link_break(&u->link, TUNNEL_LINK_INTERNAL, "the CHALLENGE cannot be answered");
		return;
	}
	wipe(u);
	tunnel_link_key(&u->link, &keys);
	hush_wipe(&keys, sizeof(keys));

	tunnel_auth_hex(u->talk.agent, TUNNEL_AUTH_KEY, ephemeral);
	tunnel_auth_hex(sig, TUNNEL_AUTH_SIG, signature);
	struct tunnel_msg m = { .type = TUNNEL_MSG_HELLO, .hello = *hello };
	m.hello.agent_id = u->conf.agent_id;
	m.hello.proto_min = m.hello.proto_max = TUNNEL_MSG_PROTO;
	m.hello.ephemeral = ephemeral;
	m.hello.signature = signature;
	u->state = UPLINK_HOPES;
	u->since_ms = now_ms;
	say(u, &m);
}

static bool take_welcome(struct uplink *u)
{
	const struct tunnel_msg_welcome *m = &u->msg.welcome;

	if (m->proto != TUNNEL_MSG_PROTO) {
		tunnel_link_break(&u->link, TUNNEL_LINK_VERSION,
			"the control plane wants version %u of the protocol, this agent speaks %d", m->proto,
			TUNNEL_MSG_PROTO);
		return false;
	}
	u->heartbeat_ms = m->heartbeat_ms;
	u->packed = m->packed;
	u->renewed_ms = u->since_ms;
	u->state = UPLINK_OPEN;
	plan_beat(u, u->link.fed_ms);
	return true;
}

/* A message while the connection is open. False: the owner need not see it. */
static bool take_message(struct uplink *u)
{
	uint64_t mono = (uint64_t)u->msg.heartbeat_ack.mono;

	if (u->msg.type == TUNNEL_MSG_CHALLENGE || u->msg.type == TUNNEL_MSG_WELCOME) {
		tunnel_link_break(&u->link, TUNNEL_LINK_SCOPE, "%s came twice", tunnel_msg_name(u->msg.type));
		return false;
	}
	if (u->msg.type == TUNNEL_MSG_HEARTBEAT_ACK) {
		u->rtt_ms = mono <= u->link.fed_ms ? (uint32_t)(u->link.fed_ms - mono) : 0;
		if (mono <= u->link.fed_ms && mono > u->renewed_ms)
			u->renewed_ms = mono;
		return false;
	}
	if (u->msg.type == TUNNEL_MSG_DISPATCH && ++u->carried > u->credit) {
		tunnel_link_break(&u->link, TUNNEL_LINK_SCOPE, "a task came for which the agent gave no credit");
		return false;
	}
	return true;
}

static bool handle(struct uplink *u, const struct tunnel_frame *f, struct uplink_act *ret)
{
	*ret = (struct uplink_act){ .kind = UPLINK_MESSAGE, .msg = &u->msg };
	if (u->state == UPLINK_OPEN)
		return take_message(u);

	enum tunnel_msg_type due = u->state == UPLINK_WAITS ? TUNNEL_MSG_CHALLENGE : TUNNEL_MSG_WELCOME;
	if (u->msg.type != due) {
		tunnel_link_break(&u->link, TUNNEL_LINK_SCOPE, "%s came where %s was due",
			tunnel_msg_name(u->msg.type), tunnel_msg_name(due));
		return false;
	}
	ret->kind = due == TUNNEL_MSG_CHALLENGE ? UPLINK_ASKED : UPLINK_UP;
	return due == TUNNEL_MSG_CHALLENGE ? take_challenge(u, f) : take_welcome(u);
}

bool uplink_next(struct uplink *u, struct uplink_act *ret)
{
	struct tunnel_frame f;

	if (u->state == UPLINK_SHUT)
		return false;
	while (u->state != UPLINK_ANSWERS && tunnel_link_read(&u->link, &u->msg, &f))
		if (handle(u, &f, ret))
			return true;
	*ret = (struct uplink_act){ .kind = UPLINK_SEND };
	if (tunnel_link_take(&u->link, &ret->p, &ret->n))
		return true;
	if (!u->link.code)
		return false;
	u->state = UPLINK_SHUT;
	*ret = (struct uplink_act){ .kind = UPLINK_CLOSE, .code = u->link.code, .why = u->link.why };
	return true;
}

void uplink_figures(struct uplink *u, uint32_t load, uint32_t active, uint32_t sessions)
{
	u->figures = (struct tunnel_msg_heartbeat){ .load = load, .active = active, .sessions = sessions };
}

void uplink_credit(struct uplink *u, uint32_t free_slots)
{
	if (u->state != UPLINK_OPEN || u->link.code || u->carried + free_slots <= u->credit)
		return;
	u->credit = u->carried + free_slots;
	say(u, &(struct tunnel_msg){ .type = TUNNEL_MSG_CREDIT, .credit.n = u->credit });
}

/* To a control plane that is older than packed results. */
static enum rc send_unpacked(struct uplink *u, const struct tunnel_msg *m)
{
	struct tunnel_msg plain = *m;
	size_t n = 0;
	enum rc rc = packed_size(m->result.result, m->result.result_n, &n, NULL);
	auto_free char *text = rc == RC_OK ? malloc(n + 1) : NULL;

	if (rc == RC_OK)
		rc = text ? packed_open(m->result.result, m->result.result_n, text, NULL) : RC_NOMEM;
	plain.result.result = text;
	plain.result.result_n = n;
	return rc == RC_OK ? tunnel_link_send(&u->link, &plain) : rc;
}

enum rc uplink_send(struct uplink *u, const struct tunnel_msg *m)
{
	if (u->state != UPLINK_OPEN)
		return RC_AWAY;
	if (m->type == TUNNEL_MSG_RESULT && !u->packed && m->result.result &&
		packed_is(m->result.result, m->result.result_n))
		return send_unpacked(u, m);
	return tunnel_link_send(&u->link, m);
}

void uplink_close(struct uplink *u, int code, const char *why) { tunnel_link_break(&u->link, code, "%s", why); }

uint32_t uplink_wait_ms(unsigned failures, int code, uint32_t retry_after_ms, uint32_t random)
{
	bool hopeless = code == TUNNEL_LINK_SCOPE || code == TUNNEL_LINK_SUPERSEDED || code == TUNNEL_LINK_VERSION;
	unsigned most = code == TUNNEL_LINK_INTERNAL ? FAILURES_THERE : FAILURES_MAX;
	unsigned n = hopeless || failures > most ? most : failures;
	uint32_t cap = UPLINK_WAIT_MS << n;

	if (cap > UPLINK_WAIT_MAX_MS)
		cap = UPLINK_WAIT_MAX_MS;
	if (retry_after_ms > RETRY_AFTER_MAX_MS)
		retry_after_ms = RETRY_AFTER_MAX_MS;
	return retry_after_ms + random % (cap + 1);
}
