#include "control/access/cuts.h"
#include "control/control.h"
#include "control/hub/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char revoked[] = "the agent was revoked";

static void cut(void *ctx, const char *why)
{
	struct peer *p = ctx;
	(void)why;
	tunnel_close(&p->tunnel, TUNNEL_LINK_SCOPE, revoked);
	peer_pump(p);
}

void peer_watch(struct peer *p)
{
	struct cuts_mark *m = calloc(1, sizeof(*m));

	_Static_assert(sizeof(m->ids[0]) == sizeof(p->id), "an id must fit");
	if (!m) {
		tunnel_close(&p->tunnel, TUNNEL_LINK_INTERNAL, "out of memory");
		return;
	}
	*m = (struct cuts_mark){ .ctx = p, .cut = cut };
	memcpy(m->ids[0], p->id, sizeof(p->id));
	snprintf(m->ids[1], sizeof(m->ids[1]), "%.*s", (int)sizeof(m->ids[1]) - 1, p->cert_serial);
	p->mark = m;
	if (!cuts_enter(p->hub->control->cuts, m, p->opened_ms))
		tunnel_close(&p->tunnel, TUNNEL_LINK_SCOPE, revoked);
}

void peer_unwatch(struct peer *p)
{
	struct cuts_mark *m = take(p->mark);

	if (m)
		cuts_leave(m);
	free(m);
}
