#include "control/engine/submit.h"
#include "control/engine/submit_parts.h"
#include "control/quotas/quotas.h"

enum rc submit_reserve(struct submit_plan *p, uint32_t queued, bool over)
{
	const struct quotas_want wants[] = { { QUOTA_JOBS_ACTIVE, 1 }, { QUOTA_TASKS_OPEN, queued } };
	const struct quotas_ask ask = { .tenant_id = p->tenant_id,
		.maker = p->created_by ? p->created_by : p->tx->actor,
		.owner_id = p->id,
		.wants = wants,
		.n = 2 };

	return over || p->quiet ? RC_OK : quotas_reserve(p->tx, &ask, &p->quota_held);
}
