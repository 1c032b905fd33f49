/*
 * world: the machines of a history: a control plane, agents, Steam, and the desk that the clients sit at. world_make brings them
 * up without faults until all agents are connected and all accounts are online; from there each seed goes its own way.
 */
#pragma once

#include "proof/sim.h"

#define WORLD_AGENTS   3
#define WORLD_ACCOUNTS 6
#define WORLD_DB       "/data/footplate.db"

struct control;

struct world {
	struct machine control, agents[WORLD_AGENTS], desk;
	char accounts[WORLD_ACCOUNTS][64], key[128];
	char tokens[WORLD_AGENTS][128];
};
extern struct world world;

bool world_make(void);      /* false: it did not come up; sim.broken says why */
bool world_is_served(void); /* the control plane runs and has its database open */
