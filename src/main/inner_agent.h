/*
 * inner_agent: the agent in the control plane's own process. It is an agent like any other: it enrols with a one-time token,
 * dials the server's WebSocket, and runs on a thread and a loop of its own.
 */
#pragma once

#include "control/control.h"
#include "main/conf.h"

struct inner_agent;

must_check enum rc inner_agent_start(const struct conf *conf, struct control *c, const char *url,
	struct inner_agent **ret_agent, struct fault *f);
void inner_agent_stop(struct inner_agent *a); /* ends and joins it */
