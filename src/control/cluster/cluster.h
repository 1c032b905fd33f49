/*
 * cluster: this control plane among the others on its database: the heartbeat of its row, and the eyes on what the others did. Loop
 * thread.
 *
 * Without others nothing is polled: what happens is known here first.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>

struct cluster;
struct control;

#define CLUSTER_POLL_MS 250 /* between two looks at what other control planes wrote */
#define CLUSTER_SLOW    3   /* with bells, only every so many times */

/* Chooses the name of this run: before the first transaction. */
void cluster_name(struct control *c);

/* After hub and feed; makes the bells, too. `others`: that were alive when this one entered the list. */
must_check enum rc cluster_new(struct control *c, bool others, struct cluster **ret, struct fault *f);
void cluster_free(struct cluster *l);
OWN_DEFINE(cluster)

bool cluster_alone(const struct cluster *l);

/* The control plane stops: its roles go to others. */
void cluster_leave(struct cluster *l);
