/*
 * action: what a task can do, as both ends know it: name, class, scope, what it is aimed at, the shapes of its payload and
 * result. The control plane checks a job by it before it is accepted; an agent decodes the payload by the same table and
 * runs the function that belongs to the name (agent/actions). Pure. product.md 5.5.
 */
#pragma once

#include "base/field.h"
#include "model/scope.h"
#include "model/task.h"

enum action_target {
	ACTION_TARGET_NONE,    /* runs on a session of the agent's own */
	ACTION_TARGET_ACCOUNT, /* one task for each account */
};

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
	const char *doc;
};

/* The result of a dry run, of whatever action. */
struct action_plan {
	bool dry_run;
	struct field_list would; /* of const char *: what would be done, in order */
	struct field_list lanes; /* of const char *: names of the lanes that it would draw on */
};
extern const struct field action_plan_fields[];

extern const struct action *const action_all[]; /* sorted by name; ends in NULL */

const struct action *action_find(const char *name); /* NULL when there is none */

/* The shapes. An action that is aimed at an account and needs no more has an empty payload. */
struct action_empty {
	char nothing;
};

struct action_session_result {
	const char *state; /* "online", "offline" */
	uint64_t steam_id; /* 0: none */
	uint32_t cell_id;
};

struct action_ping_result {
	uint32_t rtt_ms;
	const char *endpoint;
};

struct action_changes {
	uint32_t since;
};

struct action_change {
	uint32_t id, change_number;
	bool needs_token;
};

struct action_changes_result {
	uint32_t current, since;
	bool gap;                         /* Steam does not tell what changed since then: look at everything */
	struct field_list apps, packages; /* of struct action_change */
};

struct action_product_info {
	struct field_list apps, packages; /* of uint32_t */
	bool metadata_only;
};
#define ACTION_PRODUCTS_MAX 5000 /* ids of one task, apps and packages each */

struct action_product {
	uint32_t id, change_number, size;
	bool missing_token;
	const char *sha1; /* 40 hexadecimal characters */
	const char *name; /* NULL: not in the data */
	const char *data; /* JSON: Steam's tree of keys and values; NULL with metadata_only */
};

struct action_product_info_result {
	struct field_list apps, packages;                 /* of struct action_product */
	struct field_list unknown_apps, unknown_packages; /* of uint32_t */
};
