/*
 * hub: the agents that are connected now, and what each may be given.
 *
 * Lives on the loop thread; only hub_wake and hub_wake_cancels may come from elsewhere. What must survive an agent's
 * connection is in the database, not here: every message that changes something becomes a write.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct control;
struct hub;
struct web_request;

#define HUB_PEERS_MAX 4096 /* connections at once, admitted or not */
#define HUB_PATH      "/v1/agents/tunnel"

must_check enum rc hub_new(struct control *c, struct hub **ret_hub, struct fault *f);
void hub_free(struct hub *h); /* after the server's connections are gone */
OWN_DEFINE(hub)

/* A WebSocket upgrade has come; takes the request. */
void hub_accept(struct hub *h, struct web_request *r);

void hub_wake(struct hub *h);         /* any thread: work was queued */
void hub_wake_cancels(struct hub *h); /* any thread: tasks that agents hold are to be stopped */

/* Ends the connection of an agent, if it has one (4403): it was revoked. */
void hub_drop(struct hub *h, const char *agent_id, const char *why);

/* Tells all agents to go away for a while (GOAWAY), and closes. */
void hub_close_all(struct hub *h);
