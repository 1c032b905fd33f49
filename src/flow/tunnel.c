#include "flow/tunnel.h"

#include "base/hush.h"

#include <string.h>

#define CREDIT_MAX 1000000 /* tasks an agent may ask for at once: more is a mistake */

static void say(struct tunnel *t, const struct tunnel_msg *m)
{
	if (tunnel_link_send(&t->link, m) != RC_OK)
		tunnel_link_break(&t->link, TUNNEL_LINK_TOO_BIG, "the agent does not take what is sent to it");
}

static void challenge(struct tunnel *t, const struct tunnel_conf *conf)
{
	char nonce[TUNNEL_AUTH_KEY_HEX], ephemeral[TUNNEL_AUTH_KEY_HEX], signature[TUNNEL_AUTH_SIG_HEX];
	uint8_t sig[TUNNEL_AUTH_SIG];

	memcpy(t->talk.nonce, conf->nonce, TUNNEL_AUTH_KEY);
	t->talk.time_ms = conf->time_ms;
	if (tunnel_auth_ephemeral(conf->ephemeral, t->talk.control) != RC_OK ||
		tunnel_auth_sign_challenge(&t->talk, conf->identity, sig) != RC_OK) {
		tunnel_link_break(&t->link, TUNNEL_LINK_INTERNAL, "the challenge cannot be signed");
		return;
	}
	tunnel_auth_hex(t->talk.nonce, TUNNEL_AUTH_KEY, nonce);
	tunnel_auth_hex(t->talk.control, TUNNEL_AUTH_KEY, ephemeral);
	tunnel_auth_hex(sig, TUNNEL_AUTH_SIG, signature);
	say(t, &(struct tunnel_msg){ .type = TUNNEL_MSG_CHALLENGE,
		       .challenge = { .nonce = nonce,
			       .ephemeral = ephemeral,
			       .signature = signature,
			       .time_ms = conf->time_ms } });
}

void tunnel_init(struct tunnel *t, uint64_t now_ms, const struct tunnel_conf *conf)
{
	*t = (struct tunnel){ .since_ms = now_ms,
		.heartbeat_ms = conf->heartbeat_ms ? conf->heartbeat_ms : TUNNEL_LINK_HEARTBEAT_MS };
	tunnel_link_init(&t->link, TUNNEL_MSG_FROM_CONTROL, now_ms);
	memcpy(t->secret, conf->ephemeral, TUNNEL_AUTH_KEY);
	challenge(t, conf);
}

void tunnel_done(struct tunnel *t)
{
	tunnel_link_done(&t->link);
	hush_wipe(t->secret, sizeof(t->secret));
}

void tunnel_feed(struct tunnel *t, uint64_t now_ms, const void *p, size_t n)
{
	if (t->state != TUNNEL_SHUT)
		tunnel_link_feed(&t->link, now_ms, p, n);
}

static uint64_t dead_ms(const struct tunnel *t) { return (uint64_t)t->heartbeat_ms * TUNNEL_LINK_MISSES; }

void tunnel_tick(struct tunnel *t, uint64_t now_ms)
{
	if (t->link.code || now_ms < tunnel_due(t))
		return;
	if (t->state == TUNNEL_WAITS)
		tunnel_link_break(&t->link, TUNNEL_LINK_TIMEOUT, "no HELLO within %d ms", TUNNEL_LINK_HELLO_MS);
	else
		tunnel_link_break(&t->link, TUNNEL_LINK_TIMEOUT, "silent for %u ms", (unsigned)dead_ms(t));
}

uint64_t tunnel_due(const struct tunnel *t)
{
	if (t->link.code)
		return UINT64_MAX;
	if (t->state == TUNNEL_WAITS)
		return t->since_ms + TUNNEL_LINK_HELLO_MS;
	return t->state == TUNNEL_OPEN ? t->link.heard_ms + dead_ms(t) : UINT64_MAX;
}

/* The keys follow from the HELLO itself, so its tag can be checked only now. Who sent it, tunnel_admit finds out. */
static bool take_hello(struct tunnel *t, const struct tunnel_msg_hello *m, const struct tunnel_frame *f)
{
	struct tunnel_auth_keys keys;

	if (m->proto_min > TUNNEL_MSG_PROTO || m->proto_max < TUNNEL_MSG_PROTO) {
		tunnel_link_break(&t->link, TUNNEL_LINK_VERSION,
			"the agent speaks versions %u to %u of the protocol, this control plane %d", m->proto_min,
			m->proto_max, TUNNEL_MSG_PROTO);
		return false;
	}
	if (!tunnel_auth_of_hex(m->ephemeral, t->talk.agent, TUNNEL_AUTH_KEY) ||
		!tunnel_auth_of_hex(m->signature, t->hello_sig, TUNNEL_AUTH_SIG) ||
		tunnel_auth_derive(t->secret, t->talk.agent, t->talk.nonce, &keys) != RC_OK) {
		tunnel_link_break(&t->link, TUNNEL_LINK_TAMPER, "the HELLO's key or signature is none");
		return false;
	}
	tunnel_link_key(&t->link, &keys);
	hush_wipe(&keys, sizeof(keys));
	hush_wipe(t->secret, sizeof(t->secret));
	if (!tunnel_frame_check(f, t->link.key_in)) {
		tunnel_link_break(&t->link, TUNNEL_LINK_TAMPER, "the HELLO has a wrong tag");
		return false;
	}
	t->talk.agent_id = m->agent_id; /* lives on: nothing is read before the owner has decided */
	t->state = TUNNEL_JUDGED;
	return true;
}

