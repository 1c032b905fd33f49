#include "control/http/admit.h"
#include "base/metric.h"
#include "control/access/failures.h"
#include "control/access/keys_row.h"
#include "control/control.h"

static size_t list_asks(const struct principal *who, struct meters_ask asks[static METERS_ASKS])
{
	const struct keys_limits *l = who->limits;

	if (who->kind != PRINCIPAL_KEY || !l ||
		(!l->rate_limit && !l->quota_daily && !l->quota_monthly && !l->max_concurrent))
		return 0;
	asks[0] = (struct meters_ask){ who->actor,
		{ l->rate_limit, l->quota_daily, l->quota_monthly, l->max_concurrent } };
	return 1;
}

static enum rc refuse(struct exchange *x, const struct tx *tx)
{
	static const enum rc codes[METER_POLICIES] = { RC_LIMIT, RC_QUOTA, RC_QUOTA, RC_CONCURRENCY };
	const struct meters_pass *p = &x->pass;

	x->retry_s = p->retry_s;
	metric_add(tx->control->metrics, METRIC_RATE_LIMITED, meter_policy_name(p->policy), 1);
	return fault_set(tx->fault, codes[p->policy], "over the limit %s; try again in %lld seconds", p->violated,
		(long long)p->retry_s);
}

enum rc admit_request(struct exchange *x, struct tx *tx, const struct principal *who)
{
	struct meters *m = tx->control->meters;
	struct meters_ask asks[METERS_ASKS];

	if (x->again)
		return RC_OK;
	enum rc rc = meters_enter(m, asks, list_asks(who, asks), &x->pass);
	if (rc != RC_OK)
		return fault_set(tx->fault, rc, "the limits cannot be looked up now");
	if (x->pass.state == METERS_WAITS)
		return RC_MORE;
	bool out = x->pass.state == METERS_OUT;
	if (who->kind == PRINCIPAL_KEY && !x->counted)
		meters_used(m, who->id, tx->peer, out);
	x->counted = true;
	return out ? refuse(x, tx) : RC_OK;
}

enum rc admit_failure(struct exchange *x, struct tx *tx)
{
	if (!x->authorization && !x->cookies)
		return RC_UNAUTHENTICATED; /* nothing was tried */
	x->retry_s = failures_note(tx->control->failures, tx->peer);
	if (x->retry_s == 0)
		return RC_UNAUTHENTICATED;
	metric_add(tx->control->metrics, METRIC_RATE_LIMITED, "failures", 1);
	return fault_set(tx->fault, RC_LIMIT,
		"too many wrong credentials came from your address; try again in %lld seconds",
		(long long)x->retry_s);
}
