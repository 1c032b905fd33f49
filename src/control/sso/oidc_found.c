#include "control/sso/oidc_found.h"
#include "base/log.h"
#include "control/control.h"
#include "control/sso/oidc_documents.h"

enum rc oidc_found_leave(struct call *c, struct oidc_found *found, enum rc rc)
{
	if (rc == RC_NOMEM || rc == RC_INTERNAL || rc == RC_IO)
		return rc;
	found->rc = rc;
	if (rc != RC_OK)
		log_warn(c->tx.control->log, "single sign-on did not go on idp=%s peer=%s: %s", c->arg[0],
			c->tx.peer, c->tx.fault->text);
	c->found = found;
	return RC_OK;
}

enum rc oidc_found_keep(struct tx *tx, const char *idp_id, const struct oidc_found *found)
{
	return found->documents ? oidc_documents_keep(tx, idp_id, found->documents) : RC_OK;
}
