#include "control/access/audit.h"
#include "control/control.h"
#include "control/hub/peer.h"
#include "control/writer.h"
#include "flow/tunnel_link.h"

#include <stdio.h>
#include <stdlib.h>

#define AGAIN_MS 1000 /* between two records: who knocks and breaks the rules must not fill the audit log */

struct breach {
	struct write write;
	char agent_id[ID_MAX], words[160];
};

static enum rc note(struct write *w, struct tx *tx)
{
	const struct breach *b = (struct breach *)(void *)((char *)w - offsetof(struct breach, write));
	const char *who = *b->agent_id ? b->agent_id : "unknown";

	tx->actor = arena_fmt(tx->arena, "agent:%s", who);
	return tx->actor ? audit_note(tx, "agent.tunnel_refused", who, b->words) : RC_NOMEM;
}

static void noted(struct write *w) { free((char *)w - offsetof(struct breach, write)); }

static bool is_breach(int code)
{
	return code == TUNNEL_LINK_REPLAY || code == TUNNEL_LINK_TAMPER || code == TUNNEL_LINK_SCOPE ||
	       code == TUNNEL_LINK_TOO_BIG;
}

void peer_breach(struct peer *p, int code)
{
	struct hub *h = p->hub;
	uint64_t now = loop_now_ms(h->control->loop);

	if (!is_breach(code))
		return;
	if (h->breach_ms && now - h->breach_ms < AGAIN_MS) {
		h->breaches++;
		return;
	}
	struct breach *b = calloc(1, sizeof(*b));
	if (!b)
		return;
	snprintf(b->agent_id, sizeof(b->agent_id), "%s", p->id);
	snprintf(b->words, sizeof(b->words), "%d: %s%s", code, p->why,
		h->breaches ? "; there were others just before" : "");
	b->write = (struct write){ .control = h->control, .run = note, .done = noted };
	h->breach_ms = now;
	h->breaches = 0;
	if (writer_push(&b->write) != RC_OK)
		free(b);
}
