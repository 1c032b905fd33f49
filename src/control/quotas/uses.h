/*
 * uses: how much each key is used, counted in memory and handed to the writer now and then. Any thread may count; the rest is the
 * loop's. Part of quotas/meters.
 */
#pragma once

#include "control/tx.h"

struct uses;
must_check enum rc uses_new(struct control *c, struct uses **ret, struct fault *f);
void uses_free(struct uses *u);
OWN_DEFINE(uses)

void uses_count(struct uses *u, const char *key_id, const char *address, bool refused);

/* Writes what was counted, unless the last such write is still on its way. */
void uses_flush(struct uses *u);
