/* sessions (of the simulation): what an action asks Steam through its agent's sessions. Stands in for agent/sessions. */
#pragma once

#include "agent/action_run.h"
#include "proof/steam.h"

/* Worker: asks and waits. *ret_sent: it went out, so its effect may have been had whatever is returned. */
must_check enum rc sessions_say(struct action_task *t, enum steam_word word, enum task_class class,
	enum steam_verdict *ret, bool *ret_sent, struct fault *f);
