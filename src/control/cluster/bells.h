/*
 * bells: what has to be looked after, told to this control plane and to the others on its database (contract/queue).
 *
 *	all.events     new events: subscribers of all control planes
 *	all.work       tasks that are due, of any region
 *	region.ID      tasks that are due, of this region: only where agents of it are
 *	all.cancels    tasks that agents hold are to be stopped
 *	all.accounts   agents are to be told of accounts, or get an answer
 *
 * When the queue goes to other processes, a bell is first a row (table outbox), written in the transaction of the change; after
 * the commit it is rung under the row's number. One control plane (role "relay") rings again what the broker does not have
 * yet: so a bell outlives the broker and the control plane that rang it. And a bell that was lost all the same is one that the
 * scan makes good.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct bells;
struct control;
struct tx;

/* `heard` gets the control plane, and a topic: one that ends in a dot, or is empty, when any of those may have been missed. */
must_check enum rc bells_new(
	struct control *c, void (*heard)(void *c, const char *topic), struct bells **ret, struct fault *f);
void bells_close(struct bells *b); /* hears nothing any more: before the loop's last turn */
void bells_free(struct bells *b);
OWN_DEFINE(bells)

/* Writer. `told` is what a batch of transactions has to tell: before its commit, and after it. */
must_check enum rc bells_note(struct tx *told);
void bells_ring(struct control *c, const struct tx *told);

/* Writer, with every heartbeat: what the broker has is marked, what it has not is rung again. */
must_check enum rc bells_relay(struct tx *tx);

/* Loop: agents of this region are here. */
void bells_region(struct bells *b, const char *region_id);

/* Loop: do bells come from other control planes now? Logs when that changes. */
bool bells_come(struct bells *b);
