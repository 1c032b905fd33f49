/* sources_egresses_place: what placement is told of a question to a store: see sources_egresses. */
#pragma once

#include "base/own.h"
#include "base/rc.h"

struct placement_task;
struct tx;

/* Is control.owned_place: to whom an ask must not go; a probe goes to its egress alone. On the writer. */
must_check enum rc sources_egresses_place(struct tx *tx, const char *ask_id, struct placement_task *to);
