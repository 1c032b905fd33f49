/*
 * sweep: forgets what is kept for a time only: answers to idempotency keys, histories, events, deliveries of webhooks. One control plane
 * at a time does it. Loop thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct control;
struct sweep;

must_check enum rc sweep_new(struct control *c, struct sweep **ret, struct fault *f);
void sweep_free(struct sweep *s); /* when the writer has ended */
OWN_DEFINE(sweep)
