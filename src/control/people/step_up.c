#include "control/people/step_up.h"
#include "control/people/mfa.h"
#include "control/people/people_rules.h"

enum rc step_up_check(struct call *c)
{
	const struct principal *who = c->who;
	const struct route *r = c->route;
	bool asked = r->flags & ROUTE_STEP_UP, other = r->reach != REACH_OPEN && r->reach != REACH_SELF;
	struct mfa_state mfa = { 0 };

	if (who->kind != PRINCIPAL_USER || (!asked && !other))
		return RC_OK;
	enum rc rc = who->second_factor ? RC_OK : mfa_state(&c->tx, who->id, &mfa);
	if (rc != RC_OK)
		return rc;
	if (mfa.required && other)
		return fault_set(c->tx.fault, RC_STEP_UP, "%s",
			mfa.enrolled ? "you need a second factor for this: POST /v1/auth/step-up with a code"
				     : "you need a second factor for this: POST /v1/auth/mfa/totp/enroll, then "
				       "confirm it");
	if (!asked)
		return RC_OK;
	if (mfa.enrolled)
		return fault_set(c->tx.fault, RC_STEP_UP,
			"this needs your second factor: POST /v1/auth/step-up with a code");
	if (who->authenticated_at + people_rules_of(c->tx.control)->step_up_ms < c->tx.now_ms)
		return fault_set(c->tx.fault, RC_STEP_UP,
			"this needs a fresh proof of who you are: POST /v1/auth/step-up with your password or a "
			"code");
	return RC_OK;
}
