/*
 * action: what a task can do, as both ends know it: name, class, scope, what it is aimed at, the shapes of its payload and
 * result. The control plane checks a job by it before it is accepted; an agent decodes the payload by the same table and
 * runs the function that belongs to the name (agent/actions). Pure. product.md 5.5.
 *
 * The declarations stand by family: action_account, action_download, action_friends, action_keys, action_library, action_pics,
 * action_session, action_trade, each with the structs of its shapes.
 */
#pragma once

#include "base/field.h"
#include "model/scope.h"
#include "model/task.h"

enum action_target {
	ACTION_TARGET_NONE,    /* runs on a session of the agent's own */
	ACTION_TARGET_ACCOUNT, /* one task for each account */
	ACTION_TARGET_EITHER,  /* accounts when some are named, else as NONE */
};
extern const char *const action_target_words[];

#define ACTION_TIMEOUT_MAX_S 604800

struct action {
	const char *name;
	enum task_class class;
	enum scope scope;
	enum action_target target;
	uint32_t timeout_s;
	const struct field *payload;
	size_t payload_size;
	const struct field *result;
	size_t result_size;
	const char *const *lanes; /* rate lanes it draws on; ends in NULL */
	bool mutates; /* has an effect at Steam: then it has a dry run, which tells a struct action_plan */
	bool probe;   /* can find out whether an attempt before had its effect; every guarded one can */
	bool own;     /* made by areas of the control plane alone (submit_own): no job may name it */
	const struct task_policy *retry; /* NULL: as its class says */
	const char *doc;
};

extern const struct action *const action_all[]; /* sorted by name; ends in NULL */

const struct action *action_find(const char *name); /* NULL when there is none */

/* The payload of an action that needs no more than its account. */
struct action_empty {
	char nothing;
};
extern const struct field action_empty_fields[];

/* The result of a dry run, of whatever action. */
struct action_plan {
	bool dry_run;
	struct field_list would; /* of const char *: what would be done, in order */
	struct field_list lanes; /* of const char *: names of the lanes that it would draw on */
};
extern const struct field action_plan_fields[];
