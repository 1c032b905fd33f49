#include "control/audit/ensure.h"
#include "control/access/audit.h"
#include "control/audit/trail.h"

#include <string.h>

static const char *resource_of(const struct call *c)
{
	const char *slash = c->location ? strrchr(c->location, '/') : NULL;
	return c->arg[0] ? c->arg[0] : slash ? slash + 1 : "";
}

enum rc ensure_run(struct call *c, void *ret_out)
{
	size_t before = c->tx.trail ? trail_waits(c->tx.trail) : 0;
	enum rc rc = c->route->run(c, ret_out);

	if (rc != RC_OK || !(c->route->flags & ROUTE_WRITE) || (c->tx.trail && trail_waits(c->tx.trail) > before))
		return rc;
	const char *action = arena_fmt(c->tx.arena, "api.%s", c->route->name);
	return action ? audit_write(&c->tx, &(struct audit_new){ .action = action,
						    .resource = resource_of(c),
						    .outcome = c->refuse == RC_OK ? NULL : "failed" })
		      : RC_NOMEM;
}
