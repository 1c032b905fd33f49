#include "control/hub/peer.h"
#include "base/log.h"
#include "control/control.h"
#include "io/failpoint.h"

void peer_pump(struct peer *p)
{
	struct tunnel_act a;
	while (tunnel_next(&p->tunnel, &a))
		p->hub->act(p, &a);
	loop_timer_at(p->timer, tunnel_due(&p->tunnel));
}

struct peer *peer_of(struct hub *h, const char *agent_id) { return map_get(&h->agents, agent_id); }

void peer_send(struct peer *p, const struct tunnel_msg *m)
{
	if (m->type == TUNNEL_MSG_DISPATCH)
		FAILPOINT("peer.before_dispatch");
	else if (m->type == TUNNEL_MSG_EFFECT_OK)
		FAILPOINT("peer.before_effect_ok");
	else if (m->type == TUNNEL_MSG_RESULT_ACK)
		FAILPOINT("peer.before_result_ack");
	enum rc rc = tunnel_send(&p->tunnel, m);
	if (rc != RC_OK)
		log_warn(p->hub->control->log, "%s not sent agent=%s: %s", tunnel_msg_name(m->type), p->id,
			rc_title(rc));
	peer_pump(p);
}

static void hang_up(struct hub *h, const char *agent_id, int code, const char *why)
{
	struct peer *p = peer_of(h, agent_id);
	if (!p)
		return;
	tunnel_close(&p->tunnel, code, why);
	peer_pump(p);
}

void peer_supersede(struct peer *p)
{
	tunnel_close(&p->tunnel, TUNNEL_LINK_SUPERSEDED, "the agent has a newer connection");
	peer_pump(p);
}

struct peer *peer_at(struct hub *h, int64_t epoch)
{
	list_each (at, next, &h->peers) {
		struct peer *p = list_of(at, struct peer, all);
		if (p->epoch == epoch)
			return p;
	}
	return NULL;
}

void peer_drop(struct hub *h, const char *agent_id, const char *why)
{
	hang_up(h, agent_id, TUNNEL_LINK_SCOPE, why);
}

void peer_redial(struct hub *h, const char *agent_id, const char *why)
{
	hang_up(h, agent_id, TUNNEL_LINK_INTERNAL, why);
}
