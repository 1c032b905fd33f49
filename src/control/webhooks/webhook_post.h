/* webhook_post: one attempt: signed, sent, the answer looked at. On a thread that may wait. */
#pragma once

#include "control/webhooks/webhook_calls.h"

#include <stdatomic.h>

struct webhook_rules;

/* Fills in how it ended. False: it was stopped, and counts for nothing. */
bool webhook_post(struct webhook_call *c, const struct webhook_rules *rules, const _Atomic bool *stop);
