/* arrive_groups: the groups that a person has from an identity provider. */
#pragma once

#include "control/sso/provider.h"

/*
 * Makes the user's groups of this provider be these (of const char *, grp_…). Groups of another tenant, and such as are not there
 * any more, are left out. With an event and an audit row when anything changed. On the writer.
 */
must_check enum rc arrive_groups_set(
	struct tx *tx, const struct provider *idp, const char *user_id, const struct field_list *groups);

/* What a person in these groups may do: the roles bound to the groups and to the user (NULL: nobody). For the dry run. */
struct arrive_role {
	const char *subject_id, *role;
};
extern const struct field arrive_role_fields[];
must_check enum rc arrive_groups_roles(
	struct tx *tx, const char *user_id, const struct field_list *groups, struct field_list *ret);
