/*
 * inner_agent: the agent in the control plane's own process. It is an agent like any other: it enrols with a one-time token,
 * dials the server's WebSocket, and runs on a thread and a loop of its own.
 */
#pragma once

#include "control/control.h"
#include "main/conf.h"

struct agent;

/* `url` is where the control plane listens. */
must_check enum rc inner_agent_start(
	const struct conf *conf, struct control *c, const char *url, struct agent **ret_agent, struct fault *f);
void inner_agent_stop(struct agent *a); /* takes NULL; see agent_stop */
