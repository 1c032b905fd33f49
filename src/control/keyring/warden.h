/*
 * warden: looks after the vault's keys while the control plane runs. Every instance looks at the table once a second, loads keys that came,
 * and says so; one of them (the role "keyring") makes the key that was asked for, lets it seal when all instances have it, and has all
 * that is sealed put under it (control/keyring/rewrap).
 *
 *	loop: tick ──> warden's thread: read, ask the provider, seal anew ──> writer: what came of it ──> loop: again, or wait
 *
 * A provider that cannot be reached delays a rotation, nothing else. Loop thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct control;
struct warden;

must_check enum rc warden_new(struct control *c, struct warden **ret, struct fault *f);
void warden_stop(struct warden *k); /* ends its thread; before the writer ends. NULL: nothing */
void warden_free(struct warden *k); /* after the loop's last turn */
OWN_DEFINE(warden)
