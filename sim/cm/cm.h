/*
 * cm: one client's connection to a connection manager, as the server sees it: messages in, messages out, no socket.
 *
 *      bytes --> cm_feed --+               +--> cm_next --> SEND, CLOSE
 *      time  --> cm_tick --+--> the machine +--> cm_due --> when to tick again
 *
 * A client that does not log on is told so and left after CM_LOGON_MS; one that is silent for CM_SILENT heartbeats is left.
 * The sim is borrowed and must outlive it.
 */
#pragma once

#include "base/list.h"
#include "sim/sim.h"

#include <stddef.h>
#include <stdint.h>

#define CM_LOGON_MS   20000u
#define CM_SILENT_X10 25   /* tenths of the heartbeat */
#define CM_QUEUE_MAX  4096 /* answers that wait for their moment */

struct cm;

enum cm_act_kind { CM_SEND, CM_CLOSE };

struct cm_act {
	enum cm_act_kind kind;
	const uint8_t *p; /* one binary message; borrowed until the next call */
	size_t n;
	const char *why;
};

/* NULL without memory. `effect` is what shall happen to the connection itself. */
struct cm *cm_new(struct sim *sim, struct effect effect, uint64_t now_ms);
void cm_free(struct cm *c);
void cm_peer(struct cm *c, const char *ip); /* where it comes from */
/* Called when another connection made this one have something to say. */
void cm_on_wake(struct cm *c, void (*wake)(void *ctx), void *ctx);
const struct person *cm_person(const struct cm *c); /* NULL: nobody, or an anonymous one */

/* Tells every session of an account what it owns now. */
void cm_tell_licences(struct sim *s, struct person *p);

void cm_feed(struct cm *c, uint64_t now_ms, const void *p, size_t n);

/* What steamsim's controls do to a connection at any time. */
void cm_kick(struct cm *c, uint64_t now_ms,
	int32_t eresult);     /* ClientLoggedOff that nobody asked for, and then closed */
void cm_cut(struct cm *c);    /* closed without a word */
void cm_freeze(struct cm *c); /* stays open, and is dead */

/* Logs every session of an account off, and wakes them. */
void cm_kick_person(struct person *p, int32_t eresult);

void cm_tick(struct cm *c, uint64_t now_ms);
uint64_t cm_due(const struct cm *c);
bool cm_next(struct cm *c, uint64_t now_ms, struct cm_act *ret_act);
