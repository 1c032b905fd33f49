/*
 * get_local: a control plane of one's own, with its agent, on a free port of this machine, for the time of one command. What it fetched
 * stays in a cache folder of the user's, so that a command that was broken off goes on where it ended.
 */
#pragma once

#include "cli/cmd.h"

#include <sys/types.h>

struct get_local {
	pid_t pid;
};

/* Starts it, and makes it the server of the command: c->server, c->key. Waits until it answers. */
enum cli_exit get_local_start(struct cmd *c, struct get_local *l);

/* Ends it, and waits for that. Nothing when it was not started. */
void get_local_stop(struct get_local *l);
