#include "base/buf.h"
#include "control/access/audit.h"
#include "control/audit/later.h"
#include "control/audit/trail.h"
#include "control/http/route.h"

#include <stdio.h>
#include <string.h>

static const char *resource_of(const struct call *c)
{
	const char *slash = c->location ? strrchr(c->location, '/') : NULL;
	return c->arg[0] ? c->arg[0] : slash ? slash + 1 : "";
}

enum rc route_run(struct call *c, void *ret_out)
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

void route_run_shown(struct call *c, int status, const struct buf *body)
{
	const struct route *r = c->route;
	bool sets = !strcmp(r->method, "PUT") || !strcmp(r->method, "PATCH");

	if (c->tx.trail && (r->flags & ROUTE_WRITE) && r->out && (sets || status == 201))
		trail_after(c->tx.trail, body->p, body->n);
}

/* Known, and not allowed: a scope, a selector, another tenant's thing; or a key that was revoked or has expired. */
static bool is_refused(const struct call *c, enum rc ended)
{
	return c->who->id && *c->who->id && c->who->actor &&
	       (ended == RC_DENIED || ended == RC_UNAUTHENTICATED || (ended == RC_MISSING && c->tx.foreign));
}

enum rc route_run_note(const struct call *c, enum rc ended, const char *query, const char *why, struct later **ret)
{
	bool reads = ended == RC_OK && (c->route->flags & ROUTE_AUDITED);
	char action[96];

	if (*ret || !(reads || is_refused(c, ended)))
		return RC_OK;
	snprintf(action, sizeof(action), "api.%s", c->route->name);
	*ret = later_new(c, &(struct audit_new){ .action = action,
				    .resource = c->arg[0],
				    .words = reads           ? query
					     : c->tx.foreign ? "it is another tenant's"
							     : why,
				    .outcome = reads ? NULL : "denied",
				    .actor = c->who->actor,
				    .tenant_id = c->who->tenant_id });
	return reads && !*ret ? RC_NOMEM : RC_OK;
}
