/*
 * cluster: several control planes on one PostgreSQL and one NATS, behind nginx with the configuration that we ship. All are
 * children of the test, on free ports of 127.0.0.1.
 */
#pragma once

#include "tests/system/nats.h"
#include "tests/system/rig.h"

#define CLUSTER_PLANES 3

struct cluster_plane {
	char name[16], url[128]; /* its own address */
	pid_t pid;
	uint16_t port;
};

struct cluster {
	struct rig rig; /* url: nginx; agents come through it, too */
	struct nats_server nats;
	struct cluster_plane planes[CLUSTER_PLANES];
	pid_t nginx;
	const char *const *more; /* for `footplate serve`; ends in NULL */
};

/* Starts all. `more` is kept. */
void cluster_start(struct cluster *c, const char *const *more);
void cluster_done(struct cluster *c); /* those that run must end well */

void cluster_plane_start(struct cluster *c, unsigned i);
void cluster_plane_stop(struct cluster *c, unsigned i, int sig);

/* The rig as one control plane's clients see it: the url is its own. */
struct rig cluster_at(const struct cluster *c, unsigned i);

/* Which control plane has this role now; -1: none that runs. */
int cluster_holder(const struct cluster *c, const char *role);
