#include "control/events/feed_whose.h"
#include "control/access/cuts.h"
#include "control/control.h"
#include "control/http/route.h"
#include "control/quotas/meters.h"

#include <stdio.h>

_Static_assert(sizeof(struct cuts_mark) <= FEED_WHOSE_BYTES, "a mark must fit");

void feed_whose_mark(const struct call *c, void *mark)
{
	const struct principal *who = c->who;
	const char *all[CUTS_IDS] = { who->id, who->user_id, who->session_id };
	struct cuts_mark *m = mark;

	for (size_t i = 0; i < CUTS_IDS; i++)
		snprintf(m->ids[i], sizeof(m->ids[i]), "%s", all[i] ? all[i] : "");
	if (who->kind == PRINCIPAL_USER)
		snprintf(m->tenant_id, sizeof(m->tenant_id), "%s", tx_tenant(&c->tx));
	m->until_ms = who->expires_at;
}

bool feed_whose_watch(
	struct control *c, void *mark, uint64_t asked_ms, void *ctx, void (*cut)(void *ctx, const char *why))
{
	struct cuts_mark *m = mark;

	m->ctx = ctx;
	m->cut = cut;
	return cuts_enter(c->cuts, m, asked_ms);
}

void feed_whose_leave(void *mark) { cuts_leave(mark); }

void feed_whose_free(struct control *c, void *mark, struct meters_pass *hold)
{
	feed_whose_leave(mark);
	meters_drop(c->meters, hold);
}
