/*
 * hub: the agents that are connected now, and what each may be given.
 *
 * Lives on the loop thread. What must survive an agent's
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
extern const char *const hub_protocols[]; /* that web_server has to let through; ends in NULL */
void hub_accept(struct hub *h, struct web_request *r);

/* All agents have to come anew: what this control plane knew of them does not count any more. */
void hub_renew_all(struct hub *h);

/* Tells all agents to go away for a while (GOAWAY), and closes. */
void hub_close_all(struct hub *h);
