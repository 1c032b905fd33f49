#include "model/action.h"

#include "model/action_rows.h"

#include <string.h>

const char *const action_target_words[] = { "none", "account", "either", NULL };

const struct field action_empty_fields[] = { { 0 } };

/* clang-format off */
const struct field action_plan_fields[] = {
	ACTION_ROW(action_plan, "dryRun", dry_run, FIELD_BOOL, "True: nothing was done."),
	ACTION_LIST(action_plan, "would", would, FIELD_STR, "What would be done, in order."),
	ACTION_LIST(action_plan, "lanes", lanes, FIELD_STR, "The rate lanes that it would draw on."),
	{ 0 },
};
/* clang-format on */

const struct action *action_find(const char *name)
{
	for (size_t i = 0; action_all[i]; i++)
		if (!strcmp(action_all[i]->name, name))
			return action_all[i];
	return NULL;
}
