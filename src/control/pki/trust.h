/*
 * trust: keeps what the listener believes of clients' certificates as the database has it: makes the first authority, and looks
 * every TRUST_MS whether another signs or one was retired, by whichever control plane. Nothing while server.agent_certs is off.
 * Loop thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "control/control.h"

#define TRUST_MS 1000

struct trust;
must_check enum rc trust_new(struct control *c, struct trust **ret, struct fault *f);
void trust_free(struct trust *t);
OWN_DEFINE(trust)
