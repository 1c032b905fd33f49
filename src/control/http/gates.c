#include "control/access/cuts.h"
#include "control/control.h"
#include "control/http/proxies.h"
#include "control/http/serve.h"
#include "control/quotas/meters.h"

#include <stdio.h>

enum rc gates_start(struct control *c, void (*again)(struct exchange *x), struct fault *f)
{
	enum rc rc = proxies_new(c->conf->trusted_proxies, c->conf->proxies_standard, &c->proxies, f);
	if (rc == RC_OK)
		rc = cuts_new(c, &c->cuts, f);
	return rc == RC_OK ? meters_new(c, again, &c->meters, f) : rc;
}

void gates_stop(struct control *c) { meters_stop(c->meters); }

void gates_free(struct control *c)
{
	meters_free(take(c->meters));
	cuts_free(take(c->cuts));
	proxies_free(take(c->proxies));
}

void gates_address(const struct control *c, const struct web_request *r, char *ret, size_t n)
{
	char address[FORWARDED_ADDRESS_MAX];

	proxies_address(c->proxies, r, address);
	snprintf(ret, n, "%s", address);
}
