/*
 * agent: an agent as a whole, on a thread of its own with a loop of its own: in the process of the control plane or alone. Several
 * may run in one process, each with its own data folder. No globals.
 *
 * It enrols when its folder holds no identity (with the token; again and again until that works), connects to its control plane,
 * keeps connected, and runs tasks. What ended and was not acknowledged survives it in the folder's journal.
 */
#pragma once

#include "agent/agent_conf.h"
#include "base/fault.h"
#include "base/hush.h"
#include "base/log.h"
#include "base/own.h"

#include <stdint.h>

struct agent;

/* Starts the thread and comes back; all of conf but the log is copied. Fails when the folder or the journal cannot be used. */
must_check enum rc agent_start(const struct agent_conf *conf, struct agent **ret_agent, struct fault *f);

/*
 * Takes no more tasks, cancels those that run (they are told as failed, to be tried again), logs its sessions off, says
 * goodbye, ends the thread, frees all. Any thread but the agent's own; waits some seconds at most, when others do not answer.
 */
void agent_stop(struct agent *a);