static void take_credit(struct tunnel *t, int64_t n)
{
	if (n < t->credit || n > t->carried + CREDIT_MAX)
		tunnel_link_break(&t->link, TUNNEL_LINK_SCOPE, "a credit may not shrink, nor grow by more than %d",
			CREDIT_MAX);
	else
		t->credit = n;
}

static bool handle(struct tunnel *t, const struct tunnel_frame *f, struct tunnel_act *ret)
{
	*ret = (struct tunnel_act){ .kind = TUNNEL_MESSAGE, .msg = &t->msg };
	if ((t->state == TUNNEL_WAITS) != (t->msg.type == TUNNEL_MSG_HELLO)) {
		tunnel_link_break(&t->link, TUNNEL_LINK_SCOPE, "HELLO must come first, and once; this was %s",
			tunnel_msg_name(t->msg.type));
		return false;
	}
	if (t->state == TUNNEL_WAITS) {
		ret->kind = TUNNEL_HELLO;
		return take_hello(t, &t->msg.hello, f);
	}
	if (t->msg.type == TUNNEL_MSG_HEARTBEAT)
		say(t, &(struct tunnel_msg){
			       .type = TUNNEL_MSG_HEARTBEAT_ACK, .heartbeat_ack.mono = t->msg.heartbeat.mono });
	if (t->msg.type == TUNNEL_MSG_CREDIT)
		take_credit(t, t->msg.credit.n);
	return !t->link.code;
}

bool tunnel_next(struct tunnel *t, struct tunnel_act *ret)
{
	struct tunnel_frame f;

	if (t->state == TUNNEL_SHUT)
		return false;
	if (t->state == TUNNEL_ADMITTED) {
		t->state = TUNNEL_OPEN;
		*ret = (struct tunnel_act){ .kind = TUNNEL_UP };
		return true;
	}
	while (t->state != TUNNEL_JUDGED && tunnel_link_read(&t->link, &t->msg, &f))
		if (handle(t, &f, ret))
			return true;
	*ret = (struct tunnel_act){ .kind = TUNNEL_SEND };
	if (tunnel_link_take(&t->link, &ret->p, &ret->n))
		return true;
	if (!t->link.code)
		return false;
	t->state = TUNNEL_SHUT;
	*ret = (struct tunnel_act){ .kind = TUNNEL_CLOSE, .code = t->link.code, .why = t->link.why };
	return true;
}

void tunnel_admit(
	struct tunnel *t, uint64_t now_ms, const uint8_t *public_key, const struct tunnel_msg_welcome *welcome)
{
	if (t->state != TUNNEL_JUDGED || t->link.code)
		return;
	if (!tunnel_auth_is_hello(&t->talk, public_key, t->hello_sig)) {
		tunnel_refuse(
			t, TUNNEL_LINK_SCOPE, "the HELLO is not signed by the key that this agent enrolled with");
		return;
	}
	struct tunnel_msg m = { .type = TUNNEL_MSG_WELCOME, .welcome = *welcome };
	m.welcome.proto = TUNNEL_MSG_PROTO;
	m.welcome.heartbeat_ms = t->heartbeat_ms;
	t->state = TUNNEL_ADMITTED;
	t->link.fed_ms = t->link.heard_ms = now_ms;
	t->talk.agent_id = NULL;
	say(t, &m);
}

void tunnel_refuse(struct tunnel *t, int code, const char *why) { tunnel_link_break(&t->link, code, "%s", why); }

uint32_t tunnel_credit(const struct tunnel *t)
{
	return t->state == TUNNEL_OPEN && !t->link.code ? (uint32_t)(t->credit - t->carried) : 0;
}

enum rc tunnel_send(struct tunnel *t, const struct tunnel_msg *m)
{
	if (t->state != TUNNEL_OPEN)
		return RC_AWAY;
	if (m->type == TUNNEL_MSG_DISPATCH && t->carried >= t->credit)
		return RC_LIMIT;
	enum rc rc = tunnel_link_send(&t->link, m);
	if (rc == RC_OK && m->type == TUNNEL_MSG_DISPATCH)
		t->carried++;
	return rc;
}

void tunnel_close(struct tunnel *t, int code, const char *why) { tunnel_link_break(&t->link, code, "%s", why); }
