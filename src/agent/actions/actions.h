/*
 * actions: all that this agent can do. One file per action; a new one is a file, a row in actions.c and a declaration in
 * model/action.
 */
#pragma once

#include <stddef.h>

struct action_run;

extern const struct action_run *const actions_all[]; /* sorted by name; ends in NULL */

size_t actions_names(const char **to, size_t most); /* of all; how many */

const struct action_run *actions_find(const char *name); /* NULL when there is none */
