#include "base/metric.h"
#include "control/control.h"
#include "control/http/exchange.h"
#include "control/quotas/meters.h"

static size_t list_asks(const struct principal *who, struct meters_ask asks[static METERS_ASKS])
{
	if (who->kind != PRINCIPAL_KEY || !who->limits)
		return 0;
	asks[0] = (struct meters_ask){ who->actor, *who->limits };
	return 1;
}

static enum rc refuse(struct exchange *x, const struct tx *tx)
{
	static const enum rc codes[METER_POLICIES] = { RC_LIMIT, RC_QUOTA, RC_QUOTA, RC_CONCURRENCY };
	const struct meters_pass *p = x->pass;

	x->retry_s = p->retry_s;
	metric_add(tx->control->metrics, METRIC_RATE_LIMITED, meter_policy_name(p->policy), 1);
	return fault_set(tx->fault, codes[p->policy], "over the limit %s; try again in %lld seconds", p->violated,
		(long long)p->retry_s);
}

enum rc admit_request(struct exchange *x, struct tx *tx, const struct principal *who)
{
	struct meters *m = tx->control->meters;
	struct meters_ask asks[METERS_ASKS];

	size_t n = x->again ? 0 : list_asks(who, asks);

	if (x->again)
		return RC_OK;
	if (n > 0 && !x->pass)
		x->pass = meters_pass(x);
	if (n > 0 && !x->pass)
		return RC_NOMEM;
	enum rc rc = x->pass ? meters_enter(m, asks, n, x->pass) : RC_OK;
	if (rc != RC_OK)
		return fault_set(tx->fault, rc, "the limits cannot be looked up now");
	if (admit_waits(x))
		return RC_MORE;
	bool out = admit_violated(x) != NULL;
	if (who->kind == PRINCIPAL_KEY && !x->counted)
		meters_used(m, who->id, tx->peer, out);
	x->counted = true;
	return out ? refuse(x, tx) : RC_OK;
}

bool admit_waits(const struct exchange *x) { return x->pass && x->pass->state == METERS_WAITS; }

const char *admit_violated(const struct exchange *x)
{
	return x->pass && x->pass->state == METERS_OUT ? x->pass->violated : NULL;
}

enum rc admit_failure(struct exchange *x, struct tx *tx)
{
	if (!x->authorization && !x->cookies)
		return RC_UNAUTHENTICATED; /* nothing was tried */
	x->retry_s = meters_failed(tx->control->meters, tx->peer);
	if (x->retry_s == 0)
		return RC_UNAUTHENTICATED;
	metric_add(tx->control->metrics, METRIC_RATE_LIMITED, "failures", 1);
	return fault_set(tx->fault, RC_LIMIT,
		"too many wrong credentials came from your address; try again in %lld seconds",
		(long long)x->retry_s);
}

void admit_park(struct exchange *x) { meters_park(x->control->meters, x->pass); }

const char *admit_policies(const struct exchange *x) { return x->pass ? x->pass->policies : NULL; }
const char *admit_left(const struct exchange *x) { return x->pass ? x->pass->left : NULL; }

void admit_drop(struct exchange *x) { meters_drop(x->control->meters, take(x->pass)); }
