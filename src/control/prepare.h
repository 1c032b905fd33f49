/*
 * prepare: what must be so in the database before the first request: the schema, the vault's keys, the epoch of its events, this
 * control plane among the others, the leases of before, the first administrator's key.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

struct control;

/* *ret_others: control planes that were alive beside this one. RC_CONFLICT: the database needs a key-encryption key that is not here. */
must_check enum rc prepare_database(struct control *c, int64_t *ret_others, struct fault *f);
