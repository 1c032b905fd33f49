#include "control/downloads/download_tunes.h"
#include "control/hub/deal.h"
#include "control/hub/peer.h"

#define TUNES_MAX 10000

enum rc deal_tunes_read(struct tx *tx, struct field_list *ret) { return download_tunes_list(tx, TUNES_MAX, ret); }

void deal_tunes_send(struct hub *h, const struct field_list *tunes)
{
	const struct download_tune *t = tunes->at;

	for (size_t i = 0; i < tunes->n; i++) {
		struct peer *p = peer_of(h, t[i].agent_id);
		const struct tunnel_msg m = { .type = TUNNEL_MSG_TUNE,
			.tune = { t[i].task_id, t[i].attempt, t[i].bps } };
		if (p)
			peer_send(p, &m);
	}
}
