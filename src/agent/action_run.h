/*
 * action_run: the row type of an action's function. An action is declared in model/action (name, class, shapes); its row here
 * says how it is run. The function is straight code on a worker: what it needs of Steam it asks by sessions_do and waits.
 *
 * `in` and `out` are structs of the declaration's shapes; `out` is zeroed, and what it points to lives in the task's arena.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "io/call.h"

#include <stdint.h>

struct sessions;

struct action_task {
	struct sessions *sessions;
	struct call_scope *scope; /* for every call that it makes */
	struct arena *arena;
	const char *account_id; /* NULL: the action needs none */
	uint64_t deadline_ms;   /* of loop_now_ms */
	/* More exact than the rc that the function returns; for the result. */
	const char *code; /* NULL: the rc's own */
	int32_t eresult;  /* Steam's; 0: none */
};

struct action_run {
	const char *name; /* of model/action */
	enum rc (*run)(struct action_task *t, const void *in, void *out, struct fault *f);
};
