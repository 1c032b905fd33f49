#include "control/webhooks/webhook_rules.h"
#include "control/control.h"

enum rc webhook_rules_read(const struct webhooks_conf *conf, struct webhook_rules *ret, struct fault *f)
{
	*ret = (struct webhook_rules){ .conf = conf };
	ret->guard.allow = &ret->allow;
	enum rc rc = webhook_plan_read(conf->plan, &ret->plan, f);
	if (rc == RC_OK)
		rc = ip_block_read(conf->allow_private, &ret->allow, f);
	return rc == RC_OK ? http_guard_ports(conf->ports, &ret->guard, f) : rc;
}
