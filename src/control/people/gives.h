/*
 * gives: nobody can give more than they have, nor change somebody who may more than they do; and an installation that has owners is
 * never left without one. What routes of people, groups, roles and bindings ask before they write.
 */
#pragma once

#include "control/http/route.h"
#include "model/grant.h"

/* RC_DENIED: the caller has not all of it. `what` names it in the words: "the role". */
must_check enum rc gives_grants(struct call *c, const struct grants *g, const char *what);

/* All that is bound to this person (and their groups), or to this group. One's own self is always within. */
must_check enum rc gives_subject(struct call *c, const char *subject_id);

/* Scopes of a custom role, which may be bound to all of the tenant. Unknown ones are problems at `pointer`/i. */
must_check enum rc gives_scopes(struct call *c, const struct field_list *scopes, const char *pointer);

/* Whose the new thing is: the caller's tenant, or the one that the installation's administrator names. */
must_check enum rc gives_tenant(struct call *c, const char *named, const char **ret);

/* A text for the database: a JSON list of texts. */
const char *gives_json_list(struct tx *tx, const struct field_list *texts);

/* Enabled people of the tenant with the role owner, narrowed to nothing. Before a change, */
must_check enum rc gives_owners(struct tx *tx, const char *tenant_id, int64_t *ret);
/* and after it: RC_CONFLICT when there were some, and now there is none. */
must_check enum rc gives_owner_left(struct tx *tx, const char *tenant_id, int64_t before);
