#include "agent/actions/actions.h"

#include <string.h>

extern const struct action_run pics_changes, pics_product_info, session_login, session_logout, session_ping;

const struct action_run *const actions_all[] = {
	&pics_changes,
	&pics_product_info,
	&session_login,
	&session_logout,
	&session_ping,
	NULL,
};

const struct action_run *actions_find(const char *name)
{
	for (size_t i = 0; actions_all[i]; i++)
		if (!strcmp(actions_all[i]->name, name))
			return actions_all[i];
	return NULL;
}
