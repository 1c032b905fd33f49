#include "control/events/feed_whose.h"
#include "control/access/cuts.h"
#include "control/control.h"
#include "control/events/feed.h"
#include "control/quotas/meters.h"

#include <stdio.h>

_Static_assert(sizeof(struct cuts_mark) <= FEED_MARK_BYTES, "a mark must fit into a wish");

static struct cuts_mark *mark_of(struct feed_wish *w) { return (struct cuts_mark *)(void *)w->mark; }

void feed_whose_mark(const struct call *c, struct feed_wish *w)
{
	const struct principal *who = c->who;
	const char *all[CUTS_IDS] = { who->id, who->user_id, who->session_id };
	struct cuts_mark *m = mark_of(w);

	for (size_t i = 0; i < CUTS_IDS; i++)
		snprintf(m->ids[i], sizeof(m->ids[i]), "%s", all[i] ? all[i] : "");
	if (who->kind == PRINCIPAL_USER)
		snprintf(m->tenant_id, sizeof(m->tenant_id), "%s", tx_tenant(&c->tx));
	m->until_ms = who->expires_at;
}

bool feed_whose_watch(struct control *c, struct feed_wish *w, void *ctx, void (*cut)(void *ctx, const char *why))
{
	struct cuts_mark *m = mark_of(w);

	m->ctx = ctx;
	m->cut = cut;
	return cuts_enter(c->cuts, m, w->asked_ms);
}

void feed_whose_leave(struct feed_wish *w) { cuts_leave(mark_of(w)); }

void feed_whose_free(struct control *c, struct feed_wish *w)
{
	feed_whose_leave(w);
	meters_drop(c->meters, w->hold);
	free(w);
}
