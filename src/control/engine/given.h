/*
 * given: what an agent gave as a task's result: JSON text, or that packed (wire/packed). Nothing of it is believed before it was read.
 * Any thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#define GIVEN_NO_JSON "the agent's result is not JSON"

struct tunnel_msg_result;

/*
 * Is it JSON? *ret_text is what it unpacks to, the caller's to free; NULL when it is not packed, or there is no result. RC_MALFORMED,
 * RC_TOO_LARGE: it is none, for the reason in `f`.
 */
must_check enum rc given_read(const struct tunnel_msg_result *m, char **ret_text, struct fault *f);
