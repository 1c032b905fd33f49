/*
 * drivers: what the configuration names for the control plane's database, queue, and key-encryption keys.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct conf;
struct control;

/* Fills in store, queue, kek and old_kek; control->log is there. What was opened before a failure is closed by drivers_close. */
must_check enum rc drivers_open(const struct conf *c, struct control *to, struct fault *f);
void drivers_close(struct control *c);
